/*
 * What the files that check an image share. The rows that these functions are given have passed the
 * table of fields: only what it cannot tell is left.
 */
#ifndef POLICY_IMAGE_CHECK_H
#define POLICY_IMAGE_CHECK_H

#include "policy/image.h"

/* What look-ups rely on (image_check_find.c). Globs, groups and lists are good before the rows that
 * lead to them, rules, conditions and grants before candidates. */
bool image_head_found(const struct policy_image *image);
bool image_list_sorted(const struct policy_image *image, const struct img_list *l);
bool image_subject_found(const struct policy_image *image, const struct img_subject *s);
bool image_level_found(const struct policy_image *image, const struct img_level *l);
bool image_entity_found(const struct policy_image *image, const struct img_entity *e);
bool image_capability_found(const struct policy_image *image, const struct img_capability *c);
bool image_entry_good(const struct policy_image *image, const struct img_entry *e);
bool image_entry_found(const struct policy_image *image, const struct img_entry *e);

bool image_literal_good(const struct policy_image *image, const struct img_literal *l);
bool image_attribute_good(const struct policy_image *image, const struct img_attribute *a);
/** Literals are good. */
bool image_condition_good(const struct policy_image *image, const struct img_condition *c);

/* Of what holds a request and of grants (image_check_hold.c). */
bool image_hold_head_good(const struct policy_image *image, const struct img_head *h);
bool image_rule_good(const struct policy_image *image, const struct img_rule *r);
bool image_selector_good(const struct policy_image *image, const struct img_selector *s);
bool image_hold_good(const struct policy_image *image, const struct img_hold *h);
bool image_approval_good(const struct policy_image *image, const struct img_approval *a);
bool image_obligation_good(const struct policy_image *image, const struct img_obligation *o);
bool image_budget_good(const struct policy_image *image, const struct img_budget *b);
bool image_capability_good(const struct policy_image *image, const struct img_capability *c);
bool image_arg_good(const struct policy_image *image, const struct img_arg *a);
bool image_grant_good(const struct policy_image *image, const struct img_grant *g);
bool image_path_good(const struct policy_image *image, const struct img_path *p);
bool image_endpoint_good(const struct policy_image *image, const struct img_endpoint *e);
bool image_variable_good(const struct policy_image *image, const struct img_variable *v);

#endif
