/*
 * rules/levels.yaml: the limits that hold at a level where policy says nothing. Only what this
 * build can hold may be set, and every such limit must be: a missing default would be no limit at
 * all.
 */
#include "core/types.h"
#include "tools/rulesc/rulesc.h"

struct unit {
    const char *suffix;
    enum core_unit kind;
    uint64_t size;
};

static const struct unit units[] = {
    {"ms", CORE_UNIT_NS, 1000000},
    {"s", CORE_UNIT_NS, 1000000000},
    {"m", CORE_UNIT_NS, UINT64_C(60000000000)},
    {"h", CORE_UNIT_NS, UINT64_C(3600000000000)},
    {"B", CORE_UNIT_BYTES, 1},
    {"KiB", CORE_UNIT_BYTES, UINT64_C(1) << 10},
    {"MiB", CORE_UNIT_BYTES, UINT64_C(1) << 20},
    {"GiB", CORE_UNIT_BYTES, UINT64_C(1) << 30},
    {"", CORE_UNIT_COUNT, 1},
};

static const struct unit *unit_of(struct str suffix, enum core_unit kind)
{
    for (size_t i = 0; i < BASE_COUNT(units); i++)
        if (units[i].kind == kind && str_is(suffix, units[i].suffix))
            return &units[i];
    return NULL;
}

static uint64_t limit_value(const struct rules_file *f, const yaml_node_t *n, enum core_unit kind)
{
    struct str s = rules_text(f, n);
    if (str_is(s, "unlimited"))
        return CORE_UNLIMITED;
    uint64_t v = 0;
    size_t i = 0;
    for (; i < s.n && i < 9 && s.p[i] >= '0' && s.p[i] <= '9'; i++)
        v = v * 10 + (uint64_t)(s.p[i] - '0');
    const struct unit *unit = unit_of((struct str){s.p + i, s.n - i}, kind);
    if (i == 0 || !unit)
        rules_die(f, n, "expected a limit like 5s, 64MiB, 16 or unlimited, in its own unit");
    if (__builtin_mul_overflow(v, unit->size, &v))
        rules_die(f, n, "larger than a limit can be; unlimited says that there is none");
    return v;
}

static void compile_limit(const struct rules_file *f, const yaml_node_t *level,
                          enum core_limit limit, struct buf *out)
{
    const char *name = core_limit_name(limit);
    const yaml_node_t *n = rules_get(f, level, name);
    if (core_limit_held(limit) && !n)
        rules_die(f, level, "no default for \"%s\"", name);
    if (!core_limit_held(limit) && n)
        rules_die(f, n, "nothing in this build can hold \"%s\"", name);
    if (n)
        buf_printf(out, "UINT64_C(%llu), ",
                   (unsigned long long)limit_value(f, n, core_limit_unit(limit)));
    else
        buf_z(out, "0, ");
}

static void check_names(const struct rules_file *f, const yaml_node_t *level)
{
    rules_check_map(f, level, NULL);
    for (size_t i = 0; i < rules_count(f, level); i++) {
        const yaml_node_t *value, *key = rules_pair(f, level, i, &value);
        if (core_limit_of(rules_text(f, key)) < 0)
            rules_die(f, key, "no such limit");
    }
}

void compile_levels(const struct rules_file *f, struct buf *out)
{
    static const char *const keys[] = {"reeve", "levels", NULL};
    const yaml_node_t *root = rules_root(f, "levels/v1");
    rules_check_map(f, root, keys);
    const yaml_node_t *levels = rules_need(f, root, "levels");
#define X(id, name) name,
    static const char *const names[] = {CORE_LEVEL_TABLE(X) NULL};
#undef X
    rules_check_map(f, levels, names);
    uint32_t held = 0;
    for (unsigned i = 0; i < CORE_LIMIT_COUNT; i++)
        held |= core_limit_held(i) ? 1u << i : 0;
    buf_z(out, "\nconst struct core_limits core_table_levels[CORE_LEVEL_COUNT] = {\n");
    for (size_t i = 0; names[i]; i++) {
        const yaml_node_t *level = rules_need(f, levels, names[i]);
        check_names(f, level);
        buf_z(out, "    {{");
        for (unsigned k = 0; k < CORE_LIMIT_COUNT; k++)
            compile_limit(f, level, k, out);
        buf_printf(out, "}, 0x%xu, 0},\n", held);
    }
    buf_z(out, "};\n");
}
