/* Receipts from anywhere: one that holds must name a leaf of the signed tree and carry a record. */
#include "audit/audit.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The key of the seed 07 00…00, whose receipts are in the corpus. */
#define VKEY "example.com/test-log+2bacbf24+AaL6L0o1W6LpB6UwCenjfK3fesfmagi6B2MfVTBys/JM"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    auto_arena struct arena arena;
    struct audit_receipt r;
    arena_init(&arena, 0);
    if (audit_receipt_check((struct str){(const char *)data, n}, STR(VKEY), &arena, &r, NULL) == 0)
        assert(r.index < r.size && r.record.p && r.record.n <= AUDIT_MAX_RECORD &&
               str_is(r.origin, "example.com/test-log"));
    return 0;
}
