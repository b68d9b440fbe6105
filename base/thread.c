/* Threads that leave signals alone, and waits that end. */
#include "base/base.h"

#include <signal.h>
#include <time.h>

int base_thread(pthread_t *thread, void *(*fn)(void *), void *arg)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(thread, NULL, fn, arg);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

void base_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    (void)pthread_cond_clockwait(cond, mutex, CLOCK_MONOTONIC, &until);
}
