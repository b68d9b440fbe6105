/*
 * Plain patterns: read by a small reader that refuses whatever it does not know, and walked over
 * without going back.
 *
 * Why going back is never needed: a repeat of class A is refused unless no part that could stand
 * behind it, up to the first that must, shares a character with A. So a repeat that stops before it
 * has to leaves a character of A, which nothing behind it takes. For the same reason PCRE2, which
 * does go back, tries each length of a repeat once and fails in the parts right behind it: the
 * steps are no more than characters times parts (value_plain_steps).
 *
 * Items: 0, how many bytes, the bytes; or a class + 1, and how often it stands at least and at
 * most.
 */
#include "policy/value_plain.h"

#define NO_END 255u /* at most: no bound */

struct part {
    struct value_class class;
    unsigned min, max;
    int literal; /* the one character of the class that stands once; -1: another class */
};
struct reader {
    struct str text;
    size_t at;
    bool failed;
};

/* ---- read ---- */

static int peek(const struct reader *r)
{
    return r->at < r->text.n ? (unsigned char)r->text.p[r->at] : -1;
}

static bool take(struct reader *r, int c)
{
    bool found = peek(r) == c;
    r->at += found;
    return found;
}

static bool is_word(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_one_of(int c, const char *set)
{
    return c > 0 && strchr(set, c);
}

static void put(struct value_class *class, int from, int to)
{
    for (int c = from; c <= to; c++)
        class->has[c >> 6] |= UINT64_C(1) << (c & 63);
}

/* Behind a backslash: a character that means itself, or one of two classes. */
static int read_escape(struct reader *r, struct value_class *class)
{
    int c = peek(r);
    r->at++;
    if (c == 'd' || c == 'w')
        put(class, '0', '9');
    if (c == 'w') {
        put(class, 'A', 'Z');
        put(class, 'a', 'z');
        put(class, '_', '_');
    }
    if (c == 'd' || c == 'w')
        return -1;
    r->failed |= c <= ' ' || c >= 0x7f || is_word(c);
    if (!r->failed)
        put(class, c, c);
    return c;
}

/* Between brackets: characters, ranges of letters or of digits, a hyphen at either end. */
static void read_class(struct reader *r, struct value_class *class)
{
    if (take(r, '-'))
        put(class, '-', '-');
    while (!r->failed && !take(r, ']')) {
        int c = peek(r);
        r->at++;
        if (c == '-' && peek(r) == ']')
            put(class, '-', '-');
        else if (c == '\\')
            (void)read_escape(r, class);
        else if (!is_word(c) && !is_one_of(c, "./@:%,;=+~!#&*$? "))
            r->failed = true;
        else if (peek(r) == '-' && r->at + 1 < r->text.n && r->text.p[r->at + 1] != ']') {
            int to = (unsigned char)r->text.p[r->at + 1];
            r->failed |= !is_word(c) || !is_word(to) || to < c;
            r->at += 2;
            if (!r->failed)
                put(class, c, to);
        } else
            put(class, c, c);
    }
    r->failed |= !(class->has[0] | class->has[1]); /* a bracket that closes nothing */
}

static unsigned read_number(struct reader *r)
{
    unsigned n = 0;
    size_t from = r->at;
    for (int c; n < NO_END && (c = peek(r)) >= '0' && c <= '9'; r->at++)
        n = 10 * n + (unsigned)(c - '0');
    r->failed |= r->at == from || n >= NO_END;
    return n;
}

/* A repeat that is greedy. What else may stand there is refused by the next part. */
static void read_repeat(struct reader *r, struct part *p)
{
    p->min = p->max = 1;
    if (take(r, '?')) {
        p->min = 0;
    } else if (take(r, '*') || take(r, '+')) {
        p->min = r->text.p[r->at - 1] == '+';
        p->max = NO_END;
    } else if (take(r, '{')) {
        p->min = p->max = read_number(r);
        if (take(r, ','))
            p->max = peek(r) == '}' ? NO_END : read_number(r);
        r->failed |= !take(r, '}') || p->max == 0 || p->max < p->min;
    } else
        return;
    p->literal = -1;
}

static struct part read_part(struct reader *r)
{
    struct part p = {.literal = -1};
    int c = peek(r);
    r->at++;
    if (c == '[')
        read_class(r, &p.class);
    else if (c == '\\')
        p.literal = read_escape(r, &p.class);
    else if (is_word(c) || is_one_of(c, "-/@:%,;=~!&#'\"<> ")) {
        p.literal = c;
        put(&p.class, c, c);
    } else
        r->failed = true;
    if (!r->failed)
        read_repeat(r, &p);
    return p;
}

/* ---- compile ---- */

static bool share(const struct value_class *a, const struct value_class *b)
{
    return ((a->has[0] & b->has[0]) | (a->has[1] & b->has[1])) != 0;
}

static bool goes_back(const struct part *v, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        bool found = false;
        for (unsigned k = i + 1; v[i].min != v[i].max && k < n && !found; k++) {
            if (share(&v[i].class, &v[k].class))
                return true;
            found = v[k].min > 0;
        }
    }
    return false;
}

