/*
 * The real keeper with an owner that is taken over: what it must give, what it must refuse, and
 * that a refusal is its end.
 */
#include "plain.h"
#include "support.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

struct owner {
    struct scene scene;
    int fd;
    struct keeper_state state;
    struct keeper_batch batch; /* the next one, honest until a test spoils it */
};

static void give(int fd, const void *frame, size_t n)
{
    assert_int_equal(send(fd, frame, n, MSG_NOSIGNAL), n);
}

/* A batch on top of what the keeper says: two records, one release of the first. */
static void honest_batch(struct owner *o, uint64_t size, const uint8_t root[BASE_SHA256])
{
    struct keeper_batch *b = &o->batch;
    memset(b, 0, sizeof *b);
    b->head = (struct frame_head){KEEPER_BATCH, (uint32_t)keeper_batch_bytes(2)};
    b->size = size;
    memcpy(b->root, root, BASE_SHA256);
    b->nleaves = 2;
    b->nreleases = 1;
    tree_leaf_hash("one", 3, b->leaf[0]);
    tree_leaf_hash("two", 3, b->leaf[1]);
    b->release[0].decision = size;
    b->release[0].expires_ns = base_boottime_ns() + 30 * BASE_NS_PER_S;
    base_sha256("plan", 4, b->release[0].plan);
}

static void start(struct owner *o)
{
    scene_make(&o->scene);
    o->fd = scene_keeper(&o->scene);
    receive_frame(o->fd, &o->state, sizeof o->state, KEEPER_STATE);
    honest_batch(o, o->state.size, o->state.root);
}

static void finish(struct owner *o)
{
    fd_close(&o->fd);
    (void)scene_await_keeper(&o->scene);
    scene_remove(&o->scene);
}

static void restart(struct owner *o)
{
    fd_close(&o->fd);
    (void)scene_await_keeper(&o->scene);
    o->fd = scene_keeper(&o->scene);
    receive_frame(o->fd, &o->state, sizeof o->state, KEEPER_STATE);
}

static void give_batch(struct owner *o)
{
    give(o->fd, &o->batch, o->batch.head.bytes);
}

static const struct frame_head committed = {KEEPER_COMMITTED, sizeof committed};

static void do_batch(struct owner *o, struct keeper_records *records, struct keeper_grants *grants)
{
    give_batch(o);
    receive_frame(o->fd, records, keeper_records_bytes(o->batch.nreleases), KEEPER_RECORDS);
    give(o->fd, &committed, sizeof committed);
    receive_frame(o->fd, grants, keeper_grants_bytes(o->batch.nreleases), KEEPER_GRANTS);
}

static void assert_refused(struct owner *o, uint32_t reason)
{
    struct keeper_refused r;
    receive_frame(o->fd, &r, sizeof r, KEEPER_REFUSED);
    assert_int_equal(r.reason, reason);
    assert_int_equal(recv(o->fd, &r, sizeof r, 0), 0); /* and then it is gone */
    assert_int_equal(scene_await_keeper(&o->scene), 0);
}

static void test_state_of_a_new_log(void **state)
{
    (void)state;
    struct owner o;
    struct note_key key;
    struct note_checkpoint c;
    struct reeve_error err = {0};
    auto_buf struct buf vkey = {0};
    start(&o);
    assert_int_equal(o.state.size, 0);
    assert_int_equal(o.state.committed, 1);
    assert_rc(fd_slurp(o.scene.dir_fd, AUDIT_VKEY_NAME, 1024, &vkey, &err), 0, &err);
    assert_rc(note_key_parse((struct str){vkey.data, vkey.len - 1}, &key, &err), 0, &err);
    assert_memory_equal(o.state.public_key, key.pub, sizeof key.pub);
    struct str note = {o.state.note, o.state.note_bytes};
    assert_rc(note_checkpoint_open(note, &key, &c, &err), 0, &err);
    assert_int_equal(c.size, 0);
    assert_memory_equal(c.root, o.state.root, sizeof c.root);
    finish(&o);
}

