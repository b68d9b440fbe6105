/*
 * The tests of a policy: what its `tests` say, apart from its image, and running them against one.
 * Requests and inputs go the way of any request (request.h, inputs.h); what is expected is held
 * against the decision as JSON (decision_json.h).
 */
#ifndef POLICY_TEST_H
#define POLICY_TEST_H

#include "policy/policy.h"

/** One test. Texts live as long as its tests. */
struct policy_test {
    struct str name, file;
    struct str own; /* the namespace of a delegated file's; n 0: of the root's trust */
    unsigned line, column;
    const struct str *request; /* JSON; the first is the request, the others are its variants */
    uint32_t nrequests;
    struct str given;  /* JSON; n 0: nothing */
    struct str expect; /* JSON, in the words and forms of decision_json.h */
};
struct policy_tests {
    struct arena arena;
    struct policy_test *v;
    uint32_t n;
};
void policy_tests_free(struct policy_tests **tests);

/** policy_compile_source, and the tests of all its files in `*tests` (may be NULL), which the
 * caller frees. */
int policy_compile_tests(const struct policy_source *source, policy_diag_fn *diag, void *arg,
                         struct policy_image **out, struct policy_tests **tests,
                         struct reeve_error *err);

/** What of the tests is run, and what came of it. */
struct policy_test_run {
    struct str filter; /* only tests whose name contains it */
    bool coverage;
    uint32_t passed, failed;                    /* tests */
    unsigned rules_percent, conditions_percent; /* with `coverage` */
};
/**
 * Run tests against the image that was compiled with them, and append the report: an object with
 * `tests` (name, file, line, column, passed, runs, failures), `passed`, `failed` and `coverage`.
 * Thread-safe on distinct objects. 0 however many fail; REEVE_ENOMEM.
 */
int policy_tests_run(const struct policy_image *image, const struct policy_tests *tests,
                     struct policy_test_run *run, struct buf *report, struct reeve_error *err);

#endif
