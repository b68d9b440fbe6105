/*
 * The top of a policy: header, defaults, groups, subjects, named grants. Goes on after an error, so
 * that one run tells as much as it can. Called by compile.c with the tree that yaml.c read.
 */
#include "policy/parse.h"

static void top_header(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    char shown[POLICY_SHOWN];
    (void)object;
    (void)key;
    if (value->type != Y_TEXT || !str_is(value->text, "policy/v1"))
        policy_report(p->report, P_VERSION, value->pos, "write `reeve: policy/v1`",
                      "the language is `%s`; this version reads policy/v1",
                      policy_shown(value->text, shown));
}

static void top_name(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_text(p, value, "`name`", 128, &((struct model *)object)->name);
}

static void top_version(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    if (value->type == Y_INT && value->i >= 1)
        ((struct model *)object)->version = value->i;
    else
        policy_report(p->report, P_TYPE, value->pos, NULL, "`version` is a number from 1 up");
}

static void defaults_level(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_level(p, value, &((struct model *)object)->default_level);
}

static void defaults_limits(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_limits(p, value, false, &((struct model *)object)->default_limits);
}

static void defaults_approval(struct parser *p, void *object, struct ynode *key,
                              struct ynode *value)
{
    (void)key;
    ((struct model *)object)->default_approval = parse_approval(p, value);
}

static const struct parse_field defaults_fields[] = {
    {"level", defaults_level, false, &shape_level,
     "level of a subject that no entry of `subjects` matches; left out: pure"},
    {"limits", defaults_limits, false, &shape_limits, "limits that a grant leaves out"},
    {"approval", defaults_approval, false, &shape_approval,
     "who approves where an ask names nobody"},
};
static const struct parse_shape shape_defaults = {.name = "defaults",
                                                  SHAPE_FIELDS_OF(defaults_fields),
                                                  .says = "what holds where nothing else is said"};

static void top_defaults(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_map(p, value, "`defaults`", defaults_fields, BASE_COUNT(defaults_fields), object);
}

static void top_groups(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct model *m = object;
    (void)key;
    if (!parse_is_map(p, value, "`groups`"))
        return;
    m->ngroups = 0;
    m->groups = parse_alloc(p, value->count, sizeof *m->groups);
    for (struct ynode *k = value->first; k && m->groups; k = k->next->next) {
        if (k->refused || !parse_name(p, k, "a group"))
            continue;
        struct m_group *g = &m->groups[m->ngroups++];
        g->name = parse_named(p, SPACE_GROUPS, k->text);
        g->at = k->pos;
        if (!k->next->refused)
            parse_subject_list(p, k->next, PARSE_MEMBER, "a group", &g->members);
    }
}

static void level_match(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)key;
    parse_subject_or_anyone(p, value, &((struct m_level *)object)->match);
}

static void level_level(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    int level;
    (void)key;
    if (parse_level(p, value, &level))
        ((struct m_level *)object)->level = (enum core_level)level;
}

static const struct parse_field subject_fields[] = {
    {"match", level_match, true, &shape_match, "whom it is about: a pattern, a group, or `anyone`"},
    {"level", level_level, true, &shape_level, "the highest level that they have"},
};
static const struct parse_shape shape_level_entry = {
    .name = "level-entry", SHAPE_FIELDS_OF(subject_fields), .says = "a subject and its level"};
static const struct parse_shape shape_levels = {.kind = SHAPE_LIST, .of = &shape_level_entry};
static const struct parse_shape shape_groups = {
    .kind = SHAPE_MAP, .key = &shape_name, .of = &shape_some_subjects};
static const struct parse_shape shape_grants = {
    .kind = SHAPE_MAP, .key = &shape_name, .of = &shape_grant};
static const struct parse_shape shape_labels = {.kind = SHAPE_LIST, .of = &shape_name, .max = 64};
static const struct parse_shape shape_version = {.kind = SHAPE_INT, .min = 1};
static const struct parse_shape shape_capability_map = {
    .kind = SHAPE_MAP, .key = &shape_capability, .of = &shape_capability_entry};

static void top_subjects(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct model *m = object;
    (void)key;
    if (!parse_is_list(p, value, "`subjects`"))
        return;
    m->nlevels = 0;
    m->levels = parse_alloc(p, value->count, sizeof *m->levels);
    for (struct ynode *n = value->first; n && m->levels; n = n->next) {
        m->levels[m->nlevels].match.group = POLICY_NONE;
        parse_map(p, n, "an entry of `subjects`", subject_fields, BASE_COUNT(subject_fields),
                  &m->levels[m->nlevels++]);
    }
}

