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

void policy_slot_replace(struct policy_slot *slot, struct policy_image **image)
{
    (void)pthread_mutex_lock(&slot->writers);
    unsigned old = atomic_load(&slot->current);
    slot->side[!old].image = *image;
    *image = NULL;
    atomic_store(&slot->current, !old);
    while (atomic_load(&slot->side[old].readers))
        (void)sched_yield();
    policy_image_unref(&slot->side[old].image);
    (void)pthread_mutex_unlock(&slot->writers);
}
