/*
 * Whether the plans that decisions name are kept beside the log, and are what they are named by.
 * What is found waits: what is wrong with the rows themselves comes first. Called by verify.c.
 */
#ifndef AUDIT_VERIFY_PLANS_H
#define AUDIT_VERIFY_PLANS_H

#include "audit/audit.h"
#include "audit/record.h"

enum { VERIFY_PLANS_SEEN = 256 };

/** Zero-initialised but for `source`; one thread. */
struct verify_plans {
    const struct audit_source *source;
    uint64_t kept, masked, unchecked; /* decisions whose plan is kept, is not, was not looked at */
    /* The first that is not as its record says. */
    bool has_bad, missing; /* missing: there are no bytes; else there are others */
    uint64_t first_bad;
    struct reeve_error why;
    struct buf bytes;
    struct { /* that were good: most runs are like one before */
        bool set;
        uint8_t digest[BASE_SHA256];
    } seen[VERIFY_PLANS_SEEN];
};
/** Take the next record. 0, also when its plan is not as it should be; else the plans could not be
 * read, for reasons of the system. */
int verify_plans_take(struct verify_plans *v, const struct record_info *info,
                      struct reeve_error *err);
void verify_plans_fini(struct verify_plans *v);

#endif
