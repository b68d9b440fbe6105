/*
 * Shapes of the small values that many keys take: names, subjects, capabilities, paths, moments.
 * Each says what its reader in parse_*.c takes, for editors and for the reference page.
 */
#include "policy/parse.h"

#include <assert.h>

const struct parse_shape shape_any = {.kind = SHAPE_ANY};
const struct parse_shape shape_text = {.kind = SHAPE_TEXT, .min = 1};
const struct parse_shape shape_bool = {.kind = SHAPE_BOOL};
const struct parse_shape shape_number = {.kind = SHAPE_NUMBER};
static const struct parse_shape plain_text = {.kind = SHAPE_TEXT};
const struct parse_shape shape_scalar = {.says = "a text, number or boolean",
                                         SHAPE_EITHER_OF(&plain_text, &shape_number, &shape_bool)};

static const char *const header_words[] = {"policy/v1"};
const struct parse_shape shape_header = {SHAPE_WORDS_OF(header_words)};
const struct parse_shape shape_name = {
    .says = "a name", .kind = SHAPE_TEXT, .pattern = "[A-Za-z0-9_.-]{1,128}"};
const struct parse_shape shape_names = {.kind = SHAPE_LIST, .of = &shape_name};
const struct parse_shape shape_effects = {.kind = SHAPE_LIST, .of = &shape_name, .min = 1};
const struct parse_shape shape_rule_id = {
    .says = "an id", .kind = SHAPE_TEXT, .pattern = "[a-z0-9][a-z0-9-]{0,127}"};

/* ---- subjects ---- */

static const struct parse_shape shape_subject = {
    .says = "`type:id`, `type:glob*` or `group:NAME`", .kind = SHAPE_TEXT, .pattern = "[^:* ]+:.+"};
const struct parse_shape shape_some_subjects = {.kind = SHAPE_LIST, .of = &shape_subject};
static const struct parse_shape one_subject = {.kind = SHAPE_LIST, .of = &shape_subject, .min = 1};
static const char *const anyone_words[] = {"anyone"};
static const struct parse_shape anyone = {SHAPE_WORDS_OF(anyone_words)};
const struct parse_shape shape_subjects = {SHAPE_EITHER_OF(&one_subject, &anyone)};
const struct parse_shape shape_match = {SHAPE_EITHER_OF(&shape_subject, &anyone)};
static const struct parse_shape group_name = {
    .says = "`group:NAME`", .kind = SHAPE_TEXT, .pattern = "group:[A-Za-z0-9_.-]{1,128}"};
static const struct parse_shape group_names = {.kind = SHAPE_LIST, .of = &group_name, .min = 1};
const struct parse_shape shape_groups_named = {SHAPE_EITHER_OF(&group_name, &group_names)};

/* ---- capabilities, attributes ---- */

#define SEGMENT "([^.* ]+[*]?|[*])"
const struct parse_shape shape_capability = {.says = "`a.b.c`, `a.b.*`, `a.*.c`, `a.get_*` or `*`",
                                             .kind = SHAPE_TEXT,
                                             .pattern = SEGMENT "([.]" SEGMENT "){0,31}"};
const struct parse_shape shape_capabilities = {
    .kind = SHAPE_LIST, .of = &shape_capability, .min = 1};

#define X(id, word) "|" word
const struct parse_shape shape_attribute = {.says = "an attribute path",
                                            .kind = SHAPE_TEXT,
                                            .pattern = "((?!)" POLICY_ROOT_TABLE(X) ")[.[].+"};
#undef X

/* ---- paths, moments ---- */

const struct parse_shape shape_path = {
    .says = "an absolute path", .kind = SHAPE_TEXT, .pattern = "/(?!([^*]*/)?[.][.](/|$))[^*]*"};
static const struct parse_shape path_entry = {.says = "an absolute path, or `${args.NAME}`",
                                              .kind = SHAPE_TEXT,
                                              .pattern = "/(?!([^*]*/)?[.][.](/|$))[^*]*"};
const struct parse_shape shape_paths = {
    .kind = SHAPE_LIST, .of = &path_entry, .max = CORE_MAX_PATHS};
static const struct parse_shape mask = {.says = "an absolute path, with `*` and `**` at will",
                                        .kind = SHAPE_TEXT,
                                        .pattern = "/(?!(.*/)?[.][.](/|$)).*"};
const struct parse_shape shape_masks_of_paths = {
    .kind = SHAPE_LIST, .of = &mask, .max = CORE_MAX_PATHS};
const struct parse_shape shape_moment = {
    .says = "a moment such as `2026-11-01T00:00:00Z`",
    .kind = SHAPE_TEXT,
    .pattern = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})"};

static const struct parse_shape some_texts = {.kind = SHAPE_LIST, .of = &plain_text, .min = 1};
const struct parse_shape shape_texts = {.says = "a text or a list of texts",
                                        SHAPE_EITHER_OF(&plain_text, &some_texts)};

void shape_meet(struct shape_list *list, const struct parse_shape *shape)
{
    for (uint32_t i = 0; i < list->n; i++)
        if (list->v[i] == shape)
            return;
    assert(list->n < SHAPE_MAX_NAMED);
    list->v[list->n++] = shape;
}
