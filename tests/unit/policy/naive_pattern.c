/*
 * The naive evaluator's patterns: by recursion, by the C library, by hand. See naive_value.h.
 */
#include "naive_value.h"
#include "random_when.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <regex.h>
#include <stdio.h>

int naive_any_text(const struct value *v, const struct value *operand,
                   bool (*fits)(struct str text, struct str operand))
{
    bool some = false;
    if (v->kind != 's')
        return NAIVE_UNKNOWN;
    if (operand->kind == 's')
        return truth_of(fits(v->s, operand->s));
    for (uint32_t i = 0; i < operand->count; i++)
        some = some || fits(v->s, operand->child[i].s);
    return truth_of(some);
}

/* ---- patterns ---- */

static bool like(const char *t, size_t nt, const char *g, size_t ng)
{
    if (ng == 0)
        return nt == 0;
    if (g[0] == '*')
        return like(t, nt, g + 1, ng - 1) || (nt > 0 && like(t + 1, nt - 1, g, ng));
    if (g[0] == '\\' && ng > 1 && g[1] == '*')
        return nt > 0 && t[0] == '*' && like(t + 1, nt - 1, g + 2, ng - 2);
    return nt > 0 && t[0] == g[0] && like(t + 1, nt - 1, g + 1, ng - 1);
}

static bool is_like(struct str text_, struct str pattern)
{
    return like(text_.p, text_.n, pattern.p, pattern.n);
}

/* The bytes of an address by the C library: 4, 16 or, for none, 0. Brackets are taken off. */
static unsigned address(struct str s, uint8_t out[16])
{
    char z[80] = {0};
    bool brackets = s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']';
    if (brackets)
        s = (struct str){s.p + 1, s.n - 2};
    if (s.n >= sizeof z || memchr(s.p, 0, s.n))
        return 0;
    memcpy(z, s.p, s.n);
    if (!brackets && inet_pton(AF_INET, z, out) == 1)
        return 4;
    if (inet_pton(AF_INET6, z, out) != 1)
        return 0;
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (memcmp(out, mapped, 12) != 0)
        return 16;
    memmove(out, out + 12, 4);
    return 4;
}

static bool in_range(struct str text_, struct str range)
{
    uint8_t a[16], r[16];
    const char *slash = memchr(range.p, '/', range.n);
    struct str base = {range.p, slash ? (size_t)(slash - range.p) : range.n};
    unsigned n = address(text_, a), length = address(base, r);
    unsigned long bits = slash ? strtoul(slash + 1, NULL, 10) : 8 * length;
    if (n != length)
        return false;
    for (unsigned long i = 0; i < bits; i++)
        if ((a[i / 8] ^ r[i / 8]) >> (7 - i % 8) & 1)
            return false;
    return true;
}

/* A host name in lower case without the dot at its end; empty: none. */
static struct str host_name(struct str s, char out[80])
{
    size_t n = 0, label = 0;
    static const struct str none = {"", 0};
    if (s.n > 1 && s.p[s.n - 1] == '.')
        s.n--;
    for (size_t i = 0; i < s.n && n < 79; i++) {
        char c = s.p[i];
        label = c == '.' ? 0 : label + 1;
        if ((c == '.' && (i == 0 || s.p[i - 1] == '.')) ||
            (c != '.' && c != '-' && c != '_' && !isalnum((uint8_t)c)))
            return none;
        out[n++] = (char)tolower((uint8_t)c);
    }
    const char *last = out + n - label;
    bool number_ = label > 0, hex = label > 1 && last[0] == '0' && last[1] == 'x';
    for (size_t i = 0; i < label; i++)
        number_ = number_ && isdigit((uint8_t)last[i]);
    return number_ || hex ? none : (struct str){out, n};
}

static bool host_fits(struct str text_, struct str pattern)
{
    uint8_t a[16], p[16];
    char name[80], wanted[80];
    unsigned na = address(text_, a), np = address(pattern, p);
    if (na || np)
        return na == np && memcmp(a, p, na) == 0;
    struct str have = host_name(text_, name);
    if (str_is(pattern, "*"))
        return true;
    bool below = str_starts(pattern, STR("*."));
    struct str want =
        host_name(below ? (struct str){pattern.p + 2, pattern.n - 2} : pattern, wanted);
    if (!below)
        return str_eq(have, want);
    return have.n > want.n + 1 && have.p[have.n - want.n - 1] == '.' &&
           str_eq((struct str){have.p + have.n - want.n, want.n}, want);
}

int naive_pattern(const struct m_condition *c, const struct value *v, const struct value *operand)
{
    uint8_t a[16];
    char name[80];
    if (v->kind != 's')
        return NAIVE_UNKNOWN;
    if (c->op == OP_LIKE)
        return naive_any_text(v, operand, is_like);
    bool brackets = v->s.n && v->s.p[0] == '[';
    if (c->op == OP_CIDR)
        return !brackets && address(v->s, a) ? naive_any_text(v, operand, in_range) : NAIVE_UNKNOWN;
    return address(v->s, a) || host_name(v->s, name).n ? naive_any_text(v, operand, host_fits)
                                                       : NAIVE_UNKNOWN;
}

int naive_matches(struct str regex, const struct value *v)
{
    char anchored[128], z[256];
    if (v->kind != 's' || v->s.n >= sizeof z)
        return NAIVE_UNKNOWN;
    (void)snprintf(anchored, sizeof anchored, "^(%.*s)$", (int)regex.n, regex.p);
    (void)snprintf(z, sizeof z, "%.*s", (int)v->s.n, v->s.p);
    regex_t re;
    if (regcomp(&re, anchored, REG_EXTENDED | REG_NOSUB) != 0)
        abort();
    int rc = regexec(&re, z, 0, NULL, 0);
    regfree(&re);
    return truth_of(rc == 0);
}

/* The place of a pattern in random_urls, told by its keys. */
static int url_index(const struct ynode *written)
{
    if (written->type == Y_TEXT)
        return 0;
    const struct ynode *key = written->first, *second = key->next->next;
    if (str_is(key->text, "host"))
        return str_is(key->next->text, "*.example") ? 1 : 4;
    if (str_is(key->text, "port"))
        return 5;
    return str_is(second->text, "host") ? 2 : 3;
}

/* By hand: which of random_addresses fit ('1'), do not ('0'), are no URL ('?'). */
int naive_url(const struct ynode *written, const struct value *v)
{
    static const char *const fits[RANDOM_URLS] = {"10000011????", "10010011????", "11110011????",
                                                  "00001100????", "00000011????", "01000000????"};
    for (unsigned i = 0; v->kind == 's' && i < RANDOM_ADDRESSES; i++)
        if (str_is(v->s, random_addresses[i]) && fits[url_index(written)][i] != '?')
            return truth_of(fits[url_index(written)][i] == '1');
    return NAIVE_UNKNOWN;
}

/* By hand: which of random_moments fit each of random_times. */
int naive_moment(const struct ynode *written, const struct value *v)
{
    static const char *const fits[RANDOM_TIMES] = {"1111111", "1111110", "0100000", "0001100"};
    unsigned days = 0, hours = 0;
    if (v->kind != 't')
        return NAIVE_UNKNOWN;
    for (const struct ynode *k = written->first; k; k = k->next->next) {
        days += str_is(k->text, "days");
        hours += str_is(k->text, "hours");
    }
    for (unsigned i = 0; i < RANDOM_MOMENTS; i++)
        if (random_moments[i] == v->moment)
            return truth_of(fits[days + 2 * hours][i] == '1');
    abort();
}