static uint8_t class_of(struct value_classes *classes, const struct value_class *class,
                        bool *failed)
{
    uint32_t i = 0;
    while (i < classes->n && memcmp(&classes->v[i], class, sizeof *class) != 0)
        i++;
    *failed |= i == VALUE_PLAIN_CLASSES;
    if (i == classes->n && !*failed)
        classes->v[classes->n++] = *class;
    return (uint8_t)(i + 1);
}

static void put_item(struct value_plain *out, unsigned byte, bool *failed)
{
    *failed |= out->nitems == VALUE_PLAIN_ROOM;
    if (!*failed)
        out->items[out->nitems++] = (uint8_t)byte;
}

static void put_literals(struct value_plain *out, const struct part *v, unsigned n, bool *failed)
{
    put_item(out, 0, failed);
    put_item(out, n, failed);
    for (unsigned i = 0; i < n; i++)
        put_item(out, (unsigned)v[i].literal, failed);
}

static bool put_parts(struct value_classes *classes, const struct part *v, unsigned n,
                      struct value_plain *out)
{
    bool failed = false;
    for (unsigned i = 0, end; i < n && !failed; i = end) {
        for (end = i; end < n && v[end].literal >= 0;)
            end++;
        if (end > i) {
            put_literals(out, &v[i], end - i, &failed);
            continue;
        }
        put_item(out, class_of(classes, &v[i].class, &failed), &failed);
        put_item(out, v[i].min, &failed);
        put_item(out, v[i].max, &failed);
        out->repeats++;
        end++;
    }
    return !failed;
}

struct value_plain value_plain_compile(struct value_classes *classes, struct str pattern)
{
    struct reader r = {.text = pattern};
    struct part parts[VALUE_PLAIN_ROOM];
    struct value_plain out = {0}, none = {0};
    unsigned n = 0;
    (void)take(&r, '^');
    while (!r.failed && r.at < pattern.n && !(r.at + 1 == pattern.n && take(&r, '$'))) {
        if (n == VALUE_PLAIN_ROOM)
            return none;
        parts[n++] = read_part(&r);
    }
    if (r.failed || goes_back(parts, n) || !put_parts(classes, parts, n, &out))
        return none;
    return out;
}

/* ---- match ---- */

static size_t run_of(const struct value_class *class, const char *p, size_t n)
{
    size_t i = 0;
    for (; i < n; i++) {
        unsigned c = (unsigned char)p[i];
        if (c > 127 || !(class->has[c >> 6] >> (c & 63) & 1))
            break;
    }
    return i;
}

bool value_plain_matches(const struct value_classes *classes, const struct value_plain *pattern,
                         struct str text)
{
    const uint8_t *p = pattern->items, *end = p + pattern->nitems;
    size_t at = 0;
    while (p < end) {
        size_t left = text.n - at;
        if (p[0] == 0) {
            if (p[1] > left || !base_same((const char *)p + 2, text.p + at, p[1]))
                return false;
            at += p[1];
            p += 2 + p[1];
            continue;
        }
        size_t most = p[2] == NO_END || p[2] > left ? left : p[2];
        size_t run = run_of(&classes->v[p[0] - 1], text.p + at, most);
        if (run < p[1])
            return false;
        at += run;
        p += 3;
    }
    return at == text.n;
}
