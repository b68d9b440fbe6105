/*
 * Budgets: how much may be done, by whom, in which time, and what becomes of a request when it is
 * spent.
 */
#include "policy/parse.h"

#include <stdio.h>

static void budget_id(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_budget *b = object;
    (void)key;
    b->id_at = value->pos;
    (void)parse_id(p, value, "budget's id", &b->id);
}

static void budget_subject(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_budget *b = object;
    (void)key;
    b->has_subject = true;
    parse_subjects(p, value, &b->subjects);
}

static void budget_capability(struct parser *p, void *object, struct ynode *key,
                              struct ynode *value)
{
    struct m_budget *b = object;
    (void)key;
    b->has_capability = true;
    b->ncapabilities = parse_capabilities(p, value, &b->capabilities);
}

#define X(id, name) name,
static const char *const per_words[] = {POLICY_PER_TABLE(X)};
static const char *const counted_words[] = {POLICY_COUNTED_TABLE(X)};
#undef X

static void budget_per(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    ((struct m_budget *)object)->per =
        parse_word(p, value, "`per`", per_words, BASE_COUNT(per_words));
}

static const char *const spent_words[] = {"deny", "ask"};

static void budget_spent(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    ((struct m_budget *)object)->asks =
        parse_word(p, value, "`when_spent`", spent_words, BASE_COUNT(spent_words)) == 1;
}

/* ---- what is counted ---- */

static void counted_max(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    (void)parse_amount(p, value, "`max`", CORE_UNIT_COUNT, &((struct m_counted *)object)->max);
}

static void counted_max_bytes(struct parser *p, void *object, struct ynode *key,
                              struct ynode *value)
{
    (void)key;
    (void)parse_amount(p, value, "`max`", CORE_UNIT_BYTES, &((struct m_counted *)object)->max);
}

static void counted_window(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    (void)parse_duration(p, value, "`window`", &((struct m_counted *)object)->window_ns);
}

static void counted_unit(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    if (parse_name(p, value, "`unit`"))
        ((struct m_counted *)object)->unit = value->text;
}

static const struct parse_field plain_fields[] = {
    {"max", counted_max, true, &shape_count, "how much"},
    {"window", counted_window, true, &shape_duration, "in which time"},
};
static const struct parse_field bytes_fields[] = {
    {"max", counted_max_bytes, true, &shape_size, "how much"},
    {"window", counted_window, true, &shape_duration, "in which time"},
};
static const struct parse_field cost_fields[] = {
    {"max", counted_max, true, &shape_count, "how much"},
    {"unit", counted_unit, true, &shape_name, "of what"},
    {"window", counted_window, true, &shape_duration, "in which time"},
};
static const struct parse_shape counted_CALLS = {.name = "calls",
                                                 SHAPE_FIELDS_OF(plain_fields),
                                                 .says = "requests that are permitted"},
                                counted_NETWORK_OUT = {.name = "network-out",
                                                       SHAPE_FIELDS_OF(bytes_fields),
                                                       .says = "bytes that are sent"},
                                counted_COST = {.name = "cost",
                                                SHAPE_FIELDS_OF(cost_fields),
                                                .says = "what results say that they cost"},
                                counted_TOKENS = {.name = "tokens",
                                                  SHAPE_FIELDS_OF(plain_fields),
                                                  .says = "tokens of models"};
static const struct parse_field limit_fields[] = {
#define X(id, name) [POLICY_COUNTED_##id] = {name, NULL, false, &counted_##id, NULL},
    POLICY_COUNTED_TABLE(X)
#undef X
};

static void parse_counted(struct parser *p, struct ynode *n, int which, struct m_counted *out)
{
    const struct parse_shape *shape = limit_fields[which].shape;
    char what[32];
    out->set = true;
    (void)snprintf(what, sizeof what, "`%s`", counted_words[which]);
    parse_map(p, n, what, shape->fields, shape->n, out);
}

