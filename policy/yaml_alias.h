/*
 * Anchors and aliases of one YAML text. An alias becomes a copy of what its anchor marks, so that
 * nothing behind the tree knows of either; how many nodes copies may add is bounded before the
 * first is made, so that a text of aliases upon aliases costs no more than its length.
 */
#ifndef POLICY_YAML_ALIAS_H
#define POLICY_YAML_ALIAS_H

#include "policy/yaml.h"

#define POLICY_MAX_ANCHORS 256u
/** Nodes that all aliases of a text may add to its tree. */
#define POLICY_MAX_ALIASED (1u << 20)

struct yaml_anchor {
    struct str name;
    const struct ynode *node;
    uint32_t nodes; /* it and all below; 0: not ended yet */
};
struct yaml_anchors {
    struct yaml_anchor v[POLICY_MAX_ANCHORS];
    uint32_t n;
    uint32_t added; /* nodes, by aliases */
};

/**
 * Remember that `node` is marked by `name` (copied into the arena). The index of its anchor, or -1
 * when reported: the name stands twice, or there are too many.
 */
int yaml_anchor_add(struct yaml_anchors *a, struct str name, const struct ynode *node,
                    struct arena *arena, struct policy_report *report);
/** What the anchor marks has ended: `nodes` is how many it has. */
void yaml_anchor_end(struct yaml_anchors *a, int anchor, uint32_t nodes);

enum yaml_alias { YAML_ALIAS_DONE, YAML_ALIAS_REFUSED, YAML_ALIAS_STOP };
/**
 * Make `node`, which stands where the alias does and `depth` deep, a copy of what `name` marks; it
 * keeps its own place, what is below has the anchor's. REFUSED: reported, go on; STOP: a bound or
 * memory is out (reported). `*added` counts the nodes below it.
 */
enum yaml_alias yaml_alias_expand(struct yaml_anchors *a, struct str name, struct ynode *node,
                                  unsigned depth, struct arena *arena, struct policy_report *report,
                                  uint32_t *added);

#endif
