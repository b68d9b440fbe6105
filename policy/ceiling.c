/*
 * Ceilings: what a caller narrows a request, and all that comes of it, to. Read from JSON here,
 * judged here behind all links of the chain: one more parent that allows just this, so that nothing
 * a ceiling says can permit more. What has been spent counts a run's share without them, since a
 * share that they lower could fit a budget that the policy finds exhausted.
 */
#include "policy/decide.h"
#include "policy/request.h"
#include "policy/value_size.h"

/* ---- from JSON ---- */

enum ceiling_field { C_LEVEL, C_CAPABILITIES, C_DENIED, C_ISOLATION, C_LIMITS, C_COUNT };
static const struct field ceiling_fields[C_COUNT] = {
    [C_LEVEL] = {"level", FIELD_IS(STRING)},
    [C_CAPABILITIES] = {"capabilities", FIELD_IS(ARRAY)},
    [C_DENIED] = {"denied_effects", FIELD_IS(ARRAY)},
    [C_ISOLATION] = {"isolation", FIELD_IS(STRING)},
    [C_LIMITS] = {"limits", FIELD_IS(OBJECT)},
};

static int read_words(const struct json_node *const f[C_COUNT], struct policy_ceiling *out,
                      struct reeve_error *err)
{
    int isolation = f[C_ISOLATION] ? core_rank_of(f[C_ISOLATION]->s) : CORE_RANK_NONE;
    out->level = f[C_LEVEL] ? core_level_of(f[C_LEVEL]->s) : -1;
    if (f[C_LEVEL] && out->level < 0)
        return base_fail(err, REEVE_EINVAL,
                         "a ceiling's level is pure, controlled or full, not %.*s",
                         FIELD_SHOWN(f[C_LEVEL]->s));
    if (isolation < 0)
        return base_fail(err, REEVE_EINVAL,
                         "a ceiling's isolation is none, process, sandbox or vm, not %.*s",
                         FIELD_SHOWN(f[C_ISOLATION]->s));
    out->isolation = (enum core_rank)isolation;
    return REEVE_OK;
}

static int read_capabilities(const struct json_doc *doc, const struct json_node *list,
                             struct arena *arena, struct policy_ceiling *out,
                             struct reeve_error *err)
{
    uint64_t ignored;
    int rc = field_texts(doc, list, "a ceiling's capabilities", arena, &out->capabilities,
                         &out->ncapabilities, err);
    out->any_capability = !list;
    for (uint32_t i = 0; !rc && i < out->ncapabilities; i++) {
        const char *fault = policy_capability_key(out->capabilities[i], &ignored);
        if (fault)
            rc = base_fail(err, REEVE_EINVAL, "a ceiling's capability %.*s %s",
                           FIELD_SHOWN(out->capabilities[i]), fault);
    }
    return rc;
}

static int read_denied(const struct policy_image *image, const struct json_doc *doc,
                       const struct json_node *list, struct arena *arena,
                       struct policy_ceiling *out, struct reeve_error *err)
{
    const struct str *words = NULL;
    uint32_t n = 0;
    int rc = field_texts(doc, list, "a ceiling's denied_effects", arena, &words, &n, err);
    for (uint32_t i = 0; !rc && i < n; i++) {
        uint32_t bit = policy_image_effect(image, words[i]);
        if (bit == POLICY_NONE)
            return base_fail(err, REEVE_EINVAL, "no capability has the effect %.*s",
                             FIELD_SHOWN(words[i]));
        out->denied_effects |= UINT32_C(1) << bit;
    }
    return rc;
}

/* As policies write it; a number may be one. `unlimited` cuts nothing. */
static int read_limit(enum core_limit limit, const struct json_node *n, struct policy_ceiling *out,
                      struct reeve_error *err)
{
    enum core_unit unit = core_limit_unit(limit);
    struct str text = json_string_or(n, STR(""));
    uint64_t v = n->type == JSON_INT && n->i >= 0 ? (uint64_t)n->i : 0;
    bool number = n->type == JSON_INT && n->i >= 0 && unit == CORE_UNIT_COUNT;
    if (str_is(text, "unlimited"))
        return REEVE_OK;
    if ((!number && !value_amount_parse(text, unit, &v)) ||
        (v == 0 && !value_limit_may_be_zero(limit)))
        return base_fail(err, REEVE_EINVAL, "a ceiling's %s is %s%s, or unlimited",
                         core_limit_name(limit), value_amount_wanted(unit),
                         value_limit_may_be_zero(limit) ? "" : ", more than 0");
    out->limits.value[limit] = v;
    out->limits.set |= 1u << limit;
    return REEVE_OK;
}

