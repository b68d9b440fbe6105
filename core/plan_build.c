/*
 * Writing a plan in its one layout (plan_view.c says which). The owner calls this with what policy
 * granted; what does not fit is an error here, never a silent cut. The result always passes
 * plan_check.
 */
#include "core/plan.h"

#include <assert.h>

#include "core/catalogue.h"

struct builder {
    struct buf *out;
    uint32_t strings_at; /* where the next string will stand */
    struct reeve_error *err;
};

#define NO_INDEX UINT32_MAX

static int refuse(struct builder *b, const char *part, uint32_t index, const char *why)
{
    if (index == NO_INDEX)
        return base_fail(b->err, REEVE_EINVAL, "plan: %s %s", part, why);
    return base_fail(b->err, REEVE_EINVAL, "plan: %s %u %s", part, index, why);
}

static struct plan_span reserve(struct builder *b, struct str s)
{
    struct plan_span span = {b->strings_at, (uint32_t)s.n};
    b->strings_at += (uint32_t)s.n + 1;
    return span;
}

static void put_span(struct builder *b, struct plan_span s)
{
    buf_u32le(b->out, s.off);
    buf_u32le(b->out, s.len);
}

static void put_string(struct builder *b, struct str s)
{
    buf_str(b->out, s);
    buf_byte(b->out, 0);
}

/* ---- what must hold before anything is written ---- */

static int check_string(struct builder *b, const char *part, uint32_t index, struct str s)
{
    if (s.n >= PLAN_MAX_BYTES)
        return refuse(b, part, index, "is longer than a plan can be");
    if (s.n && memchr(s.p, 0, s.n))
        return refuse(b, part, index, "contains a NUL");
    return 0;
}

static int check_path(struct builder *b, const char *part, uint32_t index, struct str s)
{
    int rc = check_string(b, part, index, s);
    if (!rc && !plan_path_is_normal(s.p, s.n))
        return refuse(b, part, index, "is no absolute path without \".\", \"..\" and \"//\"");
    return rc;
}

static int check_texts(struct builder *b, const struct plan_parts *p)
{
    int rc = check_path(b, "program", NO_INDEX, p->program);
    if (!rc)
        rc = check_path(b, "cwd", NO_INDEX, p->cwd);
    if (rc)
        return rc;
    if (p->program.n == 1)
        return refuse(b, "program", NO_INDEX, "is the root folder");
    if (!plan_name_is_valid(p->profile.p, p->profile.n))
        return refuse(b, "profile", NO_INDEX,
                      "is no name of 1 to 64 letters, digits, '-', '.', '_'");
    if (!plan_name_is_valid(p->hostname.p, p->hostname.n))
        return refuse(b, "hostname", NO_INDEX,
                      "is no name of 1 to 64 letters, digits, '-', '.', '_'");
    return 0;
}

static int check_argv(struct builder *b, const struct plan_parts *p)
{
    if (p->nargv == 0 || p->nargv > PLAN_MAX_ARGS)
        return base_fail(b->err, REEVE_EINVAL, "plan: argv has %u entries, 1 to %u are possible",
                         p->nargv, PLAN_MAX_ARGS);
    for (uint32_t i = 0; i < p->nargv; i++) {
        int rc = check_string(b, "argv", i, p->argv[i]);
        if (rc)
            return rc;
    }
    return 0;
}

static int check_env(struct builder *b, const struct plan_parts *p)
{
    if (p->nenv > PLAN_MAX_ARGS)
        return base_fail(b->err, REEVE_EINVAL, "plan: env has %u entries, at most %u are possible",
                         p->nenv, PLAN_MAX_ARGS);
    for (uint32_t i = 0; i < p->nenv; i++) {
        struct str s = p->env[i];
        int rc = check_string(b, "env", i, s);
        if (rc)
            return rc;
        if (s.n == 0 || s.p[0] == '=' || !memchr(s.p, '=', s.n))
            return refuse(b, "env", i, "is not NAME=value");
    }
    return 0;
}

