/*
 * What a policy tells of the capabilities themselves and of what is written down: entries of
 * `capabilities`, the labels that there are, and `audit.mask`.
 */
#include "policy/parse.h"

#define X(id, name) name,
static const char *const class_words[] = {CORE_CLASS_TABLE(X)};
#undef X

static void entry_class(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    ((struct m_entry *)object)->klass =
        parse_word(p, value, "`class`", class_words, BASE_COUNT(class_words));
}

static void entry_effects(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    if (parse_names(p, value, "`effects`", "an effect", &((struct m_entry *)object)->effects) &&
        value->count == 0)
        policy_report(p->report, P_EMPTY, value->pos, NULL, "`effects` names nothing");
}

/* Paths of arguments, as conditions write them. */
static void parse_masks(struct parser *p, const struct ynode *n, struct m_texts *out)
{
    if (!parse_is_list(p, n, "`mask`"))
        return;
    *out = (struct m_texts){.v = parse_alloc(p, n->count, sizeof *out->v)};
    for (const struct ynode *c = n->first; c && out->v; c = c->next) {
        struct m_attribute *attribute;
        if (parse_text(p, c, "an argument path", 1024, &out->v[out->n]) &&
            parse_attribute(p, c, c->text, &attribute))
            out->n++;
    }
}

static void entry_mask(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_masks(p, value, &((struct m_entry *)object)->mask);
}

static void entry_cost(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    (void)parse_bool(p, value, "`cost`", &((struct m_entry *)object)->cost);
}

static void entry_lower(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    (void)parse_text(p, value, "`lower`", 1024, &((struct m_entry *)object)->lower);
}

void parse_top_capabilities(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    static const struct parse_field fields[] = {
        {"class", entry_class, false}, {"effects", entry_effects, false},
        {"args", NULL, false},         {"mask", entry_mask, false},
        {"cost", entry_cost, false},   {"lower", entry_lower, false},
    };
    struct model *m = object;
    (void)key;
    if (!parse_is_map(p, value, "`capabilities`"))
        return;
    m->nentries = 0;
    m->entries = parse_alloc(p, value->count, sizeof *m->entries);
    for (struct ynode *k = value->first; k && m->entries; k = k->next->next) {
        struct m_entry *e = &m->entries[m->nentries];
        if (k->refused || !parse_capability(p, k, &e->id))
            continue;
        e->klass = -1;
        if (!k->next->refused)
            parse_map(p, k->next, "a capability", fields, BASE_COUNT(fields), e);
        m->nentries++;
    }
}

void parse_top_labels(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct model *m = object;
    (void)key;
    if (parse_names(p, value, "`labels`", "a label", &m->labels) && m->labels.n > 64)
        policy_report(p->report, P_BOUND, value->pos, NULL, "%u labels; at most 64 are held",
                      m->labels.n);
}

static void audit_mask(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_masks(p, value, &((struct model *)object)->masks);
}

void parse_top_audit(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    static const struct parse_field fields[] = {{"mask", audit_mask, false}};
    (void)key;
    parse_map(p, value, "`audit`", fields, BASE_COUNT(fields), object);
}
