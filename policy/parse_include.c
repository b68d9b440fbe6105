/*
 * Entries of `include`: a path, or a file that is delegated to others under a namespace, with what
 * it may be about. Which files there are and what they hold is include.c's.
 */
#include "policy/parse.h"

#define MAX_FILE 1024u

static void included_file(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    (void)parse_text(p, value, "`file`", MAX_FILE, &((struct parse_included *)object)->file);
}

static void included_as(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct parse_included *i = object;
    (void)key;
    i->as_at = value->pos;
    if (!parse_id(p, value, "namespace", &i->as))
        return;
    if (str_is(i->as, "reeve"))
        policy_report(p->report, P_NAME, value->pos, NULL, "`reeve/` is kept for reeve's own");
}

static void included_with(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    if (parse_is_map(p, value, "`with`"))
        ((struct parse_included *)object)->with = value;
}

static void included_may(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    if (parse_is_map(p, value, "`may`"))
        ((struct parse_included *)object)->may = value;
}

static void may_subject(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_subjects(p, value, &((struct m_scope *)object)->subjects);
}

static void may_capability(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_scope *s = object;
    (void)key;
    s->ncapabilities = parse_capabilities(p, value, &s->capabilities);
}

static const struct parse_field may_fields[] = {
    {"subject", may_subject, true, &shape_subjects, "of whom; `anyone` there is anyone of these"},
    {"capability", may_capability, true, &shape_capabilities, "about which capabilities"},
};
static const struct parse_shape shape_may = {
    .name = "may", SHAPE_FIELDS_OF(may_fields), .says = "what the rules of a file can be about"};

static const struct parse_shape shape_with = {
    .says = "values by name", .kind = SHAPE_MAP, .key = &shape_text, .of = &shape_any};
static const struct parse_field included_fields[] = {
    {"file", included_file, true, &shape_text, "its path, from the folder of the file it is in"},
    {"as", included_as, false, &shape_rule_id, "the name that its rule and budget ids begin with"},
    {"with", included_with, false, &shape_with, "values of its variables"},
    {"may", included_may, false, &shape_may, "what its rules can be about"},
};
static const struct parse_shape shape_included = {
    .name = "include", SHAPE_FIELDS_OF(included_fields), .says = "a file that is delegated"};
static const struct parse_shape path_or_included = {.says = "a path, or [include](#include)",
                                                    SHAPE_EITHER_OF(&shape_text, &shape_included)};
const struct parse_shape shape_includes = {.kind = SHAPE_LIST, .of = &path_or_included};

bool parse_included(struct parser *p, struct ynode *entry, struct parse_included *out)
{
    *out = (struct parse_included){.at = entry->pos};
    if (entry->refused)
        return false;
    if (entry->type == Y_TEXT)
        return parse_text(p, entry, "an entry of `include`", MAX_FILE, &out->file);
    parse_map(p, entry, "an entry of `include`", included_fields, BASE_COUNT(included_fields), out);
    if (entry->type != Y_MAP || !out->file.n)
        return false;
    if (!out->as.n == !out->may && (out->as.n || !out->with))
        return true;
    policy_report(p->report, P_MISSING_KEY, entry->pos,
                  "a file of the same trust is a path alone; a delegated one has both",
                  "an entry with `as`, `may` or `with` needs both `as` and `may`");
    return false;
}

/* Each is looked at for each rule of the file that a decision meets. */
#define MAX_MAY 256u

static void bound(struct parser *p, const struct m_scope *s, const struct ynode *may)
{
    if (s->subjects.n > MAX_MAY || s->ncapabilities > MAX_MAY)
        policy_report(p->report, P_BOUND, may->pos, "write wider patterns, or name a group",
                      "more than %u patterns in `may`", MAX_MAY);
}

void parse_may(struct parser *p, struct ynode *may, struct m_scope *out)
{
    parse_map(p, may, "`may`", may_fields, BASE_COUNT(may_fields), out);
    bound(p, out, may);
}
