/*
 * Rows of a log with what can be found out of each by itself, hashed and read by as many threads as
 * there are processors, handed over in order. Called by verify.c.
 */
#ifndef AUDIT_VERIFY_ROWS_H
#define AUDIT_VERIFY_ROWS_H

#include "audit/audit.h"
#include "audit/record.h"

struct verify_row {
    uint64_t seq;
    struct str record;         /* p == NULL: the bytes are not kept */
    uint8_t leaf[BASE_SHA256]; /* as it is stored */
    uint8_t own[BASE_SHA256];  /* of the record; as stored where its bytes are not kept */
    int code;                  /* what record_read said; 0 where the leaf is not the record's */
    struct record_info info;
};
/** Non-zero: no further row is wanted. */
typedef int verify_row_fn(void *arg, const struct verify_row *row);

/**
 * Rows [from, to) of `source`, in order, until one is missing or `fn` wants no more. `fn` runs in
 * the calling thread; what it gets is good until it returns. `*next` is one past the last row that
 * it got. 0 also when rows are missing; REEVE_EDAMAGED when the row at `*next` cannot be read.
 */
int verify_rows(const struct audit_source *source, uint64_t from, uint64_t to, verify_row_fn *fn,
                void *arg, uint64_t *next, struct reeve_error *err);

#endif
