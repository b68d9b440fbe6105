/*
 * A keeper that lies: the owner checks each of its answers against what it computed itself, and
 * takes nothing more from one that fails. The keeper's own code answers here, in a child of the
 * test, and one answer is changed on its way.
 */
#include "support.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct liar {
    struct keeper keeper;
    int fd;
    void (*lie)(struct liar *l, void *frame, size_t *n);
};

static bool send_lie(void *arg, const void *frame, size_t n)
{
    struct liar *l = arg;
    union {
        struct frame_head head;
        struct keeper_state state;
        struct keeper_records records;
        struct keeper_grants grants;
    } changed;
    memcpy(&changed, frame, n);
    l->lie(l, &changed, &n);
    return send(l->fd, &changed, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* ---- lies; each looks for the frame that it changes ---- */

static bool is(const void *frame, uint32_t type)
{
    return ((const struct frame_head *)frame)->type == type;
}

/* Another checkpoint under the right key. */
static void sign_other(struct liar *l, struct keeper_grants *g, uint64_t size, uint8_t flip)
{
    auto_buf struct buf note = {0};
    struct note_checkpoint c = {.origin = STR(SCENE_ORIGIN), .size = size};
    memcpy(c.root, g->root, sizeof c.root);
    c.root[0] ^= flip;
    if (note_checkpoint_sign(&c, &l->keeper.key, &note, NULL) != 0)
        _exit(4);
    memcpy(g->note, note.data, note.len);
    g->note_bytes = (uint32_t)note.len;
}
static void lie_size(struct liar *l, void *frame, size_t *n)
{
    struct keeper_grants *g = frame;
    (void)n;
    if (is(frame, KEEPER_GRANTS))
        sign_other(l, g, g->size + 1, 0);
}
static void lie_root(struct liar *l, void *frame, size_t *n)
{
    struct keeper_grants *g = frame;
    (void)n;
    if (is(frame, KEEPER_GRANTS))
        sign_other(l, g, g->size, 1);
}
static void lie_origin(struct liar *l, void *frame, size_t *n)
{
    (void)l, (void)n;
    if (is(frame, KEEPER_GRANTS))
        ((struct keeper_grants *)frame)->note[0] ^= 1;
}
/* Another letter in the base64 of the signature. */
static void spoil_signature(char *note, uint32_t n)
{
    char *c = note + n - 20;
    *c = *c == 'A' ? 'B' : 'A';
}
static void lie_signature(struct liar *l, void *frame, size_t *n)
{
    struct keeper_grants *g = frame;
    (void)l, (void)n;
    if (is(frame, KEEPER_GRANTS))
        spoil_signature(g->note, g->note_bytes);
}
static void lie_note_length(struct liar *l, void *frame, size_t *n)
{
    (void)l, (void)n;
    if (is(frame, KEEPER_GRANTS))
        ((struct keeper_grants *)frame)->note_bytes = UINT32_MAX;
}
static void lie_tokens(struct liar *l, void *frame, size_t *n)
{
    (void)l, (void)n;
    if (is(frame, KEEPER_GRANTS))
        ((struct keeper_grants *)frame)->ntokens = KEEPER_MAX_RELEASES;
}
static void lie_release_text(struct liar *l, void *frame, size_t *n)
{
    (void)l, (void)n;
    if (is(frame, KEEPER_RECORDS))
        ((struct keeper_records *)frame)->release[0].text[20] ^= 1;
}
static void lie_release_length(struct liar *l, void *frame, size_t *n)
{
    (void)l, (void)n;
    if (is(frame, KEEPER_RECORDS))
        ((struct keeper_records *)frame)->release[0].bytes = RELEASE_MAX_BYTES + 1;
}
static void lie_releases(struct liar *l, void *frame, size_t *n)
{
    (void)l, (void)n;
    if (is(frame, KEEPER_RECORDS))
        ((struct keeper_records *)frame)->nreleases = UINT32_MAX;
}
static void lie_short(struct liar *l, void *frame, size_t *n)
{
    (void)l;
    if (is(frame, KEEPER_RECORDS))
        *n = 3;
}
static void lie_type(struct liar *l, void *frame, size_t *n)
{
    (void)l, (void)n;
    if (is(frame, KEEPER_GRANTS))
        ((struct frame_head *)frame)->type = KEEPER_RECORDS;
}
static void end_instead(struct liar *l, void *frame, size_t *n)
{
    (void)l, (void)n;
    if (is(frame, KEEPER_GRANTS))
        _exit(0);
}

/* Lies about its state: the log must not open. */
static void lie_state_root(struct liar *l, void *frame, size_t *n)
{
    (void)l, (void)n;
    if (is(frame, KEEPER_STATE))
        ((struct keeper_state *)frame)->root[0] ^= 1;
}
static void lie_state_base(struct liar *l, void *frame, size_t *n)
{
    (void)l, (void)n;
    if (is(frame, KEEPER_STATE))
        ((struct keeper_state *)frame)->base_size = 1;
}
static void lie_state_counts(struct liar *l, void *frame, size_t *n)
{
    struct keeper_state *s = frame;
    (void)l, (void)n;
    if (is(frame, KEEPER_STATE)) {
        s->nleaves = UINT32_MAX;
        s->nreleases = 1; /* the sum of 32 bits is 0, as the sizes say */
    }
}
static void lie_state_key(struct liar *l, void *frame, size_t *n)
{
    (void)l, (void)n;
    if (is(frame, KEEPER_STATE))
        ((struct keeper_state *)frame)->public_key[0] ^= 1;
}
static void lie_state_note(struct liar *l, void *frame, size_t *n)
{
    (void)l, (void)n;
    if (is(frame, KEEPER_STATE))
        spoil_signature(((struct keeper_state *)frame)->note,
                        ((struct keeper_state *)frame)->note_bytes);
}

/* ---- the child ---- */

static void be_liar(struct scene *s, int fd, void (*lie)(struct liar *, void *, size_t *))
{
    static struct liar l;
    union {
        struct keeper_batch batch;
        uint8_t bytes[sizeof(struct keeper_batch) + 8];
    } frame;
    l.fd = fd;
    l.lie = lie;
    l.keeper.origin = STR(SCENE_ORIGIN);
    l.keeper.send = send_lie;
    l.keeper.send_arg = &l;
    l.keeper.head_fd = openat(s->dir_fd, AUDIT_HEAD_NAME, O_RDWR | O_CLOEXEC);
    if (audit_key_load(s->dir_fd, AUDIT_KEY_NAME, &l.keeper.key, NULL) != 0 ||
        head_key_of(&l.keeper.key, &l.keeper.head_key, NULL) != 0 ||
        head_load(l.keeper.head_fd, &l.keeper.head_key, &l.keeper.head, NULL) != 0 ||
        !keeper_begin(&l.keeper))
        _exit(4);
    for (;;) {
        ssize_t n = recv(fd, &frame, sizeof frame, 0);
        if (n <= 0 || !keeper_take(&l.keeper, &frame, (size_t)n, base_boottime_ns()))
            _exit(0);
    }
}

static int start_liar(struct scene *s, void (*lie)(struct liar *, void *, size_t *))
{
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd), 0);
    s->keeper = fork();
    assert_true(s->keeper >= 0);
    if (s->keeper == 0) {
        close(fd[0]);
        be_liar(s, fd[1], lie);
    }
    close(fd[1]);
    return fd[0];
}

