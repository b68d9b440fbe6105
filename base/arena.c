/* An arena: objects that die together. Blocks grow; nothing is freed alone. */
#include "base/base.h"

#include <stdalign.h>

enum { FIRST_BLOCK = 4096, MAX_BLOCK = 1 << 20 };
#define DEFAULT_MAX ((size_t)1 << 30)

struct arena_block {
    struct arena_block *next;
    size_t used, cap;
    alignas(max_align_t) uint8_t bytes[];
};

void arena_init(struct arena *a, size_t max_bytes)
{
    *a = (struct arena){.max_bytes = max_bytes};
}

void arena_fini(struct arena *a)
{
    for (struct arena_block *b = a->head, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    *a = (struct arena){.max_bytes = a->max_bytes};
}

static struct arena_block *grow(struct arena *a, size_t n)
{
    size_t cap = a->head ? a->head->cap * 2 : FIRST_BLOCK;
    if (cap > MAX_BLOCK)
        cap = MAX_BLOCK;
    if (cap < n)
        cap = n;
    struct arena_block *b = calloc(1, sizeof *b + cap);
    if (!b)
        return NULL;
    b->cap = cap;
    b->next = a->head;
    a->head = b;
    return b;
}

void *arena_alloc(struct arena *a, size_t n)
{
    size_t max = a->max_bytes ? a->max_bytes : DEFAULT_MAX;
    if (n > max || a->used_bytes > max - n)
        return NULL;
    size_t align = alignof(max_align_t);
    size_t need = (n + align - 1) & ~(align - 1);
    struct arena_block *b = a->head;
    if (!b || b->cap - b->used < need) {
        b = grow(a, need);
        if (!b)
            return NULL;
    }
    void *p = b->bytes + b->used;
    b->used += need;
    a->used_bytes += n;
    return p;
}

void *arena_array(struct arena *a, size_t count, size_t each)
{
    size_t total;
    if (__builtin_mul_overflow(count, each, &total))
        return NULL;
    return arena_alloc(a, total);
}

struct str arena_str(struct arena *a, struct str s)
{
    char *copy = arena_alloc(a, s.n + 1);
    if (!copy)
        return (struct str){NULL, 0};
    if (s.n)
        memcpy(copy, s.p, s.n);
    return (struct str){copy, s.n};
}

void base_arena_cleanup(struct arena *a)
{
    arena_fini(a);
}
