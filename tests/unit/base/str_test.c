/* Equality of short texts: of every length, with a difference at every byte, and no byte read
 * beyond either (which a sanitizer sees). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

enum { LONGEST = 70 };

static char *copy_of(size_t n)
{
    char *p = malloc(n ? n : 1);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = (char)('a' + i % 26);
    return p;
}

static void every_byte_counts(void **state)
{
    (void)state;
    for (size_t n = 0; n <= LONGEST; n++) {
        auto_free char *a = copy_of(n);
        auto_free char *b = copy_of(n);
        assert_true(base_same(a, b, n));
        assert_true(str_eq((struct str){a, n}, (struct str){b, n}));
        for (size_t i = 0; i < n; i++) {
            b[i] = (char)(b[i] ^ 1);
            assert_false(base_same(a, b, n));
            b[i] = (char)(b[i] ^ 1);
        }
        assert_false(n && str_eq((struct str){a, n}, (struct str){b, n - 1}));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_byte_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
