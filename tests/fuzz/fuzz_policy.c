/*
 * A policy text from anywhere, and when it compiles a few requests against it. What is behind the
 * first NUL byte, if there is one, are the arguments of the requests as JSON. Bytes 1 divide the
 * text into files, of which the first is the root.
 */
#include "policy/policy.h"

static void count(void *arg, const struct policy_diag *diag)
{
    size_t *errors = arg;
    *errors += diag->severity == POLICY_ERROR;
    if (!diag->line || !diag->column || !diag->length || !diag->message[0])
        abort();
}

static void ask(const struct policy_image *image, struct str subject, struct str capability,
                const struct json_doc *args)
{
    struct policy_request req = {.subject = subject,
                                 .capability = capability,
                                 .entry = core_capability_find(capability),
                                 .args = args,
                                 .level = -1,
                                 .resource = args ? STR("d:a") : STR("")};
    const struct policy_subject chain[] = {{.text = STR("user:ana")}};
    const struct policy_spent spent[] = {{0, POLICY_COUNTED_CALLS, 0, 5}};
    struct reeve_inputs_view inputs = {.now_ns = INT64_C(1767225600000000000),
                                       .chain = chain,
                                       .nchain = args != NULL,
                                       .spent = spent,
                                       .nspent = 1};
    struct policy_decision d;
    if (policy_decide(image, &req, &inputs, &d) != 0)
        abort();
    auto_buf struct buf why = {0};
    policy_explain(image, &req, &inputs, &d, &why);
    struct arena arena auto_arena;
    arena_init(&arena, 0);
    struct core_grant grant;
    int rc = policy_grant(image, &req, &inputs, &d, &arena, &grant, NULL);
    if ((rc == 0) != (d.effect != CORE_EFFECT_DENY))
        abort();
}

static void ask_all(const struct policy_image *image, struct str args)
{
    static const char *const subjects[] = {"agent:lab-1", "u:a", "user:ana"};
    static const char *const capabilities[] = {"ccos.io.read-file", "program.external", "a.b.c",
                                               "x"};
    auto_json struct json_text text = {0};
    bool parsed = args.n && json_text_parse(args, &text, NULL) == 0;
    for (size_t i = 0; i < BASE_COUNT(subjects); i++)
        for (size_t k = 0; k < BASE_COUNT(capabilities); k++)
            ask(image, str_of(subjects[i]), str_of(capabilities[k]), parsed ? &text.doc : NULL);
}

/* What was compiled can be loaded. */
static void load(const struct policy_image *image)
{
    auto_buf struct buf bytes = {0};
    struct policy_image *loaded = NULL;
    if (policy_image_save(image, &bytes, NULL) != 0 ||
        policy_image_load(buf_view(&bytes), NULL, &loaded, NULL) != 0)
        abort();
    policy_image_unref(&loaded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Behind each byte 1 of the text a line with a path, and the text of that file. */
static int read_file(void *arg, const char *path, struct buf *out, struct reeve_error *err)
{
    struct str rest = *(const struct str *)arg;
    size_t n = strlen(path);
    for (const char *at; (at = memchr(rest.p, 1, rest.n));) {
        rest = (struct str){at + 1, rest.n - (size_t)(at + 1 - rest.p)};
        const char *end = memchr(rest.p, 1, rest.n);
        struct str file = {rest.p, end ? (size_t)(end - rest.p) : rest.n};
        if (file.n <= n || memcmp(file.p, path, n) != 0 || file.p[n] != '\n')
            continue;
        buf_put(out, file.p + n + 1, file.n - n - 1);
        return out->failed ? base_fail(err, REEVE_ENOMEM, "out of memory") : 0;
    }
    return base_fail(err, REEVE_ENOENT, "no such file");
}

/* What is kept of a policy compiles to the same. */
static void compile_bundle(const struct policy_source *source, const struct policy_image *image)
{
    auto_buf struct buf kept = {0};
    struct policy_kept state;
    struct policy_image *again = NULL;
    if (policy_source_bundle(source, &kept, NULL) != 0)
        abort();
    struct policy_source of = policy_source_of(buf_view(&kept), "fuzz.yaml", &state);
    if (policy_compile_source(&of, NULL, NULL, &again, NULL) != 0 ||
        memcmp(policy_image_digest(image), policy_image_digest(again), BASE_SHA256) != 0)
        abort();
    policy_image_unref(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const uint8_t *nul = n ? memchr(data, 0, n) : NULL;
    struct str text = {(const char *)data, nul ? (size_t)(nul - data) : n};
    struct str args = {nul ? (const char *)nul + 1 : NULL, nul ? n - text.n - 1 : 0};
    const char *files = text.n ? memchr(text.p, 1, text.n) : NULL;
    struct str root = {text.p, files ? (size_t)(files - text.p) : text.n};
    struct policy_source source = {
        .text = root, .file = "fuzz.yaml", .read = files ? read_file : NULL, .arg = &text};
    size_t compile_errors = 0, lint_errors = 0;
    struct policy_image *image = NULL;
    struct reeve_error err = {0};
    int rc = policy_compile_source(&source, count, &compile_errors, &image, &err);
    if ((rc == REEVE_EPOLICY) != (compile_errors > 0) || (image != NULL) != (rc == 0))
        abort();
    (void)policy_lint_source(&source, count, &lint_errors, NULL);
    if (lint_errors > compile_errors)
        abort();
    if (image && files)
        compile_bundle(&source, image);
    if (image) {
        load(image);
        ask_all(image, args);
    }
    policy_image_unref(&image);
    return 0;
}
