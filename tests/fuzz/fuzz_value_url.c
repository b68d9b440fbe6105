/*
 * URL pattern, NUL, URL. What parses has a normal form that is its own normal form and is judged
 * alike by every pattern. The bytes are taken for a compiled pattern from outside, too.
 */
#include "policy/value_url.h"

static void check(bool good)
{
    if (!good)
        abort();
}

static void judge(struct str form, struct str text)
{
    auto_buf struct buf normal = {0};
    enum tri as_written = value_url_holds(form, text);
    struct core_url url;
    bool parses = core_url_parse(text, &url);
    check(parses || as_written == TRI_UNKNOWN);
    if (core_url_normal(text, &normal) && parses && normal.len <= CORE_URL_MAX)
        check(value_url_holds(form, buf_view(&normal)) == as_written);
}

static void take_apart(struct str text)
{
    auto_buf struct buf once = {0};
    auto_buf struct buf twice = {0};
    struct core_url url;
    if (!core_url_normal(text, &once)) {
        check(str_eq(buf_view(&once), text) && !core_url_parse(text, &url));
        return;
    }
    check(core_url_normal(buf_view(&once), &twice));
    check(str_eq(buf_view(&once), buf_view(&twice)));
    check(core_url_parse(buf_view(&once), &url));
    check(url.path.n > 0 && url.path.p[0] == '/' && !memchr(url.path.p, '\\', url.path.n));
    check(!memmem(url.path.p, url.path.n, "/../", 4) && !memmem(url.path.p, url.path.n, "/./", 3));
    check(url.host.kind == CORE_HOST_ADDRESS || url.host.name.n > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const uint8_t *nul = n ? memchr(data, 0, n) : NULL;
    struct str pattern = {(const char *)data, nul ? (size_t)(nul - data) : 0};
    struct str text = {nul ? (const char *)nul + 1 : (const char *)data,
                       nul ? n - pattern.n - 1 : n};
    struct str whole = {(const char *)data, n};
    take_apart(text);
    if (value_url_sound(whole))
        judge(whole, STR("https://a.example:81/b/../c"));
    struct value_at at;
    struct value_fault fault = {0};
    auto_buf struct buf form = {0};
    if (value_url_compile_short(pattern, &form, &at, &fault)) {
        check(value_url_sound(buf_view(&form)));
        judge(buf_view(&form), text);
    } else {
        check(fault.text != NULL);
    }
    return 0;
}
