/*
 * What the files that build an image share: its sections as growing buffers, and the order of its
 * rules.
 */
#ifndef POLICY_BUILD_H
#define POLICY_BUILD_H

#include "policy/hash.h"
#include "policy/image.h"
#include "policy/names.h"

/* The runs of rows that a section has, by their content, so that equal ones are kept once. */
struct build_pool {
    struct build_run {
        uint32_t first, n;
    } * slot; /* n 0: empty */
    uint32_t cap, used;
};

struct builder {
    const struct model *m;
    struct arena *arena;
    struct policy_report *report;
    struct buf section[IMAGE_SECTION_COUNT];
    struct build_pool pool[IMAGE_SECTION_COUNT];
    struct img_head head;
    struct policy_names subjects;  /* every id that the policy names */
    uint32_t *subject_order;       /* row of `subjects` in the image → name */
    uint32_t *order;               /* image's rule index → model's */
    struct policy_names approvals; /* their texts, each once; row i of the image is the i-th */
    uint32_t scope;                /* of the rule at hand, in the model's count */
    bool failed;                   /* reported */
};

/** Append a row; its index. The builder is `failed` when it did not fit. */
uint32_t build_row(struct builder *b, enum image_section section, const void *row, size_t size);
uint32_t build_count(const struct builder *b, enum image_section section, size_t size);
struct img_str build_str(struct builder *b, struct str s); /* kept once */
void *build_alloc(struct builder *b, size_t count, size_t each);
/**
 * Keep the rows from `first` to the section's end only if no equal run was shared before; the index
 * of the first of those that stay. A row's field at `relative` (BUILD_NO_FIELD: none) is an index
 * into the same section and compared as a distance.
 */
uint32_t build_share(struct builder *b, enum image_section section, uint32_t first, size_t size,
                     size_t relative);
#define BUILD_NO_FIELD SIZE_MAX
/** The directory of rows that are sorted by `hashes`: where each cell begins, and the end. */
void build_cells(struct builder *b, enum image_section section, const uint64_t *hashes, uint32_t n,
                 uint32_t *bits);

/** Subject ids, groups and level entries (build_subjects.c); the row of a list of subjects. */
void build_subjects(struct builder *b);
uint32_t build_list(struct builder *b, const struct m_subjects *list);
/** Rules with conditions (build_rules.c). */
void build_rules(struct builder *b);
/** A condition's root, an attribute's row (one for each path, however often it is written), the
 * entities and their properties (build_when.c). */
uint32_t build_condition(struct builder *b, const struct m_condition *c);
uint32_t build_attribute(struct builder *b, const struct m_attribute *a);
void build_entities(struct builder *b);
/** A grant with `use` followed (build_grant.c). */
uint32_t build_grant(struct builder *b, const struct m_grant *written);
struct img_range build_names(struct builder *b, const struct str *v, uint32_t n);
/** Approvals, labels, budgets, entries of `capabilities`; before the rules (build_hold.c). */
void build_holds(struct builder *b);
/** What not every rule has: its reason, what it selects by, what it brings; POLICY_NONE where it
 * has nothing of that. */
uint32_t build_extra(struct builder *b, const struct m_rule *r);
/** Report that the policy's regular expressions are too much for an image (build_bound.c). */
void build_too_many_patterns(struct builder *b);
/** Capability look-up (build_capabilities.c). */
void build_capabilities(struct builder *b);

#endif
