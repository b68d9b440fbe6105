/*
 * Numbers with units, by one table a kind. Whole numbers only: "1.5GiB" would have to be rounded
 * somewhere, and a limit should say what it is.
 */
#include "policy/value_size.h"

const struct value_unit value_sizes[4] = {
    {"B", 1}, {"KiB", INT64_C(1) << 10}, {"MiB", INT64_C(1) << 20}, {"GiB", INT64_C(1) << 30}};
static const struct value_unit times[] = {{"ns", 1},
                                          {"us", INT64_C(1000)},
                                          {"ms", INT64_C(1000000)},
                                          {"s", BASE_NS_PER_S},
                                          {"m", 60 * BASE_NS_PER_S},
                                          {"h", 3600 * BASE_NS_PER_S},
                                          {"d", 86400 * BASE_NS_PER_S}};

static size_t digits(struct str text)
{
    size_t n = 0;
    while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
        n++;
    return n;
}

static bool read_number(struct str text, int64_t *out)
{
    int64_t v = 0;
    for (size_t i = 0; i < text.n; i++)
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, text.p[i] - '0', &v))
            return false;
    *out = v;
    return text.n == 1 || (text.n > 1 && text.p[0] != '0');
}

bool value_unit_parse(struct str text, const struct value_unit *units, size_t count, int64_t *out)
{
    size_t n = digits(text);
    struct str name = {text.p + n, text.n - n};
    int64_t number;
    for (size_t i = 0; n > 0 && i < count; i++)
        if (str_is(name, units[i].name))
            return read_number((struct str){text.p, n}, &number) &&
                   !__builtin_mul_overflow(number, units[i].worth, out);
    return false;
}

bool value_size_parse(struct str text, int64_t *out_bytes)
{
    return value_unit_parse(text, value_sizes, BASE_COUNT(value_sizes), out_bytes);
}

bool value_duration_parse(struct str text, int64_t *out_ns)
{
    return value_unit_parse(text, times, BASE_COUNT(times), out_ns);
}

/* ---- what is limited ---- */

static const struct value_unit limit_times[] = {
    {"ms", 1000000}, {"s", BASE_NS_PER_S}, {"m", 60 * BASE_NS_PER_S}, {"h", 3600 * BASE_NS_PER_S}};
static const struct value_unit limit_counts[] = {{"", 1}};

static const struct {
    const struct value_unit *units;
    size_t nunits;
    const char *wanted;
} unit_rows[] = {
    [CORE_UNIT_NS] = {limit_times, BASE_COUNT(limit_times), "a time such as 500ms, 5s, 10m, 1h"},
    [CORE_UNIT_BYTES] = {value_sizes, BASE_COUNT(value_sizes),
                         "a size such as 64KiB, 128MiB, 1GiB"},
    [CORE_UNIT_COUNT] = {limit_counts, BASE_COUNT(limit_counts), "a number such as 16"},
};

bool value_amount_parse(struct str text, enum core_unit unit, uint64_t *out)
{
    int64_t v;
    if (!value_unit_parse(text, unit_rows[unit].units, unit_rows[unit].nunits, &v))
        return false;
    *out = (uint64_t)v;
    return true;
}

const char *value_amount_wanted(enum core_unit unit)
{
    return unit_rows[unit].wanted;
}

bool value_limit_may_be_zero(enum core_limit limit)
{
    return limit == CORE_LIMIT_OUTPUT || limit == CORE_LIMIT_FILE_SIZE ||
           limit == CORE_LIMIT_DISK_IO || limit == CORE_LIMIT_NETWORK_IO;
}

bool value_looks_like_size(struct str text)
{
    static const char *const near[] = {"b", "k",  "kb",  "kib", "m",  "mb", "mib", "g", "gb", "gib",
                                       "t", "tb", "tib", "s",   "ms", "us", "ns",  "h", "d"};
    size_t n = digits(text), letters = 0;
    char lower[4];
    if (n == 0 || n == text.n)
        return false;
    for (size_t i = n; i < text.n; i++) {
        if (text.p[i] == ' ' && letters == 0)
            continue;
        if (letters == sizeof lower)
            return false;
        lower[letters++] = (char)(text.p[i] | 0x20);
    }
    for (size_t i = 0; i < BASE_COUNT(near); i++)
        if (str_is((struct str){lower, letters}, near[i]))
            return true;
    return false;
}
