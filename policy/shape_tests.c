/*
 * Shapes of what `tests` takes as it comes: requests and what is given beside them. Their keys are
 * read by request.c and inputs.c, once there is an image; a test compares.
 */
#include "policy/parse.h"

const struct parse_shape shape_text_list = {.kind = SHAPE_LIST, .of = &shape_text};
static const struct parse_shape count = {.kind = SHAPE_INT};
/* A request and what is expected of it are read as JSON: values may be null or wrong in a test. */
const struct parse_shape shape_value = {.name = "value", .says = "any value", .kind = SHAPE_ANY};
const struct parse_shape shape_values = {.kind = SHAPE_LIST, .of = &shape_value};
const struct parse_shape shape_value_map = {
    .says = "a mapping", .kind = SHAPE_MAP, .key = &shape_text, .of = &shape_value};
static const struct parse_shape text_or_map = {SHAPE_EITHER_OF(&shape_text, &shape_value_map)};
/* `type:id`, or {subject, properties, spent, ceiling}. */
static const struct parse_shape parents = {.kind = SHAPE_LIST, .of = &text_or_map};
static const struct parse_shape args = {
    SHAPE_EITHER_OF(&shape_values, &shape_value_map, &shape_scalar)};
static const struct parse_field request_fields[] = {
    {"subject", NULL, false, &text_or_map, "who: `type:id`, or `{type, id, properties}`"},
    {"capability", NULL, false, &shape_text, "what"},
    {"action", NULL, false, &shape_value_map, "the same as AuthZEN has it: `{name, properties}`"},
    {"args", NULL, false, &args, "arguments, by name or position"},
    {"resource", NULL, false, &text_or_map, "on what: `type:id`, or `{type, id, properties}`"},
    {"context", NULL, false, &shape_value_map, "what the request says of its surroundings"},
    {"level", NULL, false, &shape_level, "a level that it asks for"},
    {"ceiling", NULL, false, &shape_value_map, "what it may at most be"},
};
const struct parse_shape shape_request = {
    .name = "request", SHAPE_FIELDS_OF(request_fields), .says = "a request"};
const struct parse_shape shape_variants = {.kind = SHAPE_LIST, .of = &shape_request};
static const struct parse_field given_fields[] = {
    {"now", NULL, false, &shape_moment, "`broker.now`"},
    {"labels", NULL, false, &shape_text_list, "`broker.labels`"},
    {"spent", NULL, false, &shape_value_map, "of a budget, by its id"},
    {"chain", NULL, false, &parents, "the parents, the nearest first"},
    {"flags", NULL, false, &shape_value_map, "`broker.flags`, by name, or `NAMESPACE/NAME`"},
    {"tool", NULL, false, &shape_value_map, "`broker.tool`: `{digest}`"},
    {"bucket", NULL, false, &count, "`broker.bucket`"},
    {"depth", NULL, false, &count, "`broker.depth`"},
    {"children", NULL, false, &count, "`broker.children`"},
    {"peer", NULL, false, &shape_value_map, "`broker.peer`: `{uid}`"},
    {"program", NULL, false, &shape_value_map, "what is found of a program: `{path, sha256}`"},
};
const struct parse_shape shape_given = {
    .name = "given", SHAPE_FIELDS_OF(given_fields), .says = "what the broker knows"};
