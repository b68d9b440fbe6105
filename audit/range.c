/*
 * What leads from some rows of a log to its root: the tree of the rows before them, and the
 * inclusion proof of the last one. A proof's left siblings are complete subtrees, and those of row
 * n are the tree of the n rows before it (RFC 6962 section 2.1.1).
 */
#include "audit/audit.h"

#include <inttypes.h>

static int no_proof(struct reeve_error *err)
{
    return base_fail(err, REEVE_EVERIFY, "the proofs are not of these records");
}

int audit_range_of_proofs(const struct audit_proof *first, const struct audit_proof *last,
                          struct audit_range *out, struct reeve_error *err)
{
    struct tree_range path[TREE_MAX_EDGE];
    unsigned n = tree_path(first->size, first->index, path);
    *out = (struct audit_range){.from = first->index, .to = last->index + 1, .last = *last};
    if (first->index > last->index || last->index >= last->size || first->size != last->size ||
        n != first->n || tree_path(last->size, last->index, path) != last->n)
        return no_proof(err);
    n = tree_path(first->size, first->index, path);
    for (unsigned i = n; i-- > 0;)
        if (path[i].to <= first->index)
            tree_edge_push(&out->before, first->hash[i], path[i].to - path[i].from);
    return out->before.size == first->index ? 0 : no_proof(err);
}

/* ---- of rows ---- */

struct leaves {
    uint64_t next;
    struct tree_edge edge;
};
static int take_leaf(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256])
{
    struct leaves *l = arg;
    (void)record;
    if (seq != l->next)
        return 1;
    tree_edge_append(&l->edge, leaf);
    l->next++;
    return 0;
}

static int edge_of(const struct audit_source *source, struct tree_range range,
                   struct tree_edge *out, struct reeve_error *err)
{
    struct leaves l = {.next = range.from};
    int rc = 0;
    if (range.to > range.from)
        rc = source->read(source->self, range.from, range.to - range.from, take_leaf, &l, err);
    *out = l.edge;
    if (rc == 0 && l.next != range.to)
        rc = base_fail(err, REEVE_EVERIFY, "record %" PRIu64 " is missing", l.next);
    return rc == REEVE_EDAMAGED ? REEVE_EVERIFY : rc;
}

int audit_range_of_rows(const struct audit_source *source, uint64_t from, uint64_t to,
                        uint64_t size, struct audit_range *out, struct reeve_error *err)
{
    struct tree_range path[TREE_MAX_EDGE];
    struct tree_edge edge;
    *out = (struct audit_range){.from = from, .to = to, .last = {.index = to - 1, .size = size}};
    if (from >= to || to > size)
        return base_fail(err, REEVE_EVERIFY, "there are %" PRIu64 " records", size);
    out->last.n = tree_path(size, to - 1, path);
    int rc = edge_of(source, (struct tree_range){0, from}, &out->before, err);
    for (unsigned i = 0; rc == 0 && i < out->last.n; i++) {
        rc = edge_of(source, path[i], &edge, err);
        tree_edge_root(&edge, out->last.hash[i]);
    }
    return rc;
}
