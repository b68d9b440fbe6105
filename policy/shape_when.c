/*
 * Shapes of what stands beside an attribute: operator maps by the table of operators, operands by
 * what its rows say of them. parse_ops.c reads them.
 */
#include "policy/parse.h"

static const struct parse_shape plain_text = {.kind = SHAPE_TEXT};
static const struct parse_shape scalars = {
    .says = "a list of scalars", .kind = SHAPE_LIST, .of = &shape_scalar};
static const struct parse_shape values = {.says = "a list", .kind = SHAPE_LIST, .of = &shape_any};
static const struct parse_shape order = {.says = "a number or a size",
                                         SHAPE_EITHER_OF(&shape_number, &shape_size)};
static const struct parse_shape op_maps = {.kind = SHAPE_LIST, .of = &shape_ops};
static const char *const any_words[] = {"any"};
static const struct parse_shape any_word = {SHAPE_WORDS_OF(any_words)};
static const struct parse_shape rest = {SHAPE_EITHER_OF(&any_word, &shape_ops)};
static const struct parse_field rest_fields[] = {
    {"rest", NULL, true, &rest, "the arguments behind all other patterns"},
};
static const struct parse_shape rest_map = {
    .name = "rest", SHAPE_FIELDS_OF(rest_fields), .says = "the end of `argv`"};
static const struct parse_shape argument = {
    .says = "text, list of texts or operators",
    SHAPE_EITHER_OF(&plain_text, &scalars, &shape_ops, &rest_map)};

/* By enum policy_operand. NODES stand in no operator map. */
static const struct parse_shape operands[OPERAND_COUNT] = {
    [OPERAND_NODES] = {.kind = SHAPE_ANY},
    [OPERAND_SCALAR] = {.says = "a scalar",
                        SHAPE_EITHER_OF(&plain_text, &shape_number, &shape_bool)},
    [OPERAND_VALUE] = {.says = "a scalar or a list", SHAPE_EITHER_OF(&shape_scalar, &values)},
    [OPERAND_LIST] = {.says = "a list of scalars", .kind = SHAPE_LIST, .of = &shape_scalar},
    [OPERAND_ORDER] = {.says = "a number or a size", SHAPE_EITHER_OF(&shape_number, &shape_size)},
    [OPERAND_RANGE] =
        {.says = "`[LOW, HIGH]`", .kind = SHAPE_LIST, .of = &order, .min = 2, .max = 2},
    [OPERAND_TEXTS] = {.says = "a text or a list of texts", SHAPE_EITHER_OF(&shape_texts)},
    [OPERAND_FOLDER] = {.says = "an absolute path", SHAPE_EITHER_OF(&shape_path)},
    [OPERAND_FLAG] = {.kind = SHAPE_BOOL},
    [OPERAND_OPS] = {.says = "operators", SHAPE_EITHER_OF(&shape_test)},
    [OPERAND_ANY] = {.says = "a list of operator maps", SHAPE_EITHER_OF(&op_maps)},
    [OPERAND_ARGV] = {.says = "a list of argument patterns",
                      .kind = SHAPE_LIST,
                      .of = &argument,
                      .max = POLICY_MAX_ELEMENTS},
    [OPERAND_GROUP] = {.says = "`group:NAME` or a list of them",
                       SHAPE_EITHER_OF(&shape_groups_named)},
    [OPERAND_PATTERNS] = {.says = "a text or a list of texts", SHAPE_EITHER_OF(&shape_texts)},
    [OPERAND_REGEX] = {.says = "a regular expression (PCRE2)", SHAPE_EITHER_OF(&shape_regex)},
    [OPERAND_URL] = {.says = "a URL, or a mapping [url](#url)", SHAPE_EITHER_OF(&shape_url)},
    [OPERAND_TIME] = {.says = "a mapping [time](#time)", SHAPE_EITHER_OF(&shape_time)},
};

/* {attr: PATH} in the place of an operand. */
static const struct parse_field attr_fields[] = {
    {"attr", NULL, true, &shape_attribute, "the attribute whose value is compared with"},
};
static const struct parse_shape attr_map = {
    .name = "attr", SHAPE_FIELDS_OF(attr_fields), .says = "the value of another attribute"};
static const struct parse_shape operands_or_attr[OPERAND_COUNT] = {
#define OR_ATTR(operand) [operand] = {SHAPE_EITHER_OF(&operands[operand], &attr_map)}
    OR_ATTR(OPERAND_SCALAR),
    OR_ATTR(OPERAND_VALUE),
    OR_ATTR(OPERAND_LIST),
    OR_ATTR(OPERAND_ORDER),
#undef OR_ATTR
};

/* Rows without a word are conditions' own; `is` stands beside `subject` alone. */
#define ATTR_true  operands_or_attr
#define ATTR_false operands
static const struct parse_field op_fields[] = {
#define X(id, word, operand, attr, phrase, types, doc)                                             \
    {OP_##id == OP_IS ? NULL : word, NULL, false, &ATTR_##attr[OPERAND_##operand], doc},
    POLICY_OP_TABLE(X)
#undef X
        {"attr", NULL, false, &shape_attribute, "the value of that attribute: `eq: {attr: PATH}`"},
    {"absent", NULL, false, &shape_bool,
     "what the operators beside it come to where the attribute is missing or null"},
};
const struct parse_shape shape_ops = {.name = "operators",
                                      SHAPE_FIELDS_OF(op_fields),
                                      .min = 1,
                                      .says = "operators, all of which hold"};
const struct parse_shape shape_test = {.name = "attribute-test",
                                       .says = "a scalar (`eq`), a list (`in`) or operators",
                                       SHAPE_EITHER_OF(&shape_scalar, &scalars, &shape_ops)};
