/*
 * The keeper's mind under a hostile owner: any frames in any order. Its tree only grows, what it
 * grants is what it said before, and a refusal is its last word.
 *
 * Input: a control byte, a length (16 bits, little endian) and that many bytes, again and again.
 * Control bits make a frame more honest than chance would: 1 type and length, 2 size and root, 4
 * expiries, 8 counts, 16 the leaf of a rotation that was asked for; 32 asks for one where a batch
 * would come.
 */
#include "audit/audit.h"
#include "audit/keeper/keeper.h"
#include "tests/unit/audit/plain.h"

#include <assert.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define NOW_NS (100 * BASE_NS_PER_S)

struct witness {
    uint64_t size;                   /* the last that was granted */
    uint8_t key[AUDIT_PUBLIC_BYTES]; /* that signs from the next grant on */
    uint32_t releases;               /* of the last records */
    bool refused;
};

static bool watch(void *arg, const void *frame, size_t n)
{
    struct witness *w = arg;
    struct frame_head head;
    memcpy(&head, frame, sizeof head);
    assert(head.bytes == n && !w->refused);
    if (head.type == KEEPER_RECORDS) {
        w->releases = ((const struct keeper_records *)frame)->nreleases;
    } else if (head.type == KEEPER_GRANTS) {
        const struct keeper_grants *g = frame;
        assert(g->size > w->size && g->ntokens == w->releases);
        w->size = g->size;
    } else if (head.type == KEEPER_ROTATION) {
        const struct keeper_rotation *r = frame;
        assert(r->record.bytes && r->record.seq >= w->size);
        memcpy(w->key, r->record.public_key, sizeof w->key);
    } else if (head.type == KEEPER_REFUSED) {
        w->refused = true;
    } else {
        assert(head.type == KEEPER_STATE);
    }
    return true;
}

static void help(const struct keeper *k, struct keeper_batch *b, uint8_t control, size_t *n)
{
    if (control & 2) {
        b->size = k->head.edge.size;
        tree_edge_root(&k->head.edge, b->root);
    }
    for (uint32_t i = 0; (control & 4) && i < KEEPER_MAX_RELEASES; i++)
        b->release[i].expires_ns = NOW_NS + 1;
    if (control & 8) {
        b->nleaves %= KEEPER_MAX_LEAVES + 1;
        b->nreleases %= KEEPER_MAX_RELEASES + 1;
    }
    if ((control & 16) && k->rotation.bytes && k->rotation.seq - b->size < b->nleaves)
        tree_leaf_hash(k->rotation.text, k->rotation.bytes,
                       b->leaf[(k->rotation.seq - b->size) % KEEPER_MAX_LEAVES]);
    if (control & 32) {
        uint64_t seq = k->head.edge.size + b->nleaves;
        *n = sizeof(struct keeper_rotate);
        memcpy((uint8_t *)b + offsetof(struct keeper_rotate, seq), &seq, sizeof seq);
        b->head = (struct frame_head){KEEPER_ROTATE, (uint32_t)*n};
    } else if (control & 1) {
        bool batch = k->phase == KEEPER_IDLE;
        *n = !batch                            ? sizeof b->head
             : b->nleaves <= KEEPER_MAX_LEAVES ? keeper_batch_bytes(b->nleaves)
                                               : sizeof *b;
        b->head = (struct frame_head){batch ? KEEPER_BATCH : KEEPER_COMMITTED, (uint32_t)*n};
    }
}

static void drive(struct keeper *k, const struct witness *w, const uint8_t *data, size_t n)
{
    union {
        struct keeper_batch batch;
        uint8_t bytes[sizeof(struct keeper_batch) + 8];
    } frame;
    bool alive = true;
    while (n >= 3 && alive) {
        uint8_t control = data[0];
        size_t want = (size_t)data[1] | (size_t)data[2] << 8;
        data += 3;
        n -= 3;
        size_t have = want < n ? want : n;
        size_t bytes = have < sizeof frame ? have : sizeof frame;
        memset(&frame, 0, sizeof frame);
        memcpy(frame.bytes, data, bytes);
        help(k, &frame.batch, control, &bytes);
        uint64_t size = w->size;
        alive = keeper_take(k, &frame, bytes, NOW_NS);
        if (w->size > size) /* a rotation that was asked for has happened, and no other */
            assert(memcmp(k->key.pub, w->key, sizeof w->key) == 0 && !k->rotation.bytes);
        data += have;
        n -= have;
    }
    assert(alive == (k->phase != KEEPER_ENDED));
}

/* For the keys of rotations: one folder of the process's own, empty again after each input. */
static char folder[] = "/tmp/reeve-fuzz-keeper-XXXXXX";

static void remove_folder(void)
{
    (void)rmdir(folder);
}

static int open_folder(void)
{
    static bool made;
    if (!made && (!mkdtemp(folder) || atexit(remove_folder) != 0))
        abort();
    made = true;
    return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void empty_folder(int fd)
{
    static const char *const names[] = {AUDIT_KEY_NAME, AUDIT_NEXT_KEY_NAME, AUDIT_VKEY_NAME};
    for (size_t i = 0; i < BASE_COUNT(names); i++)
        (void)unlinkat(fd, names[i], 0);
    (void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const uint8_t seed[AUDIT_SEED_BYTES] = {7};
    struct witness w = {0};
    struct keeper *k = calloc(1, sizeof *k);
    if (!k)
        abort();
    plain_key(seed, &k->key);
    k->origin = STR("example.com/test-log");
    k->send = watch;
    k->send_arg = &w;
    k->head.committed = true;
    base_boot_id(k->boot);
    memcpy(w.key, k->key.pub, sizeof w.key);
    k->dir_fd = open_folder();
    k->head_fd = memfd_create("head", MFD_CLOEXEC);
    if (k->head_fd < 0 || !keeper_begin(k))
        abort();
    drive(k, &w, data, n);
    assert(k->head.edge.size >= w.size);
    (void)close(k->head_fd);
    empty_folder(k->dir_fd);
    audit_key_free(&k->key);
    audit_key_free(&k->next);
    free(k);
    return 0;
}
