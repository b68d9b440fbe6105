/*
 * The operators, each one function on a value that is there, and the table that finds it. What an
 * operator cannot judge is unknown. Nothing allocates but a thread's first `matches`; time is
 * bounded by the value's size, its lists by POLICY_MAX_ELEMENTS.
 */
#include "policy/eval.h"

#include "core/catalogue.h"
#include "policy/value_host.h"
#include "policy/value_like.h"
#include "policy/value_regex.h"
#include "policy/value_time.h"
#include "policy/value_url.h"

#define OPERATOR(name)                                                                             \
    static enum tri name(const struct eval *e, uint32_t at, const struct view *v,                  \
                         const struct view *operand)

static const struct img_condition *condition(const struct eval *e, uint32_t at)
{
    return &image_conditions(e->image)[at];
}

/* ---- equality ---- */

OPERATOR(op_eq)
{
    (void)at;
    return view_equal(e->image, v, operand);
}

OPERATOR(op_ne)
{
    return tri_not(op_eq(e, at, v, operand));
}

/* Elements of another kind than the value's say nothing, unless there is none of its kind. */
OPERATOR(op_in)
{
    if (operand->kind != VIEW_LIST ||
        (condition(e, at)->operand_kind == IMG_ATTRIBUTE && operand->count > POLICY_MAX_ELEMENTS))
        return TRI_UNKNOWN;
    struct view_cursor cursor = view_begin(operand);
    struct view element;
    bool comparable = operand->count == 0, unknown = false;
    while (view_next(e->image, &cursor, &element)) {
        if (element.kind != v->kind)
            continue;
        enum tri same = view_equal(e->image, v, &element);
        if (same == TRI_TRUE)
            return TRI_TRUE;
        comparable = true;
        unknown |= same == TRI_UNKNOWN;
    }
    return comparable && !unknown ? TRI_FALSE : TRI_UNKNOWN;
}

OPERATOR(op_not_in)
{
    return tri_not(op_in(e, at, v, operand));
}

/* ---- order ---- */

OPERATOR(op_lt)
{
    (void)e;
    (void)at;
    int o;
    return view_order(v, operand, &o) ? tri_of(o < 0) : TRI_UNKNOWN;
}

OPERATOR(op_lte)
{
    (void)e;
    (void)at;
    int o;
    return view_order(v, operand, &o) ? tri_of(o <= 0) : TRI_UNKNOWN;
}

OPERATOR(op_gt)
{
    return tri_not(op_lte(e, at, v, operand));
}

OPERATOR(op_gte)
{
    return tri_not(op_lt(e, at, v, operand));
}

OPERATOR(op_between)
{
    struct view_cursor ends = view_begin(operand);
    struct view low, high;
    bool two = view_next(e->image, &ends, &low) && view_next(e->image, &ends, &high);
    enum tri above = two ? op_gte(e, at, v, &low) : TRI_UNKNOWN,
             below = two ? op_lte(e, at, v, &high) : TRI_UNKNOWN;
    return tri_and(above, below);
}

/* ---- text ---- */

OPERATOR(op_starts_with)
{
    (void)at;
    struct view text;
    if (v->kind != VIEW_TEXT)
        return TRI_UNKNOWN;
    if (operand->kind == VIEW_TEXT)
        return tri_of(str_starts(v->s, operand->s));
    struct view_cursor cursor = view_begin(operand);
    while (view_next(e->image, &cursor, &text))
        if (str_starts(v->s, text.s))
            return TRI_TRUE;
    return TRI_FALSE;
}

/* ---- paths ---- */

/* A cursor over a folder in normal form: how many bytes of it the path walked so far has matched.
 */
struct walk {
    struct str folder;
    size_t matched;         /* bytes, at a component's end */
    uint32_t depth, common; /* components of the path, of them those that are the folder's */
};

static void walk_up(struct walk *w)
{
    if (w->depth == 0)
        return;
    if (w->common == w->depth) {
        while (w->folder.p[--w->matched] != '/')
            continue;
        w->common--;
    }
    w->depth--;
}

