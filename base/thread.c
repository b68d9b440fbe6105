/* Threads that leave signals alone. */
#include "base/base.h"

#include <signal.h>

int base_thread(pthread_t *thread, void *(*fn)(void *), void *arg)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(thread, NULL, fn, arg);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}
