/*
 * Whether an image's sections can be used: one table says what each field of each row is, so that a
 * new field is one line here. After it, decide, grant and explain follow every offset and index
 * without a second look. What the tables mean is not judged: the digest and the signatures speak
 * for that.
 */
#include "policy/image_check.h"

#include "core/types.h"

enum field_kind {
    TEXT,     /* struct img_str: within bytes */
    INDEX,    /* uint32_t: a row of `target` */
    OPTIONAL, /* the same, or POLICY_NONE */
    RUN,      /* uint32_t first, and its number in `other`: rows of `target` */
    WORD,     /* uint8_t below `target` */
    TREE,     /* uint32_t: behind the row's subtree, of the same section; the row at 0 to it */
};
struct field {
    uint8_t section, kind;
    uint16_t at, other;
    uint32_t target;
};
#define F(section, type, field, kind, target)                                                      \
    {                                                                                              \
        IMAGE_##section, kind, offsetof(struct type, field), 0, target                             \
    }
#define R(section, type, first, n, target)                                                         \
    {                                                                                              \
        IMAGE_##section, RUN, offsetof(struct type, first), offsetof(struct type, n), target       \
    }
static const struct field fields[] = {
    F(head, img_head, name, TEXT, 0),
    R(head, img_head, files.first, files.n, IMAGE_names),
    F(entries, img_entry, kind, WORD, RULE_KINDS),
    F(entries, img_entry, rule, INDEX, IMAGE_rules),
    F(entries, img_entry, condition, OPTIONAL, IMAGE_conditions),
    F(entries, img_entry, pattern, OPTIONAL, IMAGE_patterns),
    F(patterns, img_pattern, text, TEXT, 0),
    F(subjects, img_subject, text, TEXT, 0),
    R(subjects, img_subject, first, ngroups, IMAGE_refs),
    F(globs, img_glob, text, TEXT, 0),
    F(groups, img_group, name, TEXT, 0),
    R(groups, img_group, first, nglobs, IMAGE_refs),
    F(levels, img_level, text, TEXT, 0),
    F(levels, img_level, kind, WORD, SUBJECT_ID + 1),
    F(levels, img_level, level, WORD, CORE_LEVEL_COUNT),
    F(rules, img_rule, id, TEXT, 0),
    F(rules, img_rule, subjects, INDEX, IMAGE_lists),
    F(rules, img_rule, grant, OPTIONAL, IMAGE_grants),
    F(rules, img_rule, condition, OPTIONAL, IMAGE_conditions),
    F(rules, img_rule, extra, OPTIONAL, IMAGE_extras),
    F(rules, img_rule, effect, WORD, RULE_KINDS),
    F(rules, img_rule, isolation, WORD, CORE_RANK_COUNT),
    F(conditions, img_condition, op, WORD, OP_COUNT),
    F(conditions, img_condition, attribute, OPTIONAL, IMAGE_attributes),
    F(conditions, img_condition, end, TREE, 0),
    F(conditions, img_condition, operand_kind, WORD, IMG_REGEX + 1),
    F(attributes, img_attribute, text, TEXT, 0),
    F(attributes, img_attribute, fallback, OPTIONAL, IMAGE_literals),
    F(attributes, img_attribute, root, WORD, ROOT_COUNT),
    F(attributes, img_attribute, builtin, WORD, POLICY_INPUT_COUNT),
    F(attributes, img_attribute, from, WORD, FROM_COUNT),
    F(attributes, img_attribute, type, WORD, TYPE_COUNT + 1),
    F(attributes, img_attribute, list, WORD, 2),
    F(attributes, img_attribute, positions, WORD, 2),
    F(attributes, img_attribute, scope, OPTIONAL, IMAGE_scopes),
    F(regexes, img_regex, pattern, TEXT, 0),
    F(entities, img_entity, name, TEXT, 0),
    F(entities, img_entity, properties, INDEX, IMAGE_literals),
    F(entities, img_entity, scope, OPTIONAL, IMAGE_scopes),
    R(attributes, img_attribute, first, n, IMAGE_keys),
    {IMAGE_keys, TEXT, 0, 0, 0},
    F(literals, img_literal, type, WORD, Y_MAP + 1),
    F(literals, img_literal, boolean, WORD, 2),
    F(literals, img_literal, end, TREE, 0),
    F(paths, img_path, path, TEXT, 0),
    F(paths, img_path, attribute, OPTIONAL, IMAGE_attributes),
    F(endpoints, img_endpoint, host, TEXT, 0),
    F(endpoints, img_endpoint, attribute, OPTIONAL, IMAGE_attributes),
    F(variables, img_variable, name, TEXT, 0),
    F(variables, img_variable, value, TEXT, 0),
    {IMAGE_names, TEXT, 0, 0, 0},
    F(extras, img_extra, reason, TEXT, 0),
    F(extras, img_extra, selector, OPTIONAL, IMAGE_selectors),
    F(extras, img_extra, hold, OPTIONAL, IMAGE_holds),
    F(selectors, img_selector, scope, OPTIONAL, IMAGE_scopes),
    F(scopes, img_scope, name, TEXT, 0),
    F(scopes, img_scope, subjects, INDEX, IMAGE_lists),
    R(scopes, img_scope, capabilities.first, capabilities.n, IMAGE_names),
    F(selectors, img_selector, shadow, WORD, 2),
    F(selectors, img_selector, replaced, WORD, 2),
    F(holds, img_hold, approval, OPTIONAL, IMAGE_approvals),
    F(holds, img_hold, within, OPTIONAL, IMAGE_grants),
    R(holds, img_hold, obligations, nobligations, IMAGE_refs),
    F(approvals, img_approval, by, TEXT, 0),
    F(approvals, img_approval, subjects, INDEX, IMAGE_lists),
    F(obligations, img_obligation, type, TEXT, 0),
    F(obligations, img_obligation, properties, TEXT, 0),
    F(budgets, img_budget, id, TEXT, 0),
    F(budgets, img_budget, subjects, INDEX, IMAGE_lists),
    F(budgets, img_budget, approval, OPTIONAL, IMAGE_approvals),
    F(budgets, img_budget, unit, TEXT, 0),
    F(budgets, img_budget, scope, OPTIONAL, IMAGE_scopes),
    F(capabilities, img_capability, text, TEXT, 0),
    F(capabilities, img_capability, effects_known, WORD, 2),
    F(capabilities, img_capability, cost, WORD, 2),
    F(capabilities, img_capability, lowered, WORD, 2),
    F(capabilities, img_capability, scope, OPTIONAL, IMAGE_scopes),
    F(args, img_arg, name, TEXT, 0),
    F(args, img_arg, fallback, TEXT, 0),
};
#undef F
#undef R

