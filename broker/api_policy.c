/*
 * The public functions of reeve/tooling.h: policies as texts and images, without a state folder.
 * Thin: what they mean is policy/'s.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>

#include "policy/decision_json.h"
#include "policy/image.h"
#include "policy/test.h"
#include "reeve/tooling.h"

struct reeve_policy {
    struct policy_image *image;
    struct policy_tests *tests; /* NULL: of an image, which has none */
};

/* ---- findings ---- */

struct to_finding {
    void (*fn)(void *arg, const struct reeve_finding *finding);
    void *arg;
};

static void give_finding(void *arg, const struct policy_diag *d)
{
    struct to_finding *to = arg;
    auto_free char *line = d->source_line.p ? str_dup(d->source_line) : NULL;
    auto_free char *reason = d->suppressed.p ? str_dup(d->suppressed) : NULL;
    struct reeve_finding f = {.size = sizeof f,
                              .severity = (enum reeve_severity)d->severity,
                              .code = d->code,
                              .file = d->file,
                              .line = d->line,
                              .column = d->column,
                              .length = d->length,
                              .message = d->message,
                              .suggestion = d->suggestion,
                              .source_line = line,
                              .id = d->id,
                              .suppressed = d->suppressed.p && !reason ? "" : reason};
    if (to->fn)
        to->fn(to->arg, &f);
}

static int no_argument(struct reeve_error *err, const char *what)
{
    return base_fail(err, REEVE_EINVAL, "%s", what);
}

/* A text, and below the folder of its file what it includes. `folder` is the caller's to close. */
static struct policy_source source_of(const char *text, size_t n, const char *file, int *folder)
{
    struct policy_source source = {.text = {text, n}, .file = file ? file : "policy"};
    if (file && policy_folder_open(file, folder, NULL) == 0) {
        source.read = policy_folder_read;
        source.arg = folder;
    }
    return source;
}

int reeve_policy_lint(const char *text, size_t n, const char *file,
                      void (*fn)(void *arg, const struct reeve_finding *finding), void *arg,
                      struct reeve_error *err)
{
    struct to_finding to = {fn, arg};
    auto_close int folder = -1;
    struct policy_source source = source_of(text, n, file, &folder);
    return policy_lint_source(&source, give_finding, &to, err);
}

const char *reeve_policy_code(size_t i, const char **meaning)
{
    const char *code = NULL;
    *meaning = policy_code_text(i, &code);
    return *meaning ? code : NULL;
}

int reeve_policy_code_info(size_t i, struct reeve_code *out)
{
    struct policy_code_info info;
    if (!policy_code_info(i, &info) || out->size < sizeof out->size)
        return REEVE_EINVAL;
    const struct core_lint *lint = core_lint_find(str_of(info.code));
    struct reeve_code all = {.size = out->size < sizeof all ? out->size : sizeof all,
                             .severity = (enum reeve_severity)info.severity,
                             .meaning = info.meaning};
    (void)snprintf(all.code, sizeof all.code, "%s", info.code);
    (void)snprintf(all.id, sizeof all.id, "%s", info.id);
    if (lint) {
        all.rationale = lint->rationale;
        all.wrong = lint->wrong;
        all.right = lint->right;
    }
    memcpy(out, &all, all.size);
    return REEVE_OK;
}

/* ---- a compiled policy ---- */

static int policy_new(struct policy_image **image, struct policy_tests **tests,
                      struct reeve_policy **out, struct reeve_error *err)
{
    *out = calloc(1, sizeof **out);
    if (*out) {
        **out = (struct reeve_policy){*image, tests ? *tests : NULL};
        return 0;
    }
    policy_image_unref(image);
    if (tests)
        policy_tests_free(tests);
    return base_fail(err, REEVE_ENOMEM, "out of memory");
}

int reeve_policy_compile(const char *text, size_t n, const char *file,
                         void (*fn)(void *arg, const struct reeve_finding *finding), void *arg,
                         struct reeve_policy **out, struct reeve_error *err)
{
    struct to_finding to = {fn, arg};
    struct policy_image *image = NULL;
    struct policy_tests *tests = NULL;
    if (!text || !out)
        return no_argument(err, "a policy's text and a place for it are needed");
    *out = NULL;
    auto_close int folder = -1;
    struct policy_source source = source_of(text, n, file, &folder);
    int rc = policy_compile_tests(&source, give_finding, &to, &image, &tests, err);
    return rc ? rc : policy_new(&image, &tests, out, err);
}

int reeve_policy_load(const void *bytes, size_t n, struct reeve_policy **out,
                      struct reeve_error *err)
{
    struct policy_image *image = NULL;
    if (!bytes || !out)
        return no_argument(err, "an image and a place for the policy are needed");
    *out = NULL;
    int rc = policy_image_load((struct str){bytes, n}, NULL, &image, err);
    return rc ? rc : policy_new(&image, NULL, out, err);
}