static void budget_limits(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_budget *b = object;
    (void)key;
    if (!parse_is_map(p, value, "`limits`"))
        return;
    if (value->count == 0)
        policy_report(p->report, P_EMPTY, value->pos, NULL, "a budget that counts nothing");
    for (struct ynode *k = value->first; k; k = k->next->next) {
        if (k->refused || k->next->refused)
            continue;
        int which =
            parse_word(p, k, "what a budget counts", counted_words, BASE_COUNT(counted_words));
        if (which >= 0)
            parse_counted(p, k->next, which, &b->counted[which]);
    }
}

/* "80%" */
static bool read_percent(struct str s, uint32_t *out)
{
    *out = 0;
    if (s.n < 2 || s.n > 3 || s.p[s.n - 1] != '%' || s.p[0] == '0')
        return false;
    for (size_t i = 0; i + 1 < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        *out = *out * 10 + (uint32_t)(s.p[i] - '0');
    }
    return true;
}

static void budget_warn(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_budget *b = object;
    (void)key;
    if (!parse_is_list(p, value, "`warn_at`"))
        return;
    for (const struct ynode *c = value->first; c; c = c->next) {
        uint32_t percent;
        struct str text;
        if (!parse_text(p, c, "an entry of `warn_at`", 16, &text))
            continue;
        if (!read_percent(text, &percent))
            policy_report(p->report, P_LIMIT, c->pos, NULL,
                          "an entry of `warn_at` is a share such as 80%%, below 100%%");
        else if (!b->warn_percent || percent < b->warn_percent)
            b->warn_percent = percent;
    }
}

static const struct parse_shape shape_budget_limits = {
    .name = "budget-limits", SHAPE_FIELDS_OF(limit_fields), .min = 1, .says = "what is counted"};
static const struct parse_shape shape_share = {
    .says = "a share such as `80%`", .kind = SHAPE_TEXT, .pattern = "[1-9][0-9]?%"};
static const struct parse_shape shape_warn = {.kind = SHAPE_LIST, .of = &shape_share};
static const struct parse_shape shape_per = {SHAPE_WORDS_OF(per_words)};
static const struct parse_shape shape_spent = {SHAPE_WORDS_OF(spent_words)};
static const struct parse_field budget_fields[] = {
    {"id", budget_id, true, &shape_rule_id, "its name in decisions and records"},
    {"per", budget_per, true, &shape_per, "whose spending is added up"},
    {"limits", budget_limits, true, &shape_budget_limits,
     "what is counted, and how much may be spent"},
    {"when_spent", budget_spent, true, &shape_spent, "what becomes of a request when it is spent"},
    {"subject", budget_subject, false, &shape_subjects,
     "whose requests it counts; left out: of anyone"},
    {"capability", budget_capability, false, &shape_capabilities, "which; left out: all"},
    {"warn_at", budget_warn, false, &shape_warn, "at which shares of it a warning is recorded"},
};
static const struct parse_shape shape_budget = {
    .name = "budget", SHAPE_FIELDS_OF(budget_fields), .says = "how much may be done"};
const struct parse_shape shape_budgets = {
    .kind = SHAPE_LIST, .of = &shape_budget, .max = POLICY_MAX_BUDGETS};

void parse_top_budgets(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct model *m = object;
    (void)key;
    if (!parse_is_list(p, value, "`budgets`"))
        return;
    m->nbudgets = 0;
    m->budgets = parse_alloc(p, value->count, sizeof *m->budgets);
    for (struct ynode *n = value->first; n && m->budgets; n = n->next) {
        struct m_budget *b = &m->budgets[m->nbudgets];
        if (!parse_is_map(p, n, "a budget"))
            continue;
        b->at = n->pos;
        b->scope = parse_scope(p);
        parse_map(p, n, "a budget", budget_fields, BASE_COUNT(budget_fields), b);
        m->nbudgets++;
    }
}
