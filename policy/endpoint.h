/*
 * Where a run may connect to: `host:port` as policies write it, and the same out of a URL that a
 * request names. Pure functions on text.
 */
#ifndef POLICY_ENDPOINT_H
#define POLICY_ENDPOINT_H

#include "core/types.h"

/** Read "name:443", "*.name:443", "*:443", "192.0.2.1:53", "[v6]:53", "...:any". NULL, or what is
 * wrong with it. `out` borrows from `text`. */
const char *policy_endpoint_read(struct str text, struct core_endpoint *out);

#define POLICY_MAX_HOST 254u
/**
 * The host and port that a URL leads to: the host in lower case in `host`, its length returned in
 * `out`. False when it cannot be told for certain; a name that is not ASCII counts as that.
 */
bool policy_endpoint_of_url(struct str url, char host[POLICY_MAX_HOST], struct core_endpoint *out);

/** What both permit, one of the two hosts and ports; false: nothing. */
bool policy_endpoint_meet(const struct core_endpoint *a, const struct core_endpoint *b,
                          struct core_endpoint *out);

#endif
