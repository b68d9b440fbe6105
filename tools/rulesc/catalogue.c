/*
 * rules/catalogue.yaml: each capability id with class, effects, arguments and a line of text. The
 * order in the file is free; the table is sorted, since the library searches it by halves.
 */
#include "core/catalogue.h"

#include "tools/rulesc/rulesc.h"

struct name_row {
    const char *name, *constant;
};

#define X(id, name) {name, "CORE_ARG_" #id},
static const struct name_row arg_types[] = {CORE_ARG_TABLE(X)};
#undef X
#define X(id, name) {name, "CORE_CLASS_" #id},
static const struct name_row classes[] = {CORE_CLASS_TABLE(X)};
#undef X
#define X(id, name) name,
static const char *const effects[] = {CORE_EFFECT_BITS(X)};
#undef X

static const char *constant_of(const struct rules_file *f, const yaml_node_t *n,
                               const struct name_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_is(rules_text(f, n), rows[i].name))
            return rows[i].constant;
    rules_die(f, n, "no such name here");
}

static void check_name(const struct rules_file *f, const yaml_node_t *n, const char *extra)
{
    struct str s = rules_text(f, n);
    if (s.n == 0 || s.n > 64 || s.p[0] < 'a' || s.p[0] > 'z')
        rules_die(f, n, "expected a name of 1 to 64 characters that begins with a letter");
    for (size_t i = 0; i < s.n; i++)
        if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= '0' && s.p[i] <= '9') &&
            !strchr(extra, s.p[i]))
            rules_die(f, n, "a name has lower case letters, digits and any of %s", extra);
}

static bool flag(const struct rules_file *f, const yaml_node_t *map, const char *key)
{
    const yaml_node_t *n = rules_get(f, map, key);
    return n && rules_bool(f, n);
}

static uint32_t effect_bits(const struct rules_file *f, const yaml_node_t *list)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < rules_count(f, list); i++) {
        const yaml_node_t *n = rules_item(f, list, i);
        size_t bit = 0;
        while (bit < BASE_COUNT(effects) && !str_is(rules_text(f, n), effects[bit]))
            bit++;
        if (bit == BASE_COUNT(effects))
            rules_die(f, n, "no such effect");
        if (bits >> bit & 1)
            rules_die(f, n, "an effect a second time");
        bits |= 1u << bit;
    }
    if (!bits)
        rules_die(f, list, "a capability has at least one effect");
    return bits;
}

/* ---- arguments ---- */

static bool all_between(struct str s, char low, char high)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < low || s.p[i] > high)
            return false;
    return s.n > 0;
}

/* What of a type can be written without escaping. */
static bool fits_type(struct str type, struct str s)
{
    if (str_is(type, "bool"))
        return str_is(s, "true") || str_is(s, "false");
    if (str_is(type, "integer"))
        return all_between(s, '0', '9') && s.n < 16 && (s.n == 1 || s.p[0] != '0');
    return str_is(type, "method") ? all_between(s, 'A', 'Z')
                                  : str_is(type, "string") && all_between(s, 'a', 'z');
}

/* A default as the JSON that its type makes of it. */
static void emit_default(const struct rules_file *f, const yaml_node_t *arg, struct buf *out)
{
    const yaml_node_t *n = rules_get(f, arg, "default");
    struct str type = rules_text(f, rules_need(f, arg, "type"));
    if (!n) {
        buf_z(out, "NULL");
        return;
    }
    struct str s = rules_text(f, n);
    if (!flag(f, arg, "optional"))
        rules_die(f, n, "only an optional argument has a default");
    if (!fits_type(type, s))
        rules_die(f, n, "no default that an argument of this type can have");
    bool quoted = str_is(type, "string") || str_is(type, "method");
    buf_printf(out, quoted ? "\"\\\"%.*s\\\"\"" : "\"%.*s\"", (int)s.n, s.p);
}

