/* See naive.h. */
#include "naive.h"

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
    struct parts p;
    p.n = 0;
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

/* ---- what the other files ask for ---- */

bool naive_glob(struct str g, struct str t)
{
    return glob(g.p, g.n, t.p, t.n);
}

bool naive_capability_fits(struct str pattern, struct str id)
{
    return capability_fits(pattern, id);
}

int naive_compare_patterns(struct str a, struct str b)
{
    return compare_patterns(a, b);
}

int naive_specificity(const struct model *m, const struct m_subject *s, struct str who)
{
    return specificity(m, s, who);
}

int naive_best_subject(const struct model *m, const struct m_rule *r, struct str who)
{
    return best_subject(m, r, who);
}