#define X(name, type) sizeof(type),
static const uint32_t row_size[IMAGE_SECTION_COUNT] = {IMAGE_SECTIONS(X)};
#undef X

static bool within(const struct policy_image *image, uint32_t target, uint64_t first, uint64_t n)
{
    return first + n <= image->section[target].count;
}

static uint32_t word32(const char *row, uint32_t at)
{
    uint32_t v;
    memcpy(&v, row + at, sizeof v);
    return v;
}

static bool field_good(const struct policy_image *image, const struct field *f, const char *row)
{
    uint32_t v = f->kind == WORD ? (uint8_t)row[f->at] : word32(row, f->at);
    switch (f->kind) {
    case TEXT:
        return within(image, IMAGE_bytes, v, word32(row, f->at + 4u));
    case INDEX:
        return v < image->section[f->target].count;
    case OPTIONAL:
        return v == POLICY_NONE || v < image->section[f->target].count;
    case RUN:
        return within(image, f->target, v, word32(row, f->other));
    default:
        return v < f->target;
    }
}

/* Subtrees nest, at most so deep that recursion over them is safe. */
#define MAX_NESTED (4 * POLICY_MAX_DEPTH)
static bool tree_good(const struct policy_image *image, const struct field *f)
{
    uint32_t count = image->section[f->section].count, ends[MAX_NESTED], depth = 0;
    const char *row = image->section[f->section].at;
    for (uint32_t i = 0; i < count; i++, row += row_size[f->section]) {
        uint32_t end = word32(row, f->at);
        while (depth && ends[depth - 1] == i)
            depth--;
        if (end <= i || end > (depth ? ends[depth - 1] : count) || depth == MAX_NESTED)
            return false;
        ends[depth++] = end;
    }
    return true;
}

static bool section_good(const struct policy_image *image, const struct field *f)
{
    if (f->kind == TREE)
        return tree_good(image, f);
    const char *row = image->section[f->section].at;
    for (uint32_t i = 0; i < image->section[f->section].count; i++, row += row_size[f->section])
        if (!field_good(image, f, row))
            return false;
    return true;
}