static void test_an_honest_batch(void **state)
{
    (void)state;
    struct owner o;
    struct keeper_records records;
    struct keeper_grants grants;
    char boot[BASE_BOOT_ID_MAX], plan[2 * BASE_SHA256 + 1], want[RELEASE_MAX_BYTES];
    uint8_t leaf[3][BASE_SHA256], root[BASE_SHA256], mac[BASE_SHA256];
    start(&o);
    do_batch(&o, &records, &grants);
    base_boot_id(boot);
    base_hex(o.batch.release[0].plan, BASE_SHA256, plan);
    (void)snprintf(want, sizeof want,
                   "{\"boot\":\"%s\",\"decision\":0,\"expires_ns\":\"%" PRId64
                   "\",\"plan\":\"sha256:%s\",\"seq\":2,\"type\":\"release\"}",
                   boot, o.batch.release[0].expires_ns, plan);
    assert_int_equal(records.nreleases, 1);
    assert_true(str_is((struct str){records.release[0].text, records.release[0].bytes}, want));
    /* Canonical as it stands: it is hashed and stored so. */
    auto_buf struct buf canonical = {0};
    struct reeve_error err = {0};
    assert_rc(json_canonicalise(str_of(want), &canonical, &err), 0, &err);
    assert_string_equal(canonical.data, want);
    memcpy(leaf, o.batch.leaf, sizeof leaf - BASE_SHA256);
    tree_leaf_hash(records.release[0].text, records.release[0].bytes, leaf[2]);
    plain_root((const uint8_t(*)[BASE_SHA256])leaf, 3, root);
    assert_int_equal(grants.size, 3);
    assert_memory_equal(grants.root, root, sizeof root);
    assert_int_equal(grants.ntokens, 1);
    assert_int_equal(grants.token[0].seq, 2);
    assert_int_equal(grants.token[0].expires_ns, o.batch.release[0].expires_ns);
    assert_memory_equal(grants.token[0].plan, o.batch.release[0].plan, BASE_SHA256);
    token_mac(o.scene.token_key, &grants.token[0], mac);
    assert_memory_equal(grants.token[0].mac, mac, sizeof mac);
    finish(&o);
}

/* What a taken-over owner may try instead of an honest batch, and what it is told. */
static void spoil_shorter(struct owner *o)
{
    o->batch.size--;
}
static void spoil_longer(struct owner *o)
{
    o->batch.size++;
}
static void spoil_root(struct owner *o)
{
    o->batch.root[31] ^= 1;
}
static void spoil_first_root(struct owner *o)
{
    struct tree_edge e;
    tree_edge_init(&e);
    o->batch.size = 0; /* the log anew, over what was signed */
    tree_edge_root(&e, o->batch.root);
}
static void spoil_decision(struct owner *o)
{
    o->batch.release[0].decision = o->batch.size + o->batch.nleaves;
}
static void spoil_decision_far(struct owner *o)
{
    o->batch.release[0].decision = UINT64_MAX;
}
static void spoil_past(struct owner *o)
{
    o->batch.release[0].expires_ns = base_boottime_ns() - 1;
}
static void spoil_negative(struct owner *o)
{
    o->batch.release[0].expires_ns = INT64_MIN;
}
static void spoil_future(struct owner *o)
{
    o->batch.release[0].expires_ns = base_boottime_ns() + 3600 * BASE_NS_PER_S;
}
static void spoil_for_ever(struct owner *o)
{
    o->batch.release[0].expires_ns = INT64_MAX;
}
static void spoil_last_expiry(struct owner *o)
{
    o->batch.nreleases = KEEPER_MAX_RELEASES; /* the honest first, and 31 that expired in 1970 */
}
static void spoil_leaves(struct owner *o)
{
    o->batch.nleaves = KEEPER_MAX_LEAVES + 1;
}
static void spoil_leaves_wrap(struct owner *o)
{
    o->batch.nleaves = UINT32_MAX;
    o->batch.nreleases = 1; /* the sum is 0 */
}
static void spoil_releases(struct owner *o)
{
    o->batch.nreleases = KEEPER_MAX_RELEASES + 1;
}
static void spoil_empty(struct owner *o)
{
    o->batch.nleaves = o->batch.nreleases = 0;
}
static void spoil_size_field(struct owner *o)
{
    o->batch.head.bytes--;
}
static void spoil_type(struct owner *o)
{
    o->batch.head.type = KEEPER_GRANTS;
}

