/*
 * Proofs out of tiles that a stranger exported: no file of theirs makes a proof that does not hold
 * against the root that was signed.
 *
 * Input: size, index and smaller size (64 bits each, little endian, the last one for consistency:
 * 0 for inclusion), the root, then what the tiles are made of, over and over.
 */
#include "audit/tiles.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct bytes {
    const uint8_t *data;
    size_t n;
};

/* A tile is its name's bytes and the input's, so that names matter. */
static int get(void *arg, const char *path, uint8_t *out, size_t n, struct reeve_error *err)
{
    const struct bytes *b = arg;
    size_t at = 0;
    for (const char *p = path; *p; p++)
        at = at * 31 + (uint8_t)*p;
    if (!b->n || (b->data[0] & 0x80 && at % 5 == 0))
        return base_fail(err, REEVE_ENOENT, "there is no %s", path);
    for (size_t i = 0; i < n; i++)
        out[i] = b->data[(at + i) % b->n];
    return 0;
}

/* A tree of one leaf that is its own root is the only one that such bytes can make hold. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    enum { HEAD = 24 + BASE_SHA256 };
    static struct audit_proof p;
    struct reeve_error err = {0};
    if (n < HEAD)
        return 0;
    struct bytes rest = {data + HEAD, n - HEAD};
    struct tiles_tree t = {.get = get, .arg = &rest, .size = base_get_u64le(data)};
    uint64_t index = base_get_u64le(data + 8), smaller = base_get_u64le(data + 16);
    memcpy(t.root, data + 24, BASE_SHA256);
    enum audit_prove what = smaller ? AUDIT_PROVE_GROWTH : AUDIT_PROVE_RECORD;
    int rc = tiles_prove(&t, what, smaller ? smaller : index, t.size, &p, &err);
    assert((rc == 0) == (err.message[0] == '\0'));
    if (rc == 0)
        assert(p.n <= TREE_MAX_EDGE && p.size == t.size);
    return 0;
}