static int check_filter(struct builder *b, const struct plan_parts *p)
{
    enum { INSTRUCTION = 8 };
    if (p->filter_bytes % INSTRUCTION != 0 || p->filter_bytes / INSTRUCTION > PLAN_MAX_FILTER)
        return base_fail(b->err, REEVE_EINVAL,
                         "plan: a filter of %u bytes; it has at most %u instructions of %d bytes",
                         p->filter_bytes, PLAN_MAX_FILTER, INSTRUCTION);
    return 0;
}

static int check_source(struct builder *b, uint32_t i, enum plan_mount_kind kind, struct str source)
{
    static const char part[] = "the source of mount";
    switch (kind) {
    case PLAN_MOUNT_READ:
        return check_path(b, part, i, source);
    case PLAN_MOUNT_LINK:
        return source.n ? check_string(b, part, i, source) : refuse(b, part, i, "is empty");
    case PLAN_MOUNT_HIDE:
        return source.n ? refuse(b, part, i, "must be empty: what is hidden has none") : 0;
    default:
        return refuse(b, "mount", i, "is of no known kind");
    }
}

static int check_mount(struct builder *b, const struct plan_parts *p, uint32_t i)
{
    struct str target = p->mounts[i].target;
    int rc = check_source(b, i, p->mounts[i].kind, p->mounts[i].source);
    if (!rc)
        rc = check_path(b, "the target of mount", i, target);
    if (rc)
        return rc;
    if (target.n == 1 && p->mounts[i].kind != PLAN_MOUNT_READ)
        return refuse(b, "the target of mount", i, "is the root folder");
    for (uint32_t k = 0; k < i; k++) {
        struct str earlier = p->mounts[k].target;
        if (core_path_under(earlier, target) && !str_eq(earlier, target))
            return refuse(b, "mount", i, "lies over an earlier one: parents come before children");
    }
    return 0;
}

static int check_mounts(struct builder *b, const struct plan_parts *p)
{
    if (p->nmounts > PLAN_MAX_MOUNTS)
        return base_fail(b->err, REEVE_EINVAL, "plan: %u mounts, at most %u are possible",
                         p->nmounts, PLAN_MAX_MOUNTS);
    for (uint32_t i = 0; i < p->nmounts; i++) {
        int rc = check_mount(b, p, i);
        if (rc)
            return rc;
    }
    return 0;
}

/* A limit that a plan carries must be set, and one that it cannot carry must not be relied on. */
static int check_limits(struct builder *b, const struct plan_parts *p)
{
    const struct core_limits *limits = &p->limits;
    for (unsigned i = 0; i < CORE_LIMIT_COUNT; i++) {
        bool set = limits->set >> i & 1, loose = limits->best_effort >> i & 1;
        if (core_limit_held(i) && !set)
            return base_fail(b->err, REEVE_EINVAL,
                             "plan: the limit %s is not set; \"unlimited\" must be said",
                             core_limit_name(i));
        if (!core_limit_held(i) && set && !loose && limits->value[i] != CORE_UNLIMITED)
            return base_fail(b->err, REEVE_EINVAL, "plan: nothing here can hold the limit %s",
                             core_limit_name(i));
    }
    return 0;
}

/* ---- writing ---- */

static uint32_t arrays_bytes(const struct plan_parts *p)
{
    return (p->nargv + p->nenv) * (uint32_t)sizeof(struct plan_span) +
           p->nmounts * (uint32_t)sizeof(struct plan_mount) + p->filter_bytes;
}

static struct plan_header make_header(struct builder *b, const struct plan_parts *p)
{
    struct plan_header h = {
        .magic = PLAN_MAGIC,
        .version = PLAN_VERSION,
        .wall_ns = p->limits.value[CORE_LIMIT_WALL],
        .output_bytes = p->limits.value[CORE_LIMIT_OUTPUT],
        .open_files = p->limits.value[CORE_LIMIT_OPEN_FILES],
        .file_size_bytes = p->limits.value[CORE_LIMIT_FILE_SIZE],
        .tmp_bytes = p->tmp_bytes,
    };
    memcpy(h.program_sha256, p->program_sha256, BASE_SHA256);
    uint32_t at = sizeof h;
    h.argv = (struct plan_span){at, p->nargv * (uint32_t)sizeof(struct plan_span)};
    at += h.argv.len;
    h.env = (struct plan_span){at, p->nenv * (uint32_t)sizeof(struct plan_span)};
    at += h.env.len;
    h.mounts = (struct plan_span){at, p->nmounts * (uint32_t)sizeof(struct plan_mount)};
    at += h.mounts.len;
    h.filter = (struct plan_span){at, p->filter_bytes};
    b->strings_at = at + h.filter.len;
    h.program = reserve(b, p->program);
    h.cwd = reserve(b, p->cwd);
    h.profile = reserve(b, p->profile);
    h.hostname = reserve(b, p->hostname);
    return h;
}

