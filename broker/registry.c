/* The providers of an owner and the choice among them. See registry.h. */
#include "broker/registry.h"

#include <stdio.h>

#include "base/base.h"

const struct reeve_provider *registry_find(const struct registry *r, struct str name)
{
    for (unsigned i = 0; i < r->n; i++)
        if (str_is(name, r->provider[i]->name))
            return r->provider[i];
    return NULL;
}

/* It stands in records and on terminals. */
static bool is_name(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if ((uint8_t)name.p[i] <= 0x20 || (uint8_t)name.p[i] >= 0x7f)
            return false;
    return name.n && name.n <= REGISTRY_MAX_NAME;
}

static bool is_whole(const struct reeve_provider *p)
{
    return p->size >= sizeof *p && p->name && p->is_available && p->initialize && p->prepare &&
           p->release && p->cancel && p->cleanup && p->get_config_schema && p->enforced_by &&
           (unsigned)p->rank < CORE_RANK_COUNT;
}

int registry_add(struct registry *r, const struct reeve_provider *p,
                 const struct reeve_provider_host *host, struct reeve_error *err)
{
    if (!p || !is_whole(p))
        return base_fail(err, REEVE_EINVAL, "the provider's struct is incomplete");
    if (!is_name(str_of(p->name)))
        return base_fail(err, REEVE_EINVAL, "a provider's name has 1 to %u printable characters",
                         REGISTRY_MAX_NAME);
    if (registry_find(r, str_of(p->name)))
        return base_fail(err, REEVE_EINVAL, "there is a provider %s already", p->name);
    if (r->n == REGISTRY_MAX)
        return base_fail(err, REEVE_EBUSY, "no room for more than %u providers", REGISTRY_MAX);
    int rc = p->initialize(p->self, host, "{}", err);
    if (!rc)
        r->provider[r->n++] = p;
    return rc;
}

/* Whether `p` may do it; when not, one clause of why. */
static bool suffices(const struct reeve_provider *p, bool named, enum core_rank rank,
                     unsigned features, char why[256])
{
    if ((p->features & features) != features) {
        (void)snprintf(why, 256, "does not carry out such requests");
        return false;
    }
    if ((unsigned)p->rank < (unsigned)rank) {
        (void)snprintf(why, 256, "isolates by %s only", core_rank_name((enum core_rank)p->rank));
        return false;
    }
    if (!named && p->rank == REEVE_RANK_NONE) {
        (void)snprintf(why, 256, "answers only when named");
        return false;
    }
    return p->is_available(p->self, why);
}

const struct reeve_provider *registry_choose(const struct registry *r, struct str name,
                                             enum core_rank rank, unsigned features, char why[400])
{
    const struct reeve_provider *best = NULL;
    char clause[256];
    int at = snprintf(why, 400, "isolation %s is needed", core_rank_name(rank));
    if (name.n && !registry_find(r, name)) {
        (void)snprintf(why, 400, "there is no provider %.*s; `reeve provider list` shows them",
                       (int)name.n, name.p);
        return NULL;
    }
    for (unsigned i = 0; i < r->n; i++) {
        const struct reeve_provider *p = r->provider[i];
        if (name.n && !str_is(name, p->name))
            continue;
        if (suffices(p, name.n != 0, rank, features, clause)) {
            if (!best || p->cost < best->cost)
                best = p;
        } else if (at > 0 && at < 400) {
            at += snprintf(why + at, (size_t)(400 - at), "; %s %s", p->name, clause);
        }
    }
    return best;
}

void registry_cleanup(struct registry *r)
{
    for (unsigned i = 0; i < r->n; i++)
        r->provider[i]->cleanup(r->provider[i]->self);
    r->n = 0;
}
