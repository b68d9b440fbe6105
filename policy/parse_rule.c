/*
 * Rules: who may do what, under which condition, with which grant.
 */
#include "policy/parse.h"

bool parse_id(struct parser *p, const struct ynode *n, const char *what, struct str *out)
{
    struct str id;
    if (!parse_text(p, n, "`id`", 128, &id))
        return false;
    bool good = true;
    for (size_t i = 0; i < id.n; i++)
        good = good && ((id.p[i] >= 'a' && id.p[i] <= 'z') || (id.p[i] >= '0' && id.p[i] <= '9') ||
                        (id.p[i] == '-' && i > 0));
    char shown[POLICY_SHOWN];
    if (!good)
        policy_report(p->report, P_NAME, n->pos,
                      "small letters, digits and `-`, such as `read-docs`", "`%s` is no %s",
                      policy_shown(id, shown), what);
    *out = parse_own_id(p, id);
    return true;
}

static void rule_id(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    (void)key;
    if (parse_id(p, value, "rule id", &r->id))
        r->id_at = value->pos;
}

#define X(id, name) name,
static const char *const effect_words[] = {POLICY_RULE_TABLE(X)};
#undef X
static const struct parse_shape shape_rule_effect = {SHAPE_WORDS_OF(effect_words)};

static void rule_effect(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    (void)key;
    r->effect_at = value->pos;
    r->effect = parse_word(p, value, "`effect`", effect_words, BASE_COUNT(effect_words));
}

static void rule_subject(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    (void)key;
    r->has_subject = true;
    parse_subjects(p, value, &r->subjects);
}

static const char *implied_effect(struct str id)
{
    static const struct {
        const char *id, *hint;
    } implied[] = {
        {"ccos.io.file-access", "select by effect: `effects: [filesystem]`"},
        {"ccos.network.outbound", "select by effect: `effects: [network]`"},
        {"ccos.system.environment", "select by effect: `effects: [environment]`"},
        {"external_program", "name the action: `program.external`"},
        {"native_function", "name the action: `program.native`"},
    };
    for (size_t i = 0; i < BASE_COUNT(implied); i++)
        if (str_is(id, implied[i].id))
            return implied[i].hint;
    return NULL;
}

bool parse_capability(struct parser *p, const struct ynode *n, struct m_capability *out)
{
    char shown[POLICY_SHOWN];
    if (!parse_text(p, n, "a capability", POLICY_MAX_NAME, &out->text))
        return false;
    out->at = n->pos;
    const char *hint = implied_effect(out->text);
    if (hint) {
        policy_report(p->report, P_IMPLIED, n->pos, hint,
                      "`%s` is implied by what uses it and is never asked for",
                      policy_shown(out->text, shown));
        return false;
    }
    const char *fault = policy_capability_key(out->text, &out->key);
    if (fault)
        policy_report(p->report, P_CAPABILITY, n->pos,
                      "`a.b.c`, `a.b.*`, `a.*.c`, `a.get_*` or `*`", "capability `%s` %s",
                      policy_shown(out->text, shown), fault);
    return !fault;
}

uint32_t parse_capabilities(struct parser *p, const struct ynode *list, struct m_capability **out)
{
    uint32_t n = 0;
    if (!parse_is_list(p, list, "`capability`"))
        return 0;
    if (list->count == 0)
        policy_report(p->report, P_EMPTY, list->pos, NULL, "`capability` names nothing");
    *out = parse_alloc(p, list->count, sizeof **out);
    for (const struct ynode *c = list->first; c && *out; c = c->next)
        if (parse_capability(p, c, &(*out)[n]))
            n++;
    return n;
}

static void rule_capability(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    (void)key;
    r->has_capability = true;
    r->ncapabilities = parse_capabilities(p, value, &r->capabilities);
}

static void rule_effects(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    (void)key;
    r->has_effects = true;
    if (parse_names(p, value, "`effects`", "an effect", &r->effects) && value->count == 0)
        policy_report(p->report, P_EMPTY, value->pos, NULL, "`effects` names nothing");
}

