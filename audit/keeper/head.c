/*
 * Slots, seals and marks of the head file. A slot is its fields, a seal over them, and in its last
 * sector the mark that `committed` came, bound to that seal and sealed itself: a mark of an earlier
 * generation in the same slot counts for nothing, and nobody but the keeper can make one. Each slot
 * has two copies, written together and read apart.
 */
#include "audit/keeper/head.h"

#include <errno.h>
#include <unistd.h>

static const char slot_magic[8] = "reevehd2";
static const char mark_magic[8] = "committd";

/* The fields at the slot's start. Then: the base edge, the batch's leaves, its release records. */
struct slot_fields {
    char magic[8];
    uint64_t generation, base_size;
    uint32_t nleaves, nreleases;
};
struct mark {
    char magic[8];
    uint64_t generation;
    uint8_t slot_seal[BASE_SHA256];
    uint8_t seal[BASE_SHA256]; /* over the fields above */
};

struct slot {
    uint8_t bytes[HEAD_SLOT_BYTES];
};

/* Moves a cursor through a slot's bytes, in one direction or the other. */
static void put(uint8_t **at, const void *p, size_t n)
{
    memcpy(*at, p, n);
    *at += n;
}
static void get(const uint8_t **at, void *p, size_t n)
{
    memcpy(p, *at, n);
    *at += n;
}

/* Every count is fixed by the header's: a slot's seal stands right behind its last field. */
static size_t payload_bytes(const struct slot_fields *f)
{
    return sizeof *f + (size_t)__builtin_popcountll(f->base_size) * BASE_SHA256 +
           ((size_t)f->nleaves + f->nreleases) * BASE_SHA256 +
           (size_t)f->nreleases * sizeof(struct keeper_release_record);
}
_Static_assert(sizeof(struct slot_fields) == 32, "no padding in the file");
_Static_assert(sizeof(struct slot_fields) + BASE_SHA256 * (64 + HEAD_MAX_BATCH + 1) +
                       sizeof(struct keeper_release_record) * KEEPER_MAX_RELEASES <=
                   HEAD_MARK_OFFSET,
               "the largest batch fits a slot");

static size_t encode(const struct head_key *key, const struct keeper_head *h, struct slot *s,
                     uint8_t seal[BASE_SHA256])
{
    struct slot_fields f = {.generation = h->generation,
                            .base_size = h->base.size,
                            .nleaves = h->nleaves,
                            .nreleases = h->nreleases};
    memcpy(f.magic, slot_magic, sizeof f.magic);
    uint8_t *at = s->bytes;
    put(&at, &f, sizeof f);
    put(&at, h->base.node, (size_t)h->base.n * BASE_SHA256);
    put(&at, h->leaf, ((size_t)h->nleaves + h->nreleases) * BASE_SHA256);
    put(&at, h->release, (size_t)h->nreleases * sizeof h->release[0]);
    base_hmac_sha256(key->bytes, sizeof key->bytes, s->bytes, (size_t)(at - s->bytes), seal);
    put(&at, seal, BASE_SHA256);
    return (size_t)(at - s->bytes);
}

/* Slots and marks begin with different words, so one's seal is never the other's. */
static struct mark mark_of(const struct head_key *key, uint64_t generation,
                           const uint8_t slot_seal[BASE_SHA256])
{
    struct mark m = {.generation = generation};
    memcpy(m.magic, mark_magic, sizeof m.magic);
    memcpy(m.slot_seal, slot_seal, BASE_SHA256);
    base_hmac_sha256(key->bytes, sizeof key->bytes, &m, offsetof(struct mark, seal), m.seal);
    return m;
}

/* The sizes inside the release records: all else that a whole seal vouches for is fixed. */
static bool releases_fit(const struct keeper_head *h)
{
    for (uint32_t i = 0; i < h->nreleases; i++)
        if (h->release[i].bytes > RELEASE_MAX_BYTES)
            return false;
    return true;
}

static bool decode(const struct head_key *key, const struct slot *s, struct keeper_head *h,
                   uint8_t seal[BASE_SHA256])
{
    struct slot_fields f;
    const uint8_t *at = s->bytes;
    get(&at, &f, sizeof f);
    if (memcmp(f.magic, slot_magic, sizeof f.magic) != 0)
        return false;
    if (f.nleaves > KEEPER_MAX_LEAVES || f.nreleases > KEEPER_MAX_RELEASES ||
        f.base_size > UINT64_MAX - HEAD_MAX_BATCH)
        return false;
    size_t n = payload_bytes(&f);
    base_hmac_sha256(key->bytes, sizeof key->bytes, s->bytes, n, seal);
    if (!base_equal_ct(seal, s->bytes + n, BASE_SHA256))
        return false;
    memset(h, 0, sizeof *h);
    h->generation = f.generation;
    h->nleaves = f.nleaves;
    h->nreleases = f.nreleases;
    h->base.size = f.base_size;
    h->base.n = (unsigned)__builtin_popcountll(f.base_size);
    get(&at, h->base.node, (size_t)h->base.n * BASE_SHA256);
    get(&at, h->leaf, ((size_t)h->nleaves + h->nreleases) * BASE_SHA256);
    get(&at, h->release, (size_t)h->nreleases * sizeof h->release[0]);
    h->edge = h->base;
    for (uint32_t i = 0; i < h->nleaves + h->nreleases; i++)
        tree_edge_append(&h->edge, h->leaf[i]);
    return releases_fit(h);
}

int head_key_of(const struct audit_key *key, struct head_key *out, struct reeve_error *err)
{
    return audit_key_derive(key, STR("reeve-keeper-head-v1"), out->bytes, err);
}

