/*
 * The log's key gives way to another: the keeper's part under a hostile owner, what the log shows
 * before and after, each place where a crash can come, and whoever has an old key.
 */
#include "support.h"

#include "audit/rotation.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_there(const struct scene *s, const char *name)
{
    return faccessat(s->dir_fd, name, F_OK, 0) == 0;
}

/* The folder's key.vkey. */
static void read_vkey(const struct scene *s, struct buf *out)
{
    struct reeve_error err = {0};
    assert_rc(fd_slurp(s->dir_fd, AUDIT_VKEY_NAME, 1024, out, &err), 0, &err);
    out->data[--out->len] = '\0';
}

static uint64_t rotate(struct audit_log *log)
{
    struct reeve_error err = {0};
    uint64_t seq;
    assert_rc(audit_log_rotate(log, &seq, &err), 0, &err);
    return seq;
}

static int keep_record(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    (void)seq, (void)leaf;
    buf_str(arg, record);
    return 1;
}

/* The record at `seq` is a rotation from one verifier key to the other. */
static void assert_rotation(struct audit_log *log, uint64_t seq, const struct buf *from,
                            const struct buf *to)
{
    auto_buf struct buf record = {0};
    struct reeve_error err = {0};
    struct rotation r;
    struct note_key key;
    assert_rc(audit_log_read(log, seq, 1, keep_record, &record, &err), 0, &err);
    assert_rc(rotation_read(buf_view(&record), STR(SCENE_ORIGIN), seq, &r, &err), 0, &err);
    assert_rc(note_key_parse(buf_view(from), &key, &err), 0, &err);
    assert_memory_equal(key.pub, r.old, sizeof r.old);
    assert_rc(note_key_parse(buf_view(to), &key, &err), 0, &err);
    assert_memory_equal(key.pub, r.next, sizeof r.next);
}

static void assert_signed_by(struct audit_log *log, const struct buf *vkey)
{
    struct audit_head head;
    struct note_key key;
    struct note_checkpoint c;
    struct reeve_error err = {0};
    audit_log_head(log, &head);
    assert_rc(note_key_parse(buf_view(vkey), &key, &err), 0, &err);
    assert_rc(note_checkpoint_open(head.note, &key, &c, &err), 0, &err);
    assert_true(str_eq(head.vkey, buf_view(vkey)));
}

static void test_rotations(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    auto_buf struct buf first = {0}, second = {0}, third = {0};
    scene_log(&s, 3);
    read_vkey(&s, &first);
    struct audit_log *log = scene_reopen(&s, &found);
    put_record(log, "decision");
    assert_int_equal(rotate(log), 4);
    put_record(log, "decision");
    put_release(log, 5, 20000);
    assert_signed_by(log, &first); /* until the record is durable */
    flush(log, NULL, 1);
    read_vkey(&s, &second);
    assert_false(str_eq(buf_view(&first), buf_view(&second)));
    assert_signed_by(log, &second);
    assert_rotation(log, 4, &first, &second);
    assert_whole(log, 7);
    assert_int_equal(rotate(log), 7);
    flush(log, NULL, 0);
    read_vkey(&s, &third);
    assert_rotation(log, 7, &second, &third);
    assert_signed_by(log, &third);
    assert_false(is_there(&s, AUDIT_NEXT_KEY_NAME));
    put_end(log, 6);
    flush(log, NULL, 0);
    scene_close(&s, &log);
    assert_usable(&s, 9);
    scene_remove(&s);
}

static void test_what_is_asked_at_a_wrong_time(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct reeve_error err = {0};
    uint64_t seq;
    scene_log(&s, 1);
    struct audit_log *log = scene_reopen(&s, &found);
    assert_int_equal(rotate(log), 1);
    assert_rc(audit_log_rotate(log, &seq, &err), REEVE_EBUSY, &err);
    flush(log, NULL, 0);
    for (unsigned i = 0; i < KEEPER_MAX_LEAVES; i++)
        put_record(log, "decision");
    assert_rc(audit_log_rotate(log, &seq, &err), REEVE_EBUSY, &err);
    flush(log, NULL, 0);
    assert_rc(audit_log_append(log, STR("{\"seq\":514,\"type\":\"rotation\"}"), &err), REEVE_EINVAL,
              &err);
    scene_close(&s, &log);
    assert_usable(&s, 514);
    scene_remove(&s);
}

