/*
 * Lookup over the tables that tools/rulesc wrote from rules/. What the entries mean is said in
 * rules/catalogue.yaml; nothing here knows a capability by name.
 */
#include "core/catalogue.h"

#include <assert.h>

#include "core/tables.h"

const struct core_capability *core_capability_find(struct str id)
{
    size_t low = 0, high = core_table_ncapabilities;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int c = str_cmp(id, str_of(core_table_capabilities[middle].id));
        if (c == 0)
            return &core_table_capabilities[middle];
        if (c < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct core_capability *core_capability_all(size_t *count)
{
    *count = core_table_ncapabilities;
    return core_table_capabilities;
}

const struct core_limits *core_level_limits(enum core_level level)
{
    assert((unsigned)level < CORE_LEVEL_COUNT);
    return &core_table_levels[level];
}

const struct core_profile *core_profile_find(struct str name)
{
    for (size_t i = 0; i < core_table_nprofiles; i++)
        if (str_is(name, core_table_profiles[i].name))
            return &core_table_profiles[i];
    return NULL;
}

const struct core_lint *core_lint_all(size_t *count)
{
    *count = core_table_nlint;
    return core_table_lint;
}

const struct core_lint *core_lint_find(struct str code_or_id)
{
    for (size_t i = 0; i < core_table_nlint; i++)
        if (str_is(code_or_id, core_table_lint[i].code) ||
            str_is(code_or_id, core_table_lint[i].id))
            return &core_table_lint[i];
    return NULL;
}

const struct core_steering *core_steering_find(struct str name)
{
    for (size_t i = 0; i < core_table_nsteering; i++) {
        const struct core_steering *s = &core_table_steering[i];
        if (s->prefix ? str_starts(name, str_of(s->name)) : str_is(name, s->name))
            return s;
    }
    return NULL;
}
