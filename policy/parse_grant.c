/*
 * Grants and limits: what a permitted run may have. Called for `grants`, for a rule's `grant` and
 * for `defaults.limits`.
 */
#include "policy/parse.h"

#include <stdio.h>

struct unit {
    const char *suffix;
    uint64_t factor;
};
static const struct unit time_units[] = {{"ms", 1000000},
                                         {"s", 1000000000},
                                         {"m", UINT64_C(60000000000)},
                                         {"h", UINT64_C(3600000000000)}};
static const struct unit size_units[] = {
    {"KiB", UINT64_C(1) << 10}, {"MiB", UINT64_C(1) << 20}, {"GiB", UINT64_C(1) << 30}, {"B", 1}};
static const struct unit count_units[] = {{"", 1}};

static const struct {
    const struct unit *units;
    size_t nunits;
    const char *wanted;
} unit_rows[] = {
    [CORE_UNIT_NS] = {time_units, BASE_COUNT(time_units), "a time such as 500ms, 5s, 10m, 1h"},
    [CORE_UNIT_BYTES] = {size_units, BASE_COUNT(size_units), "a size such as 64KiB, 128MiB, 1GiB"},
    [CORE_UNIT_COUNT] = {count_units, BASE_COUNT(count_units), "a number such as 16"},
};

/* A limit of nothing: for these it would be no limit to the kernel, or no run at all. */
static bool may_be_zero(enum core_limit limit)
{
    return limit == CORE_LIMIT_OUTPUT || limit == CORE_LIMIT_FILE_SIZE ||
           limit == CORE_LIMIT_DISK_IO || limit == CORE_LIMIT_NETWORK_IO;
}

static bool read_digits(struct str s, uint64_t *value, size_t *used)
{
    *value = 0;
    for (*used = 0; *used < s.n && s.p[*used] >= '0' && s.p[*used] <= '9'; ++*used) {
        uint64_t digit = (uint64_t)(s.p[*used] - '0');
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, digit, value))
            return false;
    }
    return *used > 0 && (*used == 1 || s.p[0] != '0');
}

static bool read_amount(struct str s, enum core_unit unit, uint64_t *value)
{
    size_t used;
    if (!read_digits(s, value, &used))
        return false;
    struct str suffix = {s.p + used, s.n - used};
    for (size_t i = 0; i < unit_rows[unit].nunits; i++)
        if (str_is(suffix, unit_rows[unit].units[i].suffix))
            return !__builtin_mul_overflow(*value, unit_rows[unit].units[i].factor, value) &&
                   *value <= INT64_MAX;
    return false;
}

static void parse_limit(struct parser *p, enum core_limit limit, const struct ynode *n,
                        struct m_limits *out)
{
    enum core_unit unit = core_limit_unit(limit);
    uint64_t value = CORE_UNLIMITED;
    bool scalar = n->type == Y_TEXT || n->type == Y_INT;
    bool good = scalar && (str_is(n->text, "unlimited") || read_amount(n->text, unit, &value));
    char shown[POLICY_SHOWN];
    if (!good || (value == 0 && !may_be_zero(limit))) {
        policy_report(p->report, P_LIMIT, n->pos, good ? "leave it out to have the default" : NULL,
                      "`%s` is `%s`; %s%s, or `unlimited`, is wanted", core_limit_name(limit),
                      scalar ? policy_shown(n->text, shown) : policy_yaml_kind(n),
                      unit_rows[unit].wanted, good ? ", more than 0" : "");
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
        g->use = value->text;
    g->use_at = value->pos;
}

#define X(id, name) name,
static const char *const rank_words[] = {CORE_RANK_TABLE(X)};
#undef X

static void grant_isolation(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct m_grant *g = object;
    (void)key;
    g->isolation = parse_word(p, value, "`isolation`", rank_words, BASE_COUNT(rank_words));
}

/* "${args.NAME}" as a whole: the argument, one path. */
static bool parse_template(struct parser *p, struct ynode *n, struct m_path *out)
{
    struct m_attribute *attribute;
    struct str inner = {n->text.p + 2, n->text.n - 3};
    if (!str_starts(inner, STR("args")) || memchr(inner.p, '$', inner.n))
        return false; /* told by the walk over all texts */
    n->template_ok = true;
    if (!parse_attribute(p, n, inner, &attribute))
        return false;
    out->template = attribute;
    return true;
}

static bool parse_entry(struct parser *p, struct ynode *n, bool templates, struct m_path *out)
{
    struct str s = n->text;
    if (n->type == Y_TEXT && memmem(s.p, s.n, "${", 2)) {
        bool whole = templates && str_starts(s, STR("${")) && s.p[s.n - 1] == '}';
        return whole && parse_template(p, n, out);
    }
    if (n->type == Y_TEXT && !templates && memchr(s.p, '*', s.n)) {
        policy_report(p->report, P_NOT_UNDERSTOOD, n->pos, "name the folder or file",
                      "wildcards in `hide` are not understood by this version");
        return false;
    }
    return parse_path(p, n, &out->path);
}

static void parse_paths(struct parser *p, struct ynode *n, const char *what, bool templates,
                        struct m_paths *out)
{
    if (!parse_is_list(p, n, what))
        return;
    if (n->count > CORE_MAX_PATHS) {
        policy_report(p->report, P_BOUND, n->pos, "name the folders that hold them",
                      "%s has %u entries; at most %u are held", what, n->count, CORE_MAX_PATHS);
        return;
    }
    *out = (struct m_paths){.v = parse_alloc(p, n->count, sizeof *out->v)};
    for (struct ynode *c = n->first; c && out->v; c = c->next)
        if (!c->refused && parse_entry(p, c, templates, &out->v[out->n]))
            out->n++;
}

static void filesystem_read(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_paths(p, value, "`read`", true, &((struct m_grant *)object)->read);
}

static void filesystem_hide(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_paths(p, value, "`hide`", false, &((struct m_grant *)object)->hide);
}

static void grant_filesystem(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    static const struct parse_field fields[] = {
        {"read", filesystem_read, false},
        {"hide", filesystem_hide, false},
        {"write", NULL, false},
        {"execute", NULL, false},
    };
    (void)key;
    ((struct m_grant *)object)->has_filesystem = true;
    parse_map(p, value, "`filesystem`", fields, BASE_COUNT(fields), object);
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
        {"filesystem", grant_filesystem, false},
        {"limits", grant_limits, false},
        {"provider", NULL, false},
        {"network", NULL, false},
        {"environment", NULL, false},
        {"secrets", NULL, false},
    };
    g->isolation = -1;
    g->at = n->pos;
    parse_map(p, n, "a grant", fields, BASE_COUNT(fields), g);
}
