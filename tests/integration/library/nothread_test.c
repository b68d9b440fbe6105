/* A program that can make no thread, or one alone: opening as owner is an error, and nothing is
 * left behind. */
#include "support.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

static unsigned allowed, made, joined;

/* In the library's place of libc's: a program's own functions come first. */
__attribute__((visibility("default"))) int pthread_create(pthread_t *restrict thread,
                                                          const pthread_attr_t *restrict attributes,
                                                          void *(*start)(void *),
                                                          void *restrict arg)
{
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    *(void **)&create = dlsym(RTLD_NEXT, "pthread_create");
    if (made == allowed)
        return EAGAIN;
    made++;
    return create(thread, attributes, start, arg);
}

__attribute__((visibility("default"))) int pthread_join(pthread_t thread, void **result)
{
    int (*join)(pthread_t, void **);
    *(void **)&join = dlsym(RTLD_NEXT, "pthread_join");
    joined++;
    return join(thread, result);
}

static bool is_free(void *arg)
{
    return !support_process(arg, "reeve-keeper") && !support_process(arg, "reeve-launcher");
}

static void no_thread(void **state)
{
    (void)state;
    char *dir = support_state();
    struct reeve *r = NULL;
    struct reeve_error err = {0};
    struct reeve_open_options o = {
        .size = sizeof o, .dir = dir, .flags = REEVE_OPEN_OWNER, .helper_dir = HELPER_DIR};
    for (allowed = 0; reeve_open(&o, &r, &err) != 0; allowed++) {
        assert_int_equal(err.code, REEVE_ENOMEM);
        assert_null(r);
        assert_int_equal(joined, made);
        assert_true(support_wait(is_free, dir));
        assert_true(allowed < 4);
        made = joined = 0;
    }
    assert_int_equal(allowed, 3); /* the log's writer, the index, and the owner */
    reeve_close(&r);
    assert_int_equal(joined, 3);
    support_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_thread)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