static void walk_down(struct walk *w, struct str component)
{
    struct str rest = {w->folder.p + w->matched, w->folder.n - w->matched};
    if (w->common == w->depth && rest.n > component.n && rest.p[0] == '/' &&
        memcmp(rest.p + 1, component.p, component.n) == 0 &&
        (rest.n == component.n + 1 || rest.p[component.n + 1] == '/')) {
        w->matched += component.n + 1;
        w->common++;
    }
    w->depth++;
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Bit 7 of each byte of `word` that is `c`. */
static uint64_t bytes_that_are(uint64_t word, uint8_t c)
{
    uint64_t x = word ^ EACH(c), low7 = EACH(0x7f);
    return ~(((x & low7) + low7) | x | low7);
}

/* ASCII without NUL, `//` and anything that begins with a dot: most paths, and in normal form but
 * for a slash at the end. */
static bool is_plain_path(struct str s)
{
    uint64_t slash = 0; /* of the word before */
    for (size_t at = 0; at < s.n; at += 8) {
        uint64_t word = EACH('a');
        memcpy(&word, s.p + at, s.n - at < 8 ? s.n - at : 8);
        uint64_t slashes = bytes_that_are(word, '/');
        uint64_t after = slashes << 8 | slash >> 56;
        if ((word & EACH(0x80)) | bytes_that_are(word, 0) |
            (after & (slashes | bytes_that_are(word, '.'))))
            return false;
        slash = slashes;
    }
    return true;
}

/* Whether a path, put into normal form on the way, is the folder or below it. Linear in the path's
 * length. */
static enum tri is_under(struct str folder, struct str s)
{
    if (s.n == 0 || s.p[0] != '/')
        return TRI_UNKNOWN;
    if (is_plain_path(s))
        return tri_of(core_path_under(s, folder));
    if (memchr(s.p, '\0', s.n) || !str_is_utf8(s))
        return TRI_UNKNOWN;
    struct walk w = {.folder = folder.n == 1 ? (struct str){folder.p, 0} : folder};
    for (size_t i = 0; i < s.n;) {
        const char *start = s.p + i;
        const char *slash = memchr(start, '/', s.n - i);
        struct str component = {start, slash ? (size_t)(slash - start) : s.n - i};
        i += component.n + 1;
        if (str_is(component, ".."))
            walk_up(&w);
        else if (component.n && !str_is(component, "."))
            walk_down(&w, component);
    }
    return tri_of(w.matched == w.folder.n);
}

OPERATOR(op_under)
{
    (void)e;
    (void)at;
    return v->kind == VIEW_TEXT ? is_under(operand->s, v->s) : TRI_UNKNOWN;
}

/* ---- compiled operands ---- */

OPERATOR(op_matches)
{
    (void)operand;
    if (v->kind != VIEW_TEXT)
        return TRI_UNKNOWN;
    return value_regex_matches(e->image->regexes, condition(e, at)->operand,
                               value_scratch_of_thread(), v->s, e->patterns);
}

OPERATOR(op_like)
{
    (void)e;
    (void)at;
    return v->kind == VIEW_TEXT ? tri_of(value_like_holds(operand->s, v->s)) : TRI_UNKNOWN;
}

OPERATOR(op_host)
{
    (void)e;
    (void)at;
    return v->kind == VIEW_TEXT ? value_hosts_hold(operand->s, v->s) : TRI_UNKNOWN;
}

OPERATOR(op_cidr)
{
    (void)e;
    (void)at;
    return v->kind == VIEW_TEXT ? value_cidr_holds(operand->s, v->s) : TRI_UNKNOWN;
}

/* The URL is read once, for all rules that judge it. */
OPERATOR(op_url)
{
    struct eval_memo *memo = e->memo;
    (void)at;
    if (v->kind != VIEW_TEXT)
        return TRI_UNKNOWN;
    if (!memo || !v->s.p)
        return value_url_holds(operand->s, v->s);
    if (memo->url.p != v->s.p || memo->url.n != v->s.n) {
        memo->readable = core_url_parse(v->s, &memo->parts);
        memo->url = v->s;
    }
    return memo->readable ? value_url_fits(operand->s, &memo->parts) : TRI_UNKNOWN;
}

OPERATOR(op_time)
{
    (void)at;
    struct value_time window;
    if (v->kind != VIEW_TIME)
        return TRI_UNKNOWN;
    memcpy(&window, operand->s.p, sizeof window); /* the image's bytes are not aligned */
    return value_time_holds(&window, image_bytes(e->image), v->i);
}

/* ---- lists ---- */

static bool is_bounded_list(const struct view *v)
{
    return v->kind == VIEW_LIST && v->count <= POLICY_MAX_ELEMENTS;
}

OPERATOR(op_contains)
{
    (void)at;
    if (!is_bounded_list(v))
        return TRI_UNKNOWN;
    struct view_cursor cursor = view_begin(v);
    struct view element;
    enum tri some = TRI_FALSE;
    while (some != TRI_TRUE && view_next(e->image, &cursor, &element))
        some = tri_or(some, view_equal(e->image, &element, operand));
    return some;
}

OPERATOR(op_size)
{
    (void)operand;
    if (v->kind != VIEW_TEXT && v->kind != VIEW_LIST && v->kind != VIEW_MAP)
        return TRI_UNKNOWN;
    struct view size = view_number(v->kind == VIEW_TEXT ? (int64_t)v->s.n : (int64_t)v->count);
    return eval_judge(e, at + 1, &size);
}

/* Each element in its turn, until the value is `end`. */
static enum tri judge_elements(const struct eval *e, uint32_t at, const struct view *v,
                               enum tri end)
{
    if (!is_bounded_list(v))
        return TRI_UNKNOWN;
    struct view_cursor cursor = view_begin(v);
    struct view element;
    enum tri value = tri_not(end);
    while (value != end && view_next(e->image, &cursor, &element))
        value = tri_towards(end, value, eval_judge(e, at + 1, &element));
    return value;
}

OPERATOR(op_each)
{
    (void)operand;
    return judge_elements(e, at, v, TRI_FALSE);
}

OPERATOR(op_some)
{
    (void)operand;
    return judge_elements(e, at, v, TRI_TRUE);
}

/* Patterns one by one, then the rest by the last child, or by nothing. */
OPERATOR(op_argv)
{
    (void)operand;
    const struct img_condition *nodes = image_conditions(e->image), *c = &nodes[at];
    if (!is_bounded_list(v))
        return TRI_UNKNOWN;
    struct view_cursor cursor = view_begin(v);
    struct view element;
    enum tri all = TRI_TRUE;
    uint32_t child = at + 1;
    while (view_next(e->image, &cursor, &element)) {
        bool rest = c->flag == POLICY_REST_OPS && nodes[child].end == c->end;
        if (child == c->end)
            return c->flag == POLICY_REST_ANY ? all : TRI_FALSE;
        all = tri_and(all, eval_judge(e, child, &element));
        if (!rest)
            child = nodes[child].end;
    }
    bool done = child == c->end || (c->flag == POLICY_REST_OPS && nodes[child].end == c->end);
    return done ? all : TRI_FALSE;
}

eval_op_fn *const eval_ops[OP_COUNT] = {
    [OP_EQ] = op_eq,           [OP_NE] = op_ne,
    [OP_IN] = op_in,           [OP_NOT_IN] = op_not_in,
    [OP_LT] = op_lt,           [OP_LTE] = op_lte,
    [OP_GT] = op_gt,           [OP_GTE] = op_gte,
    [OP_BETWEEN] = op_between, [OP_STARTS_WITH] = op_starts_with,
    [OP_UNDER] = op_under,     [OP_CONTAINS] = op_contains,
    [OP_SIZE] = op_size,       [OP_EACH] = op_each,
    [OP_SOME] = op_some,       [OP_ARGV] = op_argv,
    [OP_MATCHES] = op_matches, [OP_LIKE] = op_like,
    [OP_HOST] = op_host,       [OP_CIDR] = op_cidr,
    [OP_URL] = op_url,         [OP_TIME] = op_time,
};