static const struct {
    const char *name;
    void (*lie)(struct liar *l, void *frame, size_t *n);
    int rc;
} flush_lies[] = {
    {"a checkpoint of another size", lie_size, REEVE_EPROTO},
    {"a checkpoint of another root", lie_root, REEVE_EPROTO},
    {"a checkpoint of another log", lie_origin, REEVE_EPROTO},
    {"a checkpoint beyond the frame", lie_note_length, REEVE_EPROTO},
    {"tokens that were not asked for", lie_tokens, REEVE_EPROTO},
    {"a release record that it did not hash", lie_release_text, REEVE_EPROTO},
    {"a release record beyond its room", lie_release_length, REEVE_EPROTO},
    {"release records that were not asked for", lie_releases, REEVE_EPROTO},
    {"three bytes", lie_short, REEVE_EPROTO},
    {"a frame of another type", lie_type, REEVE_EPROTO},
    {"its end instead of an answer", end_instead, REEVE_EHELPERS},
};

static void test_answers_to_a_batch(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(flush_lies); i++) {
        struct scene s;
        struct audit_found found;
        struct audit_log *log;
        struct token token;
        struct reeve_error err = {0};
        size_t n = 1;
        print_message("%s\n", flush_lies[i].name);
        scene_make(&s);
        int fd = start_liar(&s, flush_lies[i].lie);
        assert_rc(audit_log_open(s.dir_fd, s.dir, fd, NULL, &log, &found, &err), 0, &err);
        put_record(log, "decision");
        put_release(log, 0, 20000);
        assert_rc(audit_log_flush(log, &token, &n, &err), flush_lies[i].rc, &err);
        assert_rc(audit_log_flush(log, &token, &n, &err), REEVE_EHELPERS, &err);
        audit_log_close(&log);
        (void)scene_await_keeper(&s);
        scene_remove(&s);
    }
}