/* ---- the keeper ---- */

struct owner {
    struct scene scene;
    int fd;
    struct keeper_state state;
};

static void start(struct owner *o)
{
    o->fd = scene_keeper(&o->scene);
    receive_frame(o->fd, &o->state, sizeof o->state, KEEPER_STATE);
}

static void stop(struct owner *o)
{
    fd_close(&o->fd);
    (void)scene_await_keeper(&o->scene);
}

static void give(const struct owner *o, const void *frame, size_t n)
{
    assert_int_equal(send(o->fd, frame, n, MSG_NOSIGNAL), n);
}

static void ask(const struct owner *o, uint64_t seq)
{
    struct keeper_rotate asked = {{KEEPER_ROTATE, sizeof asked}, seq};
    give(o, &asked, sizeof asked);
}

static void ask_for_rotation(const struct owner *o, uint64_t seq, struct keeper_rotation *out)
{
    ask(o, seq);
    receive_frame(o->fd, out, sizeof *out, KEEPER_ROTATION);
    assert_int_equal(out->record.seq, seq);
    assert_true(out->record.bytes > 0);
}

static void assert_refused(struct owner *o, uint32_t reason)
{
    struct keeper_refused r;
    receive_frame(o->fd, &r, sizeof r, KEEPER_REFUSED);
    assert_int_equal(r.reason, reason);
    assert_int_equal(recv(o->fd, &r, sizeof r, 0), 0);
    fd_close(&o->fd);
    assert_int_equal(scene_await_keeper(&o->scene), 0);
}

/* A batch of `n` records, of which the rotation is one unless it is spoilt. */
static void give_batch(const struct owner *o, uint32_t n, const struct keeper_rotation *r,
                       uint64_t at)
{
    static struct keeper_batch b;
    b = (struct keeper_batch){.head = {KEEPER_BATCH, (uint32_t)keeper_batch_bytes(n)},
                              .size = o->state.size,
                              .nleaves = n};
    memcpy(b.root, o->state.root, sizeof b.root);
    for (uint32_t i = 0; i < n; i++)
        tree_leaf_hash("other", 5, b.leaf[i]);
    if (at < n)
        tree_leaf_hash(r->record.text, r->record.bytes, b.leaf[at]);
    give(o, &b, b.head.bytes);
}

static const struct {
    uint32_t n;
    uint64_t at; /* where the record stands, of the batch; it is due at 1 */
    bool fits;
} batches[] = {{3, 1, true},  {2, 1, true},  {3, 0, false},
               {3, 2, false}, {1, 0, false}, {3, 9, false}};

static void test_the_next_batch_must_hold_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(batches); i++) {
        struct owner o;
        struct keeper_rotation r;
        struct keeper_records records;
        scene_log(&o.scene, 2);
        start(&o);
        ask_for_rotation(&o, 3, &r);
        assert_true(is_there(&o.scene, AUDIT_NEXT_KEY_NAME));
        give_batch(&o, batches[i].n, &r, batches[i].at);
        if (batches[i].fits) {
            receive_frame(o.fd, &records, keeper_records_bytes(0), KEEPER_RECORDS);
            stop(&o);
        } else {
            assert_refused(&o, KEEPER_REFUSAL_ROTATION);
        }
        /* What no batch entered is gone with the next start; what one did waits for `committed`. */
        start(&o);
        assert_int_equal(is_there(&o.scene, AUDIT_NEXT_KEY_NAME), batches[i].fits);
        assert_int_equal(o.state.rotation.bytes, batches[i].fits ? r.record.bytes : 0);
        if (batches[i].fits)
            assert_memory_equal(o.state.rotation.text, r.record.text, r.record.bytes);
        stop(&o);
        scene_remove(&o.scene);
    }
}