static void put_arrays(struct builder *b, const struct plan_parts *p)
{
    for (uint32_t i = 0; i < p->nargv; i++)
        put_span(b, reserve(b, p->argv[i]));
    for (uint32_t i = 0; i < p->nenv; i++)
        put_span(b, reserve(b, p->env[i]));
    for (uint32_t i = 0; i < p->nmounts; i++) {
        buf_u32le(b->out, (uint32_t)p->mounts[i].kind);
        buf_u32le(b->out, 0);
        put_span(b, reserve(b, p->mounts[i].source));
        put_span(b, reserve(b, p->mounts[i].target));
    }
    buf_put(b->out, p->filter, p->filter_bytes);
}

static void put_strings(struct builder *b, const struct plan_parts *p)
{
    put_string(b, p->program);
    put_string(b, p->cwd);
    put_string(b, p->profile);
    put_string(b, p->hostname);
    for (uint32_t i = 0; i < p->nargv; i++)
        put_string(b, p->argv[i]);
    for (uint32_t i = 0; i < p->nenv; i++)
        put_string(b, p->env[i]);
    for (uint32_t i = 0; i < p->nmounts; i++) {
        put_string(b, p->mounts[i].source);
        put_string(b, p->mounts[i].target);
    }
}

/* Strings alone may be 128 KiB each: their sum is taken in 64 bits before any offset is. */
static uint64_t total_bytes(const struct plan_parts *p)
{
    uint64_t n = sizeof(struct plan_header) + arrays_bytes(p);
    n += p->program.n + p->cwd.n + p->profile.n + p->hostname.n + 4;
    for (uint32_t i = 0; i < p->nargv; i++)
        n += p->argv[i].n + 1;
    for (uint32_t i = 0; i < p->nenv; i++)
        n += p->env[i].n + 1;
    for (uint32_t i = 0; i < p->nmounts; i++)
        n += p->mounts[i].source.n + p->mounts[i].target.n + 2;
    return n;
}

static int check_size(struct builder *b, const struct plan_parts *p)
{
    uint64_t n = total_bytes(p);
    if (n > PLAN_MAX_BYTES)
        return base_fail(b->err, REEVE_EINVAL, "plan: %llu bytes, at most %u are possible",
                         (unsigned long long)n, PLAN_MAX_BYTES);
    return 0;
}

static int check_parts(struct builder *b, const struct plan_parts *p)
{
    static int (*const checks[])(struct builder *, const struct plan_parts *) = {
        check_limits, check_texts, check_argv, check_env, check_mounts, check_filter, check_size};
    for (size_t i = 0; i < BASE_COUNT(checks); i++) {
        int rc = checks[i](b, p);
        if (rc)
            return rc;
    }
    return 0;
}

int plan_build(const struct plan_parts *parts, struct buf *out, struct reeve_error *err)
{
    struct builder b = {.out = out, .err = err};
    assert(out->len == 0);
    int rc = check_parts(&b, parts);
    if (rc)
        return rc;
    struct plan_header header = make_header(&b, parts);
    header.total_bytes = (uint32_t)total_bytes(parts);
    buf_put(out, &header, sizeof header);
    put_arrays(&b, parts);
    put_strings(&b, parts);
    if (out->failed)
        return base_fail(err, REEVE_ENOMEM, "plan: no memory");
    struct plan_view view;
    bool whole = plan_check(out->data, out->len, &view);
    assert(whole);
    return 0;
}
