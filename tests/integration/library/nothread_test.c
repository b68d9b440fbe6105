/* A program that can make no thread: opening as owner is an error, and nothing is left behind. */
#include "support.h"

#include <errno.h>
#include <pthread.h>

/* In the library's place of libc's: a program's own functions come first. */
__attribute__((visibility("default"))) int pthread_create(pthread_t *restrict thread,
                                                          const pthread_attr_t *restrict attributes,
                                                          void *(*start)(void *),
                                                          void *restrict arg)
{
    (void)thread;
    (void)attributes;
    (void)start;
    (void)arg;
    return EAGAIN;
}

static bool joined;

__attribute__((visibility("default"))) int pthread_join(pthread_t thread, void **result)
{
    (void)thread;
    (void)result;
    joined = true;
    return 0;
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
    assert_int_equal(reeve_open(&o, &r, &err), REEVE_ENOMEM);
    assert_null(r);
    assert_false(joined);
    assert_true(support_wait(is_free, dir));
    support_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_thread)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
