/* See naive.h. */
#include "naive.h"

#include "naive_when.h"

#include <stdio.h>

/* ---- patterns, by recursion ---- */

static bool glob(const char *g, size_t ng, const char *t, size_t nt)
{
    if (ng == 0)
        return nt == 0;
    if (g[0] == '*')
        return glob(g + 1, ng - 1, t, nt) || (nt > 0 && glob(g, ng, t + 1, nt - 1));
    return nt > 0 && g[0] == t[0] && glob(g + 1, ng - 1, t + 1, nt - 1);
}

static int literal_characters(struct str s)
{
    int n = 0;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '*' && (s.p[i] & 0xc0) != 0x80)
            n++;
    return n;
}

struct parts {
    struct str v[40];
    int n;
};

static struct parts split(struct str s, char by)
{
    struct parts p = {0};
    size_t start = 0;
    for (size_t i = 0; i <= s.n; i++)
        if (i == s.n || s.p[i] == by) {
            p.v[p.n++] = (struct str){s.p + start, i - start};
            start = i + 1;
        }
    return p;
}

static bool capability_fits(struct str pattern, struct str id)
{
    struct parts p = split(pattern, '.'), c = split(id, '.');
    bool tail = str_is(p.v[p.n - 1], "*");
    if (tail ? c.n < p.n : c.n != p.n)
        return false;
    for (int i = 0; i < p.n - tail; i++)
        if (!glob(p.v[i].p, p.v[i].n, c.v[i].p, c.v[i].n))
            return false;
    return true;
}

/* 3 literal, 2 get_*, 1 a star, 0 the tail, of segment i. */
static int segment_rank(struct str pattern, int i)
{
    struct parts p = split(pattern, '.');
    if (i >= p.n)
        return 0;
    if (str_is(p.v[i], "*"))
        return i == p.n - 1 ? 0 : 1;
    return memchr(p.v[i].p, '*', p.v[i].n) ? 2 : 3;
}

static int compare_patterns(struct str a, struct str b)
{
    for (int i = 0; i < 40; i++)
        if (segment_rank(a, i) != segment_rank(b, i))
            return segment_rank(a, i) - segment_rank(b, i);
    return 0;
}

/* ---- subjects ---- */

static bool subject_fits(const struct model *m, const struct m_subject *s, struct str who);

bool naive_in_group(const struct model *m, struct str group, struct str who)
{
    for (uint32_t i = 0; i < m->ngroups; i++)
        if (str_eq(m->groups[i].name, group))
            for (uint32_t k = 0; k < m->groups[i].members.n; k++)
                if (subject_fits(m, &m->groups[i].members.v[k], who))
                    return true;
    return false;
}

static bool subject_fits(const struct model *m, const struct m_subject *s, struct str who)
{
    switch (s->kind) {
    case SUBJECT_ANYONE:
        return true;
    case SUBJECT_GROUP:
        return naive_in_group(m, s->text, who);
    case SUBJECT_GLOB:
        return glob(s->text.p, s->text.n, who.p, who.n);
    default:
        return str_eq(s->text, who);
    }
}

/* 0: does not fit; id 3000, group 2000, glob 100 + its characters, anyone 1. */
static int specificity(const struct model *m, const struct m_subject *s, struct str who)
{
    if (!subject_fits(m, s, who))
        return 0;
    static const int base[] = {
        [SUBJECT_ANYONE] = 1, [SUBJECT_GLOB] = 100, [SUBJECT_GROUP] = 2000, [SUBJECT_ID] = 3000};
    return base[s->kind] + (s->kind == SUBJECT_GLOB ? literal_characters(s->text) : 0);
}

static int best_subject(const struct model *m, const struct m_rule *r, struct str who)
{
    int best = r->has_subject ? 0 : 1;
    for (uint32_t i = 0; i < r->subjects.n; i++) {
        int s = specificity(m, &r->subjects.v[i], who);
        best = s > best ? s : best;
    }
    return best;
}

/* ---- grants ---- */

static const struct m_grant *named(const struct model *m, struct str name)
{
    for (uint32_t i = 0; i < m->ngrants; i++)
        if (str_eq(m->grants[i].name, name))
            return &m->grants[i];
    return NULL;
}

static int isolation_of(const struct model *m, const struct m_grant *g)
{
    if (!g)
        return 0;
    return g->isolation >= 0 ? g->isolation : g->use.n ? isolation_of(m, named(m, g->use)) : 0;
}

