/* See naive.h. */
#include "naive.h"

#include <stdio.h>

enum { FALSE_, UNKNOWN_, TRUE_ };

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

static bool in_group(const struct model *m, struct str group, struct str who)
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
        return in_group(m, s->text, who);
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

/* ---- conditions ---- */

enum found { THERE, MISSING, NOWHERE };

static enum found lookup(const struct policy_request *req, const struct m_attribute *a,
                         const struct json_node **out)
{
    const struct json_node *n = req->args ? json_root(req->args) : NULL;
    if (!n)
        return MISSING;
    for (uint32_t i = 0; i < a->n; i++) {
        if (n->type != JSON_OBJECT)
            return NOWHERE;
        if (!(n = json_get_str(req->args, n, a->key[i])))
            return MISSING;
    }
    *out = n;
    return n->type == JSON_NULL ? MISSING : THERE;
}

static char type_letter(const struct json_node *n)
{
    return "?bbnnsl?"[n->type];
}

static double number_of(const struct json_node *n)
{
    return n->type == JSON_INT ? (double)n->i : n->d;
}

/* The random policies hold small numbers, so that doubles are exact. */
static int equal(const struct json_doc *doc, const struct ynode *want, const struct json_node *have)
{
    static const char letters[] = {
        [Y_TEXT] = 's', [Y_INT] = 'n', [Y_DOUBLE] = 'n', [Y_BOOL] = 'b', [Y_LIST] = 'l'};
    if (letters[want->type] != type_letter(have))
        return UNKNOWN_;
    if (want->type == Y_LIST) {
        if (want->count != have->count)
            return FALSE_;
        int value = TRUE_;
        const struct json_node *h = json_first(doc, have);
        for (const struct ynode *w = want->first; w; w = w->next, h = json_next(doc, h)) {
            int v = equal(doc, w, h);
            value = v < value ? v : value;
        }
        return value;
    }
    bool same = want->type == Y_TEXT ? str_eq(want->text, have->s)
                : want->type == Y_BOOL
                    ? want->boolean == (have->type == JSON_TRUE)
                    : (want->type == Y_INT ? (double)want->i : want->d) == number_of(have);
    return same ? TRUE_ : FALSE_;
}

static int in_list(const struct json_doc *doc, const struct ynode *list,
                   const struct json_node *have)
{
    int best = list->first ? UNKNOWN_ : FALSE_;
    for (const struct ynode *w = list->first; w; w = w->next) {
        int v = equal(doc, w, have);
        if (v == TRUE_)
            return TRUE_;
        if (v == FALSE_)
            best = FALSE_;
    }
    return best;
}

/* Normal form by a stack of components, as "/a/b" ("" for the root). False: no path. */
static bool normal(struct str path, struct buf *out)
{
    if (path.n == 0 || path.p[0] != '/' || memchr(path.p, 0, path.n) || !str_is_utf8(path))
        return false;
    struct parts p = split(path, '/');
    struct str stack[40];
    int depth = 0;
    for (int i = 0; i < p.n; i++) {
        if (str_is(p.v[i], ".."))
            depth -= depth > 0;
        else if (p.v[i].n && !str_is(p.v[i], "."))
            stack[depth++] = p.v[i];
    }
    for (int i = 0; i < depth; i++) {
        buf_byte(out, '/');
        buf_str(out, stack[i]);
    }
    return true;
}

static int under(struct str folder, const struct json_node *have)
{
    auto_buf struct buf f = {0}, h = {0};
    if (have->type != JSON_STRING || !normal(have->s, &h))
        return UNKNOWN_;
    (void)normal(folder, &f);
    buf_byte(&f, '/');
    buf_byte(&h, '/');
    return str_starts(buf_view(&h), buf_view(&f)) ? TRUE_ : FALSE_;
}

static int truth(const struct policy_request *req, const struct m_condition *c);

static int truth_all(const struct policy_request *req, const struct m_condition *c)
{
    int value = TRUE_;
    for (const struct m_condition *k = c->first; k; k = k->next)
        value = truth(req, k) < value ? truth(req, k) : value;
    return value;
}

static int truth_any(const struct policy_request *req, const struct m_condition *c)
{
    int value = FALSE_;
    for (const struct m_condition *k = c->first; k; k = k->next)
        value = truth(req, k) > value ? truth(req, k) : value;
    return value;
}

static int truth(const struct policy_request *req, const struct m_condition *c)
{
    const struct json_node *n = NULL;
    if (c->op == OP_ALL)
        return truth_all(req, c);
    if (c->op == OP_ANY)
        return truth_any(req, c);
    if (c->op == OP_NOT)
        return TRUE_ - truth(req, c->first);
    enum found found = lookup(req, c->attribute, &n);
    if (c->op == OP_ABSENT)
        return found == MISSING ? (c->flag ? TRUE_ : FALSE_) : truth_all(req, c);
    if (found == NOWHERE)
        return UNKNOWN_;
    if (c->op == OP_EXISTS)
        return (found == THERE) == c->flag ? TRUE_ : FALSE_;
    if (found == MISSING)
        return UNKNOWN_;
    return c->op == OP_EQ   ? equal(req->args, c->operand, n)
           : c->op == OP_IN ? in_list(req->args, c->operand, n)
                            : under(c->path, n);
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

static bool templates_hold(const struct model *m, const struct policy_request *req,
                           const struct m_grant *g)
{
    if (!g)
        return true;
    if (!(g->wrote >> REACH_FILESYSTEM & 1))
        return !g->use.n || templates_hold(m, req, named(m, g->use));
    for (uint32_t i = 0; i < g->read.n; i++) {
        const struct json_node *n = NULL;
        auto_buf struct buf normalised = {0};
        if (!g->read.v[i].template)
            continue;
        if (lookup(req, g->read.v[i].template, &n) != THERE || n->type != JSON_STRING ||
            !normal(n->s, &normalised))
            return false;
        if (!str_eq(n->s, normalised.len ? buf_view(&normalised) : STR("/")))
            return false;
    }
    return true;
}

/* ---- the decision ---- */

static bool rule_matches(const struct model *m, const struct policy_request *req,
                         const struct m_rule *r)
{
    if (best_subject(m, r, req->subject) == 0)
        return false;
    int value = r->when ? truth(req, r->when) : TRUE_;
    if (r->effect == CORE_EFFECT_DENY)
        return value != FALSE_;
    return value == TRUE_ && templates_hold(m, req, r->grant);
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

static const struct m_rule *best(const struct model *m, const struct policy_request *req,
                                 enum core_effect effect)
{
    const struct m_rule *chosen = NULL;
    for (uint32_t i = 0; i < m->nrules; i++) {
        const struct m_rule *r = &m->rules[i];
        struct str pattern;
        if (r->effect == (int)effect && best_pattern(r, req->capability, &pattern) &&
            rule_matches(m, req, r) && (!chosen || better(m, req, r, chosen)))
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

struct naive_answer naive_decide(const struct model *m, const struct policy_request *req)
{
    struct naive_answer a = {0};
    int level = level_of(m, req->subject);
    enum core_class klass = req->entry ? req->entry->klass : CORE_CLASS_DANGEROUS;
    a.capped = req->level > level;
    level = req->level >= 0 && req->level < level ? req->level : level;
    a.level = (enum core_level)level;
    const struct m_rule *deny = best(m, req, CORE_EFFECT_DENY),
                        *allow = best(m, req, CORE_EFFECT_ALLOW);
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
