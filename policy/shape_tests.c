/*
 * Shapes of `tests`: requests, what is given beside them, decisions.
 */
#include "policy/parse.h"

static const struct parse_shape texts = {.kind = SHAPE_LIST, .of = &shape_text};
static const struct parse_shape count = {.kind = SHAPE_INT};
/* A request and what is expected of it are read as JSON: values may be null or wrong in a test. */
static const struct parse_shape value = {.name = "value", .says = "any value", .kind = SHAPE_ANY};
static const struct parse_shape values = {.kind = SHAPE_LIST, .of = &value};
static const struct parse_shape value_map = {
    .says = "a mapping", .kind = SHAPE_MAP, .key = &shape_text, .of = &value};
static const struct parse_shape text_or_map = {SHAPE_EITHER_OF(&shape_text, &value_map)};
static const struct parse_shape args = {SHAPE_EITHER_OF(&values, &value_map, &shape_scalar)};
static const struct parse_field request_fields[] = {
    {"subject", NULL, false, &text_or_map, "who: `type:id`, or `{type, id, properties}`"},
    {"capability", NULL, false, &shape_text, "what"},
    {"action", NULL, false, &value_map, "the same as AuthZEN has it: `{name, properties}`"},
    {"args", NULL, false, &args, "arguments, by name or position"},
    {"resource", NULL, false, &text_or_map, "on what: `type:id`, or `{type, id, properties}`"},
    {"context", NULL, false, &value_map, "what the request says of its surroundings"},
    {"level", NULL, false, &shape_level, "a level that it asks for"},
    {"ceiling", NULL, false, &value_map, "what it may at most be"},
};
static const struct parse_shape request = {
    .name = "request", SHAPE_FIELDS_OF(request_fields), .says = "a request"};
static const struct parse_shape variants = {.kind = SHAPE_LIST, .of = &request};
static const struct parse_field given_fields[] = {
    {"now", NULL, false, &shape_moment, "`broker.now`"},
    {"labels", NULL, false, &shape_names, "`broker.labels`"},
    {"spent", NULL, false, &value_map, "of a budget, by its id"},
    {"chain", NULL, false, &texts, "the parents, the nearest first"},
    {"flags", NULL, false, &value_map, "`broker.flags`"},
    {"tool", NULL, false, &value_map, "`broker.tool`: `{digest}`"},
    {"bucket", NULL, false, &count, "`broker.bucket`"},
    {"depth", NULL, false, &count, "`broker.depth`"},
    {"children", NULL, false, &count, "`broker.children`"},
    {"peer", NULL, false, &value_map, "`broker.peer`: `{uid}`"},
    {"program", NULL, false, &value_map, "what is found of a program: `{path, sha256}`"},
};
static const struct parse_shape given = {
    .name = "given", SHAPE_FIELDS_OF(given_fields), .says = "what the broker knows"};
#define X(id, name) name,
static const char *const effect_words[] = {CORE_EFFECT_TABLE(X)};
#undef X
static const struct parse_shape effect = {SHAPE_WORDS_OF(effect_words)};
static const struct parse_field expect_fields[] = {
    {"effect", NULL, false, &effect, "what comes of it"},
    {"rule", NULL, false, &shape_text,
     "the rule that decides, `reeve/default` and the like included"},
    {"level", NULL, false, &shape_level, "the level that it is decided at"},
    {"isolation", NULL, false, &shape_isolation, "of the grant"},
    {"limits", NULL, false, &value_map, "of the grant; those that are named"},
    {"network", NULL, false, &values, "of the grant"},
    {"approvals", NULL, false, &values, "that are needed"},
    {"requires", NULL, false, &texts, "rules that held it"},
    {"obligations", NULL, false, &values, "that go with it"},
    {"labels", NULL, false, &texts, "that the session gets"},
    {"shadow", NULL, false, &value, "what the shadow rules would have come to"},
};
static const struct parse_shape expect = {.name = "expect",
                                          SHAPE_FIELDS_OF(expect_fields),
                                          .says = "a decision; mappings in part, lists as a whole"};
/* `{name: a, b, request: ...}` has a key `b` without a value: it is a part of the name. */
static const struct parse_shape any_key = {.says = "what follows a name behind a comma",
                                           .kind = SHAPE_TEXT};
static const struct parse_shape nothing = {.kind = SHAPE_NULL};
static const struct parse_field test_fields[] = {
    {"name", NULL, true, &shape_text, "what it is called"},
    {"request", NULL, true, &request, "the request"},
    {"given", NULL, false, &given, "what the broker knows"},
    {"variants", NULL, false, &variants,
     "keys of the request that are replaced, with the same outcome"},
    {"expect", NULL, true, &expect, "what must come of it"},
};
static const struct parse_shape test = {.name = "test",
                                        SHAPE_FIELDS_OF(test_fields),
                                        .says = "a request and its decision",
                                        .key = &any_key,
                                        .of = &nothing};
const struct parse_shape shape_tests = {.kind = SHAPE_LIST, .of = &test};
