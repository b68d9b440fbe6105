/*
 * Conditions once more, written to be obviously what the language says: every value is copied into
 * one plain tree, properties are merged by building the merged map, nothing stops early. Works on
 * the model as the parser left it, names unresolved; shares with the engine the parser, the JSON
 * reader and nothing else.
 */
#ifndef POLICY_NAIVE_WHEN_H
#define POLICY_NAIVE_WHEN_H

#include "policy/model.h"

struct naive {
    const struct model *m;
    const struct policy_request *req;
    const struct reeve_inputs_view *inputs;
    const char *level;   /* that holds: broker.level */
    struct arena *arena; /* for values */
    uint32_t scope;      /* of the rule whose condition it is: which entities it sees */
    bool schema;         /* the policy says which arguments there are */
};

enum { NAIVE_FALSE, NAIVE_UNKNOWN, NAIVE_TRUE };
int naive_truth(const struct naive *n, const struct m_condition *c);
/** The text that an attribute is: false when it is none. */
bool naive_text(const struct naive *n, const struct m_attribute *a, struct str *out);
/** naive.c's: whether a group has this subject. */
bool naive_in_group(const struct model *m, struct str group, struct str who);
/** Normal form of an absolute path by a stack of components ("" for the root). False: no path. */
bool naive_path(struct str path, struct buf *out);

#endif
