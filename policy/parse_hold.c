/*
 * What a rule holds a request to beside its grant: approvals, what a require raises and cuts,
 * labels, obligations, the time in which it is valid, and whether it is a shadow.
 */
#include "policy/parse.h"

#include "policy/value_time.h"

bool parse_names(struct parser *p, const struct ynode *n, const char *list, const char *what,
                 struct m_names *out)
{
    if (!parse_is_list(p, n, list))
        return false;
    *out = (struct m_names){.v = parse_alloc(p, n->count, sizeof *out->v)};
    for (const struct ynode *c = n->first; c && out->v; c = c->next)
        if (parse_name(p, c, what))
            out->v[out->n++] = (struct m_name){c->text, c->pos};
    return out->v != NULL;
}

/* ---- approvals ---- */

static void approval_by(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_approval *a = object;
    (void)key;
    if (parse_subject_list(p, value, "`by`", &a->by) && value->count == 0)
        policy_report(p->report, P_EMPTY, value->pos, NULL, "`by` names nobody");
}

static void approval_need(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    if (value->type == Y_INT && value->i >= 1 && value->i <= 64)
        ((struct m_approval *)object)->need = (uint32_t)value->i;
    else
        policy_report(p->report, P_TYPE, value->pos, NULL, "`need` is a number from 1 to 64");
}

static void approval_within(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    (void)parse_duration(p, value, "`within`", &((struct m_approval *)object)->within_ns);
}

#define X(id, name) name,
static const char *const covers_words[] = {POLICY_COVERS_TABLE(X)};
#undef X

static void approval_covers(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    ((struct m_approval *)object)->covers =
        parse_word(p, value, "`covers`", covers_words, BASE_COUNT(covers_words));
}

struct m_approval *parse_approval(struct parser *p, struct ynode *n)
{
    static const struct parse_field fields[] = {
        {"by", approval_by, true},
        {"need", approval_need, true},
        {"within", approval_within, true},
        {"covers", approval_covers, true},
    };
    struct m_approval *a = parse_alloc(p, 1, sizeof *a);
    if (!a)
        return NULL;
    a->at = n->pos;
    parse_map(p, n, "an approval", fields, BASE_COUNT(fields), a);
    return a;
}

void parse_rule_approval(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    r->approval_at = key->pos;
    r->approval = parse_approval(p, value);
}

/* ---- require ---- */

static void require_isolation(struct parser *p, void *object, struct ynode *key,
                              struct ynode *value)
{
    (void)key;
    ((struct m_require *)object)->isolation = parse_isolation(p, value);
}

static void require_approval(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    ((struct m_require *)object)->approval = parse_approval(p, value);
}

static void within_limits(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_limits(p, value, false, &((struct m_grant *)object)->limits);
}

static void no_template(struct parser *p, const struct ynode *n)
{
    if (n->type <= Y_BOOL) {
        if (n->type == Y_TEXT && memmem(n->text.p, n->text.n, "${", 2))
            policy_report(p->report, P_TEMPLATE, n->pos, "name what is left",
                          "what a require cuts to is the same for every request");
        return;
    }
    for (const struct ynode *c = n->first; c; c = c->next)
        no_template(p, c);
}

static void require_within(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    static const struct parse_field fields[] = {
        {"limits", within_limits, false},
        {"network", parse_grant_network, false},
        {"filesystem", parse_grant_filesystem, false},
        {"environment", parse_grant_environment, false},
    };
    struct m_grant *g = parse_alloc(p, 1, sizeof *g);
    (void)key;
    if (!g)
        return;
    g->isolation = -1;
    g->at = value->pos;
    parse_map(p, value, "`within`", fields, BASE_COUNT(fields), g);
    no_template(p, value);
    ((struct m_require *)object)->within = g;
}

