/*
 * Grants and limits: what a permitted run may have. Called for `grants`, for a rule's `grant` and
 * for `defaults.limits`.
 */
#include "policy/parse.h"

#include "policy/value_size.h"

bool parse_amount(struct parser *p, const struct ynode *n, const char *what, enum core_unit unit,
                  uint64_t *value)
{
    bool scalar = n->type == Y_TEXT || n->type == Y_INT;
    char shown[POLICY_SHOWN];
    if (scalar && value_amount_parse(n->text, unit, value))
        return true;
    if (!n->refused)
        policy_report(p->report, P_LIMIT, n->pos, NULL, "%s is `%s`; %s is wanted", what,
                      scalar ? policy_shown(n->text, shown) : policy_yaml_kind(n),
                      value_amount_wanted(unit));
    return false;
}

bool parse_duration(struct parser *p, const struct ynode *n, const char *what, int64_t *ns)
{
    uint64_t value;
    if (!parse_amount(p, n, what, CORE_UNIT_NS, &value))
        return false;
    if (value == 0)
        policy_report(p->report, P_LIMIT, n->pos, NULL, "%s is no time at all", what);
    *ns = (int64_t)value;
    return value > 0;
}

static void parse_limit(struct parser *p, enum core_limit limit, const struct ynode *n,
                        struct m_limits *out)
{
    enum core_unit unit = core_limit_unit(limit);
    uint64_t value = CORE_UNLIMITED;
    bool scalar = n->type == Y_TEXT || n->type == Y_INT;
    bool good =
        scalar && (str_is(n->text, "unlimited") || value_amount_parse(n->text, unit, &value));
    char shown[POLICY_SHOWN];
    if (!good || (value == 0 && !value_limit_may_be_zero(limit))) {
        policy_report(p->report, P_LIMIT, n->pos, good ? "leave it out to have the default" : NULL,
                      "`%s` is `%s`; %s%s, or `unlimited`, is wanted", core_limit_name(limit),
                      scalar ? policy_shown(n->text, shown) : policy_yaml_kind(n),
                      value_amount_wanted(unit), good ? ", more than 0" : "");
        return;
    }
    out->limits.value[limit] = value;
    out->limits.set |= 1u << limit;
    out->at[limit] = n->pos;
}

#define X(id, name, ...) name,
static const char *const limit_words[] = {CORE_LIMIT_TABLE(X)};
#undef X

static void parse_best_effort(struct parser *p, const struct ynode *n, struct m_limits *out)
{
    if (!parse_is_list(p, n, "`best_effort`"))
        return;
    for (const struct ynode *c = n->first; c; c = c->next) {
        int limit =
            parse_word(p, c, "an entry of `best_effort`", limit_words, BASE_COUNT(limit_words));
        if (limit >= 0)
            out->limits.best_effort |= 1u << limit;
    }
}

static void unknown_limit(struct parser *p, const struct ynode *key)
{
    struct policy_nearest near = policy_near(p->report, key->text);
    for (size_t i = 0; i < BASE_COUNT(limit_words); i++)
        policy_offer(&near, str_of(limit_words[i]));
    policy_offer(&near, STR("best_effort"));
    char shown[POLICY_SHOWN], hint[POLICY_HINT];
    policy_report(p->report, P_UNKNOWN_KEY, key->pos, policy_hint(&near, hint),
                  "unknown key `%s` in limits", policy_shown(key->text, shown));
}

void parse_limits(struct parser *p, struct ynode *n, bool in_grant, struct m_limits *out)
{
    if (!parse_is_map(p, n, "`limits`"))
        return;
    out->present = true;
    for (struct ynode *k = n->first; k; k = k->next->next) {
        if (k->refused || k->next->refused)
            continue;
        int limit = core_limit_of(k->text);
        if (limit >= 0)
            parse_limit(p, (enum core_limit)limit, k->next, out);
        else if (!str_is(k->text, "best_effort"))
            unknown_limit(p, k);
        else if (in_grant)
            parse_best_effort(p, k->next, out);
        else
            policy_report(p->report, P_UNKNOWN_KEY, k->pos, "write it in the grant's limits",
                          "`best_effort` stands in grants only");
    }
}

static void grant_use(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_grant *g = object;
    (void)key;
    if (parse_name(p, value, "a grant"))
        g->use = parse_named(p, SPACE_GRANTS, value->text);
    g->use_at = value->pos;
}

static void grant_isolation(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_grant *g = object;
    (void)key;
    g->isolation = parse_isolation(p, value);
}

static void grant_limits(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_limits(p, value, true, &((struct m_grant *)object)->limits);
}

void parse_grant_map(struct parser *p, struct ynode *n, struct m_grant *g)
{
    static const struct parse_field fields[] = {
        {"use", grant_use, false},
        {"isolation", grant_isolation, false},
        {"filesystem", parse_grant_filesystem, false},
        {"limits", grant_limits, false},
        {"provider", parse_grant_provider, false},
        {"network", parse_grant_network, false},
        {"environment", parse_grant_environment, false},
        {"secrets", parse_grant_secrets, false},
    };
    g->isolation = -1;
    g->at = n->pos;
    parse_map(p, n, "a grant", fields, BASE_COUNT(fields), g);
}
