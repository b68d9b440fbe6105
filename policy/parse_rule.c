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
        {"ccos.io.file-access",
         "name the capabilities that use files, such as `ccos.io.read-file`"},
        {"ccos.network.outbound", "name the capabilities that use the network, such as "
                                  "`ccos.network.http-fetch`"},
        {"ccos.system.environment", "name the capability, such as `ccos.system.get-env`"},
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
    if (!parse_subject_list(p, value, "`resource`", &r->resources))
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
    r->grant_at = key->pos;
    r->grant = parse_grant_or_name(p, value);
}

static void rule_reason(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    (void)key;
    r->has_reason = parse_text(p, value, "`reason`", 1024, &r->reason);
}

/* ---- what each effect takes ---- */

static void need(struct parser *p, const struct ynode *rule, const struct m_rule *r, bool there,
                 const char *key)
{
    if (!there)
        policy_report(p->report, P_MISSING_KEY, rule->pos, NULL, "an %s has no `%s`",
                      effect_words[r->effect], key);
}

static void refuse(struct parser *p, struct policy_pos at, const struct m_rule *r, const char *key,
                   const char *hint)
{
    policy_report(p->report, P_MISPLACED, at, hint, "`effect: %s` takes no `%s`",
                  effect_words[r->effect], key);
}

static bool names_capability(const struct m_rule *r)
{
    for (uint32_t i = 0; i < r->ncapabilities; i++)
        if (str_is(r->capabilities[i].text, "*"))
            return false;
    return r->has_capability;
}

static void check_permit(struct parser *p, const struct ynode *n, const struct m_rule *r)
{
    need(p, n, r, r->has_subject, "subject");
    need(p, n, r, r->has_capability || r->has_effects, "capability");
    if (r->require)
        refuse(p, r->require_at, r, "require", "write it in a rule of its own, `effect: require`");
    if (r->effect == RULE_ALLOW && r->approval)
        refuse(p, r->approval_at, r, "approval", "`effect: ask` asks");
}

static void check_require(struct parser *p, const struct ynode *n, const struct m_rule *r)
{
    if (r->grant)
        refuse(p, r->grant_at, r, "grant", "cut with `require: {within: {...}}`");
    if (r->approval)
        refuse(p, r->approval_at, r, "approval", "write it in `require: {approval: {...}}`");
    if (!r->require && !r->labels.n && !r->nobligations)
        policy_report(p->report, P_MISSING_KEY, n->pos, NULL, "a require has no `require`");
}

static void check_deny(struct parser *p, const struct m_rule *r)
{
    if (r->grant)
        policy_report(p->report, P_DENY_GRANT, r->grant_at, "leave it out",
                      "a deny grants nothing");
    if (r->require)
        refuse(p, r->require_at, r, "require", "leave it out");
    if (r->approval)
        refuse(p, r->approval_at, r, "approval", "`effect: ask` asks");
    if (r->labels.n)
        refuse(p, r->labels_at, r, "labels", "nothing happens that could be labelled");
    if (r->has_resource && !names_capability(r))
        policy_report(p->report, P_DENY_RESOURCE, r->resource_at,
                      "name the capabilities that it is about",
                      "a deny with `resource` matches every request that names none");
}

static void parse_rule(struct parser *p, struct ynode *n, struct m_rule *r)
{
    static const struct parse_field fields[] = {
        {"id", rule_id, true},
        {"effect", rule_effect, true},
        {"subject", rule_subject, false},
        {"capability", rule_capability, false},
        {"when", rule_when, false},
        {"grant", rule_grant, false},
        {"reason", rule_reason, false},
        {"effects", rule_effects, false},
        {"resource", rule_resource, false},
        {"valid", parse_rule_valid, false},
        {"require", parse_rule_require, false},
        {"approval", parse_rule_approval, false},
        {"labels", parse_rule_labels, false},
        {"obligations", parse_rule_obligations, false},
        {"mode", parse_rule_mode, false},
        {"replaces", parse_rule_replaces, false},
    };
    r->effect = -1;
    r->from_ns = INT64_MIN;
    r->until_ns = INT64_MAX;
    r->at = r->id_at = n->pos;
    r->scope = parse_scope(p);
    parse_map(p, n, "a rule", fields, BASE_COUNT(fields), r);
    if (r->effect == RULE_ALLOW || r->effect == RULE_ASK)
        check_permit(p, n, r);
    else if (r->effect == RULE_REQUIRE)
        check_require(p, n, r);
    else if (r->effect == RULE_DENY)
        check_deny(p, r);
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
