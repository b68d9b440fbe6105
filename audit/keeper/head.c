/*
 * Slots, digests and marks of the head file. A slot is its fields, a SHA-256 over them, and in its
 * last sector the mark that `committed` came, bound to that digest: a mark of an earlier generation
 * in the same slot counts for nothing.
 */
#include "audit/keeper/head.h"

#include <errno.h>
#include <unistd.h>

static const char slot_magic[8] = "reevehd1";
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
    uint8_t digest[BASE_SHA256];
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

/* Every count is fixed by the header's: a slot's digest stands right behind its last field. */
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

static size_t encode(const struct keeper_head *h, struct slot *s, uint8_t digest[BASE_SHA256])
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
    base_sha256(s->bytes, (size_t)(at - s->bytes), digest);
    put(&at, digest, BASE_SHA256);
    return (size_t)(at - s->bytes);
}

static struct mark mark_of(uint64_t generation, const uint8_t digest[BASE_SHA256])
{
    struct mark m = {.generation = generation};
    memcpy(m.magic, mark_magic, sizeof m.magic);
    memcpy(m.digest, digest, BASE_SHA256);
    return m;
}

/* The sizes inside the release records: all else that a whole digest vouches for is fixed. */
static bool releases_fit(const struct keeper_head *h)
{
    for (uint32_t i = 0; i < h->nreleases; i++)
        if (h->release[i].bytes > RELEASE_MAX_BYTES)
            return false;
    return true;
}

static bool decode(const struct slot *s, uint64_t slot, struct keeper_head *h)
{
    struct slot_fields f;
    const uint8_t *at = s->bytes;
    get(&at, &f, sizeof f);
    if (memcmp(f.magic, slot_magic, sizeof f.magic) != 0 || (f.generation & 1) != slot)
        return false;
    if (f.nleaves > KEEPER_MAX_LEAVES || f.nreleases > KEEPER_MAX_RELEASES ||
        f.base_size > UINT64_MAX - HEAD_MAX_BATCH)
        return false;
    uint8_t digest[BASE_SHA256];
    size_t n = payload_bytes(&f);
    base_sha256(s->bytes, n, digest);
    if (memcmp(digest, s->bytes + n, sizeof digest) != 0)
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
    struct mark want = mark_of(h->generation, digest);
    h->committed = memcmp(s->bytes + HEAD_MARK_OFFSET, &want, sizeof want) == 0;
    return releases_fit(h);
}

void head_first(uint8_t out[HEAD_FILE_BYTES])
{
    static const struct keeper_head nothing = {.generation = 0};
    struct slot s = {{0}};
    uint8_t digest[BASE_SHA256];
    (void)encode(&nothing, &s, digest);
    struct mark m = mark_of(0, digest);
    memcpy(s.bytes + HEAD_MARK_OFFSET, &m, sizeof m);
    memset(out, 0, HEAD_FILE_BYTES);
    memcpy(out, s.bytes, sizeof s.bytes);
}

/* Bytes beyond the file's end are zeroes: a short file has no whole slot there. */
static int read_slot(int fd, unsigned slot, struct slot *out)
{
    memset(out, 0, sizeof *out);
    size_t done = 0;
    while (done < sizeof out->bytes) {
        ssize_t n = pread(fd, out->bytes + done, sizeof out->bytes - done,
                          (off_t)(slot * (size_t)HEAD_SLOT_BYTES + done));
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

int head_load(int fd, struct keeper_head *out, struct reeve_error *err)
{
    bool found = false;
    for (unsigned slot = 0; slot < 2; slot++) {
        struct slot s;
        struct keeper_head h;
        if (read_slot(fd, slot, &s) != 0)
            return base_fail_errno(err, REEVE_EIO, errno, "keeper.head cannot be read");
        if (!decode(&s, slot, &h) || (found && h.generation < out->generation))
            continue;
        *out = h;
        found = true;
    }
    if (!found)
        return base_fail(err, REEVE_ESTATE,
                         "keeper.head is damaged: neither slot is whole, so "
                         "nothing tells what was signed; restore it from a backup");
    return 0;
}

int head_store(int fd, const struct keeper_head *h, struct reeve_error *err)
{
    struct slot s;
    uint8_t digest[BASE_SHA256];
    size_t n = encode(h, &s, digest);
    off_t at = (off_t)(h->generation & 1) * (off_t)HEAD_SLOT_BYTES;
    if (fd_pwrite_all(fd, s.bytes, n, at) != 0 || fdatasync(fd) != 0)
        return base_fail_errno(err, REEVE_EIO, errno, "keeper.head cannot be written");
    return 0;
}

int head_mark(int fd, const struct keeper_head *h, struct reeve_error *err)
{
    struct slot s;
    uint8_t digest[BASE_SHA256];
    (void)encode(h, &s, digest);
    struct mark m = mark_of(h->generation, digest);
    off_t at = (off_t)(h->generation & 1) * (off_t)HEAD_SLOT_BYTES + (off_t)HEAD_MARK_OFFSET;
    if (fd_pwrite_all(fd, &m, sizeof m, at) != 0)
        return base_fail_errno(err, REEVE_EIO, errno, "keeper.head cannot be written");
    return 0;
}