void parse_rule_require(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    static const struct parse_field fields[] = {
        {"isolation", require_isolation, false},
        {"approval", require_approval, false},
        {"within", require_within, false},
    };
    struct m_rule *r = object;
    r->require_at = key->pos;
    r->require = parse_alloc(p, 1, sizeof *r->require);
    if (!r->require)
        return;
    r->require->isolation = -1;
    parse_map(p, value, "`require`", fields, BASE_COUNT(fields), r->require);
    if (value->type == Y_MAP && value->count == 0)
        policy_report(p->report, P_EMPTY, value->pos, NULL, "`require` asks for nothing");
}

/* ---- labels and obligations ---- */

void parse_rule_labels(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    r->labels_at = key->pos;
    parse_names(p, value, "`labels`", "a label", &r->labels);
    for (uint32_t i = 0; i < r->labels.n; i++)
        r->labels.v[i].text = parse_own_id(p, r->labels.v[i].text);
}

static void obligation_type(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    if (parse_name(p, value, "an obligation"))
        ((struct m_obligation *)object)->type = value->text;
}

static void obligation_properties(struct parser *p, void *object, struct ynode *key,
                                  struct ynode *value)
{
    (void)key;
    if (parse_is_map(p, value, "`properties`"))
        ((struct m_obligation *)object)->properties = value;
}

void parse_rule_obligations(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    static const struct parse_field fields[] = {
        {"type", obligation_type, true},
        {"properties", obligation_properties, false},
    };
    struct m_rule *r = object;
    (void)key;
    if (!parse_is_list(p, value, "`obligations`"))
        return;
    if (value->count > POLICY_MAX_HELD) {
        policy_report(p->report, P_BOUND, value->pos, NULL,
                      "%u obligations; at most %u are held in a rule", value->count,
                      POLICY_MAX_HELD);
        return;
    }
    r->nobligations = 0;
    r->obligations = parse_alloc(p, value->count, sizeof *r->obligations);
    for (struct ynode *c = value->first; c && r->obligations; c = c->next)
        parse_map(p, c, "an obligation", fields, BASE_COUNT(fields),
                  &r->obligations[r->nobligations++]);
}

/* ---- time ---- */

static void parse_moment(struct parser *p, const struct ynode *n, const char *what, int64_t *ns)
{
    struct str text;
    char shown[POLICY_SHOWN];
    if (!parse_text(p, n, what, 64, &text) || value_moment_parse(text, ns))
        return;
    policy_report(p->report, P_TIME, n->pos, "write \"2026-11-01T00:00:00Z\"",
                  "%s is `%s`, which is no time", what, policy_shown(text, shown));
}

static void valid_from(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_moment(p, value, "`from`", &((struct m_rule *)object)->from_ns);
}

static void valid_until(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    ((struct m_rule *)object)->until_at = key->pos;
    parse_moment(p, value, "`until`", &((struct m_rule *)object)->until_ns);
}

void parse_rule_valid(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    static const struct parse_field fields[] = {
        {"from", valid_from, false},
        {"until", valid_until, false},
    };
    struct m_rule *r = object;
    (void)key;
    parse_map(p, value, "`valid`", fields, BASE_COUNT(fields), r);
    if (value->type == Y_MAP && value->count == 0)
        policy_report(p->report, P_EMPTY, value->pos, NULL, "`valid` names no time");
    if (r->from_ns >= r->until_ns)
        policy_report(p->report, P_TIME, value->pos, NULL, "the rule ends before it begins");
}

/* ---- shadow ---- */

void parse_rule_mode(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    static const char *const words[] = {"enforce", "shadow"};
    (void)key;
    ((struct m_rule *)object)->shadow =
        parse_word(p, value, "`mode`", words, BASE_COUNT(words)) == 1;
}

void parse_rule_replaces(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    (void)key;
    r->replaces.at = value->pos;
    parse_text(p, value, "`replaces`", 256, &r->replaces.text);
    r->replaces.text = parse_own_id(p, r->replaces.text);
}
