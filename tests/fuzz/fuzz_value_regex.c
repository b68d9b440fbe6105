/*
 * A regular expression, NUL, a text: what compiles is judged within its limits, by machine code and
 * by the interpreter, and the same when it is asked again on a scratch that has been used.
 */
#include "policy/value_regex.h"

static void check(bool good)
{
    if (!good)
        abort();
}

static void judge(struct str pattern, struct str text)
{
    struct value_regexes *set = NULL;
    struct value_regex_fault fault = {0};
    bool good = value_regex_check(pattern, &fault);
    int rc = value_regexes_new(&pattern, 1, &set, NULL);
    check(good == (rc == 0) && good == (set != NULL) && good == !fault.text[0]);
    if (!set)
        return;
    struct value_scratch *fresh = value_scratch_new();
    check(fresh != NULL);
    enum tri value = value_regex_matches(set, 0, value_scratch_of_thread(), text, NULL);
    check(value_regex_matches(set, 0, fresh, text, NULL) == value);
    check(str_is_utf8(text) || value == TRI_UNKNOWN);
    value_scratch_free(&fresh);
    value_regexes_free(&set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const uint8_t *nul = n ? memchr(data, 0, n) : NULL;
    struct str pattern = {(const char *)data, nul ? (size_t)(nul - data) : n};
    struct str text = {nul ? (const char *)nul + 1 : "", nul ? n - pattern.n - 1 : 0};
    judge(pattern, text);
    auto_buf struct buf interpreted = {0};
    buf_z(&interpreted, "(*NO_JIT)");
    buf_str(&interpreted, pattern);
    judge(buf_view(&interpreted), text);
    return 0;
}
