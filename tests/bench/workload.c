/*
 * A folder's policy and requests: every request as the engine takes it, as one JSON text, and with
 * the answer that is right.
 */
#include <fcntl.h>
#include <stdio.h>

#include "tests/bench/bench.h"

#define MAX_FILE ((size_t)1 << 30)

static char *joined(struct str a, struct str b)
{
    char *z = malloc(a.n + b.n + 1);
    if (!z)
        abort();
    memcpy(z, a.p, a.n);
    memcpy(z + a.n, b.p, b.n);
    z[a.n + b.n] = '\0';
    return z;
}

static void write_text(const struct bench_request *r, struct str level, struct str args,
                       struct buf *out)
{
    struct json_out o = {.b = out};
    json_open_object(&o);
    json_kv_str(&o, "subject", r->req.subject);
    json_kv_str(&o, "capability", r->req.capability);
    json_kv_str(&o, "level", level);
    json_key(&o, "args");
    json_raw(&o, args);
    json_close_object(&o);
}

static int read_request(struct str line, struct bench_request *r, struct reeve_error *err)
{
    auto_json struct json_text t = {0};
    int rc = json_text_parse(line, &t, err);
    if (rc)
        return rc;
    const struct json_node *root = json_root(&t.doc);
    struct str agent = json_string_or(json_get(&t.doc, root, "agent"), STR(""));
    struct str capability = json_string_or(json_get(&t.doc, root, "capability"), STR(""));
    struct str level = json_string_or(json_get(&t.doc, root, "level"), STR(""));
    const struct json_node *args = json_get(&t.doc, root, "args");
    const struct json_node *expect = json_get(&t.doc, root, "expect");
    const struct json_node *rule = json_get(&t.doc, expect, "rule");
    if (!args || !rule)
        return base_fail(err, REEVE_EFORMAT, "a request without args or expect");
    struct str effect = json_string_or(json_get(&t.doc, expect, "effect"), STR(""));
    char *subject = joined(STR("agent:"), agent);
    r->words = joined(str_of(subject), capability);
    r->req.subject = (struct str){r->words, strlen(subject)};
    r->req.capability = (struct str){r->words + strlen(subject), capability.n};
    free(subject);
    r->req.level = core_level_of(level);
    r->allow = str_is(effect, "allow");
    r->rule = rule->type == JSON_STRING ? joined(rule->s, STR("")) : NULL;
    auto_buf struct buf text = {0};
    auto_buf struct buf whole = {0};
    json_canonical(&t.doc, args, &text);
    write_text(r, level, buf_view(&text), &whole);
    r->text = buf_take(&whole, &r->ntext);
    rc = json_text_parse(buf_view(&text), &r->args, err);
    r->req.args = &r->args.doc;
    return rc;
}

static int read_requests(struct str all, struct bench_workload *w, struct reeve_error *err)
{
    size_t lines = 0;
    for (size_t i = 0; i < all.n; i++)
        lines += all.p[i] == '\n';
    w->v = calloc(lines + 1, sizeof *w->v);
    if (!w->v)
        return base_fail(err, REEVE_ENOMEM, "no memory for %zu requests", lines);
    int rc = REEVE_OK;
    for (size_t at = 0; at < all.n && w->n < lines && rc == REEVE_OK;) {
        const char *end = memchr(all.p + at, '\n', all.n - at);
        if (!end)
            break;
        struct str line = {all.p + at, (size_t)(end - all.p) - at};
        rc = read_request(line, &w->v[w->n++], err);
        at += line.n + 1;
    }
    return rc;
}

int bench_load(const char *dir, struct bench_workload *w, struct reeve_error *err)
{
    *w = (struct bench_workload){0};
    auto_close int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return base_fail(err, REEVE_EIO, "%s cannot be opened", dir);
    auto_buf struct buf requests;
    buf_init(&requests, MAX_FILE);
    buf_init(&w->policy, MAX_FILE);
    int rc = fd_slurp(fd, "policy.yaml", MAX_FILE, &w->policy, err);
    if (rc == REEVE_OK)
        rc = fd_slurp(fd, "requests.jsonl", MAX_FILE, &requests, err);
    return rc == REEVE_OK ? read_requests(buf_view(&requests), w, err) : rc;
}

void bench_unload(struct bench_workload *w)
{
    for (size_t i = 0; i < w->n; i++) {
        json_text_free(&w->v[i].args);
        free(w->v[i].words);
        free(w->v[i].text);
        free(w->v[i].rule);
        free(w->v[i].chain);
    }
    free(w->v);
    buf_fini(&w->policy);
    *w = (struct bench_workload){0};
}

int bench_chain(struct bench_workload *w, unsigned n, struct reeve_error *err)
{
    for (size_t i = 0; i < w->n; i++) {
        struct bench_request *r = &w->v[i];
        r->chain = calloc(n, sizeof *r->chain);
        if (!r->chain)
            return base_fail(err, REEVE_ENOMEM, "no memory for parents");
        for (unsigned k = 0; k < n; k++)
            r->chain[k].text = r->req.subject;
        r->inputs.chain = r->chain;
        r->inputs.nchain = n;
    }
    return REEVE_OK;
}

static bool right(const struct policy_image *image, const struct bench_request *r)
{
    struct policy_decision d;
    if (policy_decide(image, &r->req, &r->inputs, &d) != REEVE_OK)
        return false;
    struct policy_rule_info info = policy_image_rule(image, d.rule);
    bool pseudo = d.rule == POLICY_RULE_DEFAULT || d.rule == POLICY_RULE_PURE;
    return (d.effect == CORE_EFFECT_ALLOW) == r->allow &&
           (r->rule ? str_is(info.id, r->rule) : pseudo);
}

size_t bench_wrong(const struct policy_image *image, const struct bench_workload *w)
{
    size_t wrong = 0;
    for (size_t i = 0; i < w->n; i++) {
        bool good = right(image, &w->v[i]);
        if (!good && wrong++ < 3)
            (void)fprintf(stderr, "wrong: %.*s, expected %s\n", (int)w->v[i].ntext, w->v[i].text,
                          w->v[i].rule ? w->v[i].rule : "no rule");
    }
    return wrong;
}
