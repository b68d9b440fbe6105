/*
 * A taken-over owner, played by this test against the real keeper and the real launcher: it asks
 * for a run without a record, with another plan, twice, after expiry, on a shorter and on a forked
 * tree. Nothing may run. That the honest way does run is shown first, so that the rest cannot pass
 * by accident.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/audit.h"
#include "broker/helpers.h"
#include "broker/state.h"
#include "core/catalogue.h"
#include "core/plan.h"
#include "support.h"

#define HELPER_DIR TEST_BINARY_DIR "/libexec"

struct world {
    char dir[64];
    int dir_fd, lock_fd;
    struct helpers helpers;
    uint64_t size;
    uint8_t root[BASE_SHA256];
    struct tree_edge edge;
    uint64_t next_run;
};

static ssize_t receive(int fd, void *frame, size_t n)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 20000), 1);
    return fd_recv_with(fd, frame, n, NULL, NULL);
}

static void world_open(struct world *w)
{
    static struct keeper_state state;
    struct launcher_hello hello;
    struct reeve_error err = {0};
    memset(w, 0, sizeof *w);
    make_state(w->dir, "hostile-owner");
    uid_t owner;
    assert_int_equal(state_open(w->dir, &w->dir_fd, &owner, &err), 0);
    assert_int_equal(state_lock(w->dir_fd, w->dir, &w->lock_fd, &err), 0);
    if (helpers_start(HELPER_DIR, w->dir_fd, w->lock_fd, &w->helpers, &err) != 0)
        fail_msg("%s", err.message);
    assert_true(receive(w->helpers.keeper_fd, &state, sizeof state) > 0);
    assert_int_equal(state.head.type, KEEPER_STATE);
    assert_int_equal(receive(w->helpers.launcher_fd, &hello, sizeof hello), sizeof hello);
    assert_int_equal(hello.userns_errno, 0);
    w->size = state.size;
    memcpy(w->root, state.root, sizeof w->root);
    tree_edge_init(&w->edge);
    assert_int_equal(w->size, 0);
}

/* The lock is free only when both helpers are gone. */
static void world_close(struct world *w)
{
    struct reeve_error err = {0};
    fd_close(&w->helpers.keeper_fd);
    fd_close(&w->helpers.launcher_fd);
    fd_close(&w->lock_fd);
    int rc = REEVE_EOWNED;
    for (int i = 0; i < 1000 && rc == REEVE_EOWNED; i++) {
        rc = state_lock(w->dir_fd, w->dir, &w->lock_fd, &err);
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    assert_int_equal(rc, 0);
    fd_close(&w->lock_fd);
    fd_close(&w->dir_fd);
    remove_state(w->dir);
}

/* ---- plans ---- */

static void make_plan(const char *word, struct buf *out, uint8_t digest[BASE_SHA256])
{
    const struct core_profile *profile = core_profile_find(STR("default"));
    struct str argv[] = {STR("echo"), str_of(word)};
    struct plan_mount_part mounts[] = {
        {PLAN_MOUNT_LINK, STR("/usr/lib"), STR("/lib")},
        {PLAN_MOUNT_LINK, STR("/usr/lib64"), STR("/lib64")},
        {PLAN_MOUNT_READ, STR("/usr"), STR("/usr")},
    };
    struct plan_parts parts = {.tmp_bytes = 1 << 20,
                               .program = STR("/usr/bin/echo"),
                               .cwd = STR("/"),
                               .hostname = STR("reeve"),
                               .profile = str_of(profile->name),
                               .argv = argv,
                               .nargv = 2,
                               .mounts = mounts,
                               .nmounts = 3,
                               .filter = profile->filter,
                               .filter_bytes = profile->filter_bytes};
    struct reeve_error err = {0};
    for (unsigned i = 0; i < CORE_LIMIT_COUNT; i++)
        parts.limits.value[i] = CORE_UNLIMITED;
    parts.limits.set = (1u << CORE_LIMIT_WALL) | (1u << CORE_LIMIT_OPEN_FILES) |
                       (1u << CORE_LIMIT_FILE_SIZE) | (1u << CORE_LIMIT_OUTPUT);
    parts.limits.value[CORE_LIMIT_WALL] = 10 * (uint64_t)BASE_NS_PER_S;
    parts.limits.value[CORE_LIMIT_OPEN_FILES] = 64;
    parts.limits.value[CORE_LIMIT_FILE_SIZE] = 1 << 20;
    parts.limits.value[CORE_LIMIT_OUTPUT] = 1 << 20;
    int fd = open("/usr/bin/echo", O_RDONLY | O_CLOEXEC);
    assert_int_equal(base_sha256_fd(fd, parts.program_sha256, NULL, &err), 0);
    (void)close(fd);
    buf_init(out, PLAN_MAX_BYTES);
    if (plan_build(&parts, out, &err) != 0)
        fail_msg("%s", err.message);
    base_sha256(out->data, out->len, digest);
}

/* ---- the keeper's side ---- */

static struct keeper_batch batch;
static struct keeper_records records;
static struct keeper_grants grants;

static void fill_batch(const struct world *w, const uint8_t plan[BASE_SHA256], int64_t lifetime_ns)
{
    memset(&batch, 0, sizeof batch);
    batch.head.type = KEEPER_BATCH;
    batch.head.bytes = (uint32_t)keeper_batch_bytes(1);
    batch.size = w->size;
    memcpy(batch.root, w->root, sizeof batch.root);
    batch.nleaves = 1;
    batch.nreleases = 1;
    tree_leaf_hash("a record", 8, batch.leaf[0]);
    batch.release[0].decision = w->size;
    memcpy(batch.release[0].plan, plan, BASE_SHA256);
    batch.release[0].expires_ns = base_boottime_ns() + lifetime_ns;
}

static void send_batch(const struct world *w)
{
    assert_int_equal(fd_send_with(w->helpers.keeper_fd, &batch, batch.head.bytes, NULL, 0), 0);
}

/* The whole honest way to a token. */
static void get_token(struct world *w, const uint8_t plan[BASE_SHA256], int64_t lifetime_ns,
                      struct token *out)
{
    struct frame_head committed = {KEEPER_COMMITTED, sizeof committed};
    uint8_t leaf[BASE_SHA256];
    fill_batch(w, plan, lifetime_ns);
    send_batch(w);
    assert_int_equal(receive(w->helpers.keeper_fd, &records, sizeof records),
                     keeper_records_bytes(1));
    assert_int_equal(records.head.type, KEEPER_RECORDS);
    assert_int_equal(fd_send_with(w->helpers.keeper_fd, &committed, sizeof committed, NULL, 0), 0);
    assert_int_equal(receive(w->helpers.keeper_fd, &grants, sizeof grants), keeper_grants_bytes(1));
    assert_int_equal(grants.head.type, KEEPER_GRANTS);
    assert_int_equal(grants.ntokens, 1);
    tree_edge_append(&w->edge, batch.leaf[0]);
    tree_leaf_hash(records.release[0].text, records.release[0].bytes, leaf);
    tree_edge_append(&w->edge, leaf);
    tree_edge_root(&w->edge, w->root);
    w->size += 2;
    assert_int_equal(grants.size, w->size);
    assert_memory_equal(grants.root, w->root, BASE_SHA256);
    *out = grants.token[0];
}

/* ---- the launcher's side ---- */

struct attempt {
    struct launcher_ended ended;
    char output[256];
};

static void send_prepare(struct world *w, const struct buf *plan, int out[2])
{
    auto_buf struct buf frame = {.max = FRAME_MAX_BYTES};
    struct launcher_prepare head = {.head = {LAUNCHER_PREPARE, (uint32_t)(sizeof head + plan->len)},
                                    .run = ++w->next_run,
                                    .plan_bytes = (uint32_t)plan->len};
    int in[2], streams[3];
    buf_put(&frame, &head, sizeof head);
    buf_put(&frame, plan->data, plan->len);
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    streams[0] = in[0];
    streams[1] = out[1];
    streams[2] = out[1];
    assert_int_equal(fd_send_with(w->helpers.launcher_fd, frame.data, frame.len, streams, 3), 0);
    (void)close(in[0]);
    (void)close(in[1]);
    (void)close(out[1]);
}

/* Prepare and release, and see what the guest said, if there was one. */
static struct attempt attempt(struct world *w, const struct buf *plan, const struct token *token)
{
    struct attempt a = {0};
    int out[2];
    send_prepare(w, plan, out);
    struct launcher_release release = {
        .head = {LAUNCHER_RELEASE, sizeof release}, .run = w->next_run, .token = *token};
    assert_int_equal(fd_send_with(w->helpers.launcher_fd, &release, sizeof release, NULL, 0), 0);
    do
        assert_true(receive(w->helpers.launcher_fd, &a.ended, sizeof a.ended) > 0);
    while (a.ended.head.type == LAUNCHER_STARTED);
    assert_int_equal(a.ended.head.type, LAUNCHER_ENDED);
    ssize_t n = read(out[0], a.output, sizeof a.output - 1);
    a.output[n > 0 ? n : 0] = '\0';
    (void)close(out[0]);
    return a;
}

static void assert_refused(struct world *w, const struct buf *plan, const struct token *token,
                           enum launcher_why why)
{
    struct attempt a = attempt(w, plan, token);
    if (a.ended.how != CORE_HOW_REFUSED || a.ended.why != why)
        fail_msg("how %s, why %s; wanted refused, %s", core_how_name((enum core_how)a.ended.how),
                 launcher_why_text(a.ended.why), launcher_why_text(why));
    assert_int_equal(a.ended.started, 0);
    assert_string_equal(a.output, "");
}

static void tokens(void **state)
{
    (void)state;
    struct world w;
    auto_buf struct buf plan = {0};
    auto_buf struct buf other = {0};
    uint8_t digest[BASE_SHA256], other_digest[BASE_SHA256];
    struct token token, forged;
    world_open(&w);
    make_plan("it ran", &plan, digest);
    make_plan("another ran", &other, other_digest);

    /* The honest way. */
    get_token(&w, digest, 20 * BASE_NS_PER_S, &token);
    struct attempt a = attempt(&w, &plan, &token);
    if (a.ended.how != CORE_HOW_OK)
        fail_msg("the honest way: %s, %s (errno %d)", core_how_name((enum core_how)a.ended.how),
                 launcher_why_text(a.ended.why), a.ended.error);
    assert_int_equal(a.ended.status, 0);
    assert_string_equal(a.output, "it ran\n");

    /* Twice. */
    assert_refused(&w, &plan, &token, LAUNCHER_WHY_TOKEN_USED);

    /* Without a record: a token of our own. */
    forged = token;
    forged.seq += 100;
    base_random(forged.mac, sizeof forged.mac);
    assert_refused(&w, &plan, &forged, LAUNCHER_WHY_TOKEN_MAC);
    /* A real one with another sequence, so that it looks unused. */
    forged = token;
    forged.seq++;
    assert_refused(&w, &plan, &forged, LAUNCHER_WHY_TOKEN_MAC);

    /* With another plan. */
    get_token(&w, digest, 20 * BASE_NS_PER_S, &token);
    assert_refused(&w, &other, &token, LAUNCHER_WHY_TOKEN_PLAN);
    forged = token;
    memcpy(forged.plan, other_digest, sizeof forged.plan);
    assert_refused(&w, &other, &forged, LAUNCHER_WHY_TOKEN_MAC);

    /* After expiry, and with the expiry moved. */
    get_token(&w, digest, BASE_NS_PER_S / 5, &token);
    while (base_boottime_ns() <= token.expires_ns)
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    assert_refused(&w, &plan, &token, LAUNCHER_WHY_TOKEN_EXPIRED);
    forged = token;
    forged.expires_ns += 60 * BASE_NS_PER_S;
    assert_refused(&w, &plan, &forged, LAUNCHER_WHY_TOKEN_MAC);
    world_close(&w);
}

/* ---- what the keeper does not go along with ---- */

enum lie { LIE_SHORTER, LIE_FORKED, LIE_LONGER, LIE_DECISION, LIE_FAR_EXPIRY, LIE_PAST_EXPIRY };

static void tell(struct world *w, enum lie lie, const uint8_t plan[BASE_SHA256])
{
    struct tree_edge shorter;
    fill_batch(w, plan, 20 * BASE_NS_PER_S);
    switch (lie) {
    case LIE_SHORTER: /* a tree that was signed once, with the tail left out */
        tree_edge_init(&shorter);
        batch.size = 0;
        tree_edge_root(&shorter, batch.root);
        batch.release[0].decision = 0;
        break;
    case LIE_FORKED:
        batch.root[7] ^= 1;
        break;
    case LIE_LONGER:
        batch.size++;
        break;
    case LIE_DECISION:
        batch.release[0].decision = w->size + 1;
        break;
    case LIE_FAR_EXPIRY:
        batch.release[0].expires_ns += 3600 * BASE_NS_PER_S;
        break;
    case LIE_PAST_EXPIRY:
        batch.release[0].expires_ns = base_boottime_ns() - 1;
        break;
    }
    send_batch(w);
}

/* Both helpers end, and a run that waits for its release ends with them. */
static void assert_all_ended(struct world *w, int guest_output)
{
    char byte;
    struct launcher_ended ended;
    struct pollfd p = {.fd = guest_output, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 20000), 1);
    assert_int_equal(read(guest_output, &byte, 1), 0);
    ssize_t n;
    while ((n = receive(w->helpers.launcher_fd, &ended, sizeof ended)) > 0) {
        assert_int_equal(ended.head.type, LAUNCHER_ENDED);
        assert_int_equal(ended.started, 0);
    }
}

