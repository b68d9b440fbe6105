/*
 * A head file of any bytes: the first is a flag, the rest fills the file from its start. With the
 * flag's low bit the slot's seal is made to fit, so that what lies behind it is reached as well.
 * What is read must be stored and read again as the same.
 */
#include "audit/keeper/head.h"

#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct head_key key = {{7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
                                     7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7}};

enum { FIELDS = 32, BASE_SIZE = 16, LEAVES = 24, RELEASES = 28 };

/* The seal stands behind what the counts say; they are taken as the reader takes them. */
static void fit_seal(uint8_t *file)
{
    uint64_t base = base_get_u64le(file + BASE_SIZE);
    uint32_t leaves = base_get_u32le(file + LEAVES), releases = base_get_u32le(file + RELEASES);
    if (leaves > KEEPER_MAX_LEAVES || releases > KEEPER_MAX_RELEASES)
        return;
    size_t n = FIELDS + BASE_SHA256 * ((size_t)__builtin_popcountll(base) + leaves + releases) +
               releases * sizeof(struct keeper_release_record);
    base_hmac_sha256(key.bytes, sizeof key.bytes, file, n, file + n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static uint8_t file[HEAD_FILE_BYTES];
    struct keeper_head h, again;
    int fd = memfd_create("head", MFD_CLOEXEC);
    if (fd < 0)
        abort();
    memset(file, 0, sizeof file);
    if (n > 1)
        memcpy(file, data + 1, n - 1 < sizeof file ? n - 1 : sizeof file);
    if (n && (data[0] & 1))
        fit_seal(file);
    if (fd_pwrite_all(fd, file, n && (data[0] & 2) ? n : sizeof file, 0) != 0)
        abort();
    if (head_load(fd, &key, &h, NULL) == 0) {
        assert(h.edge.size == h.base.size + h.nleaves + h.nreleases);
        assert(h.base.n <= 64 && h.edge.n <= 64);
        bool committed = h.committed;
        h.generation += 2; /* the same slot, and the newest */
        if (h.generation >= 2) {
            if (head_store(fd, &key, &h, NULL) != 0 || head_load(fd, &key, &again, NULL) != 0)
                abort();
            assert(again.generation == h.generation && !again.committed);
            again.committed = h.committed = committed;
            assert(memcmp(again.leaf, h.leaf, sizeof h.leaf) == 0);
            assert(memcmp(again.release, h.release, sizeof h.release) == 0);
        }
    }
    (void)close(fd);
    return 0;
}
