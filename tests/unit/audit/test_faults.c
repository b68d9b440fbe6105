/*
 * Owner and keeper on a disk that fails at every write in turn: killed there, the power gone there,
 * the disk full or broken from there on. Whatever was acknowledged is there afterwards, the tree is
 * what was signed, no token was given for a release that the log does not have, and no record names
 * a plan that is not kept.
 */
#include "support.h"

#include "disk.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/keeper/keeper.h"
#include "audit/rotation.h"

enum { MAX_SIZE = 4000, SCENE_ROUNDS = 25 };

/* A sanitized process takes long to fork: the counts are for the other build. */
#ifdef __SANITIZE_ADDRESS__
enum { SHARE = 8 };
#else
enum { SHARE = 1 };
#endif

/* What owner and keeper leave behind for the test. */
struct shared {
    struct disk disk;
    atomic_ulong acknowledged; /* records that the log said were durable */
    atomic_ulong token;        /* one past the last release of which there was a token */
    atomic_int condition;      /* what opening found, -1: not yet */
    bool rotation_alone;       /* the owner does nothing else */
    atomic_ulong pruned;       /* files */
    atomic_ulong rotated;      /* one past the last rotation that was durable */
    uint8_t leaf[MAX_SIZE][BASE_SHA256];
};

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* ---- the two processes; nothing of cmocka runs in them ---- */

