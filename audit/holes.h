/*
 * Rows whose records are not kept, while no record has told why: ranges in order. A crash leaves
 * some, of which the next start tells (`unacknowledged`); what is erased on request is told before
 * it is erased (`erased`), however much later than the record itself. Used by log and verifier.
 */
#ifndef AUDIT_HOLES_H
#define AUDIT_HOLES_H

#include "base/base.h"

/** Sequences, both inclusive. */
struct hole {
    uint64_t first, last;
};
/** Zero-initialised; for one thread. */
struct holes {
    struct hole *v; /* apart from each other, ascending */
    size_t n, room;
};
void holes_fini(struct holes *h);

/** Row `seq`, which is after all that came before, is kept as a hash alone. REEVE_ENOMEM. */
int holes_add(struct holes *h, uint64_t seq, struct reeve_error *err);
/** A record tells of the rows from..to. `*told`: how many of them are holes that nothing had told
 * of. REEVE_ENOMEM. */
int holes_tell(struct holes *h, uint64_t from, uint64_t to, uint64_t *told,
               struct reeve_error *err);

#endif
