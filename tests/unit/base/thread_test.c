/* A wait ends though nobody signals: what was waited for is looked at again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "base/base.h"

static void nobody_signals(void **state)
{
    (void)state;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&mutex);
    base_cond_wait(&cond, &mutex);
    assert_int_equal(pthread_mutex_trylock(&mutex), EBUSY); /* it is held again */
    pthread_mutex_unlock(&mutex);
    (void)pthread_cond_destroy(&cond);
    (void)pthread_mutex_destroy(&mutex);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nobody_signals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
