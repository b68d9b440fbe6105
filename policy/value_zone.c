/*
 * Zones from the system's tzdata: TZif (RFC 8536) of version 2 or later, whose 64-bit block and
 * footer are read and all else skipped. Runs while a policy is compiled.
 */
#include "policy/value_zone.h"

#include <fcntl.h>

#define TZIF_HEAD 44u
#define MAX_TZIF  ((size_t)1 << 20)

struct tzif {
    size_t leaps, times, types, chars, isstd, isut;
};

static bool malformed(struct value_fault *fault)
{
    return value_fail(fault, "zone", 0, "its file in the system's time zone data is malformed",
                      NULL);
}

static uint32_t get_u32be(const char *p)
{
    return __builtin_bswap32(base_get_u32le(p));
}

static int64_t get_i64be(const char *p)
{
    return (int64_t)__builtin_bswap64(base_get_u64le(p));
}

/* A block's head at `at`. Counts of a sane size only, so that no sum of them overflows. */
static bool read_head(struct str file, size_t at, struct tzif *out)
{
    if (file.n < at || file.n - at < TZIF_HEAD || memcmp(file.p + at, "TZif", 4) != 0 ||
        file.p[at + 4] < '2')
        return false;
    size_t *const counts[] = {&out->isut,  &out->isstd, &out->leaps,
                              &out->times, &out->types, &out->chars};
    for (size_t i = 0; i < BASE_COUNT(counts); i++) {
        *counts[i] = get_u32be(file.p + at + 20 + 4 * i);
        if (*counts[i] > MAX_TZIF)
            return false;
    }
    return out->times <= ZONE_MAX_ROWS && out->types > 0 && out->types <= 256;
}

static size_t block_size(const struct tzif *t, size_t time_size)
{
    return t->times * (time_size + 1) + t->types * 6 + t->chars + t->leaps * (time_size + 4) +
           t->isstd + t->isut;
}

static bool read_offset(const char *types, size_t ntypes, size_t type, int32_t *out)
{
    if (type >= ntypes)
        return false;
    *out = (int32_t)get_u32be(types + 6 * type);
    return *out >= -ZONE_MAX_OFFSET && *out <= ZONE_MAX_OFFSET;
}

struct rows {
    int64_t time[ZONE_MAX_ROWS];
    int32_t offset[ZONE_MAX_ROWS];
    uint32_t n;
};

/* Changes of the offset alone: a change of the name or of what is called summer time is none. */
static bool read_rows(const char *block, const struct tzif *t, struct rows *out, int32_t *before)
{
    const char *index = block + 8 * t->times, *types = index + t->times;
    if (!read_offset(types, t->types, 0, before))
        return false;
    int32_t last = *before;
    for (size_t i = 0; i < t->times; i++) {
        int64_t time = get_i64be(block + 8 * i);
        int32_t offset;
        if (!read_offset(types, t->types, (uint8_t)index[i], &offset) ||
            (i > 0 && time <= get_i64be(block + 8 * (i - 1))))
            return false;
        if (offset == last && i + 1 < t->times)
            continue; /* the last one stays: from it on the rule holds */
        out->time[out->n] = time;
        out->offset[out->n++] = last = offset;
    }
    return true;
}

static bool read_footer(struct str file, size_t at, struct zone_head *out)
{
    if (file.n < at + 2 || file.p[at] != '\n')
        return false;
    const char *end = memchr(file.p + at + 1, '\n', file.n - at - 1);
    return end &&
           zone_rule_parse((struct str){file.p + at + 1, (size_t)(end - file.p) - at - 1}, out);
}

static void write_zone(const struct zone_head *head, const struct rows *rows, struct buf *bytes,
                       struct value_at *out)
{
    out->at = (uint32_t)bytes->len;
    buf_put(bytes, head, sizeof *head);
    buf_put(bytes, rows->time, rows->n * sizeof rows->time[0]);
    buf_put(bytes, rows->offset, rows->n * sizeof rows->offset[0]);
    out->n = (uint32_t)bytes->len - out->at;
}

bool value_zone_compile_bytes(struct str tzif, struct buf *bytes, struct value_at *out,
                              struct value_fault *fault)
{
    struct tzif first, second;
    if (!read_head(tzif, 0, &first))
        return malformed(fault);
    size_t at = TZIF_HEAD + block_size(&first, 4);
    if (!read_head(tzif, at, &second) || tzif.n - at - TZIF_HEAD < block_size(&second, 8))
        return malformed(fault);
    if (second.leaps > 0)
        return value_fail(fault, "zone", 0, "a zone that counts leap seconds",
                          "write its name without `right/`");
    at += TZIF_HEAD;
    struct zone_head head = {0};
    auto_free struct rows *rows = calloc(1, sizeof *rows);
    if (!rows) {
        bytes->failed = true;
        return true;
    }
    if (!read_rows(tzif.p + at, &second, rows, &head.before) ||
        !read_footer(tzif, at + block_size(&second, 8), &head))
        return malformed(fault);
    head.rows = rows->n;
    write_zone(&head, rows, bytes, out);
    return true;
}

/* A relative name of tzdata's characters, that means the same everywhere. */
static const char *wrong_name(struct str name)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
    if (str_eq(name, STR("localtime")) || str_eq(name, STR("posixrules")) ||
        str_eq(name, STR("Factory")))
        return "a zone that is another on each machine";
    bool good = name.n > 0 && name.n <= 64 && name.p[0] != '/';
    for (size_t i = 0; good && i < name.n; i++)
        good = name.p[i] && strchr(set, name.p[i]);
    return good ? NULL : "no name of a zone";
}

bool value_zone_compile(const char *folder, struct str name, struct buf *bytes,
                        struct value_at *out, struct value_fault *fault)
{
    static const char hint[] = "a name of tzdata such as Europe/Berlin or UTC";
    const char *wrong = wrong_name(name);
    if (wrong)
        return value_fail(fault, "zone", 0, wrong, hint);
    if (str_eq(name, STR("UTC"))) {
        struct zone_head head = {.rule = ZONE_FIXED};
        struct rows none = {.n = 0};
        write_zone(&head, &none, bytes, out);
        return true;
    }
    auto_buf struct buf path = {0};
    auto_buf struct buf file = {0};
    buf_printf(&path, "%s/%.*s", folder, (int)name.n, name.p);
    if (path.failed || fd_slurp(AT_FDCWD, path.data, MAX_TZIF, &file, NULL) != 0)
        return value_fail(fault, "zone", 0, "a zone that the system's time zone data does not have",
                          hint);
    return value_zone_compile_bytes(buf_view(&file), bytes, out, fault);
}
