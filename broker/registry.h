/*
 * Which provider carries a plan out: the cheapest available one whose rank and features suffice,
 * and why.
 */
#ifndef BROKER_REGISTRY_H
#define BROKER_REGISTRY_H

#include "core/types.h"
#include "reeve/provider.h"

#define REGISTRY_MAX      16u
#define REGISTRY_MAX_NAME 64u /* bytes */

struct registry {
    const struct reeve_provider *provider[REGISTRY_MAX];
    unsigned n;
};

/** REEVE_EINVAL: the name is taken or the struct is incomplete; REEVE_EBUSY: no room. `host` must
 * outlive the registry. */
int registry_add(struct registry *r, const struct reeve_provider *p,
                 const struct reeve_provider_host *host, struct reeve_error *err);
const struct reeve_provider *registry_find(const struct registry *r, struct str name);
/**
 * `name` empty: any but those that only answer when named (rank none). NULL when none suffices,
 * with one sentence in `why`.
 */
const struct reeve_provider *registry_choose(const struct registry *r, struct str name,
                                             enum core_rank rank, unsigned features, char why[400]);
void registry_cleanup(struct registry *r);

#endif
