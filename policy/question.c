/* See question.h. */
#include "policy/question.h"

#define MAX_BYTES ((size_t)16 << 20)

static int read_text(struct str text, const char *what, struct json_text *out,
                     struct reeve_error *err)
{
    struct reeve_error why = {0};
    int rc = json_text_parse(text, out, &why);
    return rc ? base_fail(err, rc, "%s is no JSON: %.300s (line %u, column %u)", what, why.message,
                          why.line, why.column)
              : REEVE_OK;
}

static int read_given(struct policy_question *q, struct str given, int64_t now_ns,
                      struct reeve_error *err)
{
    const struct json_node *root = NULL;
    int rc = given.n ? read_text(given, "what is given", &q->given_text, err) : REEVE_OK;
    if (rc)
        return rc;
    root = json_root(&q->given_text.doc);
    rc = policy_inputs_read(q->image, &q->given_text.doc, root, &q->asked, &q->arena, &q->inputs,
                            err);
    if (rc || !now_ns || q->inputs.known >> POLICY_INPUT_NOW & 1)
        return rc;
    q->inputs.now_ns = now_ns;
    q->inputs.known |= 1u << POLICY_INPUT_NOW;
    return REEVE_OK;
}

int policy_question_ask(const struct policy_image *image, struct str request, struct str given,
                        int64_t now_ns, struct policy_question *q, struct reeve_error *err)
{
    *q = (struct policy_question){.image = image};
    arena_init(&q->arena, MAX_BYTES);
    int rc = read_text(request, "the request", &q->request_text, err);
    if (!rc)
        rc = policy_request_read(image, &q->request_text, &q->arena, &q->asked, err);
    if (!rc)
        rc = read_given(q, given, now_ns, err);
    if (!rc && policy_decide(image, &q->asked.request, &q->inputs, &q->decision) != REEVE_OK)
        rc = base_fail(err, REEVE_EINVAL, "the request cannot be decided");
    return rc;
}

void policy_question_close(struct policy_question *q)
{
    json_text_free(&q->request_text);
    json_text_free(&q->given_text);
    arena_fini(&q->arena);
}
