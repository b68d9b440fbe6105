/* See holes.h. */
#include "audit/holes.h"

void holes_fini(struct holes *h)
{
    free(h->v);
    *h = (struct holes){0};
}

static int make_room(struct holes *h, struct reeve_error *err)
{
    if (h->n < h->room)
        return 0;
    size_t room = h->room ? 2 * h->room : 16;
    struct hole *v = reallocarray(h->v, room, sizeof *v);
    if (!v)
        return base_fail(err, REEVE_ENOMEM, "out of memory for records without bytes");
    h->v = v;
    h->room = room;
    return 0;
}

int holes_add(struct holes *h, uint64_t seq, struct reeve_error *err)
{
    if (h->n && h->v[h->n - 1].last + 1 == seq) {
        h->v[h->n - 1].last = seq;
        return 0;
    }
    int rc = make_room(h, err);
    if (rc == 0)
        h->v[h->n++] = (struct hole){seq, seq};
    return rc;
}

/* The first range that ends at `seq` or behind. */
static size_t find(const struct holes *h, uint64_t seq)
{
    size_t low = 0, high = h->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (h->v[middle].last < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A range of which the middle is told of becomes two. */
static int split(struct holes *h, size_t at, uint64_t from, uint64_t to, struct reeve_error *err)
{
    int rc = make_room(h, err);
    if (rc)
        return rc;
    memmove(&h->v[at + 1], &h->v[at], (h->n - at) * sizeof *h->v);
    h->n++;
    h->v[at].last = from - 1;
    h->v[at + 1].first = to + 1;
    return 0;
}

int holes_tell(struct holes *h, uint64_t from, uint64_t to, uint64_t *told, struct reeve_error *err)
{
    size_t at = find(h, from), gone = at;
    *told = 0;
    if (from > to || at == h->n || h->v[at].first > to)
        return 0;
    if (h->v[at].first < from && h->v[at].last > to) {
        *told = to - from + 1;
        return split(h, at, from, to, err);
    }
    if (h->v[at].first < from) {
        *told += h->v[at].last - from + 1;
        h->v[at].last = from - 1;
        gone = ++at;
    }
    for (; gone < h->n && h->v[gone].last <= to; gone++)
        *told += h->v[gone].last - h->v[gone].first + 1;
    if (gone < h->n && h->v[gone].first <= to) {
        *told += to - h->v[gone].first + 1;
        h->v[gone].first = to + 1;
    }
    memmove(&h->v[at], &h->v[gone], (h->n - gone) * sizeof *h->v);
    h->n -= gone - at;
    return 0;
}
