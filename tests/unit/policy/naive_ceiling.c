/* Ceilings: each is one more parent that allows what it says and nothing else. See naive.h. */
#include "naive_verdict.h"

#include "core/catalogue.h"

unsigned naive_ceilings(const struct naive_link *l, const struct policy_ceiling **out)
{
    unsigned n = 0;
    if (l->req->ceiling)
        out[n++] = l->req->ceiling;
    for (uint32_t i = 0; i < l->inputs->nceilings; i++)
        out[n++] = &l->inputs->ceilings[i];
    return n;
}

int naive_ceilings_level(const struct naive_link *l)
{
    const struct policy_ceiling *all[1 + POLICY_MAX_PARENTS];
    unsigned n = naive_ceilings(l, all);
    int level = CORE_LEVEL_FULL;
    for (unsigned i = 0; i < n; i++)
        if (all[i]->level >= 0 && all[i]->level < level)
            level = all[i]->level;
    return level;
}

/* Effects in the order of their bits: what ships, then the policy's own as they first appear. */
static unsigned effect_words(const struct model *m, struct str out[32])
{
#define X(id, name) name,
    static const char *const shipped[] = {CORE_EFFECT_BITS(X)};
#undef X
    unsigned n = 0;
    for (size_t i = 0; i < BASE_COUNT(shipped); i++)
        out[n++] = str_of(shipped[i]);
    for (uint32_t i = 0; i < m->nentries; i++)
        for (uint32_t k = 0; k < m->entries[i].effects.n; k++) {
            bool there = false;
            for (unsigned w = 0; w < n; w++)
                there = there || str_eq(out[w], m->entries[i].effects.v[k].text);
            if (!there)
                out[n++] = m->entries[i].effects.v[k].text;
        }
    return n;
}

static bool permits(const struct naive_link *l, const struct policy_ceiling *c, int klass)
{
    struct str words[32];
    unsigned n = effect_words(l->m, words);
    bool named = c->any_capability;
    for (uint32_t i = 0; i < c->ncapabilities; i++)
        named = named || naive_capability_fits(c->capabilities[i], l->req->capability);
    for (unsigned i = 0; i < n; i++)
        if (c->denied_effects >> i & 1 && naive_may_have_effect(l, words[i]))
            return false;
    return named && !(c->level == CORE_LEVEL_PURE && klass != CORE_CLASS_PURE);
}

bool naive_ceilings_permit(const struct naive_link *l, int klass)
{
    const struct policy_ceiling *all[1 + POLICY_MAX_PARENTS];
    unsigned n = naive_ceilings(l, all);
    for (unsigned i = 0; i < n; i++)
        if (!permits(l, all[i], klass))
            return false;
    return true;
}

int naive_ceilings_isolation(const struct naive_link *l, int klass)
{
    const struct policy_ceiling *all[1 + POLICY_MAX_PARENTS];
    unsigned n = naive_ceilings(l, all);
    int isolation = CORE_RANK_NONE;
    for (unsigned i = 0; i < n; i++) {
        int least = (int)all[i]->isolation;
        if (all[i]->level == CORE_LEVEL_CONTROLLED && klass == CORE_CLASS_DANGEROUS && least < 1)
            least = CORE_RANK_PROCESS;
        isolation = least > isolation ? least : isolation;
    }
    return isolation;
}

void naive_ceilings_limit(const struct naive_link *l, enum core_limit limit, bool *set,
                          uint64_t *least, bool *best_effort)
{
    const struct policy_ceiling *all[1 + POLICY_MAX_PARENTS];
    unsigned n = naive_ceilings(l, all);
    for (unsigned i = 0; i < n; i++) {
        if (!(all[i]->limits.set >> limit & 1))
            continue;
        uint64_t v = all[i]->limits.value[limit];
        *least = !*set || v < *least ? v : *least;
        *best_effort = false;
        *set = true;
    }
}
