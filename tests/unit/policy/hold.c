/* See hold.h. */
#include "hold.h"

#include "engine.h"

static void check_parts(const struct hold_row *r, const char *answer)
{
    char parts[512];
    (void)snprintf(parts, sizeof parts, "%s", r->parts);
    char *rest = NULL;
    for (char *p = strtok_r(parts, "|", &rest); p; p = strtok_r(NULL, "|", &rest)) {
        bool absent = p[0] == '!';
        if ((strstr(answer, p + absent) != NULL) == absent)
            fail_msg("%s: \"%s\" in\n%s\n%s", r->sentence, p, answer, r->policy);
    }
}

void hold_run(const struct hold_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct hold_row *r = &rows[i];
        struct policy_image *image = must_compile(r->policy);
        struct question q = {r->subject ? r->subject : "u:a", r->capability ? r->capability : "t.x",
                             r->args, r->level};
        auto_json struct json_text text;
        struct policy_request req = ask(&q, &text);
        struct policy_subject chain[3] = {0};
        struct reeve_inputs_view inputs = {.now_ns = r->now_s * INT64_C(1000000000),
                                           .chain = chain,
                                           .spent = r->spent,
                                           .nspent = 2,
                                           .spent_all = true};
        for (; inputs.nchain < 3 && r->chain[inputs.nchain]; inputs.nchain++)
            chain[inputs.nchain].text = str_of(r->chain[inputs.nchain]);
        if (r->resource)
            req.resource = str_of(r->resource);
        auto_buf struct buf answer = {0};
        struct policy_decision d;
        engine_answer(image, &req, &inputs, &d, &answer);
        buf_printf(&answer, " strictest %u%s ", d.strictest, d.shadow.differs ? " differs" : "");
        check_parts(r, answer.data);
        policy_image_unref(&image);
    }
}
