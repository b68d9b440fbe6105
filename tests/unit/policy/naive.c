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

bool naive_argument(const struct policy_request *req, const struct m_attribute *a,
                    const struct json_node **out)
{
    return lookup(req, a, out) == THERE;
}

bool naive_normal(struct str path, struct buf *out)
{
    return normal(path, out);
}

int naive_truth(const struct policy_request *req, const struct m_condition *c)
{
    return c ? truth(req, c) : TRUE_;
}