static const uint64_t wrong_places[] = {0, 1, 2 + KEEPER_MAX_LEAVES, UINT64_MAX};

static void test_hostile_questions(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(wrong_places); i++) {
        struct owner o;
        scene_log(&o.scene, 2);
        start(&o);
        ask(&o, wrong_places[i]);
        assert_refused(&o, KEEPER_REFUSAL_ROTATION);
        assert_false(is_there(&o.scene, AUDIT_NEXT_KEY_NAME));
        scene_remove(&o.scene);
    }
}

static void test_twice_and_while_a_batch_is_entered(void **state)
{
    (void)state;
    struct owner o;
    struct keeper_rotation r;
    struct keeper_records records;
    scene_log(&o.scene, 2);
    start(&o);
    ask_for_rotation(&o, 2, &r);
    ask(&o, 2);
    assert_refused(&o, KEEPER_REFUSAL_ROTATION);
    start(&o);
    give_batch(&o, 1, NULL, 9);
    receive_frame(o.fd, &records, keeper_records_bytes(0), KEEPER_RECORDS);
    ask(&o, 3);
    assert_refused(&o, KEEPER_REFUSAL_FRAME);
    scene_remove(&o.scene);
}

/* A folder in which no file can be made: there is no new key, and the old one goes on. */
static void test_no_room_for_a_key(void **state)
{
    (void)state;
    struct scene s;
    struct audit_found found;
    struct reeve_error err = {0};
    uint64_t seq;
    scene_log(&s, 2);
    struct audit_log *log = scene_reopen(&s, &found);
    assert_int_equal(mkdirat(s.dir_fd, AUDIT_NEXT_KEY_NAME, 0700), 0);
    assert_rc(audit_log_rotate(log, &seq, &err), REEVE_EIO, &err);
    assert_non_null(strstr(err.message, "there is no new key"));
    put_record(log, "decision");
    flush(log, NULL, 0);
    assert_whole(log, 3);
    assert_int_equal(unlinkat(s.dir_fd, AUDIT_NEXT_KEY_NAME, AT_REMOVEDIR), 0);
    assert_int_equal(rotate(log), 3);
    flush(log, NULL, 0);
    assert_whole(log, 4);
    scene_close(&s, &log);
    scene_remove(&s);
}

/* ---- crashes: the files as they are after each step ---- */

/* Which of them are as they were after the rotation; the others are from before its last step. */
static const struct {
    const char *name;
    bool head, vkey, key;
} steps[] = {
    {"nothing", false, false, false},
    {"the head", true, false, false},
    {"the head and key.vkey", true, true, false},
    {"all", true, true, true},
};

/* The slot of the next key was torn; the one before has its mark, or a power failure took it. */
static void tear_head(const struct scene *s, bool marked)
{
    static const uint8_t zeroes[HEAD_SLOT_BYTES];
    struct head_key key;
    struct keeper_head h;
    auto_key struct audit_key next = {0};
    struct reeve_error err = {0};
    assert_rc(audit_key_load(s->dir_fd, AUDIT_NEXT_KEY_NAME, &next, &err), 0, &err);
    assert_rc(head_key_of(&next, &key, &err), 0, &err);
    auto_close int fd = openat(s->dir_fd, AUDIT_HEAD_NAME, O_RDWR | O_CLOEXEC);
    assert_rc(head_load(fd, &key, &h, &err), 0, &err);
    for (unsigned slot = h.generation & 1; slot < 2 * HEAD_COPIES; slot += 2)
        assert_int_equal(fd_pwrite_all(fd, zeroes, sizeof zeroes, (off_t)slot * HEAD_SLOT_BYTES),
                         0);
    if (!marked)
        scene_uncommit(s);
}

