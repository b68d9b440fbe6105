/*
 * Reading mappings by tables and scalars by kind: the ground of the parser. Knows no key of the
 * language itself; parse.c, parse_rule.c, parse_grant.c and parse_when.c bring the tables.
 */
#include "policy/parse.h"

#include <stdio.h>

void *parse_alloc(struct parser *p, size_t count, size_t each)
{
    void *room = arena_array(p->arena, count ? count : 1, each);
    if (!room)
        policy_report_memory(p->report);
    return room;
}

void parse_not_understood(struct parser *p, const struct ynode *at, struct str word)
{
    char shown[POLICY_SHOWN];
    policy_report(p->report, P_NOT_UNDERSTOOD, at->pos, NULL,
                  "`%s` is not understood by this version", policy_shown(word, shown));
}

static const struct parse_field *find_field(const struct parse_field *fields, size_t n,
                                            struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_is(name, fields[i].name))
            return &fields[i];
    return NULL;
}

/* Whether a key of that name stands in a value of this shape. */
static bool stands_in(const struct parse_shape *shape, struct str name)
{
    if (!shape)
        return false;
    for (size_t i = 0; shape->kind == SHAPE_EITHER && i < shape->n; i++)
        if (stands_in(shape->either[i], name))
            return true;
    return shape->kind == SHAPE_KEYS && find_field(shape->fields, shape->n, name);
}

/* "write it in `grant` or `require`": the keys beside it that take it. */
static const char *deeper(const struct parse_field *fields, size_t n, struct str name,
                          char hint[POLICY_HINT])
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if (!stands_in(fields[i].shape, name) || used + 32 > POLICY_HINT)
            continue;
        int more = snprintf(hint + used, POLICY_HINT - used, "%s`%s`",
                            used ? " or " : "write it in ", fields[i].name);
        used += more > 0 ? (size_t)more : 0;
    }
    return used ? hint : NULL;
}

/* Tells it; the index of the field that is probably meant, or `nfields`. */
static size_t unknown_key(struct parser *p, const struct ynode *key, const char *what,
                          const struct parse_field *fields, size_t nfields)
{
    struct policy_nearest near = policy_near(p->report, key->text);
    for (size_t i = 0; i < nfields; i++)
        policy_offer(&near, str_of(fields[i].name));
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    const char *within = deeper(fields, nfields, key->text, hint);
    policy_report(p->report, P_UNKNOWN_KEY, key->pos, within ? within : policy_hint(&near, hint),
                  "unknown key `%s` in %s", policy_shown(key->text, shown), what);
    size_t i = 0;
    while (i < nfields && (within || !str_is(near.best, fields[i].name)))
        i++;
    return i;
}

/* The index of the field that a key which is none is probably meant to be, else `nfields`. */
static size_t read_pair(struct parser *p, struct ynode *key, const char *what,
                        const struct parse_field *fields, size_t nfields, void *object)
{
    const struct parse_field *f = find_field(fields, nfields, key->text);
    if (!f)
        return unknown_key(p, key, what, fields, nfields);
    if (!f->fn)
        parse_not_understood(p, key, key->text);
    else if (!key->next->refused)
        f->fn(p, object, key, key->next);
    return nfields;
}

bool parse_was_meant(const struct parser *p, const char *name)
{
    for (size_t i = 0; i < 64; i++)
        if (p->meant >> i & 1 && strcmp(p->meant_of[i].name, name) == 0)
            return true;
    return false;
}

struct ynode *parse_key(const struct ynode *map, struct str name)
{
    for (struct ynode *k = map->first; k; k = k->next->next)
        if (str_eq(k->text, name))
            return k;
    return NULL;
}

static bool is_kind(struct parser *p, const struct ynode *n, const char *what, enum ynode_type type,
                    const char *wanted, const char *hint)
{
    if (n->type == type && !n->refused)
        return true;
    if (!n->refused)
        policy_report(p->report, P_TYPE, n->pos, hint, "%s is %s; %s is wanted", what,
                      policy_yaml_kind(n), wanted);
    return false;
}

/* "a mapping has `max` and `window`": what it cannot be without. */
static const char *required_keys(const struct parse_field *fields, size_t n, char hint[POLICY_HINT])
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if (!fields[i].required || used + 32 > POLICY_HINT)
            continue;
        int more = snprintf(hint + used, POLICY_HINT - used, "%s`%s: ...`", used ? ", " : "write ",
                            fields[i].name);
        used += more > 0 ? (size_t)more : 0;
    }
    return used ? hint : NULL;
}