/* The copies of one slot are far apart: what spoils a page of the file spoils one of them. */
static off_t copy_at(uint64_t generation, unsigned copy)
{
    return (off_t)((generation & 1) + 2 * copy) * (off_t)HEAD_SLOT_BYTES;
}

void head_first(const struct head_key *key, uint8_t out[HEAD_FILE_BYTES])
{
    static const struct keeper_head nothing = {.generation = 0};
    struct slot s = {{0}};
    uint8_t seal[BASE_SHA256];
    (void)encode(key, &nothing, &s, seal);
    struct mark m = mark_of(key, 0, seal);
    memcpy(s.bytes + HEAD_MARK_OFFSET, &m, sizeof m);
    memset(out, 0, HEAD_FILE_BYTES);
    for (unsigned copy = 0; copy < HEAD_COPIES; copy++)
        memcpy(out + copy_at(0, copy), s.bytes, sizeof s.bytes);
}

/* Bytes beyond the file's end are zeroes: a short file has no whole slot there. */
static int read_slot(int fd, off_t at, struct slot *out)
{
    memset(out, 0, sizeof *out);
    size_t done = 0;
    while (done < sizeof out->bytes) {
        ssize_t n = pread(fd, out->bytes + done, sizeof out->bytes - done, at + (off_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            return 0;
        done += (size_t)n;
    }
    return 0;
}

/* What one look at all copies gathers. */
struct search {
    const struct head_key *key;
    struct keeper_head *best; /* its `copies` is 0 while there is none */
    uint8_t best_seal[BASE_SHA256];
    uint64_t marked; /* the newest generation that a mark tells of */
};

/* A mark counts by itself: it is the only word of a committed slot whose copies are both gone. */
static bool read_mark(struct search *s, const struct slot *slot, struct mark *m)
{
    memcpy(m, slot->bytes + HEAD_MARK_OFFSET, sizeof *m);
    struct mark want = mark_of(s->key, m->generation, m->slot_seal);
    if (!base_equal_ct(m, &want, sizeof want))
        return false;
    if (m->generation > s->marked)
        s->marked = m->generation;
    return true;
}

static void consider(struct search *s, const struct slot *slot, uint64_t parity)
{
    struct mark m;
    struct keeper_head h;
    uint8_t seal[BASE_SHA256];
    bool marked = read_mark(s, slot, &m);
    if (!decode(s->key, slot, &h, seal) || (h.generation & 1) != parity)
        return;
    h.committed =
        marked && m.generation == h.generation && base_equal_ct(m.slot_seal, seal, sizeof seal);
    h.copies = 1;
    if (s->best->copies && s->best->generation == h.generation &&
        base_equal_ct(s->best_seal, seal, sizeof seal)) {
        s->best->committed |= h.committed;
        s->best->copies++;
        return;
    }
    /* Of one generation there is another only where a store was torn and then another batch came.
     */
    if (!s->best->copies || s->best->generation < h.generation ||
        (s->best->generation == h.generation && h.committed)) {
        *s->best = h;
        memcpy(s->best_seal, seal, sizeof seal);
    }
}

int head_load(int fd, const struct head_key *key, struct keeper_head *out, struct reeve_error *err)
{
    struct search search = {.key = key, .best = out};
    out->copies = 0;
    for (uint64_t parity = 0; parity < 2; parity++)
        for (unsigned copy = 0; copy < HEAD_COPIES; copy++) {
            struct slot slot;
            if (read_slot(fd, copy_at(parity, copy), &slot) != 0)
                return base_fail_errno(err, REEVE_EIO, errno, "keeper.head cannot be read");
            consider(&search, &slot, parity);
        }
    if (!out->copies)
        return base_fail(err, REEVE_ESTATE,
                         "keeper.head is damaged, or not of this key: neither slot is whole and "
                         "sealed with key.pem, so nothing tells what was signed; restore both "
                         "from a backup");
    /* A slot is marked after it was durable: what a mark tells of was never a torn write. */
    if (search.marked > out->generation)
        return base_fail(err, REEVE_ESTATE,
                         "keeper.head is damaged: batch %llu was committed and no copy of it is "
                         "whole, so nothing tells what was signed; restore it from a backup",
                         (unsigned long long)search.marked);
    return 0;
}

static int write_copies(int fd, uint64_t generation, const void *p, size_t n, off_t offset,
                        struct reeve_error *err)
{
    for (unsigned copy = 0; copy < HEAD_COPIES; copy++)
        if (fd_pwrite_all(fd, p, n, copy_at(generation, copy) + offset) != 0)
            return base_fail_errno(err, REEVE_EIO, errno, "keeper.head cannot be written");
    return 0;
}

int head_store(int fd, const struct head_key *key, const struct keeper_head *h,
               struct reeve_error *err)
{
    struct slot s;
    uint8_t seal[BASE_SHA256];
    size_t n = encode(key, h, &s, seal);
    int rc = write_copies(fd, h->generation, s.bytes, n, 0, err);
    if (rc == 0 && fdatasync(fd) != 0)
        rc = base_fail_errno(err, REEVE_EIO, errno, "keeper.head cannot be written");
    return rc;
}

int head_mark(int fd, const struct head_key *key, const struct keeper_head *h,
              struct reeve_error *err)
{
    struct slot s;
    uint8_t seal[BASE_SHA256];
    (void)encode(key, h, &s, seal);
    struct mark m = mark_of(key, h->generation, seal);
    return write_copies(fd, h->generation, &m, sizeof m, HEAD_MARK_OFFSET, err);
}

void head_mend(int fd, const struct head_key *key, struct keeper_head *h)
{
    if (h->copies < HEAD_COPIES && head_store(fd, key, h, NULL) == 0 &&
        (!h->committed || head_mark(fd, key, h, NULL) == 0))
        h->copies = HEAD_COPIES;
}
