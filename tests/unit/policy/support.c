/* See support.h. */
#include "support.h"

void keep_finding(void *arg, const struct policy_diag *diag)
{
    struct findings *all = arg;
    assert_true(all->n < BASE_COUNT(all->v));
    struct finding *f = &all->v[all->n++];
    all->errors += diag->severity == POLICY_ERROR;
    f->severity = diag->severity;
    (void)snprintf(f->file, sizeof f->file, "%s", diag->file);
    f->line = diag->line;
    f->column = diag->column;
    f->length = diag->length;
    assert_true(f->length >= 1);
    (void)snprintf(f->code, sizeof f->code, "%s", diag->code);
    (void)snprintf(f->id, sizeof f->id, "%s", diag->id);
    (void)snprintf(f->suppressed, sizeof f->suppressed, "%.*s", (int)diag->suppressed.n,
                   diag->suppressed.p ? diag->suppressed.p : "");
    (void)snprintf(f->message, sizeof f->message, "%s", diag->message);
    (void)snprintf(f->suggestion, sizeof f->suggestion, "%s",
                   diag->suggestion ? diag->suggestion : "");
    (void)snprintf(f->source, sizeof f->source, "%.*s", (int)diag->source_line.n,
                   diag->source_line.p ? diag->source_line.p : "");
}

static char seen[8192]; /* codes that came about, "P001 P002 ..." */

void saw_code(const char *code)
{
    size_t n = strlen(seen);
    if (!strstr(seen, code))
        (void)snprintf(seen + n, sizeof seen - n, "%s ", code);
}

void describe_findings(const struct findings *all, char *out, size_t room)
{
    size_t at = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < all->n && at < room; i++) {
        const struct finding *f = &all->v[i];
        saw_code(f->code);
        at += (size_t)snprintf(out + at, room - at, "%s%s %u:%u", i ? ", " : "", f->code, f->line,
                               f->column);
    }
}

void expect_seen(bool (*wanted)(const char *code))
{
    const char *code, *meaning;
    for (size_t i = 0; (meaning = policy_code_text(i, &code)); i++)
        if (wanted(code) && !strstr(seen, code))
            fail_msg("no row brings about %s (%s)", code, meaning);
}

/* ---- several files ---- */

#define MARK "=== "

/* The first file of `rest`, which moves behind it. False at its end. */
static bool next_file(struct str *rest, struct str *path, struct str *text)
{
    if (!str_starts(*rest, STR(MARK)))
        return false;
    const char *end = rest->p + rest->n, *line = memchr(rest->p, '\n', rest->n);
    const char *body = line ? line + 1 : end, *next = NULL;
    size_t head = sizeof MARK - 1;
    *path = (struct str){rest->p + head, (size_t)((line ? line : end) - rest->p) - head};
    next = memmem(body, (size_t)(end - body), "\n" MARK, sizeof MARK);
    next = next ? next + 1 : end;
    *text = (struct str){body, (size_t)(next - body)};
    *rest = (struct str){next, (size_t)(end - next)};
    return true;
}

static int read_file(void *arg, const char *path, struct buf *out, struct reeve_error *err)
{
    const struct files *f = arg;
    struct str rest = f->rest, name, text;
    while (next_file(&rest, &name, &text))
        if (str_is(name, path)) {
            buf_str(out, text);
            return out->failed ? base_fail(err, REEVE_ENOMEM, "out of memory") : 0;
        }
    return base_fail(err, REEVE_ENOENT, "no such file");
}

void files_of(struct str text, struct files *out)
{
    struct str name = {"root.yaml", 9}, root = text;
    *out = (struct files){.rest = text};
    if (!next_file(&out->rest, &name, &root))
        out->rest = (struct str){"", 0};
    (void)snprintf(out->name, sizeof out->name, "%.*s", (int)(name.n < 200 ? name.n : 200), name.p);
    out->source =
        (struct policy_source){.text = root, .file = out->name, .read = read_file, .arg = out};
}

void expect_sound(const struct policy_image *image)
{
    auto_buf struct buf bytes = {0};
    struct policy_image *loaded = NULL;
    struct reeve_error err = {0};
    assert_int_equal(policy_image_save(image, &bytes, &err), 0);
    if (policy_image_load(buf_view(&bytes), NULL, &loaded, &err) != 0)
        fail_msg("an image as it was compiled is refused: %s", err.message);
    policy_image_unref(&loaded);
}

struct policy_image *must_compile(const char *text)
{
    struct findings all = {0};
    struct policy_image *image = NULL;
    struct reeve_error err = {0};
    int rc = compile_text(str_of(text), "test.yaml", keep_finding, &all, &image, &err);
    if (rc != 0)
        fail_msg("%s:%u:%u: %s\n%s", err.file, err.line, err.column, err.message, text);
    assert_int_equal(all.errors, 0);
    assert_non_null(image);
    expect_sound(image);
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