static int read_limits(const struct json_doc *doc, const struct json_node *limits,
                       struct policy_ceiling *out, struct reeve_error *err)
{
    struct field fields[CORE_LIMIT_COUNT];
    const struct json_node *f[CORE_LIMIT_COUNT];
    for (unsigned i = 0; i < CORE_LIMIT_COUNT; i++)
        fields[i] =
            (struct field){core_limit_name((enum core_limit)i), FIELD_IS(STRING) | FIELD_IS(INT)};
    int rc = limits
                 ? fields_sort(doc, limits, "a ceiling's limits", fields, CORE_LIMIT_COUNT, f, err)
                 : REEVE_OK;
    for (unsigned i = 0; limits && !rc && i < CORE_LIMIT_COUNT; i++)
        if (f[i])
            rc = read_limit((enum core_limit)i, f[i], out, err);
    return rc;
}

int policy_ceiling_read(const struct policy_image *image, const struct json_doc *doc,
                        const struct json_node *node, struct arena *arena,
                        struct policy_ceiling *out, struct reeve_error *err)
{
    const struct json_node *f[C_COUNT];
    memset(out, 0, sizeof *out);
    int rc = fields_sort(doc, node, "a ceiling", ceiling_fields, C_COUNT, f, err);
    if (!rc)
        rc = read_words(f, out, err);
    if (!rc)
        rc = read_capabilities(doc, f[C_CAPABILITIES], arena, out, err);
    if (!rc)
        rc = read_denied(image, doc, f[C_DENIED], arena, out, err);
    return rc ? rc : read_limits(doc, f[C_LIMITS], out, err);
}

/* ---- judged ---- */

enum core_level decide_ceilings_level(const struct policy_request *req,
                                      const struct reeve_inputs_view *inputs, enum core_level level)
{
    const struct policy_ceiling *c;
    for (uint32_t i = 0; (c = decide_ceiling(req, inputs, i)); i++)
        if (c->level >= 0 && c->level < (int)level)
            level = (enum core_level)c->level;
    return level;
}

static bool names(const struct policy_ceiling *c, struct str capability)
{
    for (uint32_t i = 0; i < c->ncapabilities; i++)
        if (policy_capability_matches(c->capabilities[i], capability))
            return true;
    return c->any_capability;
}

/* An unknown capability has all effects, as for a deny. */
static bool permits(const struct policy_ceiling *c, const struct deciding *d, enum core_class klass)
{
    return names(c, d->req->capability) && !(c->denied_effects & d->effects.restricted_outside) &&
           (c->level != CORE_LEVEL_PURE || klass == CORE_CLASS_PURE);
}

bool decide_ceilings(const struct deciding *d, const struct policy_request *req,
                     const struct verdict *v, struct policy_decision *out)
{
    const struct policy_ceiling *c;
    for (uint32_t i = 0; (c = decide_ceiling(req, d->inputs, i)); i++) {
        if (!permits(c, d, v->klass))
            return false;
        enum core_rank least = c->isolation;
        if (c->level == CORE_LEVEL_CONTROLLED && v->klass == CORE_CLASS_DANGEROUS &&
            least < CORE_RANK_PROCESS)
            least = CORE_RANK_PROCESS;
        if (least > out->isolation)
            out->isolation = least;
    }
    return true;
}

/* ---- told ---- */

static void put_denied(const struct policy_image *image, uint32_t bits, struct buf *out)
{
    const char *comma = "effects ";
    struct str word;
    for (uint32_t i = 0; (word = policy_image_effect_word(image, i)).p; i++) {
        if (!(bits >> i & 1))
            continue;
        buf_z(out, comma);
        explain_text(word, out);
        comma = ", ";
    }
    buf_z(out, " are denied");
}

static void put_named(const struct policy_ceiling *c, struct buf *out)
{
    enum { SHOWN = 8 };
    buf_z(out, c->ncapabilities ? "it permits only " : "it permits nothing");
    for (uint32_t i = 0; i < c->ncapabilities && i < SHOWN; i++) {
        buf_z(out, i ? ", " : "");
        explain_text(c->capabilities[i], out);
    }
    if (c->ncapabilities > SHOWN)
        buf_printf(out, " and %u more", c->ncapabilities - SHOWN);
}

void explain_ceiling(const struct deciding *d, const struct policy_decision *decision,
                     struct buf *out)
{
    const struct policy_ceiling *c;
    uint32_t i = 0;
    while ((c = decide_ceiling(d->req, d->inputs, i)) && permits(c, d, decision->klass))
        i++;
    if (!c)
        return;
    buf_z(out, c == d->req->ceiling
                   ? "the request's ceiling does not permit "
                   : "the ceiling of a request that led to this one does not permit ");
    explain_text(d->req->capability, out);
    buf_z(out, ": ");
    if (!names(c, d->req->capability))
        put_named(c, out);
    else if (c->denied_effects & d->effects.restricted_outside)
        put_denied(d->image, c->denied_effects & d->effects.restricted_outside, out);
    else
        buf_printf(out, "its level is pure, and the class is %s", core_class_name(decision->klass));
}