static bool templates_hold(const struct naive *n, const struct m_grant *g)
{
    const struct model *m = n->m;
    if (!g)
        return true;
    if (!g->has_filesystem)
        return !g->use.n || templates_hold(n, named(m, g->use));
    for (uint32_t i = 0; i < g->read.n; i++) {
        struct str s;
        auto_buf struct buf normalised = {0};
        if (!g->read.v[i].template)
            continue;
        if (!naive_text(n, g->read.v[i].template, &s) || !naive_path(s, &normalised))
            return false;
        if (!str_eq(s, normalised.len ? buf_view(&normalised) : STR("/")))
            return false;
    }
    return true;
}

/* ---- the decision ---- */

static bool rule_matches(const struct naive *n, const struct m_rule *r)
{
    if (best_subject(n->m, r, n->req->subject) == 0)
        return false;
    int value = r->when ? naive_truth(n, r->when) : NAIVE_TRUE;
    if (r->effect == CORE_EFFECT_DENY)
        return value != NAIVE_FALSE;
    return value == NAIVE_TRUE && templates_hold(n, r->grant);
}

static bool best_pattern(const struct m_rule *r, struct str id, struct str *out)
{
    bool found = false;
    if (!r->has_capability) {
        *out = STR("*");
        return true;
    }
    for (uint32_t i = 0; i < r->ncapabilities; i++) {
        struct str p = r->capabilities[i].text;
        if (capability_fits(p, id) && (!found || compare_patterns(p, *out) > 0)) {
            *out = p;
            found = true;
        }
    }
    return found;
}

static bool better(const struct model *m, const struct policy_request *req, const struct m_rule *a,
                   const struct m_rule *b)
{
    struct str pa, pb;
    (void)best_pattern(a, req->capability, &pa);
    (void)best_pattern(b, req->capability, &pb);
    int c = compare_patterns(pa, pb);
    if (!c)
        c = best_subject(m, a, req->subject) - best_subject(m, b, req->subject);
    if (!c)
        c = isolation_of(m, a->grant) - isolation_of(m, b->grant);
    return c ? c > 0 : str_cmp(a->id, b->id) < 0;
}

static const struct m_rule *best(const struct naive *n, enum core_effect effect)
{
    const struct model *m = n->m;
    const struct policy_request *req = n->req;
    const struct m_rule *chosen = NULL;
    for (uint32_t i = 0; i < m->nrules; i++) {
        const struct m_rule *r = &m->rules[i];
        struct str pattern;
        if (r->effect == (int)effect && best_pattern(r, req->capability, &pattern) &&
            rule_matches(n, r) && (!chosen || better(m, req, r, chosen)))
            chosen = r;
    }
    return chosen;
}

static int level_of(const struct model *m, struct str who)
{
    int best_fit = 0, level = m->default_level < 0 ? CORE_LEVEL_PURE : m->default_level;
    for (uint32_t i = 0; i < m->nlevels; i++) {
        int fit = specificity(m, &m->levels[i].match, who);
        if (fit > best_fit || (fit && fit == best_fit && (int)m->levels[i].level < level)) {
            best_fit = fit;
            level = (int)m->levels[i].level;
        }
    }
    return level;
}

static void say(struct naive_answer *a, enum core_effect effect, struct str rule)
{
    a->effect = effect;
    (void)snprintf(a->rule, sizeof a->rule, "%.*s", (int)rule.n, rule.p);
}

struct naive_answer naive_decide(const struct model *m, const struct policy_request *req,
                                 const struct reeve_inputs_view *inputs)
{
    struct arena arena auto_arena;
    arena_init(&arena, 0);
    struct naive_answer a = {0};
    int level = level_of(m, req->subject);
    enum core_class klass = req->entry ? req->entry->klass : CORE_CLASS_DANGEROUS;
    a.capped = req->level > level;
    level = req->level >= 0 && req->level < level ? req->level : level;
    a.level = (enum core_level)level;
    struct naive n = {m, req, inputs, core_level_name(a.level), &arena};
    const struct m_rule *deny = best(&n, CORE_EFFECT_DENY), *allow = best(&n, CORE_EFFECT_ALLOW);
    if (deny) {
        say(&a, CORE_EFFECT_DENY, deny->id);
    } else if (level == CORE_LEVEL_PURE && klass != CORE_CLASS_PURE) {
        say(&a, CORE_EFFECT_DENY, STR("reeve/pure"));
    } else if (allow) {
        say(&a, CORE_EFFECT_ALLOW, allow->id);
        int isolation = isolation_of(m, allow->grant);
        if (level == CORE_LEVEL_CONTROLLED && klass == CORE_CLASS_DANGEROUS &&
            isolation < CORE_RANK_PROCESS)
            isolation = CORE_RANK_PROCESS;
        a.isolation = (enum core_rank)isolation;
    } else if (level == CORE_LEVEL_FULL) {
        say(&a, CORE_EFFECT_ALLOW, STR("reeve/full"));
    } else {
        say(&a, CORE_EFFECT_DENY, STR("reeve/default"));
    }
    return a;
}
