/*
 * What the files that check an image share. The rows that these functions are given have passed the
 * table of fields: only what it cannot tell is left.
 */
#ifndef POLICY_IMAGE_CHECK_H
#define POLICY_IMAGE_CHECK_H

#include "policy/image.h"

bool image_literal_good(const struct policy_image *image, const struct img_literal *l);
bool image_attribute_good(const struct policy_image *image, const struct img_attribute *a);
/** Literals are good. */
bool image_condition_good(const struct policy_image *image, const struct img_condition *c);

#endif