static const struct {
    const char *name;
    void (*spoil)(struct owner *o);
    enum keeper_refusal reason;
} hostile[] = {
    {"a shorter tree", spoil_shorter, KEEPER_REFUSAL_TREE},
    {"a longer tree", spoil_longer, KEEPER_REFUSAL_TREE},
    {"another root", spoil_root, KEEPER_REFUSAL_TREE},
    {"the log anew", spoil_first_root, KEEPER_REFUSAL_TREE},
    {"a decision that is no record", spoil_decision, KEEPER_REFUSAL_DECISION},
    {"a decision far beyond", spoil_decision_far, KEEPER_REFUSAL_DECISION},
    {"an expiry in the past", spoil_past, KEEPER_REFUSAL_EXPIRY},
    {"a negative expiry", spoil_negative, KEEPER_REFUSAL_EXPIRY},
    {"an expiry too far ahead", spoil_future, KEEPER_REFUSAL_EXPIRY},
    {"an expiry that never comes", spoil_for_ever, KEEPER_REFUSAL_EXPIRY},
    {"a bad expiry behind a good one", spoil_last_expiry, KEEPER_REFUSAL_EXPIRY},
    {"too many leaves", spoil_leaves, KEEPER_REFUSAL_FRAME},
    {"counts whose sum wraps", spoil_leaves_wrap, KEEPER_REFUSAL_FRAME},
    {"too many releases", spoil_releases, KEEPER_REFUSAL_FRAME},
    {"an empty batch", spoil_empty, KEEPER_REFUSAL_FRAME},
    {"a size that is not the frame's", spoil_size_field, KEEPER_REFUSAL_FRAME},
    {"a frame that only keepers send", spoil_type, KEEPER_REFUSAL_FRAME},
};

static void test_hostile_batches(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(hostile); i++) {
        struct owner o;
        struct keeper_records records;
        struct keeper_grants grants;
        start(&o);
        do_batch(&o, &records, &grants);
        uint64_t size = grants.size;
        honest_batch(&o, size, grants.root);
        hostile[i].spoil(&o);
        print_message("%s\n", hostile[i].name);
        give_batch(&o);
        assert_refused(&o, hostile[i].reason);
        /* Nothing of it is in the head. */
        restart(&o);
        assert_int_equal(o.state.size, size);
        assert_int_equal(o.state.committed, 1);
        finish(&o);
    }
}

/* Frames of every wrong length, in both phases. */
static void test_wrong_lengths(void **state)
{
    (void)state;
    static const size_t lengths[] = {1,
                                     4,
                                     7,
                                     9,
                                     offsetof(struct keeper_batch, leaf) - 1,
                                     offsetof(struct keeper_batch, leaf) +
                                         BASE_SHA256, /* of one leaf, and it says two */
                                     offsetof(struct keeper_batch, leaf) + 2 * BASE_SHA256 - 1,
                                     offsetof(struct keeper_batch, leaf) + 2 * BASE_SHA256 + 1,
                                     sizeof(struct keeper_batch) + 1,
                                     100000};
    static uint8_t big[100000];
    for (size_t i = 0; i < 2 * BASE_COUNT(lengths); i++) {
        struct owner o;
        struct keeper_records records;
        size_t n = lengths[i / 2];
        start(&o);
        if (i % 2) {
            give_batch(&o);
            receive_frame(o.fd, &records, keeper_records_bytes(o.batch.nreleases), KEEPER_RECORDS);
        }
        memset(big, 0, sizeof big);
        memcpy(big, &o.batch, n < sizeof o.batch ? n : sizeof o.batch);
        if (n >= sizeof o.batch.head) /* the length is what it says it is */
            ((struct frame_head *)(void *)big)->bytes = (uint32_t)n;
        give(o.fd, big, n);
        assert_refused(&o, KEEPER_REFUSAL_FRAME);
        finish(&o);
    }
}

