/* What the integration tests share: a state folder of their own, its processes, running things in
 * it. */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <sys/types.h>

#include "reeve/reeve.h"

#define HELPER_DIR TEST_BINARY_DIR "/libexec"

/** The policy of these tests: agent:test may run what is in /usr, with short limits. */
extern const char support_policy[];

/** A new state folder under TMPDIR with support_policy; malloc'ed path. */
char *support_state(void);
/** Remove it and what is in it, and free the path. */
void support_remove(char *dir);
struct reeve *support_open(const char *dir, unsigned flags);
/** Run a program as agent:test; output is appended to `out` (of `n` bytes, NUL-terminated) when not
 * NULL. */
int support_run(struct reeve *r, const char *const argv[], struct reeve_result **result, char *out,
                size_t n, struct reeve_error *err);
/** The process that holds the folder's lock file open and whose program is `name`, or 0. */
pid_t support_process(const char *dir, const char *name);
/** How many processes have `word` as one of their arguments. */
unsigned support_count(const char *word);
/** Wait at most ten seconds until `done` says so. */
bool support_wait(bool (*done)(void *arg), void *arg);
/** The whole log verifies; prints the finding when it does not. */
void support_assert_verifies(struct reeve *r);

#endif