static void rule_resource(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    r->has_resource = true;
    r->resource_at = key->pos;
    if (!parse_subject_list(p, value, PARSE_RESOURCE, "`resource`", &r->resources))
        return;
    if (value->count == 0)
        policy_report(p->report, P_EMPTY, value->pos, NULL, "`resource` names nothing");
    for (uint32_t i = 0; i < r->resources.n; i++)
        if (r->resources.v[i].kind == SUBJECT_GROUP)
            policy_report(p->report, P_SUBJECT, r->resources.v[i].at, "write `type:id` patterns",
                          "a group holds subjects, and no resources");
}

static void rule_when(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    ((struct m_rule *)object)->when = parse_when(p, value);
}

struct m_grant *parse_grant_or_name(struct parser *p, struct ynode *value)
{
    struct m_grant *g = parse_alloc(p, 1, sizeof *g);
    if (!g)
        return NULL;
    g->isolation = -1;
    g->at = value->pos;
    if (value->type == Y_MAP) {
        parse_grant_map(p, value, g);
        return g;
    }
    if (parse_name(p, value, "`grant`"))
        g->use = parse_named(p, SPACE_GRANTS, value->text);
    g->use_at = value->pos;
    return g;
}

static void rule_grant(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    (void)key;
    r->grant = parse_grant_or_name(p, value);
}

static void rule_reason(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    (void)key;
    r->has_reason = parse_text(p, value, "`reason`", 1024, &r->reason);
}

/* ---- what each effect takes ---- */

static bool names_capability(const struct m_rule *r)
{
    for (uint32_t i = 0; i < r->ncapabilities; i++)
        if (str_is(r->capabilities[i].text, "*"))
            return false;
    return r->has_capability;
}

#define KIND(id) (1u << RULE_##id)
#define PERMITS  (KIND(ALLOW) | KIND(ASK))
static const char *const grant_hints[RULE_KINDS] = {
    [RULE_DENY] = "leave it out", [RULE_REQUIRE] = "cut with `require: {within: {...}}`"};
static const char *const approval_hints[RULE_KINDS] = {
    [RULE_ALLOW] = "`effect: ask` asks",
    [RULE_DENY] = "`effect: ask` asks",
    [RULE_REQUIRE] = "write it in `require: {approval: {...}}`"};
static const char *const require_hints[RULE_KINDS] = {
    [RULE_ALLOW] = "write it in a rule of its own, `effect: require`",
    [RULE_ASK] = "write it in a rule of its own, `effect: require`",
    [RULE_DENY] = "leave it out"};
static const char *const label_hints[RULE_KINDS] = {[RULE_DENY] =
                                                        "nothing happens that could be labelled"};
static const struct shape_case rule_cases[] = {
    {"subject", ~0u, PERMITS, NULL},
    {"approval", KIND(ASK), 0, approval_hints},
    {"grant", PERMITS, 0, grant_hints},
    {"require", KIND(REQUIRE), 0, require_hints},
    {"labels", PERMITS | KIND(REQUIRE), 0, label_hints},
};

static void check_case(struct parser *p, const struct ynode *n, const struct m_rule *r,
                       const struct shape_case *c)
{
    bool needs = (c->needs >> r->effect) & 1u, takes = (c->takes >> r->effect) & 1u;
    const struct ynode *key = needs || !takes ? parse_key(n, str_of(c->key)) : NULL;
    if (!key && needs && !parse_was_meant(p, c->key))
        policy_report(p->report, P_MISSING_KEY, n->pos, NULL, "an %s has no `%s`",
                      effect_words[r->effect], c->key);
    if (!key || key->refused || takes)
        return;
    bool grants = r->effect == RULE_DENY && str_is(key->text, "grant");
    policy_report(p->report, grants ? P_DENY_GRANT : P_MISPLACED, key->pos, c->hint[r->effect],
                  "`effect: %s` takes no `%s`", effect_words[r->effect], c->key);
}

