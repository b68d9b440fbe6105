/*
 * Rules: who may do what, under which condition, with which grant.
 */
#include "policy/parse.h"

static void rule_id(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    struct str id;
    (void)key;
    if (!parse_text(p, value, "`id`", 128, &id))
        return;
    bool good = true;
    for (size_t i = 0; i < id.n; i++)
        good = good && ((id.p[i] >= 'a' && id.p[i] <= 'z') || (id.p[i] >= '0' && id.p[i] <= '9') ||
                        (id.p[i] == '-' && i > 0));
    char shown[POLICY_SHOWN];
    if (!good)
        policy_report(p->report, P_NAME, value->pos,
                      "small letters, digits and `-`, such as `read-docs`", "`%s` is no rule id",
                      policy_shown(id, shown));
    r->id = id;
    r->id_at = value->pos;
}

static void rule_effect(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    static const char *const words[] = {"deny", "allow", "ask", "require"};
    static const int effects[] = {CORE_EFFECT_DENY, CORE_EFFECT_ALLOW};
    struct m_rule *r = object;
    (void)key;
    r->effect_at = value->pos;
    int word = parse_word(p, value, "`effect`", words, BASE_COUNT(words));
    if (word >= (int)BASE_COUNT(effects))
        parse_not_understood(p, value, value->text);
    else if (word >= 0)
        r->effect = effects[word];
}

static void rule_subject(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    (void)key;
    r->has_subject = true;
    if (value->type == Y_TEXT && str_is(value->text, "anyone")) {
        r->subjects.v = parse_alloc(p, 1, sizeof *r->subjects.v);
        r->subjects.n = r->subjects.v && parse_subject_or_anyone(p, value, r->subjects.v);
        return;
    }
    if (!parse_subject_list(p, value, "`subject`", &r->subjects))
        return;
    if (value->count == 0)
        policy_report(p->report, P_EMPTY, value->pos,
                      "write `subject: anyone` if everyone is meant", "`subject` names nobody");
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

static bool parse_capability(struct parser *p, const struct ynode *n, struct m_capability *out)
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

static void rule_capability(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    (void)key;
    r->has_capability = true;
    if (!parse_is_list(p, value, "`capability`"))
        return;
    if (value->count == 0)
        policy_report(p->report, P_EMPTY, value->pos, NULL, "`capability` names nothing");
    r->ncapabilities = 0;
    r->capabilities = parse_alloc(p, value->count, sizeof *r->capabilities);
    for (const struct ynode *c = value->first; c && r->capabilities; c = c->next)
        if (parse_capability(p, c, &r->capabilities[r->ncapabilities]))
            r->ncapabilities++;
}

static void rule_when(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    ((struct m_rule *)object)->when = parse_when(p, value);
}

static void rule_grant(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    r->grant_at = key->pos;
    r->grant = parse_alloc(p, 1, sizeof *r->grant);
    if (!r->grant)
        return;
    r->grant->isolation = -1;
    r->grant->at = value->pos;
    if (value->type == Y_MAP) {
        parse_grant_map(p, value, r->grant);
        return;
    }
    if (parse_name(p, value, "`grant`"))
        r->grant->use = value->text;
    r->grant->use_at = value->pos;
}

static void rule_reason(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_rule *r = object;
    (void)key;
    r->has_reason = parse_text(p, value, "`reason`", 1024, &r->reason);
}

static void need(struct parser *p, const struct ynode *rule, bool there, const char *key)
{
    if (!there)
        policy_report(p->report, P_MISSING_KEY, rule->pos, NULL, "an allow has no `%s`", key);
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
        {"effects", NULL, false},
        {"resource", NULL, false},
        {"valid", NULL, false},
        {"require", NULL, false},
        {"approval", NULL, false},
        {"labels", NULL, false},
        {"obligations", NULL, false},
        {"mode", NULL, false},
        {"replaces", NULL, false},
    };
    r->effect = -1;
    r->at = r->id_at = n->pos;
    parse_map(p, n, "a rule", fields, BASE_COUNT(fields), r);
    if (r->effect == CORE_EFFECT_ALLOW) {
        need(p, n, r->has_subject, "subject");
        need(p, n, r->has_capability, "capability");
    }
    if (r->effect == CORE_EFFECT_DENY && r->grant)
        policy_report(p->report, P_DENY_GRANT, r->grant_at, "leave it out",
                      "a deny grants nothing");
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
