/*
 * The image in force: see slot.h.
 *
 * All operations on `current` and `readers` are sequentially consistent. A reader adds itself and
 * then looks at `current`; a writer changes `current` and then looks for readers. So of a reader
 * and a writer that meet, one sees the other: the reader looks again, or the writer waits. A side's
 * image is written only while it is not current and has no readers that found it current.
 */
#include "policy/slot.h"

#include <sched.h>

int policy_slot_init(struct policy_slot *slot, struct policy_image **image)
{
    *slot = (struct policy_slot){0};
    if (pthread_mutex_init(&slot->writers, NULL) != 0)
        return REEVE_ENOMEM;
    slot->side[0].image = *image;
    *image = NULL;
    return REEVE_OK;
}

void policy_slot_fini(struct policy_slot *slot)
{
    for (unsigned i = 0; i < 2; i++)
        policy_image_unref(&slot->side[i].image);
    (void)pthread_mutex_destroy(&slot->writers);
}

struct policy_image *policy_slot_acquire(struct policy_slot *slot)
{
    for (;;) {
        unsigned current = atomic_load(&slot->current);
        struct policy_side *side = &slot->side[current];
        struct policy_image *image = NULL;
        atomic_fetch_add(&side->readers, 1);
        bool stayed = atomic_load(&slot->current) == current;
        if (stayed && side->image)
            image = policy_image_ref(side->image);
        atomic_fetch_sub(&side->readers, 1);
        if (stayed)
            return image;
    }
}

/* Put it on the side that nobody reads, turn to it, and wait for those who still look at the other.
 */
static void turn(struct policy_slot *slot, unsigned old, struct policy_image **image)
{
    slot->side[!old].image = *image;
    *image = NULL;
    atomic_store(&slot->current, !old);
    while (atomic_load(&slot->side[old].readers))
        (void)sched_yield();
    policy_image_unref(&slot->side[old].image);
}

static int older_than(const struct policy_image *next, const struct policy_image *now,
                      struct reeve_error *err)
{
    int64_t a = next ? policy_image_version(next) : 0, b = now ? policy_image_version(now) : 0;
    if (!next || !now || a >= b)
        return REEVE_OK;
    return base_fail(err, REEVE_EPOLICY,
                     "the policy's version is %lld and the one in force has %lld; an older one has "
                     "to be asked for",
                     (long long)a, (long long)b);
}

int policy_slot_replace(struct policy_slot *slot, struct policy_image **image, bool older,
                        struct reeve_error *err)
{
    (void)pthread_mutex_lock(&slot->writers);
    unsigned old = atomic_load(&slot->current);
    int rc = older ? REEVE_OK : older_than(*image, slot->side[old].image, err);
    if (rc == REEVE_OK)
        turn(slot, old, image);
    (void)pthread_mutex_unlock(&slot->writers);
    return rc;
}
