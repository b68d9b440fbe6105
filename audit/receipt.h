/* Writing a receipt's text: the counterpart of audit_receipt_check. Called by the log. */
#ifndef AUDIT_RECEIPT_H
#define AUDIT_RECEIPT_H

#include "audit/tree.h"

struct receipt_parts {
    struct str record;
    uint64_t index;
    const uint8_t (*proof)[BASE_SHA256];
    unsigned nproof;
    struct str note;
};
/** Appends the receipt (C2SP tlog-proof@v1); `out` may fail for want of room. */
void receipt_format(const struct receipt_parts *parts, struct buf *out);

#endif
