/*
 * The records that begin files of a stranger's log. What is accepted says of itself which tree it
 * goes on from, and its edge, grown by one leaf, is the edge of a tree one larger.
 *
 * Input: a sequence (64 bits, little endian), the record.
 */
#include "audit/segment_record.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct segment_record r;
    struct reeve_error err = {0};
    if (n < 8 || n > AUDIT_MAX_RECORD)
        return 0;
    uint64_t seq = base_get_u64le(data);
    struct str record = {(const char *)data + 8, n - 8};
    int rc = segment_record_read(record, seq, &r, &err);
    assert((rc == 0) == (err.message[0] == '\0'));
    if (rc)
        return 0;
    uint8_t leaf[BASE_SHA256] = {0}, root[BASE_SHA256];
    assert(r.first <= r.last && r.last + 1 == seq && r.edge.size == seq);
    tree_edge_root(&r.edge, root);
    assert(memcmp(root, r.checkpoint.root, sizeof root) == 0);
    tree_edge_append(&r.edge, leaf);
    assert(r.edge.size == seq + 1 && r.edge.n == (unsigned)__builtin_popcountll(seq + 1));
    assert(segment_record_read(record, seq + 1, &r, &err) != 0);
    return 0;
}
