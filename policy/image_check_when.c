/*
 * What the evaluator takes for granted of conditions and of what they look at: that an operator has
 * the operand and the children that it reads, and that forms are sound. Called by image_check.c.
 */
#include "policy/image_check.h"

#include "core/catalogue.h"
#include "policy/value_host.h"
#include "policy/value_like.h"
#include "policy/value_net.h"
#include "policy/value_time.h"
#include "policy/value_url.h"

static const struct img_literal *literals_end(const struct policy_image *image)
{
    return image_literals(image) + image->section[IMAGE_literals].count;
}

static bool is_text(const struct policy_image *image, const struct img_literal *l)
{
    return l->type == Y_TEXT && (uint64_t)l->s.at + l->s.n <= image->section[IMAGE_bytes].count;
}

/* Elements and pairs are counted right, and keys are text. */
bool image_literal_good(const struct policy_image *image, const struct img_literal *l)
{
    const struct img_literal *rows = image_literals(image), *end = rows + l->end;
    if (l->type < Y_LIST)
        return end == l + 1 && (l->type != Y_TEXT || is_text(image, l));
    uint64_t n = 0;
    for (const struct img_literal *c = l + 1; c < end; c = rows + c->end, n++)
        if (l->type == Y_MAP && n % 2 == 0 && c->type != Y_TEXT)
            return false;
    return n == (l->type == Y_MAP ? 2 * (uint64_t)l->count : l->count);
}

/* The digits of `args.N`, as the parser takes them: the evaluator adds them up. */
static bool is_position(struct str key)
{
    for (size_t i = 0; i < key.n; i++)
        if (key.p[i] < '0' || key.p[i] > '9')
            return false;
    return key.n > 0 && key.n <= 4;
}

bool image_attribute_good(const struct policy_image *image, const struct img_attribute *a)
{
    bool named = a->root == ROOT_SUBJECT || a->root == ROOT_RESOURCE;
    if (a->root != ROOT_BROKER && a->builtin > (named ? BUILTIN_TYPE : BUILTIN_NONE))
        return false;
    if (a->positions)
        return a->root == ROOT_ARGS && a->n > 0 &&
               is_position(image_str(image, image_keys(image)[a->first]));
    return a->n > 0 || !(named && a->builtin == BUILTIN_NONE);
}

/* ---- operands ---- */

static bool all_texts(const struct policy_image *image, const struct img_literal *list)
{
    const struct img_literal *rows = image_literals(image);
    if (list->type != Y_LIST)
        return list->type == Y_TEXT;
    for (const struct img_literal *c = list + 1; c < rows + list->end; c = rows + c->end)
        if (c->type != Y_TEXT)
            return false;
    return true;
}

static bool all_groups(const struct policy_image *image, const struct img_literal *list)
{
    if (list->type != Y_LIST ||
        list->end != (uint32_t)(list - image_literals(image)) + 1 + list->count)
        return false;
    for (uint32_t i = 1; i <= list->count; i++)
        if (list[i].type != Y_INT || list[i].i < 0 ||
            list[i].i >= (int64_t)image->section[IMAGE_groups].count)
            return false;
    return true;
}

static bool is_folder(const struct policy_image *image, const struct img_literal *l)
{
    return is_text(image, l) && core_path_is_normal(image_str(image, l->s));
}

static bool literal_fits(const struct policy_image *image, const struct img_condition *c,
                         const struct img_literal *l)
{
    switch (c->op) {
    case OP_BETWEEN:
    case OP_IN:
    case OP_NOT_IN:
        return l->type == Y_LIST;
    case OP_STARTS_WITH:
        return all_texts(image, l);
    case OP_UNDER:
        return is_folder(image, l);
    case OP_IS:
        return all_groups(image, l);
    default:
        return true;
    }
}

static bool window_sound(const struct policy_image *image, struct str bytes)
{
    struct value_time window;
    if (bytes.n != sizeof window)
        return false;
    memcpy(&window, bytes.p, sizeof window);
    struct str all = {image_bytes(image), image->section[IMAGE_bytes].count};
    return value_time_sound(&window, all);
}

static bool form_fits(const struct policy_image *image, const struct img_condition *c,
                      const struct img_literal *l)
{
    if (l->type != Y_LIST || l->count != 2 || !is_text(image, l + 1))
        return false;
    struct str form = image_str(image, l[1].s);
    switch (c->op) {
    case OP_LIKE:
        return value_like_sound(form);
    case OP_HOST:
        return value_hosts_sound(form);
    case OP_CIDR:
        return value_cidr_sound(form);
    case OP_URL:
        return value_url_sound(form);
    default:
        return c->op == OP_TIME && window_sound(image, form);
    }
}

/* What stands beside an operator, by its row in the table of operators. */
static bool operand_fits(const struct policy_image *image, const struct img_condition *c)
{
#define X(id, word, operand, attr, phrase, ...) [OP_##id] = {OPERAND_##operand, attr},
    static const struct {
        uint8_t operand;
        bool attribute;
    } ops[OP_COUNT] = {POLICY_OP_TABLE(X)};
#undef X
    const struct img_literal *l = image_literals(image) + c->operand;
    switch (c->operand_kind) {
    case IMG_ATTRIBUTE:
        return ops[c->op].attribute && c->operand < image->section[IMAGE_attributes].count;
    case IMG_REGEX:
        return c->op == OP_MATCHES && c->operand < image->section[IMAGE_regexes].count;
    case IMG_FORM:
        return c->operand < image->section[IMAGE_literals].count && form_fits(image, c, l);
    default:
        break;
    }
    bool none = ops[c->op].operand == OPERAND_FLAG || ops[c->op].operand == OPERAND_OPS ||
                ops[c->op].operand == OPERAND_ARGV;
    bool form = c->op == OP_MATCHES || c->op == OP_LIKE || c->op == OP_HOST || c->op == OP_CIDR ||
                c->op == OP_URL || c->op == OP_TIME;
    if (c->operand == POLICY_NONE || form)
        return none;
    return l < literals_end(image) && literal_fits(image, c, l);
}

/* ---- conditions ---- */

/* `next`: what stands behind the first child, 0 when there is none. */
static bool children_fit(const struct img_condition *c, uint32_t next)
{
    bool some = next > 0;
    switch (c->op) {
    case OP_ALL:
    case OP_ANY:
    case OP_ABSENT:
        return true;
    case OP_NOT:
    case OP_SIZE:
    case OP_EACH:
    case OP_SOME:
        return next == c->end;
    case OP_ARGV:
        return c->flag != POLICY_REST_OPS || some;
    default:
        return !some;
    }
}

bool image_condition_good(const struct policy_image *image, const struct img_condition *c)
{
    bool some = c->end > (uint32_t)(c - image_conditions(image)) + 1;
    bool structure = c->op <= OP_ABSENT;
    uint8_t flags = c->op == OP_ARGV ? POLICY_REST_OPS : 1;
    return c->flag <= flags && children_fit(c, some ? c[1].end : 0) &&
           (structure || operand_fits(image, c));
}
