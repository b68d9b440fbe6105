/*
 * Names in a delegated file: its groups, grants, conditions and labels are its own, and its rules
 * and budgets go by NAMESPACE/ID. Each becomes NAMESPACE/name where it is read, which no other file
 * can write, so that nothing after the parser has to know whose a name is. Without a namespace
 * these functions change nothing.
 */
#include "policy/parse.h"

static const char *const space_keys[PARSE_SPACES] = {
    [SPACE_GROUPS] = "groups", [SPACE_GRANTS] = "grants", [SPACE_CONDITIONS] = "conditions"};

bool parse_own_begin(struct parser *p, struct parse_own *own, const struct ynode *tree)
{
    for (unsigned space = 0; space < PARSE_SPACES; space++) {
        struct policy_names *names = &own->names[space];
        const struct ynode *key = parse_key(tree, str_of(space_keys[space]));
        const struct ynode *map = key && key->next->type == Y_MAP ? key->next : NULL;
        *names = (struct policy_names){parse_alloc(p, map ? map->count : 0, sizeof *names->v), 0};
        if (!names->v)
            return false;
        for (const struct ynode *k = map ? map->first : NULL; k; k = k->next->next, names->n++)
            names->v[names->n] = (struct policy_name){k->text, names->n};
        policy_names_sort(names);
    }
    p->own = own;
    return true;
}

struct str parse_own_id(struct parser *p, struct str id)
{
    auto_buf struct buf full = {0};
    if (!p->own || !id.n)
        return id;
    buf_str(&full, p->own->name);
    buf_byte(&full, '/');
    buf_str(&full, id);
    struct str s = arena_str(p->arena, buf_view(&full));
    if (s.p && !full.failed)
        return s;
    policy_report_memory(p->report);
    return id;
}

struct str parse_named(struct parser *p, enum parse_space space, struct str name)
{
    bool own = p->own && policy_names_find(&p->own->names[space], name) != UINT32_MAX;
    return own ? parse_own_id(p, name) : name;
}

uint32_t parse_scope(const struct parser *p)
{
    return p->own ? p->own->scope : 0;
}

/* ---- labels that conditions test ---- */

/* Tests that tell of labels by name, of the list and of one of it. Any other (of all of the list,
 * of what a label is not, of their number) would tell of other files' labels. */
static bool names_labels(struct str op, bool element)
{
    static const char *const of_list[] = {"contains", "some", "any", "not", "absent"};
    static const char *const of_element[] = {"eq", "in", "any"};
    const char *const *words = element ? of_element : of_list;
    size_t n = element ? BASE_COUNT(of_element) : BASE_COUNT(of_list);
    for (size_t i = 0; i < n; i++)
        if (str_is(op, words[i]))
            return true;
    return false;
}

/* Recursion is bounded by the depth of the text. */
static bool own_labels(struct parser *p, struct ynode *value, bool element)
{
    bool good = true;
    char shown[POLICY_SHOWN];
    if (value->refused)
        return true;
    if (value->type == Y_TEXT)
        value->text = parse_own_id(p, value->text);
    for (struct ynode *n = value->type == Y_LIST ? value->first : NULL; n; n = n->next)
        good = own_labels(p, n, element) && good;
    for (struct ynode *k = value->type == Y_MAP ? value->first : NULL; k; k = k->next->next) {
        if (names_labels(k->text, element)) {
            good = own_labels(p, k->next, element || str_is(k->text, "some")) && good;
            continue;
        }
        policy_report(p->report, P_DELEGATED, k->pos,
                      "write `contains: LABEL`, or `some: {in: [LABELS]}`",
                      "`%s` would tell a delegated file of other files' labels",
                      policy_shown(k->text, shown));
        good = false;
    }
    return good;
}

bool parse_own_labels(struct parser *p, struct ynode *value)
{
    return !p->own || own_labels(p, value, false);
}
