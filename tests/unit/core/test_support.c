/* See test_support.h. */
#include "test_support.h"

void expect_text(const char *row, struct str got, const char *expected)
{
    if (!str_is(got, expected))
        fail_msg("%s:\n  got      %.*s\n  expected %s", row, (int)got.n, got.p, expected);
}

void expect_part(const char *row, const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("%s:\n  got      %s\n  expected %s in it", row, text, part);
}
