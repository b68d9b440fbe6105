/*
 * kill -9 of owner, keeper or both, again and again on one log: every record that was acknowledged
 * is there with its bytes, the log verifies, and every release that nothing ended is told of.
 */
#include "support.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 90 };

/* What the owner tells its parent: first the keeper's pid, then each size that was acknowledged. */
struct news {
    int64_t keeper;
    uint64_t acknowledged;
};

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* The owner: appends until it is killed or its keeper is. Nothing of cmocka runs here. */
static void be_owner(struct scene *s, int news_fd, uint32_t seed)
{
    struct audit_found found;
    struct audit_log *log = scene_open(s, &found);
    struct news news = {.keeper = s->keeper};
    if (fd_write_all(news_fd, &news, sizeof news) != 0 || found.condition != AUDIT_OK)
        _exit(3);
    for (size_t i = 0; i < found.nlost; i++) {
        put_end(log, found.lost[i]);
        if (audit_log_next(log) - log->edge.size == 100)
            flush(log, NULL, 0);
    }
    for (;;) {
        struct token tokens[KEEPER_MAX_RELEASES];
        size_t n = KEEPER_MAX_RELEASES;
        uint32_t records = 1 + next_random(&seed) % 20, releases = next_random(&seed) % 4;
        for (uint32_t i = 0; i < records; i++)
            put_record(log, "decision");
        for (uint32_t i = 0; i < releases; i++)
            put_release(log, audit_log_next(log) - 1, 20000);
        if (audit_log_flush(log, tokens, &n, NULL) != 0)
            _exit(0);
        news.acknowledged = audit_log_next(log);
        if (fd_write_all(news_fd, &news, sizeof news) != 0)
            _exit(0);
        for (size_t i = 0; i + 1 < n; i++) /* the last one's end is never seen */
            put_end(log, tokens[i].seq);
    }
}

/* Lets the owner run for a while, kills as `round` says, and waits until both are gone. */
static uint64_t run_and_kill(struct scene *s, unsigned round, uint32_t *seed)
{
    int pipes[2];
    struct news news = {0};
    uint64_t acknowledged = 0;
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    pid_t owner = fork();
    assert_true(owner >= 0);
    s->lock_fd = pipes[1];
    if (owner == 0) {
        close(pipes[0]);
        be_owner(s, pipes[1], *seed);
    }
    close(pipes[1]);
    s->lock_fd = -1;
    unsigned flushes = next_random(seed) % 12;
    bool alive = fd_read_all(pipes[0], &news, sizeof news) == 0;
    assert_true(alive);
    for (unsigned i = 0; i < flushes && alive; i++)
        alive = fd_read_all(pipes[0], &news, sizeof news) == 0;
    for (volatile uint32_t spin = next_random(seed) % 200000; spin > 0; spin--)
        ;
    /* The keeper is the owner's child, so its pid is its own as long as the owner lives. */
    if (round % 3 != 0)
        (void)kill((pid_t)news.keeper, SIGKILL);
    if (round % 3 != 1)
        (void)kill(owner, SIGKILL);
    acknowledged = news.acknowledged;
    /* The keeper holds the pipe too, as its lock: the end comes when both are gone. */
    while (fd_read_all(pipes[0], &news, sizeof news) == 0)
        acknowledged = news.acknowledged;
    int status;
    assert_int_equal(waitpid(owner, &status, 0), owner);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    close(pipes[0]);
    return acknowledged;
}

struct census {
    uint64_t acknowledged, without_bytes;
};
static int count_row(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct census *c = arg;
    (void)leaf;
    if (!record.p) {
        c->without_bytes++;
        /* Only what nobody was told of may have lost its bytes. */
        assert_true(seq >= c->acknowledged);
    }
    return 0;
}

static void test_kills(void **state)
{
    (void)state;
    struct scene s;
    uint32_t seed = 20260101;
    uint64_t restored = 0, set_aside = 0, lost = 0, size = 0;
    scene_make(&s);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct audit_found found;
        struct audit_report r;
        struct reeve_error err = {0};
        uint64_t acknowledged = run_and_kill(&s, round, &seed);
        struct audit_log *log = scene_open(&s, &found);
        if (found.condition != AUDIT_OK)
            fail_msg("round %u: %s", round, found.detail);
        assert_true(audit_log_next(log) >= acknowledged);
        uint64_t found_size = audit_log_next(log);
        (void)tell(log, &found);
        verify(log, &r);
        if (!r.ok)
            fail_msg("round %u: %s: %s", round, r.finding, r.detail);
        struct census c = {.acknowledged = acknowledged};
        uint64_t from = found.restored_count ? found.restored_from : size;
        assert_rc(audit_log_read(log, from, found_size - from, count_row, &c, &err), 0, &err);
        assert_true(found.restored_count > 0 || c.without_bytes == 0);
        assert_true(audit_log_next(log) >= size);
        size = audit_log_next(log);
        restored += found.restored_count > 0;
        set_aside += found.unsigned_count > 0;
        lost += found.nlost;
        audit_found_fini(&found);
        scene_close(&s, &log);
    }
    print_message("%u kills: %" PRIu64 " records, %" PRIu64 " batches entered again, %" PRIu64
                  " set aside, %" PRIu64 " releases lost\n",
                  ROUNDS, size, restored, set_aside, lost);
    assert_true(size > ROUNDS);
    scene_remove(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kills)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