void parse_map(struct parser *p, struct ynode *map, const char *what,
               const struct parse_field *fields, size_t nfields, void *object)
{
    char hint[POLICY_HINT];
    if (!is_kind(p, map, what, Y_MAP, "a mapping", required_keys(fields, nfields, hint)))
        return;
    uint64_t meant = 0;
    for (struct ynode *k = map->first; k; k = k->next->next) {
        size_t i = k->refused ? nfields : read_pair(p, k, what, fields, nfields, object);
        meant |= i < nfields && i < 64 ? UINT64_C(1) << i : 0;
    }
    p->meant = meant; /* those of mappings within it are not asked for any more */
    p->meant_of = fields;
    for (size_t i = 0; i < nfields; i++)
        if (fields[i].required && !parse_was_meant(p, fields[i].name) &&
            !parse_key(map, str_of(fields[i].name)))
            policy_report(p->report, P_MISSING_KEY, map->pos, NULL, "%s has no `%s`", what,
                          fields[i].name);
}

bool parse_is_map(struct parser *p, const struct ynode *n, const char *what)
{
    return is_kind(p, n, what, Y_MAP, "a mapping",
                   n->type == Y_LIST ? "write `KEY: VALUE`, without `-`" : NULL);
}

/* One value, as the list that it should be in. */
static const char *in_brackets(const struct ynode *n, char hint[POLICY_HINT])
{
    if (n->type == Y_MAP)
        return "write `[...]`, or each entry behind a `- `";
    if (n->type != Y_TEXT || n->text.n > POLICY_HINT - 16)
        return NULL;
    char shown[POLICY_SHOWN];
    (void)snprintf(hint, POLICY_HINT, "write `[\"%s\"]`", policy_shown(n->text, shown));
    return hint;
}

bool parse_is_list(struct parser *p, const struct ynode *n, const char *what)
{
    char hint[POLICY_HINT];
    return is_kind(p, n, what, Y_LIST, "a list", in_brackets(n, hint));
}

bool parse_text(struct parser *p, const struct ynode *n, const char *what, size_t max,
                struct str *out)
{
    bool scalar = n->type == Y_INT || n->type == Y_DOUBLE || n->type == Y_BOOL;
    if (!is_kind(p, n, what, Y_TEXT, scalar ? "text (quote it)" : "text", NULL))
        return false;
    if (n->text.n > max) {
        policy_report(p->report, P_TEXT, n->pos, NULL, "%s has %zu bytes; at most %zu are held",
                      what, n->text.n, max);
        return false;
    }
    if (n->text.n == 0) {
        policy_report(p->report, P_TEXT, n->pos, NULL, "%s is empty", what);
        return false;
    }
    *out = n->text;
    return true;
}

bool parse_bool(struct parser *p, const struct ynode *n, const char *what, bool *out)
{
    if (!is_kind(p, n, what, Y_BOOL, "true or false", NULL))
        return false;
    *out = n->boolean;
    return true;
}

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

bool parse_name(struct parser *p, const struct ynode *n, const char *what)
{
    bool good = n->type == Y_TEXT && n->text.n > 0 && n->text.n <= 128;
    for (size_t i = 0; good && i < n->text.n; i++)
        good = is_name_byte(n->text.p[i]);
    if (good || n->refused)
        return good;
    char shown[POLICY_SHOWN];
    policy_report(p->report, P_NAME, n->pos, "letters, digits, `_`, `-` and `.`, at most 128",
                  "%s: `%s` is no name", what, policy_shown(n->text, shown));
    return false;
}

int parse_word(struct parser *p, const struct ynode *n, const char *what, const char *const *words,
               size_t nwords)
{
    struct str text;
    if (!parse_text(p, n, what, 64, &text))
        return -1;
    for (size_t i = 0; i < nwords; i++)
        if (str_is(text, words[i]))
            return (int)i;
    struct policy_nearest near = policy_near(p->report, text);
    auto_buf struct buf list = {0};
    for (size_t i = 0; i < nwords; i++) {
        policy_offer(&near, str_of(words[i]));
        buf_printf(&list, "%s`%s`", i == 0 ? "" : i + 1 == nwords ? " or " : ", ", words[i]);
    }
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    policy_report(p->report, P_WORD, n->pos, policy_hint(&near, hint), "%s is `%s`; %s is wanted",
                  what, policy_shown(text, shown), list.failed ? "another word" : list.data);
    return -1;
}
