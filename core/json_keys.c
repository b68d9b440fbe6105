/*
 * Keys that occur twice in one object: two readers could each take another one, so that they are
 * refused. Called by json.c at the end of each object; no memory, and no input makes it slow.
 */
#include <stdio.h>

#include "core/json_reader.h"
#include "core/utf8.h"

static int key_cmp(const struct json_reader *s, uint32_t a, uint32_t b)
{
    return str_cmp(s->nodes[a].s, s->nodes[b].s);
}

static void sift_down(const struct json_reader *s, uint32_t *heap, uint32_t root, uint32_t n)
{
    uint32_t moved = heap[root];
    for (uint32_t child; (child = 2 * root + 1) < n; root = child) {
        if (child + 1 < n && key_cmp(s, heap[child], heap[child + 1]) < 0)
            child++;
        if (key_cmp(s, moved, heap[child]) >= 0)
            break;
        heap[root] = heap[child];
    }
    heap[root] = moved;
}

/* Heapsort: no memory, and no input makes it slow. */
static void sort_keys(const struct json_reader *s, uint32_t *keys, uint32_t n)
{
    for (uint32_t i = n / 2; i-- > 0;)
        sift_down(s, keys, i, n);
    for (uint32_t last = n; last-- > 1;) {
        uint32_t largest = keys[0];
        keys[0] = keys[last];
        keys[last] = largest;
        sift_down(s, keys, 0, last);
    }
}

static int fail_duplicate(struct json_reader *s, struct str key)
{
    enum { SHOWN = 64 };
    char shown[SHOWN + 1], what[128 + SHOWN];
    size_t n = 0;
    for (size_t step; n < key.n && n < SHOWN; n += step) {
        step = core_utf8_step(key.p + n, key.n - n);
        if (n + step > SHOWN)
            break;
        memcpy(shown + n, key.p + n, step);
        if ((unsigned char)shown[n] < 0x20 || shown[n] == 0x7F)
            shown[n] = '?';
    }
    shown[n] = '\0';
    (void)snprintf(what, sizeof what, "the key \"%s%s\" occurs twice in the object that ends here",
                   shown, n < key.n ? "..." : "");
    return json_fail(s, what);
}

#define FEW_KEYS 8u

/* Each with each: no order is needed, and lengths tell most apart. */
static int check_few_keys(struct json_reader *s, uint32_t object)
{
    uint32_t keys[FEW_KEYS], n = s->nodes[object].count, node = object + 1;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 0; k < i; k++)
            if (str_eq(s->nodes[keys[k]].s, s->nodes[node].s))
                return fail_duplicate(s, s->nodes[node].s);
        keys[i] = node;
        node = s->nodes[node + 1].end;
    }
    return 0;
}

int json_check_keys(struct json_reader *s, uint32_t object)
{
    uint32_t keys[JSON_MAX_KEYS], n = s->nodes[object].count;
    if (n <= FEW_KEYS)
        return check_few_keys(s, object);
    bool ascending = true; /* canonical texts are: nothing to sort then */
    uint32_t node = object + 1;
    for (uint32_t i = 0; i < n; i++) {
        keys[i] = node;
        ascending = ascending && (i == 0 || key_cmp(s, keys[i - 1], node) < 0);
        node = s->nodes[node + 1].end;
    }
    if (ascending)
        return 0;
    sort_keys(s, keys, n);
    for (uint32_t i = 1; i < n; i++)
        if (key_cmp(s, keys[i - 1], keys[i]) == 0)
            return fail_duplicate(s, s->nodes[keys[i]].s);
    return 0;
}
