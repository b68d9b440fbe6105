/* What the tests of core share: cmocka's includes in their order, and texts compared as texts. */
#ifndef TESTS_UNIT_CORE_TEST_SUPPORT_H
#define TESTS_UNIT_CORE_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"

/** Fails with both texts, and the row's name, when they differ. */
void expect_text(const char *row, struct str got, const char *expected);
/** Fails unless `part` occurs in `text`. */
void expect_part(const char *row, const char *text, const char *part);

#endif
