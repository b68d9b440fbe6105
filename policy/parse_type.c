/*
 * Types of variables and attributes: their words, and whether a value of the policy fits one. What
 * a request brings is judged in eval_attribute.c.
 */
#include "policy/parse.h"

#include "core/catalogue.h"

#include <stdio.h>

#define MAX_HOST 253u

static bool is_text(const struct ynode *n)
{
    return n->type == Y_TEXT;
}

static bool is_int(const struct ynode *n)
{
    return n->type == Y_INT;
}

static bool is_number(const struct ynode *n)
{
    return n->type == Y_INT || n->type == Y_DOUBLE;
}

static bool is_bool(const struct ynode *n)
{
    return n->type == Y_BOOL;
}

static bool is_map(const struct ynode *n)
{
    return n->type == Y_MAP;
}

/* Digits, then one of the units; `*value` in the smallest. */
struct unit {
    const char *word;
    int64_t factor;
};
static bool read_unit(const struct ynode *n, const struct unit *units, size_t nunits,
                      int64_t *value)
{
    if (n->type != Y_TEXT)
        return false;
    size_t i = 0;
    *value = 0;
    for (; i < n->text.n && n->text.p[i] >= '0' && n->text.p[i] <= '9'; i++)
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, n->text.p[i] - '0', value))
            return false;
    struct str unit = {n->text.p + i, n->text.n - i};
    bool led = i > 1 && n->text.p[0] == '0';
    for (size_t k = 0; i > 0 && !led && k < nunits; k++)
        if (str_is(unit, units[k].word))
            return !__builtin_mul_overflow(*value, units[k].factor, value);
    return false;
}

bool parse_size(const struct ynode *n, int64_t *bytes)
{
    static const struct unit units[] = {
        {"B", 1}, {"KiB", INT64_C(1) << 10}, {"MiB", INT64_C(1) << 20}, {"GiB", INT64_C(1) << 30}};
    return read_unit(n, units, BASE_COUNT(units), bytes);
}

static bool is_size(const struct ynode *n)
{
    int64_t ignored;
    return parse_size(n, &ignored);
}

static bool is_duration(const struct ynode *n)
{
    static const struct unit units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    int64_t ignored;
    return read_unit(n, units, BASE_COUNT(units), &ignored);
}

static bool is_path(const struct ynode *n)
{
    auto_buf struct buf normal = {0};
    return n->type == Y_TEXT && core_path_normal(n->text, &normal) &&
           str_eq(buf_view(&normal), n->text) && !memchr(n->text.p, '*', n->text.n);
}

static bool is_host(const struct ynode *n)
{
    bool good = n->type == Y_TEXT && n->text.n > 0 && n->text.n <= MAX_HOST;
    for (size_t i = 0; good && i < n->text.n; i++) {
        uint8_t c = (uint8_t)n->text.p[i];
        good = c > 0x20 && c != 0x7f && !strchr("/\\@?#%*", c);
    }
    return good;
}

static bool is_url(const struct ynode *n)
{
    const char *colon = n->type == Y_TEXT ? memmem(n->text.p, n->text.n, "://", 3) : NULL;
    bool good = colon && colon > n->text.p && colon + 3 < n->text.p + n->text.n;
    for (size_t i = 0; good && i < n->text.n; i++)
        good = (uint8_t)n->text.p[i] > 0x20 && n->text.p[i] != 0x7f;
    return good;
}

static bool is_sha256(const struct ynode *n)
{
    uint8_t digest[BASE_SHA256];
    return n->type == Y_TEXT && n->text.n == (size_t)2 * BASE_SHA256 &&
           base_unhex(n->text, digest, sizeof digest);
}

static const struct {
    const char *word;
    bool attribute, variable;
} types[] = {
#define X(id, word, attribute, variable) [TYPE_##id] = {word, attribute, variable},
    POLICY_TYPE_TABLE(X)
#undef X
};

static bool (*const fits[TYPE_COUNT])(const struct ynode *n) = {
    [TYPE_STRING] = is_text,       [TYPE_INT] = is_int,       [TYPE_NUMBER] = is_number,
    [TYPE_BOOL] = is_bool,         [TYPE_MAP] = is_map,       [TYPE_SIZE] = is_size,
    [TYPE_DURATION] = is_duration, [TYPE_PATH] = is_path,     [TYPE_HOST] = is_host,
    [TYPE_URL] = is_url,           [TYPE_SHA256] = is_sha256,
};

const char *parse_type_name(struct m_type type, char out[32])
{
    (void)snprintf(out, 32, "%s%s", type.list ? "list of " : "", types[type.type].word);
    return out;
}

bool parse_type_fits(struct m_type type, const struct ynode *n)
{
    if (n->refused)
        return true; /* told already */
    if (!type.list)
        return fits[type.type](n);
    if (n->type != Y_LIST)
        return false;
    for (const struct ynode *c = n->first; c; c = c->next)
        if (!c->refused && !fits[type.type](c))
            return false;
    return true;
}

bool parse_type(struct parser *p, const struct ynode *n, bool variable, struct m_type *out)
{
    const char *words[TYPE_COUNT];
    size_t nwords = 0;
    uint8_t type[TYPE_COUNT];
    for (uint8_t i = 0; i < TYPE_COUNT; i++)
        if (variable ? types[i].variable : types[i].attribute) {
            type[nwords] = i;
            words[nwords++] = types[i].word;
        }
    out->list = n->type == Y_LIST;
    if (out->list && n->count != 1) {
        policy_report(p->report, P_TYPE, n->pos, "write `[string]`",
                      "a list type names the type of its elements");
        return false;
    }
    int word = parse_word(p, out->list ? n->first : n, "`type`", words, nwords);
    if (word >= 0)
        out->type = type[word];
    return word >= 0;
}
