/*
 * Grants and limits: what a permitted run may have. Called for `grants`, for a rule's `grant` and
 * for `defaults.limits`.
 */
#include "policy/parse.h"

#include "policy/value_size.h"

static const char *const no_limit[] = {"unlimited"};
const struct parse_shape shape_duration = {.says = "a time such as `500ms`, `5s`, `10m`, `1h`",
                                           SHAPE_UNITS_OF(value_limit_times)};
const struct parse_shape shape_size = {.says = "a size such as `64KiB`, `128MiB`, `1GiB`",
                                       SHAPE_UNITS_OF(value_sizes)};
const struct parse_shape shape_count = {.says = "a number", SHAPE_UNITS_OF(value_limit_counts)};
static const struct parse_shape shape_unlimited = {SHAPE_WORDS_OF(no_limit)},
                                limit_CORE_UNIT_NS = {SHAPE_EITHER_OF(&shape_duration,
                                                                      &shape_unlimited)},
                                limit_CORE_UNIT_BYTES = {SHAPE_EITHER_OF(&shape_size,
                                                                         &shape_unlimited)},
                                limit_CORE_UNIT_COUNT = {
                                    SHAPE_EITHER_OF(&shape_count, &shape_unlimited)};

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
static const struct parse_shape shape_limit_name = {SHAPE_WORDS_OF(limit_words)};
static const struct parse_shape shape_limit_names = {.kind = SHAPE_LIST, .of = &shape_limit_name};
/* What `limits` may hold; the last stands in grants alone. */
static const struct parse_field limit_fields[] = {
#define X(id, name, unit, held, doc) {name, NULL, false, &limit_##unit, doc},
    CORE_LIMIT_TABLE(X)
#undef X
        {"best_effort", NULL, false, &shape_limit_names,
         "those that may go unheld where nothing can hold them"},
};
const struct parse_shape shape_limits = {.name = "limits",
                                         .says = "how much a run may use",
                                         .kind = SHAPE_KEYS,
                                         .fields = limit_fields,
                                         .n = CORE_LIMIT_COUNT};
const struct parse_shape shape_grant_limits = {
    .name = "grant-limits", SHAPE_FIELDS_OF(limit_fields), .says = "limits of a grant"};

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

static const struct parse_field grant_fields[] = {
    {"use", grant_use, false, &shape_name,
     "a named grant, whose keys hold where this one has none"},
    {"isolation", grant_isolation, false, &shape_isolation, "the weakest isolation that will do"},
    {"filesystem", parse_grant_filesystem, false, &shape_filesystem, "the files that it sees"},
    {"limits", grant_limits, false, &shape_grant_limits, "how much it may use"},
    {"provider", parse_grant_provider, false, &shape_provider,
     "the providers that may carry it out"},
    {"network", parse_grant_network, false, &shape_network, "where it may connect to"},
    {"environment", parse_grant_environment, false, &shape_environment,
     "the variables that it has"},
    {"secrets", parse_grant_secrets, false, &shape_secrets, "the secrets that it gets"},
};
const struct parse_shape shape_grant = {
    .name = "grant", SHAPE_FIELDS_OF(grant_fields), .says = "what a permitted run may have"};

void parse_grant_map(struct parser *p, struct ynode *n, struct m_grant *g)
{
    g->isolation = -1;
    g->at = n->pos;
    parse_map(p, n, "a grant", grant_fields, BASE_COUNT(grant_fields), g);
}
