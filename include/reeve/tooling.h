/*
 * For tools that work on policies and plans, without a state folder. May change with a minor
 * version.
 */
#ifndef REEVE_TOOLING_H
#define REEVE_TOOLING_H

#include "reeve/reeve.h"

#ifdef __cplusplus
extern "C" {
#endif

enum reeve_severity { REEVE_SEVERITY_ERROR, REEVE_SEVERITY_WARNING, REEVE_SEVERITY_NOTE };

/** One finding in a policy. Strings are good during the callback. */
struct reeve_finding {
    size_t size;
    enum reeve_severity severity;
    const char *code; /* "P012" */
    const char *file;
    unsigned line, column, length; /* 1-based; length of the marked text */
    const char *message;
    const char *suggestion;  /* NULL: none */
    const char *source_line; /* without its newline; NULL: none */
    const char *id;          /* "unknown-key" */
    const char *suppressed; /* the reason for which a comment of the policy allows it; NULL: none */
};
/**
 * Compile and lint a policy text, and what it includes, which is read from below the folder of
 * `file` (NULL: nothing can be included). Every finding goes to `fn`. 0: no error (there may be
 * warnings); REEVE_EPOLICY: at least one error; others: it could not be read. Warnings that a
 * comment of the policy allows are told too, with `suppressed`.
 */
REEVE_API int reeve_policy_lint(const char *text, size_t n, const char *file,
                                void (*fn)(void *arg, const struct reeve_finding *finding),
                                void *arg, struct reeve_error *err);
/** The i-th diagnostic code and its meaning, or NULL after the last. */
REEVE_API const char *reeve_policy_code(size_t i, const char **meaning);

#define REEVE_CODE_ID 32
/** What is told of a diagnostic code. Strings are constant. */
struct reeve_code {
    size_t size;
    enum reeve_severity severity;
    char code[8], id[REEVE_CODE_ID]; /* "P052", "no-reason" */
    const char *meaning;
    const char *rationale;     /* why it is told; NULL, as the next two: nothing is told */
    const char *wrong, *right; /* a policy in which it is found, one in which it is not */
};
/** The i-th diagnostic code; `out->size` is the caller's sizeof. REEVE_EINVAL after the last. */
REEVE_API int reeve_policy_code_info(size_t i, struct reeve_code *out);

/** A compiled policy and its tests. Never changes: any number of threads may ask it. */
struct reeve_policy;
/**
 * Compile a policy text with its tests. Findings as of reeve_policy_lint, without those of lint
 * itself. `*out` is freed by reeve_policy_free. REEVE_EPOLICY: it has errors.
 */
REEVE_API int reeve_policy_compile(const char *text, size_t n, const char *file,
                                   void (*fn)(void *arg, const struct reeve_finding *finding),
                                   void *arg, struct reeve_policy **out, struct reeve_error *err);
/** A policy from a compiled image (*.rvp), whose signatures are not looked at; it has no tests.
 * REEVE_EFORMAT: it is none, or changed; REEVE_EUNSUPPORTED: of another build's rules. */
REEVE_API int reeve_policy_load(const void *bytes, size_t n, struct reeve_policy **out,
                                struct reeve_error *err);
/** Whether bytes begin as an image does, so that they are for reeve_policy_load. */
REEVE_API bool reeve_policy_is_image(const void *bytes, size_t n);
/** Frees a policy; NULL is fine. Nobody may be using it. */
REEVE_API void reeve_policy_free(struct reeve_policy *policy);
/** "sha256:" and 64 hex digits. */
#define REEVE_DIGEST_MAX 72
/** What records name a policy by: of its meaning, rules that ship included, not of its text. */
REEVE_API void reeve_policy_digest(const struct reeve_policy *policy, char out[REEVE_DIGEST_MAX]);
/** What records name a program by: SHA-256 of the file's bytes. REEVE_ENOENT, REEVE_EIO. */
REEVE_API int reeve_file_digest(const char *path, char out[REEVE_DIGEST_MAX],
                                struct reeve_error *err);
/**
 * The image as bytes, freed by reeve_free: the same for the same policy and build. `key_pem` (NULL:
 * not signed) is an Ed25519 private key in PEM form, without a passphrase, which signs it.
 * REEVE_EKEY.
 */
REEVE_API int reeve_policy_save(const struct reeve_policy *policy, const char *key_pem, size_t nkey,
                                void **bytes, size_t *n, struct reeve_error *err);

/** Say also why: the sentence, how each rule about the request was judged, the nearest miss. */
#define REEVE_POLICY_EXPLAIN 1u
/**
 * Decide one request, JSON as the broker takes it, by `given`, JSON of what the broker would know
 * (NULL: nothing but the time). `*json` is the decision, freed by reeve_free. Nothing is recorded
 * and nothing is run. REEVE_EINVAL, REEVE_EFORMAT: what the request or `given` may not say.
 */
REEVE_API int reeve_policy_decide(const struct reeve_policy *policy, const char *request,
                                  size_t nrequest, const char *given, size_t ngiven, unsigned flags,
                                  char **json, struct reeve_error *err);

/** What of a policy's tests is run, and what came of it. */
struct reeve_policy_tests {
    size_t size;
    const char *filter; /* only tests whose name contains it; NULL: all */
    bool coverage;      /* see also what the tests see of the policy */
    uint32_t passed, failed;
    uint32_t rules_percent, conditions_percent; /* with `coverage` */
};
/** Run a policy's tests. 0 however many fail; `*json` is the report, freed by reeve_free. */
REEVE_API int reeve_policy_test(const struct reeve_policy *policy, struct reeve_policy_tests *tests,
                                char **json, struct reeve_error *err);
enum reeve_schema_form {
    REEVE_SCHEMA_JSON,     /* JSON Schema, draft 2020-12 */
    REEVE_SCHEMA_REFERENCE /* the same and more as tables, Markdown */
};
/**
 * The policy language as this version reads it, for editors or for people, from the tables that the
 * compiler reads policies by. What the schema refuses does not compile; what it takes may still
 * have errors that only the compiler can find. Malloc'ed text, freed by reeve_free. Thread-safe.
 * @return 0, REEVE_EINVAL for another form, REEVE_ENOMEM.
 */
REEVE_API int reeve_policy_schema(enum reeve_schema_form form, char **text,
                                  struct reeve_error *err);

/** A plan's bytes as canonical JSON, all of it but the filter's instructions, of which there is the
 * digest: malloc'ed, freed by reeve_free. Thread-safe. REEVE_EFORMAT: they are none. */
REEVE_API int reeve_plan_json(const void *bytes, size_t n, char **json, struct reeve_error *err);

/** What an export wrote. */
struct reeve_export_report {
    size_t size;
    uint64_t records;
    uint64_t
        without_bytes; /* of them, records whose bytes are not kept: their bundles are left out */
};
/**
 * Write the log as C2SP tlog-tiles into the folder `dir`, which is made where it is not; an earlier
 * export there is added to, and none of it replaced but the checkpoint, which is written last.
 * Reads all rows, in this process. `vkey` NULL: the folder's own key. `report` is filled as far as
 * it went, also on errors. Thread-safe, but for two exports to one folder. REEVE_EVERIFY: the rows
 * are not what is signed, or `dir` has another history; REEVE_EDAMAGED: a row is missing or is not
 * its leaf; REEVE_EINVAL, REEVE_EIO, REEVE_ENOMEM.
 */
REEVE_API int reeve_export_tiles(struct reeve *handle, const char *vkey, const char *dir,
                                 struct reeve_export_report *report, struct reeve_error *err);

/**
 * reeve_prove of a folder that reeve_export_tiles wrote: without the log, its owner or its records.
 * Reads a few tiles, O(log^2) of the size at most. `vkey` is needed: the folder has none. What is
 * given was checked against the folder's signed checkpoint. REEVE_ENOENT: there is no such record
 * or tree, or no such file; REEVE_EVERIFY: checkpoint or tiles do not hold; REEVE_EINVAL,
 * REEVE_EIO.
 */
REEVE_API int reeve_tiles_prove(const char *dir, const char *vkey, uint64_t index, uint64_t size,
                                char **json, struct reeve_error *err);
/** The same of reeve_prove_consistency. */
REEVE_API int reeve_tiles_prove_consistency(const char *dir, const char *vkey, uint64_t index,
                                            uint64_t size, char **json, struct reeve_error *err);

/** An answer over HTTP; `body` is the library's, with room for `room` bytes. */
struct reeve_answer {
    size_t size;
    int status; /* of HTTP */
    char *body;
    size_t room, len;
};
/** POST `n` bytes and fill `out`. Not 0: there is no answer, or it does not fit; `err` says why. */
typedef int reeve_post_fn(void *arg, const char *body, size_t n, struct reeve_answer *out,
                          struct reeve_error *err);
/**
 * The signed checkpoint with the cosignature of a witness (C2SP tlog-witness, cosignature/v1),
 * whose verifier key is `witness_vkey`: malloc'ed text. `post` carries requests to the witness's
 * add-checkpoint, in this thread; the library reaches no network itself. `vkey` NULL: the folder's
 * own key. REEVE_EVERIFY: the witness saw more records or another history, or its cosignature does
 * not hold; REEVE_EPERM: it does not know or trust this log; REEVE_EPROTO; what `post` returns.
 */
REEVE_API int reeve_cosign(struct reeve *handle, const char *vkey, const char *witness_vkey,
                           reeve_post_fn *post, void *arg, char **note, struct reeve_error *err);

#ifdef __cplusplus
}
#endif
#endif