static void check_effect(struct parser *p, const struct ynode *n, const struct m_rule *r)
{
    bool permits = (PERMITS >> r->effect) & 1u;
    for (size_t i = 0; i < BASE_COUNT(rule_cases); i++)
        check_case(p, n, r, &rule_cases[i]);
    if (permits && !r->has_capability && !r->has_effects && !parse_was_meant(p, "capability"))
        policy_report(p->report, P_MISSING_KEY, n->pos, NULL, "an %s has no `capability`",
                      effect_words[r->effect]);
    if (r->effect == RULE_REQUIRE && !r->require && !r->labels.n && !r->nobligations)
        policy_report(p->report, P_MISSING_KEY, n->pos, NULL, "a require has no `require`");
    if (r->effect == RULE_DENY && r->has_resource && !names_capability(r))
        policy_report(p->report, P_DENY_RESOURCE, r->resource_at,
                      "name the capabilities that it is about",
                      "a deny with `resource` matches every request that names none");
}

static const struct parse_shape shape_grant_or_name = {SHAPE_EITHER_OF(&shape_name, &shape_grant)};
static const struct parse_field rule_fields[] = {
    {"id", rule_id, true, &shape_rule_id, "its name in decisions and records"},
    {"effect", rule_effect, true, &shape_rule_effect, "what it does"},
    {"subject", rule_subject, false, &shape_subjects,
     "who; a deny or require without it is of anyone"},
    {"capability", rule_capability, false, &shape_capabilities,
     "what; a deny or require without it is of everything"},
    {"when", rule_when, false, &shape_when, "under which condition"},
    {"grant", rule_grant, false, &shape_grant_or_name, "with which means; allow and ask only"},
    {"reason", rule_reason, false, &shape_text,
     "why, for the person who is refused; at most 1024 bytes"},
    {"effects", rule_effects, false, &shape_effects,
     "what, by effect; beside `capability` both must match"},
    {"resource", rule_resource, false, &shape_some_subjects, "on what: patterns `type:id`"},
    {"valid", parse_rule_valid, false, &shape_valid, "when it is in force"},
    {"require", parse_rule_require, false, &shape_require,
     "what it holds a request to; require only"},
    {"approval", parse_rule_approval, false, &shape_approval, "who approves; ask only"},
    {"labels", parse_rule_labels, false, &shape_names,
     "labels that the session then has; not on a deny"},
    {"obligations", parse_rule_obligations, false, &shape_obligations,
     "what whoever asked has to do"},
    {"mode", parse_rule_mode, false, &shape_mode,
     "`shadow`: it decides nothing, and is recorded beside"},
    {"replaces", parse_rule_replaces, false, &shape_rule_id,
     "of a shadow rule: the rule that it would replace"},
};
const struct parse_shape shape_rule = {.name = "rule",
                                       SHAPE_FIELDS_OF(rule_fields),
                                       .says = "one rule",
                                       .by = "effect",
                                       .cases = rule_cases,
                                       .ncases = BASE_COUNT(rule_cases)};
const struct parse_shape shape_rules = {
    .kind = SHAPE_LIST, .of = &shape_rule, .max = POLICY_MAX_RULES};

static void parse_rule(struct parser *p, struct ynode *n, struct m_rule *r)
{
    r->effect = -1;
    r->from_ns = INT64_MIN;
    r->until_ns = INT64_MAX;
    r->at = r->id_at = n->pos;
    r->scope = parse_scope(p);
    parse_map(p, n, "a rule", rule_fields, BASE_COUNT(rule_fields), r);
    if (r->effect >= 0)
        check_effect(p, n, r);
    if (r->replaces.text.n && !r->shadow)
        policy_report(p->report, P_MISPLACED, r->replaces.at, "add `mode: shadow`",
                      "only a shadow rule replaces another");
}

void parse_rules(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct model *m = object;
    (void)key;
    if (!parse_is_list(p, value, "`rules`"))
        return;
    if (value->count > POLICY_MAX_RULES) {
        policy_report(p->report, P_BOUND, value->pos, "split the policy",
                      "%u rules; at most %u are held", value->count, POLICY_MAX_RULES);
        return;
    }
    m->nrules = 0;
    m->rules = parse_alloc(p, value->count, sizeof *m->rules);
    for (struct ynode *n = value->first; n && m->rules; n = n->next)
        if (parse_is_map(p, n, "a rule"))
            parse_rule(p, n, &m->rules[m->nrules++]);
}
