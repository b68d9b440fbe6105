/*
 * Records of rotations as a stranger's log has them. What is accepted is signed by both keys that
 * it names, and no other bytes say the same.
 *
 * Input: a sequence (64 bits, little endian), the length of the log's name (one byte), the name,
 * the record.
 */
#include "audit/audit.h"
#include "audit/rotation.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct rotation r;
    struct reeve_error err = {0};
    if (n < 9 || n - 9 < data[8] || n > AUDIT_MAX_RECORD)
        return 0;
    uint64_t seq = base_get_u64le(data);
    struct str origin = {(const char *)data + 9, data[8]};
    struct str record = {origin.p + origin.n, n - 9 - origin.n};
    int rc = rotation_read(record, origin, seq, &r, &err);
    assert((rc == 0) == (err.message[0] == '\0'));
    if (rc == 0)
        assert(rotation_read(record, origin, seq + 1, &r, &err) == REEVE_EVERIFY);
    return 0;
}