static void compile_arg(const struct rules_file *f, const yaml_node_t *args, size_t i,
                        struct buf *out)
{
    static const char *const keys[] = {"name", "type", "optional", "broker", "default", NULL};
    const yaml_node_t *arg = rules_item(f, args, i);
    rules_check_map(f, arg, keys);
    const yaml_node_t *name = rules_need(f, arg, "name"), *type = rules_need(f, arg, "type");
    check_name(f, name, "_");
    for (size_t k = 0; k < i; k++)
        if (str_eq(rules_text(f, name),
                   rules_text(f, rules_need(f, rules_item(f, args, k), "name"))))
            rules_die(f, name, "an argument's name a second time");
    if (str_is(rules_text(f, type), "rest") && i + 1 != rules_count(f, args))
        rules_die(f, type, "only the last argument takes the rest");
    buf_z(out, "    {");
    emit_string(out, f, name);
    buf_printf(out, ", %s, %s, %s, ", constant_of(f, type, arg_types, BASE_COUNT(arg_types)),
               flag(f, arg, "optional") || flag(f, arg, "broker") ? "false" : "true",
               flag(f, arg, "broker") ? "true" : "false");
    emit_default(f, arg, out);
    buf_z(out, "},\n");
}

/* What is left out must be at the end, or a position would mean two things. */
static void check_order(const struct rules_file *f, const yaml_node_t *args)
{
    bool optional = false;
    for (size_t i = 0; i < rules_count(f, args); i++) {
        const yaml_node_t *arg = rules_item(f, args, i);
        if (flag(f, arg, "broker"))
            continue;
        if (optional && !flag(f, arg, "optional"))
            rules_die(f, arg, "a required argument behind an optional one");
        optional = flag(f, arg, "optional");
    }
}

static void compile_args(const struct rules_file *f, const yaml_node_t *entry, size_t row,
                         struct buf *out)
{
    const yaml_node_t *args = rules_get(f, entry, "args");
    if (!args || rules_count(f, args) == 0)
        return;
    if (rules_count(f, args) > CORE_MAX_ARGS)
        rules_die(f, args, "more than %d arguments", CORE_MAX_ARGS);
    buf_printf(out, "static const struct core_arg args_%zu[] = {\n", row);
    for (size_t i = 0; i < rules_count(f, args); i++)
        compile_arg(f, args, i, out);
    check_order(f, args);
    buf_z(out, "};\n");
}

/* ---- entries ---- */

struct entry {
    struct str id;
    const yaml_node_t *key, *value;
};

static int entry_cmp(const void *a, const void *b)
{
    const struct entry *ea = a, *eb = b;
    return str_cmp(ea->id, eb->id);
}

static struct entry *sorted_entries(const struct rules_file *f, const yaml_node_t *map, size_t n)
{
    struct entry *entries = calloc(n, sizeof *entries);
    if (!entries)
        rules_die(f, map, "no memory");
    for (size_t i = 0; i < n; i++) {
        entries[i].key = rules_pair(f, map, i, &entries[i].value);
        entries[i].id = rules_text(f, entries[i].key);
        check_name(f, entries[i].key, "._-");
    }
    qsort(entries, n, sizeof *entries, entry_cmp);
    return entries;
}

static void compile_row(const struct rules_file *f, const struct entry *e, size_t row,
                        struct buf *out)
{
    static const char *const keys[] = {"class", "effects", "args", "summary", NULL};
    rules_check_map(f, e->value, keys);
    const yaml_node_t *args = rules_get(f, e->value, "args");
    size_t nargs = args ? rules_count(f, args) : 0;
    buf_z(out, "    {");
    emit_string(out, f, e->key);
    buf_printf(out, ", %s, 0x%xu, ",
               constant_of(f, rules_need(f, e->value, "class"), classes, BASE_COUNT(classes)),
               effect_bits(f, rules_need(f, e->value, "effects")));
    if (nargs)
        buf_printf(out, "args_%zu, %zu, ", row, nargs);
    else
        buf_z(out, "NULL, 0, ");
    buf_printf(out, "%s,\n     ", args ? "true" : "false");
    emit_string(out, f, rules_need(f, e->value, "summary"));
    buf_z(out, "},\n");
}

void compile_catalogue(const struct rules_file *f, struct buf *out)
{
    static const char *const keys[] = {"reeve", "capabilities", NULL};
    const yaml_node_t *root = rules_root(f, "catalogue/v1");
    rules_check_map(f, root, keys);
    const yaml_node_t *map = rules_need(f, root, "capabilities");
    rules_check_map(f, map, NULL);
    size_t n = rules_count(f, map);
    auto_free struct entry *entries = sorted_entries(f, map, n);
    for (size_t i = 0; i < n; i++)
        compile_args(f, entries[i].value, i, out);
    buf_z(out, "\nconst struct core_capability core_table_capabilities[] = {\n");
    for (size_t i = 0; i < n; i++)
        compile_row(f, &entries[i], i, out);
    buf_printf(out, "};\nconst size_t core_table_ncapabilities = %zu;\n", n);
}
