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
    if (parse_subject_list(p, value, PARSE_APPROVER, "`by`", &a->by) && value->count == 0)
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

static const struct parse_shape shape_need = {.kind = SHAPE_INT, .min = 1, .max = 64};
static const struct parse_shape shape_covers = {SHAPE_WORDS_OF(covers_words)};
static const struct parse_field approval_fields[] = {
    {"by", approval_by, true, &shape_some_subjects, "who can approve"},
    {"need", approval_need, true, &shape_need, "how many of them must"},
    {"within", approval_within, true, &shape_duration,
     "in which time; after it the request is denied"},
    {"covers", approval_covers, true, &shape_covers, "how long an approval lasts"},
};
const struct parse_shape shape_approval = {
    .name = "approval", SHAPE_FIELDS_OF(approval_fields), .says = "who approves"};
const struct parse_shape shape_approval_part = {.name = "expected-approval",
                                                SHAPE_FIELDS_OF(approval_fields),
                                                .says = "an approval in part",
                                                .partial = true};

static void read_approval(struct parser *p, struct ynode *n, bool whole, struct m_approval *out)
{
    struct parse_field fields[BASE_COUNT(approval_fields)];
    for (size_t i = 0; i < BASE_COUNT(fields); i++) {
        fields[i] = approval_fields[i];
        fields[i].required = whole;
    }
    *out = (struct m_approval){.covers = -1, .at = n->pos};
    parse_map(p, n, "an approval", fields, BASE_COUNT(fields), out);
}

struct m_approval *parse_approval(struct parser *p, struct ynode *n)
{
    struct m_approval *a = parse_alloc(p, 1, sizeof *a);
    if (a)
        read_approval(p, n, true, a);
    return a;
}

void parse_approval_part(struct parser *p, struct ynode *n, struct m_approval *out)
{
    read_approval(p, n, false, out);
}

