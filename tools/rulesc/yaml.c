/*
 * Reading our own YAML with libyaml's documents: typed access that ends the program with
 * file:line:col on anything unexpected. Policies of users are read elsewhere, with limits; this
 * sees only what is in the source tree.
 */
#include <fcntl.h>
#include <stdio.h>

#include "tools/rulesc/rulesc.h"

void rules_die(const struct rules_file *f, const yaml_node_t *at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)fprintf(stderr, "%s:%zu:%zu: error: ", f->path, at ? at->start_mark.line + 1 : 1,
                  at ? at->start_mark.column + 1 : 1);
    (void)vfprintf(stderr, fmt, ap);
    (void)fputc('\n', stderr);
    va_end(ap);
    exit(1);
}

static void parse(struct rules_file *f)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        rules_die(f, NULL, "no memory");
    yaml_parser_set_input_string(&parser, (const unsigned char *)f->bytes.data, f->bytes.len);
    if (!yaml_parser_load(&parser, &f->doc)) {
        (void)fprintf(stderr, "%s:%zu:%zu: error: %s\n", f->path, parser.problem_mark.line + 1,
                      parser.problem_mark.column + 1, parser.problem ? parser.problem : "no YAML");
        exit(1);
    }
    yaml_document_t more;
    if (!yaml_parser_load(&parser, &more) || yaml_document_get_root_node(&more))
        rules_die(f, NULL, "more than one document");
    yaml_document_delete(&more);
    yaml_parser_delete(&parser);
}

void rules_load(struct rules_file *f, const char *path)
{
    enum { MAX_BYTES = 1 << 20 };
    struct reeve_error err = {0};
    f->path = path;
    buf_init(&f->bytes, 0);
    if (fd_slurp(AT_FDCWD, path, MAX_BYTES, &f->bytes, &err))
        rules_die(f, NULL, "%s", err.message);
    parse(f);
}

void rules_free(struct rules_file *f)
{
    yaml_document_delete(&f->doc);
    buf_fini(&f->bytes);
}

/* libyaml takes its documents without const, also where it only looks. */
static const yaml_node_t *node_at(const struct rules_file *f, int index)
{
    return yaml_document_get_node((yaml_document_t *)(uintptr_t)&f->doc, index);
}

static void need_type(const struct rules_file *f, const yaml_node_t *n, yaml_node_type_t type,
                      const char *what)
{
    if (n->type != type)
        rules_die(f, n, "expected %s", what);
}

const yaml_node_t *rules_root(const struct rules_file *f, const char *kind)
{
    const yaml_node_t *root = yaml_document_get_root_node((yaml_document_t *)(uintptr_t)&f->doc);
    if (!root)
        rules_die(f, NULL, "an empty file");
    const yaml_node_t *said = rules_need(f, root, "reeve");
    if (!str_is(rules_text(f, said), kind))
        rules_die(f, said, "expected %s", kind);
    return root;
}

size_t rules_count(const struct rules_file *f, const yaml_node_t *n)
{
    if (n->type == YAML_SEQUENCE_NODE)
        return (size_t)(n->data.sequence.items.top - n->data.sequence.items.start);
    need_type(f, n, YAML_MAPPING_NODE, "a list or a map");
    return (size_t)(n->data.mapping.pairs.top - n->data.mapping.pairs.start);
}

const yaml_node_t *rules_item(const struct rules_file *f, const yaml_node_t *list, size_t i)
{
    need_type(f, list, YAML_SEQUENCE_NODE, "a list");
    return node_at(f, list->data.sequence.items.start[i]);
}

const yaml_node_t *rules_pair(const struct rules_file *f, const yaml_node_t *map, size_t i,
                              const yaml_node_t **value)
{
    need_type(f, map, YAML_MAPPING_NODE, "a map");
    const yaml_node_pair_t *pair = &map->data.mapping.pairs.start[i];
    *value = node_at(f, pair->value);
    return node_at(f, pair->key);
}

static bool is_listed(struct str key, const char *const *keys)
{
    for (; *keys; keys++)
        if (str_is(key, *keys))
            return true;
    return false;
}

void rules_check_map(const struct rules_file *f, const yaml_node_t *map, const char *const *keys)
{
    need_type(f, map, YAML_MAPPING_NODE, "a map");
    for (size_t i = 0; i < rules_count(f, map); i++) {
        const yaml_node_t *value, *key = rules_pair(f, map, i, &value);
        struct str name = rules_text(f, key);
        if (keys && !is_listed(name, keys))
            rules_die(f, key, "unknown key \"%.*s\"", (int)name.n, name.p);
        for (size_t k = 0; k < i; k++)
            if (str_eq(name, rules_text(f, rules_pair(f, map, k, &value))))
                rules_die(f, key, "\"%.*s\" a second time", (int)name.n, name.p);
    }
}

const yaml_node_t *rules_get(const struct rules_file *f, const yaml_node_t *map, const char *key)
{
    need_type(f, map, YAML_MAPPING_NODE, "a map");
    for (size_t i = 0; i < rules_count(f, map); i++) {
        const yaml_node_t *value, *name = rules_pair(f, map, i, &value);
        if (str_is(rules_text(f, name), key))
            return value;
    }
    return NULL;
}

const yaml_node_t *rules_need(const struct rules_file *f, const yaml_node_t *map, const char *key)
{
    const yaml_node_t *value = rules_get(f, map, key);
    if (!value)
        rules_die(f, map, "\"%s\" is missing", key);
    return value;
}

struct str rules_text(const struct rules_file *f, const yaml_node_t *scalar)
{
    need_type(f, scalar, YAML_SCALAR_NODE, "a text");
    return (struct str){(const char *)scalar->data.scalar.value, scalar->data.scalar.length};
}

static int digit_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = memchr(digits, c, sizeof digits - 1);
    return found ? (int)(found - digits) : 16;
}

uint64_t rules_number(const struct rules_file *f, const yaml_node_t *scalar, uint64_t max)
{
    struct str s = rules_text(f, scalar);
    uint64_t base = str_starts(s, STR("0x")) ? 16 : 10, v = 0;
    size_t i = base == 16 ? 2 : 0;
    if (i == s.n)
        rules_die(f, scalar, "expected a number");
    for (; i < s.n; i++) {
        uint64_t digit = (uint64_t)digit_value(s.p[i]);
        if (digit >= base)
            rules_die(f, scalar, "expected a number");
        if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, digit, &v) || v > max)
            rules_die(f, scalar, "a number of at most %llu", (unsigned long long)max);
    }
    return v;
}

bool rules_bool(const struct rules_file *f, const yaml_node_t *scalar)
{
    struct str s = rules_text(f, scalar);
    if (!str_is(s, "true") && !str_is(s, "false"))
        rules_die(f, scalar, "expected true or false");
    return str_is(s, "true");
}