/* ---- what one field alone does not tell ---- */

static bool refs_good(const struct policy_image *image, uint32_t first, uint32_t n, uint32_t target)
{
    if (!within(image, IMAGE_refs, first, n))
        return false;
    const uint32_t *refs = image_refs(image) + first;
    for (uint32_t i = 0; i < n; i++)
        if (refs[i] >= image->section[target].count)
            return false;
    return true;
}

static bool check_group(const struct policy_image *image, const struct img_group *g)
{
    return refs_good(image, g->first, g->nglobs, IMAGE_globs);
}

/* A resource may be one without a `*`: nothing ranks these. */
static bool check_glob(const struct policy_image *image, const struct img_glob *g)
{
    struct str text = image_str(image, g->text);
    return g->literals == (memchr(text.p, '*', text.n) ? policy_glob_literals(text) : 0);
}

static bool check_list(const struct policy_image *image, const struct img_list *r)
{
    uint64_t groups = (uint64_t)r->first + r->nids, globs = groups + r->ngroups;
    return r->anyone <= 1 && globs <= UINT32_MAX &&
           refs_good(image, r->first, r->nids, IMAGE_subjects) &&
           refs_good(image, (uint32_t)groups, r->ngroups, IMAGE_groups) &&
           refs_good(image, (uint32_t)globs, r->nglobs, IMAGE_globs);
}

static bool check_entity(const struct policy_image *image, const struct img_entity *e)
{
    return image_literals(image)[e->properties].type == Y_MAP;
}

/* section, type, function: of each row, when all fields of all rows are good; those who are looked
 * into before those who look */
#define ROW_CHECKS(X)                                                                              \
    X(globs, img_glob, check_glob)                                                                 \
    X(groups, img_group, check_group)                                                              \
    X(lists, img_list, check_list)                                                                 \
    X(lists, img_list, image_list_sorted)                                                          \
    X(subjects, img_subject, image_subject_found)                                                  \
    X(levels, img_level, image_level_found)                                                        \
    X(literals, img_literal, image_literal_good)                                                   \
    X(entities, img_entity, check_entity)                                                          \
    X(entities, img_entity, image_entity_found)                                                    \
    X(attributes, img_attribute, image_attribute_good)                                             \
    X(conditions, img_condition, image_condition_good)                                             \
    X(rules, img_rule, image_rule_good)                                                            \
    X(selectors, img_selector, image_selector_good)                                                \
    X(holds, img_hold, image_hold_good)                                                            \
    X(approvals, img_approval, image_approval_good)                                                \
    X(obligations, img_obligation, image_obligation_good)                                          \
    X(budgets, img_budget, image_budget_good)                                                      \
    X(capabilities, img_capability, image_capability_good)                                         \
    X(capabilities, img_capability, image_capability_found)                                        \
    X(args, img_arg, image_arg_good)                                                               \
    X(grants, img_grant, image_grant_good)                                                         \
    X(paths, img_path, image_path_good)                                                            \
    X(endpoints, img_endpoint, image_endpoint_good)                                                \
    X(variables, img_variable, image_variable_good)                                                \
    X(entries, img_entry, image_entry_good)                                                        \
    X(entries, img_entry, image_entry_found)

#define X(name, type, check)                                                                       \
    static bool all_##check(const struct policy_image *image)                                      \
    {                                                                                              \
        const struct type *rows = image_##name(image);                                             \
        for (uint32_t i = 0; i < image->section[IMAGE_##name].count; i++)                          \
            if (!check(image, &rows[i]))                                                           \
                return false;                                                                      \
        return true;                                                                               \
    }
ROW_CHECKS(X)
#undef X

int image_check(const struct policy_image *image, struct reeve_error *err)
{
#define X(name, type, check) all_##check,
    static bool (*const checks[])(const struct policy_image *image) = {ROW_CHECKS(X)};
#undef X
    bool good = image->section[IMAGE_head].count == 1;
    for (size_t i = 0; i < BASE_COUNT(fields) && good; i++)
        good = section_good(image, &fields[i]);
    good = good && image_head_found(image) && image_hold_head_good(image, image_head(image));
    for (size_t i = 0; i < BASE_COUNT(checks) && good; i++)
        good = checks[i](image);
    return good ? REEVE_OK : base_fail(err, REEVE_EFORMAT, "the image's tables are not sound");
}
