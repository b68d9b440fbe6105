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

static const struct parse_field fields[] = {
    {"file", included_file, true},
    {"as", included_as, false},
    {"with", included_with, false},
    {"may", included_may, false},
};

bool parse_included(struct parser *p, struct ynode *entry, struct parse_included *out)
{
    *out = (struct parse_included){.at = entry->pos};
    if (entry->refused)
        return false;
    if (entry->type == Y_TEXT)
        return parse_text(p, entry, "an entry of `include`", MAX_FILE, &out->file);
    parse_map(p, entry, "an entry of `include`", fields, BASE_COUNT(fields), out);
    if (entry->type != Y_MAP || !out->file.n)
        return false;
    if (!out->as.n == !out->may && (out->as.n || !out->with))
        return true;
    policy_report(p->report, P_MISSING_KEY, entry->pos,
                  "a file of the same trust is a path alone; a delegated one has both",
                  "an entry with `as`, `may` or `with` needs both `as` and `may`");
    return false;
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

void parse_may(struct parser *p, struct ynode *may, struct m_scope *out)
{
    static const struct parse_field keys[] = {
        {"subject", may_subject, true},
        {"capability", may_capability, true},
    };
    parse_map(p, may, "`may`", keys, BASE_COUNT(keys), out);
}
