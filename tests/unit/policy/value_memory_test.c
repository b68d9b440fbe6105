/*
 * Judging a value allocates nothing, the libraries' own allocations among it; and a compile that
 * finds no memory says so instead of making half a form.
 */
#include "value_support.h"

#include "policy/value_like.h"
#include "policy/value_regex.h"
#include "policy/value_time.h"
#include "policy/value_url.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define COUNTED 0
#endif
#endif
#ifndef COUNTED
#define COUNTED 1
#endif

static unsigned long allocations, fail_at; /* 0: none fails */

#if COUNTED
/* Every allocation of the process, the libraries' among them. */
#define SEEN __attribute__((visibility("default")))
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t each);
extern void *__libc_realloc(void *p, size_t n);
SEEN void *malloc(size_t n);
SEEN void *calloc(size_t n, size_t each);
SEEN void *realloc(void *p, size_t n);

static bool may(void)
{
    return ++allocations != fail_at;
}

void *malloc(size_t n)
{
    return may() ? __libc_malloc(n) : NULL;
}

void *calloc(size_t n, size_t each)
{
    return may() ? __libc_calloc(n, each) : NULL;
}

void *realloc(void *p, size_t n)
{
    return may() ? __libc_realloc(p, n) : NULL;
}
#endif

static const struct str hosts[] = {{"h.example", 9}, {"*.x.example", 11}, {"10.0.0.1", 8}};
static const struct str paths[] = {{"/v1/*", 5}, {"/a", 2}};
static const struct str ranges[] = {{"10.0.0.0/8", 10}, {"fe80::/10", 9}};
static const struct str regexes[] = {{"[a-z]+", 6}, {"(*NO_JIT)(?:[a-z]|(b))*", 23}, {"(a+)+$", 6}};

struct all {
    struct value_at url, host, cidr, like, zone;
    struct value_regexes *set;
    struct value_scratch *scratch;
};

static bool compile(struct buf *b, struct all *out)
{
    struct value_fault fault;
    struct value_url_spec spec = {.host = {hosts, 3}, .path = {paths, 2}, .any_port = true};
    bool good = value_url_compile(&spec, b, &out->url, &fault) &&
                value_hosts_compile((struct value_list){hosts, 3}, b, &out->host, &fault) &&
                value_cidr_compile((struct value_list){ranges, 2}, b, &out->cidr, &fault) &&
                value_like_compile((struct value_list){paths, 2}, b, &out->like, &fault) &&
                value_zone_compile(VALUE_ZONES, STR("UTC"), b, &out->zone, &fault);
    assert_true(good); /* no memory is no fault of an operand */
    out->scratch = value_scratch_new();
    return value_regexes_new(regexes, 3, &out->set, NULL) == 0 && out->scratch && !b->failed;
}

static void drop(struct all *all)
{
    value_regexes_free(&all->set);
    value_scratch_free(&all->scratch);
}

static struct str form_at(const struct buf *b, struct value_at at)
{
    return (struct str){b->data + at.at, at.n};
}

static void judge(const struct buf *b, const struct all *all)
{
    static char long_text[VALUE_REGEX_TEXT_MAX];
    static const char *const texts[] = {"https://a.x.example:81/v1/./%7e/../x?q",
                                        "h.example",
                                        "::ffff:10.0.0.1",
                                        "/v1/x",
                                        "abcdefgh",
                                        ""};
    struct value_time w = {.to = 600, .days = VALUE_ALL_DAYS, .zone = all->zone};
    for (size_t i = 0; i < BASE_COUNT(texts); i++) {
        struct str text = str_of(texts[i]);
        (void)value_url_holds(form_at(b, all->url), text);
        (void)value_hosts_hold(form_at(b, all->host), text);
        (void)value_cidr_holds(form_at(b, all->cidr), text);
        (void)value_like_holds(form_at(b, all->like), text);
        for (uint32_t k = 0; k < BASE_COUNT(regexes); k++)
            (void)value_regex_matches(all->set, k, all->scratch, text, NULL);
    }
    memset(long_text, 'a', sizeof long_text);
    for (uint32_t k = 0; k < BASE_COUNT(regexes); k++)
        (void)value_regex_matches(all->set, k, all->scratch,
                                  (struct str){long_text, sizeof long_text}, NULL);
    (void)value_time_holds(&w, b->data, INT64_C(1795000000000000000));
}

static void judging_allocates_nothing(void **state)
{
    (void)state;
    if (!COUNTED)
        skip();
    struct all all = {0};
    auto_buf struct buf b = {0};
    assert_true(compile(&b, &all));
    judge(&b, &all);
    unsigned long before = allocations;
    judge(&b, &all);
    assert_int_equal(allocations, before);
    void *volatile p = malloc(1); /* the counter counts */
    free(p);
    assert_int_equal(allocations, before + 1);
    drop(&all);
}

static void no_memory_is_told(void **state)
{
    (void)state;
    if (!COUNTED)
        skip();
    bool whole = false;
    unsigned failures = 0;
    for (unsigned long n = 1; !whole; n++) {
        struct all all = {0};
        auto_buf struct buf b = {0};
        fail_at = allocations + n;
        whole = compile(&b, &all);
        bool reached = allocations >= fail_at;
        fail_at = 0;
        /* One failure may be survived: machine code that cannot be made is interpreted. */
        if (whole && reached)
            whole = false;
        else
            failures += !whole;
        drop(&all);
        assert_true(n < 1000);
    }
    assert_true(failures > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judging_allocates_nothing),
        cmocka_unit_test(no_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
