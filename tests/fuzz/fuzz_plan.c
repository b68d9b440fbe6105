/* A plan's check under any bytes: whatever it passes can be read to the last string and rendered as
 * JSON. */
#include "core/json.h"
#include "core/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

/* The string lies in the plan with its NUL, and has no other. */
static void check_span(const struct plan_view *v, struct plan_span s)
{
    REQUIRE(s.off < v->h->total_bytes && s.len < v->h->total_bytes - s.off);
    REQUIRE(strnlen(plan_str(v, s), (size_t)s.len + 1) == s.len);
}

static void check_strings(const struct plan_view *v)
{
    const char *end = (const char *)v->bytes + v->h->total_bytes;
    for (uint32_t i = 0; i < v->nargv; i++)
        REQUIRE(plan_argv(v, i) + strlen(plan_argv(v, i)) < end);
    for (uint32_t i = 0; i < v->nenv; i++)
        REQUIRE(strchr(plan_env(v, i), '=') && plan_env(v, i) + strlen(plan_env(v, i)) < end);
    for (uint32_t i = 0; i < v->nmounts; i++) {
        check_span(v, plan_mount_at(v, i)->source);
        check_span(v, plan_mount_at(v, i)->target);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct plan_view v;
    auto_free uint8_t *bytes = malloc(n ? n : 1); /* aligned, and exactly as long */
    if (!bytes)
        return 0;
    memcpy(bytes, data, n);
    if (!plan_check(bytes, n, &v))
        return 0;
    check_span(&v, v.h->program);
    check_span(&v, v.h->cwd);
    check_span(&v, v.h->profile);
    check_span(&v, v.h->hostname);
    check_strings(&v);
    auto_buf struct buf text = {0};
    auto_buf struct buf canonical = {0};
    struct reeve_error err = {0};
    plan_render(&v, &text);
    REQUIRE(json_canonicalise(buf_view(&text), &canonical, &err) == 0);
    REQUIRE(str_eq(buf_view(&text), buf_view(&canonical)));
    return 0;
}
