/*
 * Names of the enumerations in core/types.h, both ways, and limits as policies write them.
 * Everything comes from the tables of the header; nothing here decides anything.
 */
#include "core/types.h"

#define NAME_OF(id, name, ...) name,

static const char *const level_names[] = {CORE_LEVEL_TABLE(NAME_OF)};
static const char *const class_names[] = {CORE_CLASS_TABLE(NAME_OF)};
static const char *const rank_names[] = {CORE_RANK_TABLE(NAME_OF)};
static const char *const effect_names[] = {CORE_EFFECT_TABLE(NAME_OF)};
static const char *const refusal_names[] = {CORE_REFUSAL_TABLE(NAME_OF)};
static const char *const how_names[] = {CORE_HOW_TABLE(NAME_OF)};
static const char *const limit_names[] = {CORE_LIMIT_TABLE(NAME_OF)};

#define TEXT_OF(id, name, text) text,
static const char *const refusal_texts[] = {CORE_REFUSAL_TABLE(TEXT_OF)};

#define LIMIT_OF(id, name, unit, held, ...) {unit, held},
static const struct {
    enum core_unit unit;
    bool held;
} limits[] = {CORE_LIMIT_TABLE(LIMIT_OF)};

static const char *name_at(const char *const *names, size_t count, unsigned v)
{
    return v < count ? names[v] : NULL;
}

static int value_of(const char *const *names, size_t count, struct str name)
{
    for (size_t i = 0; i < count; i++)
        if (str_is(name, names[i]))
            return (int)i;
    return -1;
}

const char *core_level_name(enum core_level v)
{
    return name_at(level_names, BASE_COUNT(level_names), (unsigned)v);
}

const char *core_class_name(enum core_class v)
{
    return name_at(class_names, BASE_COUNT(class_names), (unsigned)v);
}

const char *core_rank_name(enum core_rank v)
{
    return name_at(rank_names, BASE_COUNT(rank_names), (unsigned)v);
}

const char *core_effect_name(enum core_effect v)
{
    return name_at(effect_names, BASE_COUNT(effect_names), (unsigned)v);
}

const char *core_refusal_name(enum core_refusal v)
{
    return name_at(refusal_names, BASE_COUNT(refusal_names), (unsigned)v);
}

const char *core_refusal_text(enum core_refusal v)
{
    return name_at(refusal_texts, BASE_COUNT(refusal_texts), (unsigned)v);
}

const char *core_how_name(enum core_how v)
{
    return name_at(how_names, BASE_COUNT(how_names), (unsigned)v);
}

const char *core_limit_name(enum core_limit v)
{
    return name_at(limit_names, BASE_COUNT(limit_names), (unsigned)v);
}

enum core_unit core_limit_unit(enum core_limit v)
{
    return (unsigned)v < BASE_COUNT(limits) ? limits[v].unit : CORE_UNIT_COUNT;
}

bool core_limit_held(enum core_limit v)
{
    return (unsigned)v < BASE_COUNT(limits) && limits[v].held;
}

int core_level_of(struct str name)
{
    return value_of(level_names, BASE_COUNT(level_names), name);
}

int core_class_of(struct str name)
{
    return value_of(class_names, BASE_COUNT(class_names), name);
}

int core_rank_of(struct str name)
{
    return value_of(rank_names, BASE_COUNT(rank_names), name);
}

int core_limit_of(struct str name)
{
    return value_of(limit_names, BASE_COUNT(limit_names), name);
}

bool core_limits_unheld(const struct core_limits *l, enum core_limit limit)
{
    return l->set & (UINT32_C(1) << limit) && l->value[limit] != CORE_UNLIMITED &&
           !core_limit_held(limit);
}

/* ---- limits as text ---- */

struct unit_name {
    uint64_t size;
    const char *name;
};

/* The largest unit that leaves no fraction: the text means exactly the value. */
static void put_in_unit(struct buf *out, uint64_t v, const struct unit_name *units, size_t count)
{
    size_t i = 0;
    while (i + 1 < count && (v == 0 || v % units[i].size != 0))
        i++;
    buf_printf(out, "%llu%s", (unsigned long long)(v / units[i].size), units[i].name);
}

void core_limit_format(enum core_limit limit, uint64_t v, struct buf *out)
{
    static const struct unit_name times[] = {
        {UINT64_C(3600000000000), "h"}, {UINT64_C(60000000000), "m"}, {UINT64_C(1000000000), "s"},
        {UINT64_C(1000000), "ms"},      {UINT64_C(1000), "us"},       {UINT64_C(1), "ns"}};
    static const struct unit_name sizes[] = {{UINT64_C(1) << 30, "GiB"},
                                             {UINT64_C(1) << 20, "MiB"},
                                             {UINT64_C(1) << 10, "KiB"},
                                             {UINT64_C(1), "B"}};
    if (v == CORE_UNLIMITED)
        buf_z(out, "unlimited");
    else if (core_limit_unit(limit) == CORE_UNIT_NS)
        put_in_unit(out, v, times, BASE_COUNT(times));
    else if (core_limit_unit(limit) == CORE_UNIT_BYTES)
        put_in_unit(out, v, sizes, BASE_COUNT(sizes));
    else
        buf_printf(out, "%llu", (unsigned long long)v);
}
