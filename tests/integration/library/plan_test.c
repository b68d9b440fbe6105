/*
 * The plans of runs as a client sees them: the bytes that decision, release and end name, as the
 * launcher got them, and the frame by which they are asked for.
 */
#include "frames.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reeve/tooling.h"

enum { DIGEST_BYTES = 32 };

static struct reeve_result *run_echo(struct reeve *r, const char *word)
{
    const char *const argv[] = {"/usr/bin/echo", word, NULL};
    struct reeve_result *result = NULL;
    struct reeve_error err = {0};
    if (support_run(r, argv, &result, NULL, 0, &err) != 0)
        fail_msg("%s", err.message);
    return result;
}

static void every_record_of_a_run_names_it(void **state)
{
    (void)state;
    char *dir = support_state(), *json = NULL;
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    struct reeve_error err = {0};
    void *first = NULL, *bytes = NULL;
    size_t nfirst = 0, n = 0;
    struct reeve_result *result = run_echo(r, "a-word-of-its-own");
    reeve_result_free(&result);
    assert_int_equal(reeve_plan(r, 1, &first, &nfirst, &err), 0);
    for (unsigned seq = 2; seq < 4; seq++) {
        assert_int_equal(reeve_plan(r, seq, &bytes, &n, &err), 0);
        assert_int_equal(n, nfirst);
        assert_memory_equal(bytes, first, n);
        reeve_free(bytes);
    }
    assert_int_equal(reeve_plan_json(first, nfirst, &json, &err), 0);
    assert_non_null(strstr(json, "\"argv\":[\"/usr/bin/echo\",\"a-word-of-its-own\"]"));
    reeve_free(json);
    reeve_free(first);
    assert_int_equal(reeve_plan(r, 0, &bytes, &n, &err), REEVE_ENOENT); /* a start */
    assert_null(bytes);
    assert_int_equal(reeve_plan(r, 4, &bytes, &n, &err), REEVE_ENOENT);
    assert_int_equal(reeve_plan(r, 1, NULL, &n, &err), REEVE_EINVAL);
    support_assert_verifies(r);
    reeve_close(&r);
    assert_int_equal(reeve_copy_plan(dir, 1, &bytes, &n, &err), 0); /* nobody has it open */
    assert_int_equal(n, nfirst);
    reeve_free(bytes);
    support_remove(dir);
}

static void what_is_no_plan(void **state)
{
    (void)state;
    char *json = (char *)1;
    struct reeve_error err = {0};
    static const char bytes[300] = "1RVP";
    assert_int_equal(reeve_plan_json(bytes, sizeof bytes, &json, &err), REEVE_EFORMAT);
    assert_null(json);
    assert_int_equal(reeve_plan_json(bytes, 0, &json, &err), REEVE_EFORMAT);
    assert_int_equal(reeve_plan_json(bytes, (size_t)1 << 30, &json, &err), REEVE_EFORMAT);
    assert_int_equal(reeve_plan_json(NULL, 1, &json, &err), REEVE_EINVAL);
}

static void the_frame(void **state)
{
    (void)state;
    static char answer[65536];
    char *dir = support_state(), digest[DIGEST_BYTES] = {0};
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    int fd = frames_client(dir);
    frames_send(fd, FRAME_PLAN, digest, sizeof digest);
    assert_int_equal(frames_take(fd, answer, sizeof answer), FRAME_ERROR);
    assert_non_null(strstr(answer, "no plan of this digest"));
    frames_send(fd, FRAME_ASK, "status", 6); /* which harms nothing */
    assert_int_equal(frames_skip(fd), FRAME_ANSWER);
    frames_send(fd, FRAME_PLAN, digest, sizeof digest - 1);
    assert_int_equal(frames_take(fd, answer, sizeof answer), FRAME_ERROR);
    assert_non_null(strstr(answer, "a PLAN frame of the wrong length"));
    assert_int_equal(read(fd, answer, 1), 0);
    (void)close(fd);
    reeve_close(&r);
    support_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_record_of_a_run_names_it),
        cmocka_unit_test(what_is_no_plan),
        cmocka_unit_test(the_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