static void lies(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum lie lie;
        enum keeper_refusal reason;
    } rows[] = {
        {"a shorter tree", LIE_SHORTER, KEEPER_REFUSAL_TREE},
        {"a forked tree", LIE_FORKED, KEEPER_REFUSAL_TREE},
        {"a longer tree", LIE_LONGER, KEEPER_REFUSAL_TREE},
        {"a record that is not there", LIE_DECISION, KEEPER_REFUSAL_DECISION},
        {"an expiry too far ahead", LIE_FAR_EXPIRY, KEEPER_REFUSAL_EXPIRY},
        {"an expiry in the past", LIE_PAST_EXPIRY, KEEPER_REFUSAL_EXPIRY},
    };
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct world w;
        auto_buf struct buf plan = {0};
        uint8_t digest[BASE_SHA256];
        struct token token;
        struct keeper_refused refused;
        int out[2];
        print_message("    %s\n", rows[i].name);
        world_open(&w);
        make_plan("it ran", &plan, digest);
        get_token(&w, digest, 20 * BASE_NS_PER_S, &token);
        send_prepare(&w, &plan, out);
        tell(&w, rows[i].lie, digest);
        assert_int_equal(receive(w.helpers.keeper_fd, &refused, sizeof refused), sizeof refused);
        assert_int_equal(refused.head.type, KEEPER_REFUSED);
        assert_int_equal(refused.reason, rows[i].reason);
        assert_int_equal(receive(w.helpers.keeper_fd, &refused, sizeof refused), 0);
        assert_all_ended(&w, out[0]);
        (void)close(out[0]);
        world_close(&w);
    }
}

/* Without `committed` there is no token: the batch is followed by another batch instead. */
static void uncommitted(void **state)
{
    (void)state;
    struct world w;
    auto_buf struct buf plan = {0};
    uint8_t digest[BASE_SHA256];
    struct keeper_refused refused;
    int out[2];
    world_open(&w);
    make_plan("it ran", &plan, digest);
    send_prepare(&w, &plan, out);
    fill_batch(&w, digest, 20 * BASE_NS_PER_S);
    send_batch(&w);
    assert_int_equal(receive(w.helpers.keeper_fd, &records, sizeof records),
                     keeper_records_bytes(1));
    send_batch(&w);
    assert_int_equal(receive(w.helpers.keeper_fd, &refused, sizeof refused), sizeof refused);
    assert_int_equal(refused.head.type, KEEPER_REFUSED);
    assert_int_equal(refused.reason, KEEPER_REFUSAL_FRAME);
    assert_all_ended(&w, out[0]);
    (void)close(out[0]);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens),
        cmocka_unit_test(lies),
        cmocka_unit_test(uncommitted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
