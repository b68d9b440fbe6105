/*
 * What an image's conditions, attributes and literals must be so that the evaluator may follow them
 * without a second look: called by image_check.c for each row once all fields are good.
 */
#include "policy/image.h"

#include "policy/value_host.h"
#include "policy/value_like.h"
#include "policy/value_time.h"
#include "policy/value_url.h"

static const struct {
    uint8_t operand;
    bool attr;
} ops[OP_COUNT] = {
#define X(id, word, operand, attr, phrase) [OP_##id] = {OPERAND_##operand, attr},
    POLICY_OP_TABLE(X)
#undef X
};

/* ---- literals ---- */

/* A container has as many children as it says; a map's alternate with texts. */
static bool children_good(const struct img_literal *rows, const struct img_literal *l)
{
    uint32_t n = 0;
    for (uint32_t i = (uint32_t)(l - rows) + 1; i < l->end; i = rows[i].end, n++)
        if (l->type == Y_MAP && n % 2 == 0 && rows[i].type != Y_TEXT)
            return false;
    return n == (uint64_t)l->count * (l->type == Y_MAP ? 2 : 1);
}

bool image_literal_good(const struct policy_image *image, const struct img_literal *l)
{
    const struct img_literal *rows = image_literals(image);
    if (l->type >= Y_LIST)
        return children_good(rows, l);
    uint32_t bytes = image->section[IMAGE_bytes].count;
    return l->end == (uint32_t)(l - rows) + 1 &&
           (l->type != Y_TEXT || (uint64_t)l->s.at + l->s.n <= bytes);
}

static bool all_texts(const struct img_literal *rows, const struct img_literal *l)
{
    for (uint32_t i = (uint32_t)(l - rows) + 1; i < l->end; i = rows[i].end)
        if (rows[i].type != Y_TEXT)
            return false;
    return true;
}

/* ---- attributes ---- */

bool image_attribute_good(const struct policy_image *image, const struct img_attribute *a)
{
    (void)image;
    if (a->positions && (a->root != ROOT_ARGS || !a->n))
        return false;
    switch (a->root) {
    case ROOT_SUBJECT:
    case ROOT_RESOURCE:
        return a->builtin <= BUILTIN_TYPE && (a->builtin != BUILTIN_NONE || a->n > 0);
    case ROOT_BROKER:
        return a->builtin < POLICY_INPUT_COUNT;
    default:
        return true;
    }
}

/* ---- conditions ---- */

static bool groups_good(const struct policy_image *image, const struct img_literal *l)
{
    for (uint32_t i = 1; l->type == Y_LIST && i <= l->count; i++)
        if (l[i].type != Y_INT || l[i].i < 0 || l[i].i >= image->section[IMAGE_groups].count)
            return false;
    return l->type == Y_LIST;
}

static bool literal_fits(const struct policy_image *image, enum policy_operand kind,
                         const struct img_literal *l)
{
    const struct img_literal *rows = image_literals(image);
    switch (kind) {
    case OPERAND_LIST:
        return l->type == Y_LIST;
    case OPERAND_RANGE:
        return l->type == Y_LIST && l->count == 2;
    case OPERAND_TEXTS:
        return l->type == Y_TEXT || (l->type == Y_LIST && all_texts(rows, l));
    case OPERAND_FOLDER:
        return l->type == Y_TEXT && l->s.n && image_bytes(image)[l->s.at] == '/';
    case OPERAND_GROUP:
        return groups_good(image, l);
    default:
        return kind == OPERAND_SCALAR || kind == OPERAND_VALUE || kind == OPERAND_ORDER;
    }
}

static bool time_good(const struct policy_image *image, struct str form)
{
    struct value_time window;
    if (form.n != sizeof window)
        return false;
    memcpy(&window, form.p, sizeof window);
    return value_time_sound(&window,
                            (struct str){image_bytes(image), image->section[IMAGE_bytes].count});
}

/* The form, and behind it what explanations show. */
static bool form_good(const struct policy_image *image, enum policy_op op,
                      const struct img_literal *l)
{
    if (l->type != Y_LIST || l->count != 2 || l[1].type != Y_TEXT)
        return false;
    struct str form = image_str(image, l[1].s);
    switch (op) {
    case OP_LIKE:
        return value_like_sound(form);
    case OP_HOST:
        return value_hosts_sound(form);
    case OP_CIDR:
        return value_cidr_sound(form);
    case OP_URL:
        return value_url_sound(form);
    default:
        return op == OP_TIME && time_good(image, form);
    }
}

static bool operand_good(const struct policy_image *image, const struct img_condition *c)
{
    static const uint8_t target[IMG_OPERAND_COUNT] = {[IMG_LITERAL] = IMAGE_literals,
                                                      [IMG_ATTRIBUTE] = IMAGE_attributes,
                                                      [IMG_FORM] = IMAGE_literals,
                                                      [IMG_REGEX] = IMAGE_regexes};
    if (c->operand >= image->section[target[c->operand_kind]].count)
        return false;
    const struct img_literal *l = image_literals(image) + c->operand;
    switch (c->operand_kind) {
    case IMG_ATTRIBUTE:
        return ops[c->op].attr;
    case IMG_FORM:
        return form_good(image, (enum policy_op)c->op, l);
    case IMG_REGEX:
        return c->op == OP_MATCHES;
    default:
        return literal_fits(image, (enum policy_operand)ops[c->op].operand, l);
    }
}

bool image_condition_good(const struct policy_image *image, const struct img_condition *c)
{
    bool children = c->end > (uint32_t)(c - image_conditions(image)) + 1;
    switch (ops[c->op].operand) {
    case OPERAND_NODES:
    case OPERAND_ANY:
        return true;
    case OPERAND_OPS:
        return children && c->operand == POLICY_NONE;
    case OPERAND_ARGV:
        return c->operand == POLICY_NONE && c->flag <= POLICY_REST_OPS &&
               (children || c->flag != POLICY_REST_OPS);
    case OPERAND_FLAG:
        return !children && c->operand == POLICY_NONE;
    default:
        return !children && operand_good(image, c);
    }
}