static bool send_owner(void *arg, const void *frame, size_t n)
{
    return send(*(const int *)arg, frame, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static void be_keeper(struct scene *s, struct shared *shared, int fd)
{
    static struct keeper k;
    union {
        struct keeper_batch batch;
        uint8_t bytes[sizeof(struct keeper_batch) + 8];
    } frame;
    disk_use(&shared->disk, 1);
    k.origin = STR(SCENE_ORIGIN);
    k.send = send_owner;
    k.send_arg = &fd;
    k.head_fd = openat(s->dir_fd, AUDIT_HEAD_NAME, O_RDWR | O_CLOEXEC);
    k.dir_fd = s->dir_fd;
    struct reeve_error why = {0};
    enum keeper_refusal reason = keeper_load_keys(&k, &why);
    if (reason == KEEPER_REFUSAL_NONE)
        reason = keeper_load_head(&k, &why);
    if (reason != KEEPER_REFUSAL_NONE) {
        (void)keeper_refuse(&k, reason, &why);
        _exit(0);
    }
    if (!keeper_begin(&k))
        _exit(0);
    for (;;) {
        ssize_t n = recv(fd, &frame, sizeof frame, 0);
        if (n <= 0 || !keeper_take(&k, &frame, (size_t)n, base_boottime_ns()))
            _exit(0);
    }
}

static int make_record(void *arg, uint64_t seq, struct buf *out, struct reeve_error *err)
{
    (void)err;
    buf_printf(out, "{\"pad\":\"%*s\",\"seq\":%" PRIu64 ",\"type\":\"decision\"}",
               (int)*(const uint32_t *)arg, "", seq);
    return 0;
}

/* A decision that names a plan, which is queued first. */
static int make_naming(void *arg, uint64_t seq, struct buf *out, struct reeve_error *err)
{
    char hex[2 * BASE_SHA256 + 1];
    (void)err;
    base_hex(arg, BASE_SHA256, hex);
    buf_printf(out, "{\"plan\":\"sha256:%s\",\"seq\":%" PRIu64 ",\"type\":\"decision\"}", hex, seq);
    return 0;
}

/* Every other one is like one before. */
static bool release_plan(struct audit_log *log, uint32_t *seed)
{
    char bytes[6000];
    uint8_t plan[BASE_SHA256];
    uint64_t seq;
    uint32_t number = next_random(seed) % 2 ? next_random(seed) : 7;
    size_t n = 200 + number % (sizeof bytes - 200);
    memset(bytes, 'p', n);
    memcpy(bytes, &number, sizeof number);
    base_sha256(bytes, n, plan);
    return audit_log_plan(log, plan, (struct str){bytes, n}, NULL) == 0 &&
           audit_log_make(log, make_naming, plan, &seq, NULL) == 0 &&
           audit_log_release(log, seq, plan, base_boottime_ns() + 20 * BASE_NS_PER_S, NULL) == 0;
}

static int keep_leaf(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct shared *shared = arg;
    (void)record;
    if (seq < MAX_SIZE)
        memcpy(shared->leaf[seq], leaf, BASE_SHA256);
    return 0;
}

/* What the log says is durable, in the order in which somebody could rely on it. */
static void acknowledge(struct shared *shared, struct audit_log *log)
{
    uint64_t before = atomic_load(&shared->acknowledged), size = audit_log_size(log);
    (void)audit_log_read(log, before, size - before, keep_leaf, shared, NULL);
    atomic_store(&shared->acknowledged, size);
}

static bool write_some(struct audit_log *log, struct shared *shared, uint32_t *seed)
{
    struct token tokens[KEEPER_MAX_RELEASES];
    size_t n = KEEPER_MAX_RELEASES;
    uint32_t records = 1 + next_random(seed) % 6, releases = next_random(seed) % 3;
    for (uint32_t i = 0; i < records; i++) {
        uint32_t pad = next_random(seed) % 4000;
        uint64_t seq;
        if (audit_log_make(log, make_record, &pad, &seq, NULL) != 0)
            return false;
    }
    uint64_t rotation = 0;
    bool rotates = next_random(seed) % 4 == 0;
    if (rotates) {
        int rc = audit_log_rotate(log, &rotation, NULL);
        if (rc && rc != REEVE_EIO) /* a disk that has no room for a key */
            return false;
        rotates = rc == 0;
    }
    for (uint32_t i = 0; i < releases; i++)
        if (!release_plan(log, seed))
            return false;
    for (int tries = 0; audit_log_flush(log, tokens, &n, NULL) != 0; tries++) {
        if (tries == 3)
            return false;
        n = KEEPER_MAX_RELEASES;
    }
    for (size_t i = 0; i < n; i++)
        if (tokens[i].seq != AUDIT_NOT_RELEASED)
            atomic_store(&shared->token, tokens[i].seq + 1);
    if (rotates)
        atomic_store(&shared->rotated, rotation + 1);
    acknowledge(shared, log);
    return true;
}

static void rotate_alone(struct audit_log *log, struct shared *shared)
{
    struct token none[KEEPER_MAX_RELEASES];
    size_t n = KEEPER_MAX_RELEASES;
    uint64_t rotation, seq;
    uint32_t pad = 1;
    if (audit_log_make(log, make_record, &pad, &seq, NULL) != 0 ||
        audit_log_rotate(log, &rotation, NULL) != 0 ||
        audit_log_make(log, make_record, &pad, &seq, NULL) != 0 ||
        audit_log_flush(log, none, &n, NULL) != 0)
        return;
    atomic_store(&shared->rotated, rotation + 1);
    acknowledge(shared, log);
}

static int find_unpruned(void *arg, const struct audit_segment *s)
{
    *(struct audit_segment *)arg = *s;
    return s->sealed && !s->pruned;
}

/* The oldest file whose bytes are there; a disk that fails leaves it to the next start. */
static bool prune_one(struct audit_log *log, struct shared *shared)
{
    struct audit_segment one = {0};
    struct token none[KEEPER_MAX_RELEASES];
    size_t n = KEEPER_MAX_RELEASES;
    auto_buf struct buf told = {0};
    if (audit_log_segments(log, find_unpruned, &one, NULL) != 0 || !one.sealed || one.pruned)
        return true;
    buf_printf(&told,
               "{\"from\":%" PRIu64 ",\"seq\":%" PRIu64 ",\"to\":%" PRIu64 ",\"type\":\"expired\"}",
               one.first, audit_log_next(log), one.last);
    if (audit_log_append(log, buf_view(&told), NULL) != 0 ||
        audit_log_flush(log, none, &n, NULL) != 0)
        return false;
    acknowledge(shared, log);
    if (audit_log_prune(log, one.first, NULL) == 0)
        atomic_fetch_add(&shared->pruned, 1);
    return true;
}

static void be_owner(struct scene *s, struct shared *shared, int fd, uint32_t seed)
{
    const struct audit_segmenting how = {.max_bytes = 60000};
    struct audit_found found;
    struct audit_log *log;
    disk_use(&shared->disk, 0);
    if (audit_log_open(s->dir_fd, s->dir, fd, NULL, &log, &found, NULL) != 0)
        _exit(5);
    atomic_store(&shared->condition, (int)found.condition);
    if (found.condition != AUDIT_OK)
        _exit(6);
    audit_log_segmenting(log, &how);
    struct reeve_error err = {0};
    for (size_t i = 0; i < found.nlost; i++) {
        auto_buf struct buf end = {0};
        buf_printf(&end, "{\"release\":%" PRIu64 ",\"seq\":%" PRIu64 ",\"type\":\"end\"}",
                   found.lost[i], audit_log_next(log));
        if (audit_log_append(log, buf_view(&end), &err) != 0)
            _exit(7);
    }
    if (found.restored_count || found.unsigned_count || found.nlost) {
        if (found.restored_count) {
            auto_buf struct buf told = {0};
            buf_printf(&told,
                       "{\"from\":%" PRIu64 ",\"seq\":%" PRIu64 ",\"to\":%" PRIu64
                       ",\"type\":\"unacknowledged\"}",
                       found.restored_from, audit_log_next(log),
                       found.restored_from + found.restored_count - 1);
            if (audit_log_append(log, buf_view(&told), &err) != 0)
                _exit(7);
        }
        struct token none[KEEPER_MAX_RELEASES];
        size_t n = KEEPER_MAX_RELEASES;
        if (audit_log_flush(log, none, &n, &err) != 0)
            _exit(0);
        acknowledge(shared, log);
    }
    if (shared->rotation_alone)
        rotate_alone(log, shared);
    for (int i = 0; !shared->rotation_alone && i < 40 && write_some(log, shared, &seed); i++)
        if (next_random(&seed) % 8 == 0 && !prune_one(log, shared))
            break;
    audit_log_close(&log);
    _exit(0);
}

/* ---- one round ---- */

static void run(struct scene *s, struct shared *shared, uint32_t seed)
{
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
    atomic_store(&shared->disk.gone, false);
    atomic_store(&shared->condition, -1);
    pid_t keeper = fork();
    assert_true(keeper >= 0);
    if (keeper == 0) {
        close(fd[0]);
        be_keeper(s, shared, fd[1]);
    }
    pid_t owner = fork();
    assert_true(owner >= 0);
    if (owner == 0) {
        close(fd[1]);
        be_owner(s, shared, fd[0], seed);
    }
    close(fd[0]);
    close(fd[1]);
    int status;
    assert_int_equal(waitpid(owner, &status, 0), owner);
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 5)
        fail_msg("the owner ended with %d; condition %d", WEXITSTATUS(status),
                 atomic_load(&shared->condition));
    assert_int_equal(waitpid(keeper, &status, 0), keeper);
}

static int is_rotation(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct rotation r;
    (void)leaf;
    *(bool *)arg = record.p &&
                   rotation_read(record, STR(SCENE_ORIGIN), seq, &r, &(struct reeve_error){0}) == 0;
    return 1;
}

/* The log's key is that of the last rotation in it, which verifying has seen; one that was durable
 * is there, and none waits. */
static void check_key(struct scene *s, struct shared *shared, struct audit_log *log,
                      const char *what, long at)
{
    uint64_t rotated = atomic_load(&shared->rotated);
    bool there = rotated == 0;
    if (rotated)
        (void)audit_log_read(log, rotated - 1, 1, is_rotation, &there, NULL);
    if (!there)
        fail_msg("%s at write %ld: the rotation %" PRIu64 " is not there", what, at, rotated - 1);
    if (faccessat(s->dir_fd, AUDIT_NEXT_KEY_NAME, F_OK, 0) == 0)
        fail_msg("%s at write %ld: a key waits", what, at);
}

static void check(struct scene *s, struct shared *shared, const char *what, long at)
{
    struct audit_found found;
    struct audit_report report;
    struct audit_log *log = scene_open(s, &found);
    uint64_t acknowledged = atomic_load(&shared->acknowledged), token = atomic_load(&shared->token);
    if (found.condition != AUDIT_OK || found.unsigned_beyond_crash)
        fail_msg("%s at write %ld: %s from %" PRIu64 ": %s", what, at,
                 audit_condition_name(found.condition), found.first_bad, found.detail);
    (void)tell(log, &found);
    verify(log, &report);
    if (!report.ok)
        fail_msg("%s at write %ld: %s: %s", what, at, report.finding, report.detail);
    check_key(s, shared, log, what, at);
    if (audit_log_size(log) < acknowledged || audit_log_size(log) < token)
        fail_msg("%s at write %ld: %" PRIu64 " records of %" PRIu64, what, at, audit_log_size(log),
                 acknowledged);
    static struct shared now;
    assert_int_equal(audit_log_read(log, 0, acknowledged, keep_leaf, &now, NULL), 0);
    for (uint64_t i = 0; i < acknowledged && i < MAX_SIZE; i++)
        assert_memory_equal(now.leaf[i], shared->leaf[i], BASE_SHA256);
    /* What this start wrote is acknowledged too. */
    acknowledge(shared, log);
    audit_found_fini(&found);
    scene_close(s, &log);
}

static struct shared *share(void)
{
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    return shared;
}

static unsigned count_sealed(const struct scene *s)
{
    struct segments list;
    struct reeve_error err = {0};
    assert_rc(segments_list(s->dir_fd, &list, &err), 0, &err);
    unsigned n = (unsigned)list.n;
    segments_fini(&list);
    return n;
}

/* A disk that lives in memory is as good: what is synced is the test's to say. */
static void rounds(enum disk_crash crash, const char *what, unsigned n)
{
    struct shared *shared = share();
    struct scene s;
    uint32_t seed = 20261125u + (uint32_t)crash;
    unsigned sealed = 0;
    for (unsigned i = 0; i < n / SHARE; i++) {
        if (i % SCENE_ROUNDS == 0) {
            if (i)
                scene_remove(&s);
            scene_make(&s);
            atomic_store(&shared->acknowledged, 0);
            atomic_store(&shared->token, 0);
            atomic_store(&shared->rotated, 0);
        }
        long at = (long)(next_random(&seed) % 160);
        shared->disk.crash = crash;
        shared->disk.torn = next_random(&seed) % 3;
        shared->disk.seed = seed;
        atomic_store(&shared->disk.left, at);
        run(&s, shared, seed);
        check(&s, shared, what, at);
        sealed += count_sealed(&s);
    }
    if (!sealed || !atomic_load(&shared->pruned))
        fail_msg("%s: no file was sealed, or none pruned", what);
    scene_remove(&s);
    (void)munmap(shared, sizeof *shared);
}

static void test_kills(void **state)
{
    (void)state;
    rounds(DISK_KILL, "killed", 1000);
}

static void test_power(void **state)
{
    (void)state;
    rounds(DISK_FORGET, "power lost", 300);
}

static void test_power_in_part(void **state)
{
    (void)state;
    rounds(DISK_FORGET_SOME, "power lost in part", 300);
}

static void test_full(void **state)
{
    (void)state;
    rounds(DISK_FULL, "disk full", 150);
}

static void test_broken(void **state)
{
    (void)state;
    rounds(DISK_BROKEN, "disk broken", 150);
}

/* Each step of a rotation in turn, until one run gets through. */
static unsigned each_step(struct shared *shared, struct scene *s, const char *what)
{
    for (long at = 0;; at++) {
        shared->disk.seed = (uint32_t)at * 7919u + 1;
        atomic_store(&shared->disk.left, at);
        run(s, shared, (uint32_t)at);
        check(s, shared, what, at);
        if (atomic_load(&shared->disk.left) > 0)
            return (unsigned)at;
    }
}

static void test_each_step_of_a_rotation(void **state)
{
    static const struct {
        enum disk_crash crash;
        const char *what;
        unsigned torn; /* how many ways */
    } crashes[] = {{DISK_KILL, "rotation, killed", 3},
                   {DISK_FORGET, "rotation, power lost", 3},
                   {DISK_FORGET_SOME, "rotation, power lost in part", 3},
                   {DISK_FULL, "rotation, disk full", 1},
                   {DISK_BROKEN, "rotation, disk broken", 1}};
    (void)state;
    struct shared *shared = share();
    shared->rotation_alone = true;
    unsigned steps = 0;
    for (size_t i = 0; i < BASE_COUNT(crashes); i++)
        for (unsigned torn = 0; torn<crashes[i].torn; torn += SHARE> 1 ? 2 : 1) {
            struct scene s;
            scene_make(&s);
            atomic_store(&shared->acknowledged, 0);
            atomic_store(&shared->rotated, 0);
            shared->disk.crash = crashes[i].crash;
            shared->disk.torn = torn;
            steps += each_step(shared, &s, crashes[i].what);
            scene_remove(&s);
        }
    print_message("%u steps\n", steps);
    assert_true(steps > 100);
    (void)munmap(shared, sizeof *shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kills),         cmocka_unit_test(test_power),
        cmocka_unit_test(test_power_in_part), cmocka_unit_test(test_full),
        cmocka_unit_test(test_broken),        cmocka_unit_test(test_each_step_of_a_rotation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
