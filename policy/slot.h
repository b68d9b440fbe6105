/*
 * Where a running program keeps the policy that is in force: readers take the image and never wait,
 * a writer puts another one in its place.
 */
#ifndef POLICY_SLOT_H
#define POLICY_SLOT_H

#include <pthread.h>
#include <stdatomic.h>

#include "policy/policy.h"

/* Two sides, of which one is current. A reader announces itself on the side that it found current
 * and looks again: if it still is, the image there stays until it has its reference. */
struct policy_slot {
    atomic_uint current; /* 0 or 1 */
    struct policy_side {
        _Alignas(64) atomic_uint readers; /* that are about to take a reference */
        struct policy_image *image;
    } side[2];
    pthread_mutex_t writers;
};

/**
 * Set up a slot of the caller's storage with an image, which is given away (NULL: none yet). The
 * slot must not be moved afterwards. 0, or REEVE_ENOMEM when there is no lock for writers; the
 * image is then still the caller's.
 */
int policy_slot_init(struct policy_slot *slot, struct policy_image **image);
/** Drop what the slot holds. Nobody may use it any more; references that were taken stay good. */
void policy_slot_fini(struct policy_slot *slot);

/**
 * A reference to the image in force, to be dropped by policy_image_unref; NULL when there is none.
 *
 * Thread-safe; never waits for a writer or another reader, and looks again
 * only as often as images are replaced meanwhile. Whoever makes many decisions keeps the reference
 * for a few of them, since it is one cache line that all threads write.
 *
 * Ordering: what a writer did before policy_slot_replace is seen by whoever gets its image. Images
 * come in the order in which they were put: a thread never gets an older one after a newer one. An
 * image lives until its last reference is dropped, so that a decision, its grant and its
 * explanation are of one policy if they are made with one reference.
 */
struct policy_image *policy_slot_acquire(struct policy_slot *slot);

/**
 * Put another image in force; `*image` is given away and set to NULL (a NULL image empties the
 * slot). A policy whose `version` is smaller than that of the one in force is not put there unless
 * `older` asks for it: REEVE_EPOLICY, `err` says which they are, and `*image` stays the caller's. A
 * policy without a version counts as 0. When it returns 0, nobody gets the old one any more, and
 * the slot's own reference to it is dropped. Thread-safe; waits for other writers, and for readers
 * that are between two instructions of policy_slot_acquire, never for decisions.
 */
int policy_slot_replace(struct policy_slot *slot, struct policy_image **image, bool older,
                        struct reeve_error *err);

#endif
