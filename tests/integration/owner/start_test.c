/*
 * Starts that take longer than anybody's patience: a lingering owner does not end because taking
 * the folder took its time, and clients wait for whoever gives signs of life, be it the reeved that
 * they started or another one that has the lock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/client.h"
#include "broker/owner.h"
#include "broker/state.h"
#include "support.h"

#define HELPER_DIR TEST_BINARY_DIR "/libexec"
enum { LINGER_MS = 300, BEYOND_PATIENCE_S = 22 };

static void count(void *arg)
{
    ++*(unsigned *)arg;
}

static void linger_counts_from_serving(void **state)
{
    (void)state;
    char dir[64];
    unsigned signs = 0;
    struct reeve_error err = {0};
    struct owner *owner = NULL;
    make_state(dir, "start");
    struct owner_options o = {.dir = dir,
                              .helper_dir = HELPER_DIR,
                              .linger_ns = LINGER_MS * (BASE_NS_PER_S / 1000),
                              .alive = count,
                              .alive_arg = &signs};
    if (owner_new(&o, &owner, &err) != 0)
        fail_msg("%s", err.message);
    assert_true(signs >= 1);
    base_pause_ms(2 * LINGER_MS); /* as if the log were long */
    int64_t begun_ns = base_boottime_ns();
    assert_int_equal(owner_run(owner, &err), 0);
    assert_true(base_boottime_ns() - begun_ns >= o.linger_ns);
    owner_free(&owner);
    remove_state(dir);
}

static void write_script(const char *dir, const char *fmt, const char *arg)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/reeved", dir);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fprintf(f, fmt, arg) > 0);
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(path, 0755), 0);
}

struct waiter {
    char dir[64];
    const char *helper_dir;
    int rc;
    struct reeve_error err;
};

static void *connect_and_end(void *arg)
{
    struct waiter *w = arg;
    struct client c;
    struct str answer;
    w->rc = client_connect(w->dir, w->helper_dir, true, &c, &w->err);
    if (w->rc)
        return NULL;
    w->rc = client_ask(&c, WIRE_STOP, STR(""), &answer, &w->err); /* it lingers */
    client_close(&c);
    return NULL;
}

static void *hold_lock(void *arg)
{
    struct waiter *w = arg;
    auto_close int dir_fd = open(w->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    auto_close int lock = -1;
    w->rc = state_lock(dir_fd, w->dir, &lock, &w->err);
    for (int i = 0; !w->rc && i < BEYOND_PATIENCE_S; i++) {
        base_pause_ms(1000);
        state_lock_touch(lock);
    }
    return NULL;
}

static bool is_free(const char *dir)
{
    auto_close int lock = -1;
    auto_close int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return state_lock(dir_fd, dir, &lock, NULL) == 0;
}

static void starts_that_take_long(void **state)
{
    (void)state;
    char scripts[64] = "/tmp/reeve-start-XXXXXX";
    struct waiter own = {.helper_dir = scripts}, other = {.helper_dir = HELPER_DIR}, holder;
    pthread_t t[3];
    assert_non_null(mkdtemp(scripts));
    write_script(scripts,
                 "#!/bin/sh\nfor i in 1 2 3 4 5 6 7 8 9 10 11; do printf . >&2; sleep 2; done\n"
                 "exec %s/reeved --linger --report --state \"$4\" --helper-dir " HELPER_DIR "\n",
                 HELPER_DIR);
    make_state(own.dir, "start");
    make_state(other.dir, "start");
    holder = other;
    assert_int_equal(pthread_create(&t[0], NULL, hold_lock, &holder), 0);
    base_pause_ms(100);
    assert_int_equal(pthread_create(&t[1], NULL, connect_and_end, &other), 0);
    assert_int_equal(pthread_create(&t[2], NULL, connect_and_end, &own), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_join(t[i], NULL), 0);
    if (own.rc || other.rc || holder.rc)
        fail_msg("own: %s; another's: %s; holder: %s", own.err.message, other.err.message,
                 holder.err.message);
    for (int i = 0; i < 500 && !(is_free(own.dir) && is_free(other.dir)); i++)
        base_pause_ms(20);
    remove_state(own.dir);
    remove_state(other.dir);
    remove_state(scripts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linger_counts_from_serving),
        cmocka_unit_test(starts_that_take_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