/* Nobody waits for a signature to be looked at, and nobody is given one that was not. */
static void test_a_signature_that_does_not_hold(void **state)
{
    (void)state;
    for (int by_receipt = 0; by_receipt < 2; by_receipt++) {
        struct scene s;
        struct audit_found found;
        struct audit_log *log;
        struct audit_head head;
        struct reeve_error err = {0};
        auto_buf struct buf receipt = {0};
        scene_make(&s);
        int fd = start_liar(&s, lie_signature);
        assert_rc(audit_log_open(s.dir_fd, s.dir, fd, NULL, &log, &found, &err), 0, &err);
        put_record(log, "decision");
        flush(log, NULL, 0);
        if (by_receipt)
            assert_rc(audit_log_receipt(log, 0, &receipt, &err), REEVE_EDAMAGED, &err);
        audit_log_head(log, &head);
        assert_int_equal(head.condition, AUDIT_DAMAGED);
        assert_non_null(strstr(head.why, "signature"));
        assert_rc(audit_log_append(log, STR("{\"seq\":1}"), &err), REEVE_EDAMAGED, &err);
        audit_log_close(&log);
        (void)scene_await_keeper(&s);
        scene_remove(&s);
    }
}

static const struct {
    const char *name;
    void (*lie)(struct liar *l, void *frame, size_t *n);
    int rc;
} state_lies[] = {
    {"another root", lie_state_root, REEVE_EPROTO},
    {"a base that it has no edge for", lie_state_base, REEVE_EPROTO},
    {"counts whose sum wraps", lie_state_counts, REEVE_EPROTO},
    {"another key", lie_state_key, REEVE_EKEY},
    {"a signature that does not hold", lie_state_note, REEVE_EVERIFY},
};

static void test_the_first_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(state_lies); i++) {
        struct scene s;
        struct audit_found found;
        struct audit_log *log;
        struct reeve_error err = {0};
        print_message("%s\n", state_lies[i].name);
        scene_make(&s);
        int fd = start_liar(&s, state_lies[i].lie);
        assert_rc(audit_log_open(s.dir_fd, s.dir, fd, NULL, &log, &found, &err), state_lies[i].rc,
                  &err);
        assert_null(log);
        (void)scene_await_keeper(&s);
        scene_remove(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers_to_a_batch),
        cmocka_unit_test(test_a_signature_that_does_not_hold),
        cmocka_unit_test(test_the_first_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