static void test_committed_without_a_batch(void **state)
{
    (void)state;
    struct owner o;
    start(&o);
    give(o.fd, &committed, sizeof committed);
    assert_refused(&o, KEEPER_REFUSAL_FRAME);
    finish(&o);
}

/* No token without `committed`: a second batch instead gets a refusal, and the first stays. */
static void test_a_second_batch_before_committed(void **state)
{
    (void)state;
    struct owner o;
    struct keeper_records records;
    start(&o);
    give_batch(&o);
    receive_frame(o.fd, &records, keeper_records_bytes(o.batch.nreleases), KEEPER_RECORDS);
    give_batch(&o);
    assert_refused(&o, KEEPER_REFUSAL_FRAME);
    restart(&o);
    assert_int_equal(o.state.base_size, 0);
    assert_int_equal(o.state.size, 3);
    assert_int_equal(o.state.committed, 0);
    /* Nor after a restart: first that batch has to be committed, and its releases get no tokens. */
    honest_batch(&o, o.state.size, o.state.root);
    give_batch(&o);
    assert_refused(&o, KEEPER_REFUSAL_FRAME);
    restart(&o);
    struct keeper_grants grants;
    give(o.fd, &committed, sizeof committed);
    receive_frame(o.fd, &grants, keeper_grants_bytes(0), KEEPER_GRANTS);
    assert_int_equal(grants.size, 3);
    assert_int_equal(grants.ntokens, 0);
    restart(&o);
    assert_int_equal(o.state.committed, 1);
    assert_int_equal(o.state.size, 3);
    finish(&o);
}

static void test_descriptors_are_not_taken(void **state)
{
    (void)state;
    struct owner o;
    struct keeper_records records;
    int pipes[2];
    start(&o);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(fd_send_with(o.fd, &o.batch, o.batch.head.bytes, &pipes[1], 1), 0);
    receive_frame(o.fd, &records, keeper_records_bytes(o.batch.nreleases), KEEPER_RECORDS);
    close(pipes[1]);
    char byte; /* nobody else holds the pipe's writing end: this ends at once */
    assert_int_equal(read(pipes[0], &byte, 1), 0);
    close(pipes[0]);
    finish(&o);
}

/* An owner that never reads fills its own socket, not the keeper's patience. */
static void test_an_owner_that_does_not_read(void **state)
{
    (void)state;
    struct owner o;
    struct tree_edge e;
    start(&o);
    tree_edge_init(&e);
    o.batch.nreleases = 0;
    bool gone = false;
    for (int i = 0; i < 10000 && !gone; i++) {
        tree_edge_root(&e, o.batch.root);
        o.batch.size = e.size;
        gone = send(o.fd, &o.batch, o.batch.head.bytes, MSG_NOSIGNAL) < 0 ||
               send(o.fd, &committed, sizeof committed, MSG_NOSIGNAL) < 0;
        tree_edge_append(&e, o.batch.leaf[0]);
        tree_edge_append(&e, o.batch.leaf[1]);
    }
    assert_true(gone);
    assert_int_equal(scene_await_keeper(&o.scene), 0);
    finish(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_state_of_a_new_log),
        cmocka_unit_test(test_an_honest_batch),
        cmocka_unit_test(test_hostile_batches),
        cmocka_unit_test(test_wrong_lengths),
        cmocka_unit_test(test_committed_without_a_batch),
        cmocka_unit_test(test_a_second_batch_before_committed),
        cmocka_unit_test(test_descriptors_are_not_taken),
        cmocka_unit_test(test_an_owner_that_does_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
