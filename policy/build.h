/*
 * What the files that build an image share: its sections as growing buffers, and the order of its
 * rules.
 */
#ifndef POLICY_BUILD_H
#define POLICY_BUILD_H

#include "policy/image.h"
#include "policy/names.h"

struct builder {
    const struct model *m;
    struct arena *arena;
    struct policy_report *report;
    struct buf section[IMAGE_SECTION_COUNT];
    struct policy_names subjects; /* every id that the policy names */
    uint32_t *order;              /* image's rule index → model's */
    uint32_t nlevel_ids;
    struct policy_names approvals; /* their texts, each once; row i of the image is the i-th */
    struct img_range labels, masks;
    uint32_t nexact, nshadow;
    bool failed; /* reported */
};

/** Append a row; its index. The builder is `failed` when it did not fit. */
uint32_t build_row(struct builder *b, enum image_section section, const void *row, size_t size);
uint32_t build_count(const struct builder *b, enum image_section section, size_t size);
struct img_str build_str(struct builder *b, struct str s);
void *build_alloc(struct builder *b, size_t count, size_t each);
/** A hash table of `n` texts; row i of them gets value i. */
void build_slots(struct builder *b, enum image_section slots, const uint32_t *hashes, uint32_t n);

/** Subject ids, groups and level entries (build_subjects.c); the refs of a rule's subject list. */
void build_subjects(struct builder *b);
void build_rule_subjects(struct builder *b, const struct m_subjects *list, struct img_rule *out);
/** Rules with conditions (build_rules.c). */
void build_rules(struct builder *b);
uint32_t build_attribute(struct builder *b, const struct m_attribute *a);
/** A grant with `use` followed (build_grant.c). */
uint32_t build_grant(struct builder *b, const struct m_grant *written);
struct img_range build_names(struct builder *b, const struct str *v, uint32_t n);
/** Approvals, labels, budgets, entries of `capabilities`; before the rules (build_hold.c). */
void build_holds(struct builder *b);
/** What a rule selects by and brings; POLICY_NONE where it has nothing of that. */
uint32_t build_selector(struct builder *b, const struct m_rule *r);
uint32_t build_hold(struct builder *b, const struct m_rule *r);
/** Capability look-up (build_capabilities.c). */
void build_capabilities(struct builder *b);

#endif