void parse_rule_approval(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    (void)key;
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

/* A mapping in which nothing stands cuts nothing, and its author believes that it does. */
static void not_empty(struct parser *p, const struct ynode *map, const char *what)
{
    if (map->type == Y_MAP && !map->refused && map->count == 0)
        policy_report(p->report, P_EMPTY, map->pos, NULL, "%s", what);
}

static void within_limits(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    not_empty(p, value, "`limits` cuts nothing");
    parse_limits(p, value, false, &((struct m_grant *)object)->limits);
}

static void no_template(struct parser *p, const struct ynode *n)
{
    if (n->type <= Y_BOOL) {
        if (n->type == Y_TEXT && policy_has_template(n->text))
            policy_report(p->report, P_TEMPLATE, n->pos, "name what is left",
                          "what a require cuts to is the same for every request");
        return;
    }
    for (const struct ynode *c = ynode_first(n); c; c = c->next)
        no_template(p, c);
}

static const struct parse_field within_fields[] = {
    {"limits", within_limits, false, &shape_limits, "limits: the smaller one counts"},
    {"network", parse_grant_network, false, &shape_network,
     "of where it may connect to, what both have"},
    {"filesystem", parse_grant_filesystem, false, &shape_filesystem,
     "of the files, what both have"},
    {"environment", parse_grant_environment, false, &shape_environment,
     "of the variables, what both have"},
};
static const struct parse_shape shape_within = {.name = "within",
                                                SHAPE_FIELDS_OF(within_fields),
                                                .min = 1,
                                                .says = "what a grant is cut to; no templates"};

static void require_within(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_grant *g = parse_alloc(p, 1, sizeof *g);
    (void)key;
    if (!g)
        return;
    g->isolation = -1;
    g->at = value->pos;
    parse_map(p, value, "`within`", within_fields, BASE_COUNT(within_fields), g);
    not_empty(p, value, "`within` cuts nothing");
    no_template(p, value);
    ((struct m_require *)object)->within = g;
}

static const struct parse_field require_fields[] = {
    {"isolation", require_isolation, false, &shape_isolation, "at least this isolation"},
    {"approval", require_approval, false, &shape_approval,
     "somebody approves, beside whoever else does"},
    {"within", require_within, false, &shape_within, "no more than this"},
};
const struct parse_shape shape_require = {.name = "require",
                                          SHAPE_FIELDS_OF(require_fields),
                                          .min = 1,
                                          .says = "what a require holds a request to"};

void parse_rule_require(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    (void)key;
    r->require = parse_alloc(p, 1, sizeof *r->require);
    if (!r->require)
        return;
    r->require->isolation = -1;
    parse_map(p, value, "`require`", require_fields, BASE_COUNT(require_fields), r->require);
    not_empty(p, value, "`require` asks for nothing");
}

/* ---- labels and obligations ---- */

void parse_rule_labels(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    (void)key;
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

#define MAX_EXACT (INT64_C(1) << 53)

/* Whoever reads JSON has numbers of 53 bits. Recursion is bounded by the depth of the policy. */
static void check_numbers(struct parser *p, const struct ynode *n)
{
    if (n->type == Y_INT && (n->i > MAX_EXACT || n->i < -MAX_EXACT))
        policy_report(p->report, P_TYPE, n->pos, "quote it; as text it is handed on as it stands",
                      "integers are exact up to 2^53 in JSON");
    for (const struct ynode *c = ynode_first(n); c; c = c->next)
        check_numbers(p, c);
}

static void obligation_properties(struct parser *p, void *object, struct ynode *key,
                                  struct ynode *value)
{
    (void)key;
    if (!parse_is_map(p, value, "`properties`"))
        return;
    check_numbers(p, value);
    ((struct m_obligation *)object)->properties = value;
}

static const struct parse_shape shape_object = {
    .says = "a mapping of anything", .kind = SHAPE_MAP, .key = &shape_text, .of = &shape_any};
static const struct parse_field obligation_fields[] = {
    {"type", obligation_type, true, &shape_name, "its name"},
    {"properties", obligation_properties, false, &shape_object, "anything, handed on as it stands"},
};
static const struct parse_shape shape_obligation = {.name = "obligation",
                                                    SHAPE_FIELDS_OF(obligation_fields),
                                                    .says = "what whoever asked has to do"};
const struct parse_shape shape_obligations = {
    .kind = SHAPE_LIST, .of = &shape_obligation, .max = POLICY_MAX_HELD};

void parse_rule_obligations(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
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
        parse_map(p, c, "an obligation", obligation_fields, BASE_COUNT(obligation_fields),
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

static const struct parse_field valid_fields[] = {
    {"from", valid_from, false, &shape_moment, "from this moment on"},
    {"until", valid_until, false, &shape_moment, "up to this moment, which is excluded"},
};
const struct parse_shape shape_valid = {
    .name = "valid", SHAPE_FIELDS_OF(valid_fields), .min = 1, .says = "when a rule is in force"};

void parse_rule_valid(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    (void)key;
    parse_map(p, value, "`valid`", valid_fields, BASE_COUNT(valid_fields), r);
    if (value->type == Y_MAP && value->count == 0)
        policy_report(p->report, P_EMPTY, value->pos, NULL, "`valid` names no time");
    if (r->from_ns >= r->until_ns)
        policy_report(p->report, P_TIME, value->pos, NULL, "the rule ends before it begins");
}

/* ---- shadow ---- */

static const char *const mode_words[] = {"enforce", "shadow"};
const struct parse_shape shape_mode = {SHAPE_WORDS_OF(mode_words)};

void parse_rule_mode(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    ((struct m_rule *)object)->shadow =
        parse_word(p, value, "`mode`", mode_words, BASE_COUNT(mode_words)) == 1;
}

void parse_rule_replaces(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    (void)key;
    r->replaces.at = value->pos;
    parse_text(p, value, "`replaces`", 256, &r->replaces.text);
    r->replaces.text = parse_own_id(p, r->replaces.text);
}
