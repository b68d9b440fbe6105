/*
 * See yaml_alias.h. Called by yaml.c alone, event by event, so that an anchor is known before what
 * follows it and an alias within its own anchor is seen as such.
 */
#include "policy/yaml_alias.h"

static struct yaml_anchor *find(struct yaml_anchors *a, struct str name)
{
    for (uint32_t i = 0; i < a->n; i++)
        if (str_eq(a->v[i].name, name))
            return &a->v[i];
    return NULL;
}

int yaml_anchor_add(struct yaml_anchors *a, struct str name, const struct ynode *node,
                    struct arena *arena, struct policy_report *report)
{
    char shown[POLICY_SHOWN];
    const struct yaml_anchor *other = find(a, name);
    if (other) {
        policy_report(report, P_ANCHOR, node->pos, "give it another name",
                      "anchor `&%s` stands on line %u too", policy_shown(name, shown),
                      other->node->pos.line);
        return -1;
    }
    if (a->n == POLICY_MAX_ANCHORS) {
        policy_report(report, P_BOUND, node->pos, "use named grants, groups and conditions",
                      "more than %u anchors", POLICY_MAX_ANCHORS);
        return -1;
    }
    struct str copy = arena_str(arena, name);
    if (!copy.p) {
        policy_report_memory(report);
        return -1;
    }
    a->v[a->n] = (struct yaml_anchor){.name = copy, .node = node};
    return (int)a->n++;
}

void yaml_anchor_end(struct yaml_anchors *a, int anchor, uint32_t nodes)
{
    if (anchor >= 0)
        a->v[anchor].nodes = nodes;
}

/* What is below `from`, copied below `to`. Recursion is bounded by POLICY_MAX_DEPTH. */
static enum yaml_alias copy_below(struct ynode *to, const struct ynode *from, unsigned depth,
                                  struct arena *arena, struct policy_report *report)
{
    if (from->type >= Y_LIST && depth >= POLICY_MAX_DEPTH) {
        policy_report(report, P_BOUND, to->pos, NULL, "nested more than %u deep by this alias",
                      POLICY_MAX_DEPTH);
        return YAML_ALIAS_STOP;
    }
    struct ynode *rest = ynode_first(from), **link = rest ? &to->first : NULL;
    for (const struct ynode *c = rest; c; c = c->next) {
        struct ynode *copy = arena_alloc(arena, sizeof *copy);
        if (!copy) {
            policy_report_memory(report);
            return YAML_ALIAS_STOP;
        }
        *copy = *c;
        copy->aliased = true;
        copy->next = NULL;
        *link = copy;
        link = &copy->next;
        if (copy_below(copy, c, depth + 1, arena, report) == YAML_ALIAS_STOP)
            return YAML_ALIAS_STOP;
    }
    return YAML_ALIAS_DONE;
}

static enum yaml_alias refuse(struct ynode *node)
{
    node->refused = true;
    return YAML_ALIAS_REFUSED;
}

enum yaml_alias yaml_alias_expand(struct yaml_anchors *a, struct str name, struct ynode *node,
                                  unsigned depth, struct arena *arena, struct policy_report *report,
                                  uint32_t *added)
{
    char shown[POLICY_SHOWN];
    const struct yaml_anchor *anchor = find(a, name);
    *added = 0;
    if (!anchor) {
        policy_report(report, P_ANCHOR, node->pos, "quote it if it is text",
                      "alias `*%s` has no anchor in front of it", policy_shown(name, shown));
        return refuse(node);
    }
    if (!anchor->nodes) {
        policy_report(report, P_ANCHOR, node->pos, NULL,
                      "alias `*%s` stands within what it stands for", policy_shown(name, shown));
        return refuse(node);
    }
    if (anchor->nodes > POLICY_MAX_ALIASED - a->added) {
        policy_report(report, P_BOUND, node->pos, "use named grants, groups and conditions",
                      "aliases stand for more than %u values", POLICY_MAX_ALIASED);
        return YAML_ALIAS_STOP;
    }
    a->added += anchor->nodes;
    *added = anchor->nodes - 1;
    struct ynode *next = node->next;
    struct policy_pos at = node->pos;
    *node = *anchor->node;
    node->pos = at;
    node->next = next;
    node->aliased = true;
    return copy_below(node, anchor->node, depth, arena, report);
}