static void top_grants(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    struct model *m = object;
    (void)key;
    if (!parse_is_map(p, value, "`grants`"))
        return;
    m->ngrants = 0;
    m->grants = parse_alloc(p, value->count, sizeof *m->grants);
    for (struct ynode *k = value->first; k && m->grants; k = k->next->next) {
        if (k->refused || !parse_name(p, k, "a grant"))
            continue;
        struct m_grant *g = &m->grants[m->ngrants++];
        if (!k->next->refused)
            parse_grant_map(p, k->next, g);
        g->name = parse_named(p, SPACE_GRANTS, k->text);
        g->at = k->pos;
    }
}

/* Read before all else: see parse_vars.c and include.c. */
static void read_before(struct parser *p, void *object, struct ynode *key, struct ynode *value)
{
    (void)p;
    (void)object;
    (void)key;
    (void)value;
}

static const struct parse_field policy_fields[] = {
    {"reeve", top_header, true, &shape_header, "the language: `policy/v1`"},
    {"name", top_name, false, &shape_text, "what records call the policy, at most 128 bytes"},
    {"version", top_version, false, &shape_version, "a number that grows with each version"},
    {"defaults", top_defaults, false, &shape_defaults,
     "what holds where a rule or grant says nothing"},
    {"groups", top_groups, false, &shape_groups, "named lists of subjects"},
    {"subjects", top_subjects, false, &shape_levels,
     "which level whom; the most specific entry counts"},
    {"grants", top_grants, false, &shape_grants, "named grants"},
    {"rules", parse_rules, false, &shape_rules, "who may do what"},
    {"vars", read_before, false, &shape_vars,
     "variables: `${NAME}` stands for the value, anywhere in the policy"},
    {"include", read_before, false, &shape_includes, "other files of this policy"},
    {"labels", parse_top_labels, false, &shape_labels, "the labels that there are"},
    {"capabilities", parse_top_capabilities, false, &shape_capability_map,
     "capabilities that do not ship, and what is raised of those that do"},
    {"attributes", parse_attributes, false, &shape_attributes,
     "types, origins and defaults of attributes"},
    {"entities", parse_entities, false, &shape_entities,
     "properties of subjects and resources that the policy knows"},
    {"conditions", parse_conditions, false, &shape_conditions, "named conditions, for `use`"},
    {"budgets", parse_top_budgets, false, &shape_budgets,
     "how much may be done, and what becomes of a request when it is spent"},
    {"audit", parse_top_audit, false, &shape_audit, "what records do not show"},
    {"tests", parse_top_tests, false, &shape_tests,
     "requests and the decisions that they must have"},
    {"invariants", NULL, false, NULL, NULL},
    {"expose", NULL, false, NULL, NULL},
    {"rollout", NULL, false, NULL, NULL},
};
const struct parse_shape shape_policy = {
    .name = "policy", SHAPE_FIELDS_OF(policy_fields), .says = "the top of a policy file"};

void parse_header(struct parser *p, struct ynode *tree)
{
    struct ynode *key = parse_key(tree, STR("reeve"));
    if (key)
        top_header(p, NULL, key, key->next);
    else
        policy_report(p->report, P_MISSING_KEY, tree->pos, NULL, "the policy has no `reeve`");
}

/* What is said for all subjects is the root's to say. */
static void refuse_top(struct parser *p, struct ynode *root)
{
    static const char *const keys[] = {"defaults", "subjects", "include", "audit"};
    for (size_t i = 0; i < BASE_COUNT(keys); i++) {
        struct ynode *key = parse_key(root, str_of(keys[i]));
        if (!key)
            continue;
        key->refused = key->next->refused = true;
        policy_report(p->report, P_DELEGATED, key->pos, "write it in a file of the root's trust",
                      "`%s` in a delegated file", keys[i]);
    }
}

static struct model *parse_tree(struct parser *p, struct ynode *root, const struct ynode *with)
{
    struct model *m = p->model = parse_alloc(p, 1, sizeof *p->model);
    if (!m)
        return NULL;
    m->default_level = -1;
    parse_variables(p, root, with);
    parse_map(p, root, "the policy", policy_fields, BASE_COUNT(policy_fields), m);
    policy_yaml_templates(root, p->report);
    return m;
}

struct model *policy_parse(struct ynode *root, struct arena *arena, struct policy_report *report)
{
    struct parser p = {.arena = arena, .report = report};
    return parse_tree(&p, root, NULL);
}

struct model *policy_parse_own(struct ynode *root, const struct ynode *with, struct parse_own *own,
                               struct arena *arena, struct policy_report *report)
{
    struct parser p = {.arena = arena, .report = report};
    if (!parse_own_begin(&p, own, root))
        return NULL;
    refuse_top(&p, root);
    return parse_tree(&p, root, with);
}
