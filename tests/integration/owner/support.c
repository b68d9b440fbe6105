/* State folders for the tests of this folder. See support.h. */
#include "support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "broker/state.h"

void make_state(char dir[64], const char *name)
{
    char origin[64];
    struct reeve_error err = {0};
    (void)snprintf(dir, 64, "/tmp/reeve-%s-XXXXXX", name);
    (void)snprintf(origin, sizeof origin, "test/%s", name);
    assert_non_null(mkdtemp(dir));
    if (state_create(dir, origin, &err) != 0)
        fail_msg("%s", err.message);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void remove_state(const char *dir)
{
    (void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
