/*
 * Writing a bundle of a policy's files; reading one is policy_source_of (policy.h). The format is
 * with policy_image_source_digest.
 */
#ifndef POLICY_BUNDLE_H
#define POLICY_BUNDLE_H

#include "policy/policy.h"

void policy_bundle_begin(struct buf *out);
void policy_bundle_add(struct buf *out, struct str path, struct str text);

#endif