bool reeve_policy_is_image(const void *bytes, size_t n)
{
    size_t magic = sizeof(((struct img_file *)NULL)->magic);
    return n >= magic && memcmp(bytes, IMAGE_MAGIC, magic) == 0;
}

void reeve_policy_free(struct reeve_policy *policy)
{
    if (!policy)
        return;
    policy_image_unref(&policy->image);
    policy_tests_free(&policy->tests);
    free(policy);
}

/* ---- as bytes ---- */

/* No passphrase is ever asked for. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf, (void)size, (void)writing, (void)arg;
    return -1;
}

static int sign(struct buf *image, const char *pem, size_t npem, struct reeve_error *err)
{
    uint8_t seed[32];
    size_t n = sizeof seed;
    BIO *bio = npem <= INT_MAX ? BIO_new_mem_buf(pem, (int)npem) : NULL;
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    bool good = key && EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 &&
                EVP_PKEY_get_raw_private_key(key, seed, &n) == 1 && n == sizeof seed;
    int rc = good ? policy_image_sign(image, seed, err)
                  : base_fail(err, REEVE_EKEY,
                              "no unencrypted Ed25519 private key in PEM form; `openssl genpkey "
                              "-algorithm ed25519` makes one");
    OPENSSL_cleanse(seed, sizeof seed);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return rc;
}

static void put_digest(const uint8_t digest[BASE_SHA256], char out[REEVE_DIGEST_MAX])
{
    memcpy(out, "sha256:", 7);
    base_hex(digest, BASE_SHA256, out + 7);
}

void reeve_policy_digest(const struct reeve_policy *policy, char out[REEVE_DIGEST_MAX])
{
    put_digest(policy_image_digest(policy->image), out);
}

int reeve_file_digest(const char *path, char out[REEVE_DIGEST_MAX], struct reeve_error *err)
{
    uint8_t digest[BASE_SHA256];
    uint64_t size;
    out[0] = '\0';
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return base_fail_errno(err, errno == ENOENT ? REEVE_ENOENT : REEVE_EIO, errno, "%s", path);
    int rc = base_sha256_fd(fd, digest, &size, err);
    if (rc == 0)
        put_digest(digest, out);
    return rc;
}

int reeve_policy_save(const struct reeve_policy *policy, const char *key_pem, size_t nkey,
                      void **bytes, size_t *n, struct reeve_error *err)
{
    auto_buf struct buf out = {.max = POLICY_IMAGE_MAX};
    if (!policy || !bytes || !n)
        return no_argument(err, "a policy and a place for its bytes are needed");
    *bytes = NULL;
    int rc = policy_image_save(policy->image, &out, err);
    if (!rc && key_pem)
        rc = sign(&out, key_pem, nkey, err);
    if (rc)
        return rc;
    *bytes = buf_take(&out, n);
    return *bytes ? 0 : base_fail(err, REEVE_ENOMEM, "out of memory");
}

/* ---- questions and tests ---- */

int reeve_policy_decide(const struct reeve_policy *policy, const char *request, size_t nrequest,
                        const char *given, size_t ngiven, unsigned flags, char **json,
                        struct reeve_error *err)
{
    auto_question struct policy_question q = {0};
    auto_buf struct buf out = {0};
    if (!policy || !request || !json)
        return no_argument(err, "a policy, a request and a place for the decision are needed");
    *json = NULL;
    int rc = policy_question_ask(policy->image, (struct str){request, nrequest},
                                 (struct str){given, given ? ngiven : 0}, base_now_ns(), &q, err);
    if (!rc)
        rc = policy_decision_json(&q, flags & REEVE_POLICY_EXPLAIN ? POLICY_JSON_EXPLAIN : 0, &out,
                                  err);
    if (rc)
        return rc;
    *json = buf_take(&out, NULL);
    return *json ? 0 : base_fail(err, REEVE_ENOMEM, "out of memory");
}

int reeve_policy_test(const struct reeve_policy *policy, struct reeve_policy_tests *tests,
                      char **json, struct reeve_error *err)
{
    auto_buf struct buf report = {.max = (size_t)1 << 30};
    static const struct policy_tests none = {0};
    if (!policy || !tests || tests->size != sizeof *tests || !json)
        return no_argument(err, "a policy, what to run and a place for the report are needed");
    *json = NULL;
    struct policy_test_run run = {.filter = str_of(tests->filter), .coverage = tests->coverage};
    int rc =
        policy_tests_run(policy->image, policy->tests ? policy->tests : &none, &run, &report, err);
    if (rc)
        return rc;
    tests->passed = run.passed;
    tests->failed = run.failed;
    tests->rules_percent = run.rules_percent;
    tests->conditions_percent = run.conditions_percent;
    *json = buf_take(&report, NULL);
    return *json ? 0 : base_fail(err, REEVE_ENOMEM, "out of memory");
}