static void test_each_step_of_the_last(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(steps); i++)
        for (int marked = 0; marked < 2; marked++) {
            struct owner o;
            struct audit_found found;
            auto_buf struct buf old = {0}, now = {0};
            scene_log(&o.scene, 2);
            read_vkey(&o.scene, &old);
            struct audit_log *log = scene_reopen(&o.scene, &found);
            assert_int_equal(rotate(log), 2);
            scene_save(&o.scene, AUDIT_KEY_NAME, "key.before");
            scene_save(&o.scene, AUDIT_NEXT_KEY_NAME, "next.before");
            scene_save(&o.scene, AUDIT_VKEY_NAME, "vkey.before");
            flush(log, NULL, 0);
            scene_close(&o.scene, &log);
            if (!steps[i].key) {
                scene_save(&o.scene, "key.before", AUDIT_KEY_NAME);
                scene_save(&o.scene, "next.before", AUDIT_NEXT_KEY_NAME);
            }
            if (!steps[i].vkey)
                scene_save(&o.scene, "vkey.before", AUDIT_VKEY_NAME);
            if (!steps[i].head)
                tear_head(&o.scene, marked);
            log = scene_open(&o.scene, &found);
            if (found.condition != AUDIT_OK)
                fail_msg("%s: %s", steps[i].name, found.detail);
            audit_found_fini(&found);
            read_vkey(&o.scene, &now);
            assert_rotation(log, 2, &old, &now);
            assert_signed_by(log, &now);
            assert_false(is_there(&o.scene, AUDIT_NEXT_KEY_NAME));
            assert_whole(log, 3);
            scene_close(&o.scene, &log);
            assert_usable(&o.scene, 3);
            scene_remove(&o.scene);
        }
}

/* The head has the batch, the database not: the record comes back whole, the others as leaves. */
static const struct {
    uint32_t before, after;
} around[] = {{0, 0}, {2, 0}, {0, 2}, {2, 2}};

static void test_a_rotation_that_is_entered_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(around); i++)
        for (int untold = 0; untold < 2; untold++) {
            struct owner o;
            struct keeper_rotation r;
            struct keeper_records records;
            struct audit_found found;
            auto_buf struct buf old = {0}, now = {0};
            uint32_t before = around[i].before, n = before + 1 + around[i].after;
            scene_log(&o.scene, 2);
            read_vkey(&o.scene, &old);
            start(&o);
            ask_for_rotation(&o, 2 + before, &r);
            give_batch(&o, n, &r, before);
            receive_frame(o.fd, &records, keeper_records_bytes(0), KEEPER_RECORDS);
            stop(&o);
            struct audit_log *log = scene_open(&o.scene, &found);
            assert_int_equal(found.condition, AUDIT_OK);
            assert_int_equal(found.restored_from, 2);
            assert_int_equal(found.restored_count, n);
            if (untold && n > 1) { /* and again a crash, before that is recorded */
                audit_found_fini(&found);
                scene_close(&o.scene, &log);
                log = scene_open(&o.scene, &found);
                if (found.condition != AUDIT_OK)
                    fail_msg("row %zu: %s", i, found.detail);
                assert_true(found.restored_count > 0);
            }
            read_vkey(&o.scene, &now);
            assert_rotation(log, 2 + before, &old, &now);
            assert_signed_by(log, &now);
            unsigned told = tell(log, &found);
            assert_whole(log, 2 + n + told);
            audit_found_fini(&found);
            scene_close(&o.scene, &log);
            assert_usable(&o.scene, 2 + n + told);
            scene_remove(&o.scene);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rotations),
        cmocka_unit_test(test_what_is_asked_at_a_wrong_time),
        cmocka_unit_test(test_the_next_batch_must_hold_it),
        cmocka_unit_test(test_hostile_questions),
        cmocka_unit_test(test_twice_and_while_a_batch_is_entered),
        cmocka_unit_test(test_no_room_for_a_key),
        cmocka_unit_test(test_each_step_of_the_last),
        cmocka_unit_test(test_a_rotation_that_is_entered_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
