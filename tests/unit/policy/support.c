/* See support.h. */
#include "support.h"

void keep_finding(void *arg, const struct policy_diag *diag)
{
    struct findings *all = arg;
    assert_true(all->n < BASE_COUNT(all->v));
    struct finding *f = &all->v[all->n++];
    all->errors += diag->severity == POLICY_ERROR;
    f->severity = diag->severity;
    f->line = diag->line;
    f->column = diag->column;
    f->length = diag->length;
    assert_true(f->length >= 1);
    (void)snprintf(f->code, sizeof f->code, "%s", diag->code);
    (void)snprintf(f->message, sizeof f->message, "%s", diag->message);
    (void)snprintf(f->suggestion, sizeof f->suggestion, "%s",
                   diag->suggestion ? diag->suggestion : "");
    (void)snprintf(f->source, sizeof f->source, "%.*s", (int)diag->source_line.n,
                   diag->source_line.p ? diag->source_line.p : "");
}

struct policy_image *must_compile(const char *text)
{
    struct findings all = {0};
    struct policy_image *image = NULL;
    struct reeve_error err = {0};
    int rc = policy_compile(str_of(text), "test.yaml", keep_finding, &all, &image, &err);
    if (rc != 0)
        fail_msg("%s:%u:%u: %s\n%s", err.file, err.line, err.column, err.message, text);
    assert_int_equal(all.errors, 0);
    assert_non_null(image);
    return image;
}

struct policy_request ask(const struct question *q, struct json_text *text)
{
    *text = (struct json_text){0};
    struct policy_request req = {
        .subject = str_of(q->subject),
        .capability = str_of(q->capability),
        .entry = core_capability_find(str_of(q->capability)),
        .level = q->level ? core_level_of(str_of(q->level)) : -1,
    };
    if (q->args) {
        struct reeve_error err = {0};
        if (json_text_parse(str_of(q->args), text, &err) != 0)
            fail_msg("%s: %s", q->args, err.message);
        req.args = &text->doc;
    }
    return req;
}

struct policy_decision decide(const struct policy_image *image, const struct question *q)
{
    auto_json struct json_text text;
    struct policy_request req = ask(q, &text);
    struct reeve_inputs_view inputs = {0};
    struct policy_decision d;
    assert_int_equal(policy_decide(image, &req, &inputs, &d), 0);
    return d;
}

const char *rule_id(const struct policy_image *image, uint32_t rule, char out[160])
{
    struct policy_rule_info info = policy_image_rule(image, rule);
    (void)snprintf(out, 160, "%.*s", (int)info.id.n, info.id.p);
    return out;
}
