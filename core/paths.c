/*
 * Paths as text: what policy judges and plans carry. Nothing here looks at a file system; links are
 * the business of those who open.
 */
#include "core/catalogue.h"
#include "core/plan.h"

static struct str next_component(struct str *rest)
{
    while (rest->n && *rest->p == '/') {
        rest->p++;
        rest->n--;
    }
    const char *slash = rest->n ? memchr(rest->p, '/', rest->n) : NULL;
    struct str c = {rest->p, slash ? (size_t)(slash - rest->p) : rest->n};
    rest->p += c.n;
    rest->n -= c.n;
    return c;
}

static size_t drop_last(const char *path, size_t n)
{
    while (n && path[n - 1] != '/')
        n--;
    return n ? n - 1 : 0;
}

bool core_path_normal(struct str path, struct buf *out)
{
    if (path.n == 0 || path.p[0] != '/' || memchr(path.p, 0, path.n) || !str_is_utf8(path))
        return false;
    auto_free char *normal = malloc(path.n);
    if (!normal) {
        out->failed = true;
        return false;
    }
    size_t n = 0;
    for (struct str c; (c = next_component(&path)).n;) {
        if (str_is(c, "."))
            continue;
        if (str_is(c, "..")) {
            n = drop_last(normal, n);
            continue;
        }
        normal[n++] = '/';
        memcpy(normal + n, c.p, c.n);
        n += c.n;
    }
    if (n == 0)
        normal[n++] = '/';
    buf_put(out, normal, n);
    return true;
}

bool core_path_is_normal(struct str path)
{
    return path.n > 0 && !memchr(path.p, 0, path.n) && str_is_utf8(path) &&
           plan_path_is_normal(path.p, path.n);
}
