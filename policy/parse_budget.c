/*
 * Budgets: how much may be done, by whom, in which time, and what becomes of a request when it is
 * spent.
 */
#include "policy/parse.h"

static void budget_id(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    (void)parse_id(p, value, "budget's id", &((struct m_budget *)object)->id);
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

static void budget_spent(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    static const char *const words[] = {"deny", "ask"};
    (void)key;
    ((struct m_budget *)object)->asks =
        parse_word(p, value, "`when_spent`", words, BASE_COUNT(words)) == 1;
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

static void parse_counted(struct parser *p, struct ynode *n, int which, struct m_counted *out)
{
    static const struct parse_field plain[] = {{"max", counted_max, true},
                                               {"window", counted_window, true}};
    static const struct parse_field bytes[] = {{"max", counted_max_bytes, true},
                                               {"window", counted_window, true}};
    static const struct parse_field cost[] = {
        {"max", counted_max, true}, {"unit", counted_unit, true}, {"window", counted_window, true}};
    out->set = true;
    if (which == POLICY_COUNTED_COST)
        parse_map(p, n, "`cost`", cost, BASE_COUNT(cost), out);
    else
        parse_map(p, n, counted_words[which], which == POLICY_COUNTED_NETWORK_OUT ? bytes : plain,
                  BASE_COUNT(plain), out);
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

void parse_top_budgets(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    static const struct parse_field fields[] = {
        {"id", budget_id, true},
        {"per", budget_per, true},
        {"limits", budget_limits, true},
        {"when_spent", budget_spent, true},
        {"subject", budget_subject, false},
        {"capability", budget_capability, false},
        {"warn_at", budget_warn, false},
    };
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
        parse_map(p, n, "a budget", fields, BASE_COUNT(fields), b);
        m->nbudgets++;
    }
}
