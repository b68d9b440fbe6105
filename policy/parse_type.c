/*
 * Types of variables and attributes: their words, and whether a value of the policy fits one. What
 * a request brings is judged in eval_attribute.c.
 */
#include "policy/parse.h"

#include "core/catalogue.h"
#include "policy/value_size.h"
#include "policy/value_url.h"

#include <stdio.h>

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

bool parse_size(const struct ynode *n, int64_t *bytes)
{
    return n->type == Y_TEXT && value_size_parse(n->text, bytes);
}

static bool is_size(const struct ynode *n)
{
    int64_t ignored;
    return parse_size(n, &ignored);
}

static bool is_duration(const struct ynode *n)
{
    int64_t ignored;
    return n->type == Y_TEXT && value_duration_parse(n->text, &ignored);
}

static bool is_path(const struct ynode *n)
{
    return n->type == Y_TEXT && core_path_is_normal(n->text) && !memchr(n->text.p, '*', n->text.n);
}

static bool is_host(const struct ynode *n)
{
    struct value_at at;
    struct value_fault fault;
    auto_buf struct buf form = {0};
    return n->type == Y_TEXT &&
           value_hosts_compile((struct value_list){&n->text, 1}, &form, &at, &fault);
}

static bool is_url(const struct ynode *n)
{
    auto_buf struct buf normal = {0};
    return n->type == Y_TEXT && core_url_normal(n->text, &normal);
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

/* The words of a kind; NULL: not of it. */
#define X(id, word, attribute, variable) (attribute) ? word : NULL,
static const char *const attribute_words[] = {POLICY_TYPE_TABLE(X)};
#undef X
#define X(id, word, attribute, variable) (variable) ? word : NULL,
static const char *const variable_words[] = {POLICY_TYPE_TABLE(X)};
#undef X
static const struct parse_shape attribute_word = {SHAPE_WORDS_OF(attribute_words)},
                                variable_word = {SHAPE_WORDS_OF(variable_words)},
                                attribute_list = {.kind = SHAPE_LIST,
                                                  .of = &attribute_word,
                                                  .min = 1,
                                                  .max = 1},
                                variable_list = {
                                    .kind = SHAPE_LIST, .of = &variable_word, .min = 1, .max = 1};
const struct parse_shape shape_type = {.says = "a [type](#types)",
                                       SHAPE_EITHER_OF(&attribute_word, &attribute_list)};
const struct parse_shape shape_variable_type = {.says = "a [type](#types)",
                                                SHAPE_EITHER_OF(&variable_word, &variable_list)};

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
    if (n->type == Y_TEXT && (str_is(n->text, "list") || str_is(n->text, "array"))) {
        policy_report(p->report, P_WORD, n->pos, "write `[string]`, if its elements are texts",
                      "a list type names the type of its elements");
        return false;
    }
    int word = parse_word(p, out->list ? n->first : n, "`type`", words, nwords);
    if (word >= 0)
        out->type = type[word];
    return word >= 0;
}
