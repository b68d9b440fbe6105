/*
 * Reading a plan: plan_check walks the bytes once, in the one order that plan_build writes them,
 * and only a plan that it passed is looked into. Linked into the launcher and into the sandbox's
 * static init: no memory, no text, nothing but libc's string functions.
 */
#include "core/plan.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a plan is read where it lies");
_Static_assert(sizeof(struct plan_header) == 152, "the plan's header has no padding");
_Static_assert(sizeof(struct plan_mount) == 24, "a plan's mount has no padding");

#define FILTER_INSTRUCTION 8u /* sizeof(struct sock_filter) */

/*
 * A plan has one layout: header, argv, env, mounts, filter, then every string in the order in which
 * the header and these arrays name them, each with its NUL, no gap anywhere. So a plan that means
 * the same has the same bytes and digest, and the check is a walk: each span must begin where the
 * one before ended.
 */
struct walk {
    const uint8_t *bytes;
    uint32_t at, total;
};

static bool take_array(struct walk *w, struct plan_span s, uint32_t each, uint32_t max,
                       uint32_t *count)
{
    if (s.off != w->at || s.len > w->total - w->at || s.len % each != 0 || s.len / each > max)
        return false;
    *count = s.len / each;
    w->at += s.len;
    return true;
}

static bool take_string(struct walk *w, struct plan_span s)
{
    if (s.off != w->at || s.len >= w->total - w->at)
        return false;
    const uint8_t *p = w->bytes + s.off;
    if (memchr(p, 0, s.len) || p[s.len] != 0)
        return false;
    w->at += s.len + 1;
    return true;
}

bool plan_path_is_normal(const char *path, size_t n)
{
    if (n == 0 || path[0] != '/')
        return false;
    for (size_t i = 0; n > 1 && i < n;) {
        const char *component = path + i + 1;
        const char *slash = i + 1 < n ? memchr(component, '/', n - i - 1) : NULL;
        size_t len = slash ? (size_t)(slash - component) : n - i - 1;
        bool dot = len == 1 && component[0] == '.';
        bool dots = len == 2 && component[0] == '.' && component[1] == '.';
        if (len == 0 || dot || dots)
            return false;
        i += len + 1;
    }
    return true;
}

static bool take_path(struct walk *w, struct plan_span s)
{
    return take_string(w, s) && plan_path_is_normal((const char *)w->bytes + s.off, s.len);
}

bool plan_name_is_valid(const char *name, size_t n)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    for (size_t i = 0; i < n; i++)
        if (!memchr(allowed, name[i], sizeof allowed - 1))
            return false;
    return n > 0 && n <= PLAN_MAX_NAME;
}

static bool take_name(struct walk *w, struct plan_span s)
{
    return take_string(w, s) && plan_name_is_valid((const char *)w->bytes + s.off, s.len);
}

static bool take_strings(struct walk *w, struct plan_span list, uint32_t count)
{
    const struct plan_span *s = (const void *)(w->bytes + list.off);
    for (uint32_t i = 0; i < count; i++)
        if (!take_string(w, s[i]))
            return false;
    return true;
}

static bool are_variables(const struct plan_view *v)
{
    for (uint32_t i = 0; i < v->nenv; i++) {
        const char *z = plan_env(v, i);
        const char *sign = strchr(z, '=');
        if (!sign || sign == z)
            return false;
    }
    return true;
}

/* ---- mounts ---- */

static bool take_mount(struct walk *w, const struct plan_mount *m)
{
    if (m->flags != 0)
        return false;
    bool root = m->target.len == 1;
    switch (m->kind) {
    case PLAN_MOUNT_READ:
        return take_path(w, m->source) && take_path(w, m->target);
    case PLAN_MOUNT_LINK:
        return take_string(w, m->source) && m->source.len > 0 && take_path(w, m->target) && !root;
    case PLAN_MOUNT_HIDE:
        return take_string(w, m->source) && m->source.len == 0 && take_path(w, m->target) && !root;
    default:
        return false;
    }
}

static bool is_below(const struct plan_view *v, struct plan_span path, struct plan_span dir)
{
    const char *p = plan_str(v, path), *d = plan_str(v, dir);
    if (dir.len == 1)
        return path.len > 1;
    return path.len > dir.len && memcmp(p, d, dir.len) == 0 && p[dir.len] == '/';
}

/* A mount over the parent of an earlier one would hide what was shown, or uncover what was hidden.
 */
static bool parents_first(const struct plan_view *v)
{
    for (uint32_t later = 1; later < v->nmounts; later++)
        for (uint32_t earlier = 0; earlier < later; earlier++)
            if (is_below(v, plan_mount_at(v, earlier)->target, plan_mount_at(v, later)->target))
                return false;
    return true;
}

static bool take_mounts(struct walk *w, const struct plan_view *v)
{
    for (uint32_t i = 0; i < v->nmounts; i++)
        if (!take_mount(w, plan_mount_at(v, i)))
            return false;
    return parents_first(v);
}

/* ---- the whole ---- */

static bool check_header(const struct plan_header *h, size_t n)
{
    return h->magic == PLAN_MAGIC && h->version == PLAN_VERSION && h->total_bytes == n &&
           h->flags == 0;
}

static bool take_arrays(struct walk *w, struct plan_view *v)
{
    const struct plan_header *h = v->h;
    return take_array(w, h->argv, sizeof(struct plan_span), PLAN_MAX_ARGS, &v->nargv) &&
           take_array(w, h->env, sizeof(struct plan_span), PLAN_MAX_ARGS, &v->nenv) &&
           take_array(w, h->mounts, sizeof(struct plan_mount), PLAN_MAX_MOUNTS, &v->nmounts) &&
           take_array(w, h->filter, FILTER_INSTRUCTION, PLAN_MAX_FILTER, &v->nfilter);
}

static bool take_texts(struct walk *w, const struct plan_view *v)
{
    const struct plan_header *h = v->h;
    return take_path(w, h->program) && h->program.len > 1 && take_path(w, h->cwd) &&
           take_name(w, h->profile) && take_name(w, h->hostname) &&
           take_strings(w, h->argv, v->nargv) && take_strings(w, h->env, v->nenv) &&
           take_mounts(w, v);
}

bool plan_check(const void *bytes, size_t n, struct plan_view *out)
{
    *out = (struct plan_view){0};
    if (n < sizeof(struct plan_header) || n > PLAN_MAX_BYTES || (uintptr_t)bytes % 8 != 0)
        return false;
    struct plan_view v = {.h = bytes, .bytes = bytes};
    struct walk w = {bytes, sizeof(struct plan_header), (uint32_t)n};
    if (!check_header(v.h, n) || !take_arrays(&w, &v) || !take_texts(&w, &v))
        return false;
    if (w.at != w.total || v.nargv == 0 || !are_variables(&v))
        return false;
    *out = v;
    return true;
}

const char *plan_str(const struct plan_view *v, struct plan_span s)
{
    return (const char *)v->bytes + s.off;
}

static const char *string_at(const struct plan_view *v, struct plan_span list, uint32_t i)
{
    const struct plan_span *s = (const void *)(v->bytes + list.off);
    return plan_str(v, s[i]);
}

const char *plan_argv(const struct plan_view *v, uint32_t i)
{
    return string_at(v, v->h->argv, i);
}

const char *plan_env(const struct plan_view *v, uint32_t i)
{
    return string_at(v, v->h->env, i);
}

const struct plan_mount *plan_mount_at(const struct plan_view *v, uint32_t i)
{
    const struct plan_mount *m = (const void *)(v->bytes + v->h->mounts.off);
    return &m[i];
}
