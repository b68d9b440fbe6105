/* Hashes of files: of all there is, and of a file that may change meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/mman.h>
#include <unistd.h>

#include "base/base.h"

static int file_of(size_t n)
{
    char byte = 'a';
    int fd = memfd_create("hashed", MFD_CLOEXEC);
    assert_true(fd >= 0);
    for (size_t i = 0; i < n; i++, byte = (char)(byte == 'z' ? 'a' : byte + 1))
        assert_int_equal(pwrite(fd, &byte, 1, (off_t)i), 1);
    return fd;
}

/* FIPS 180-2, appendix B.1: "abc". */
static void known_answer(void **state)
{
    static const char hex[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    uint8_t want[BASE_SHA256], got[BASE_SHA256];
    uint64_t size = 0;
    (void)state;
    auto_close int fd = file_of(3);
    assert_true(base_unhex(STR(hex), want, sizeof want));
    assert_int_equal(base_sha256_fd(fd, got, &size, NULL), 0);
    assert_int_equal(size, 3);
    assert_memory_equal(got, want, sizeof want);
    assert_int_equal(base_sha256_fd_of_size(fd, 3, got, NULL), 0);
    assert_memory_equal(got, want, sizeof want);
}

/* What the file holds, and what was found before. */
static void size_must_hold(void **state)
{
    static const struct {
        size_t holds;
        uint64_t found;
        int code;
    } rows[] = {{0, 0, 0},         {0, 1, REEVE_EIO},         {1, 0, REEVE_EIO},
                {65536, 65536, 0}, {65536, 65535, REEVE_EIO}, {65536, 65537, REEVE_EIO},
                {70000, 70000, 0}, {70000, 1, REEVE_EIO},     {70000, UINT64_MAX, REEVE_EIO}};
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        uint8_t all[BASE_SHA256], exact[BASE_SHA256];
        auto_close int fd = file_of(rows[i].holds);
        int code = base_sha256_fd_of_size(fd, rows[i].found, exact, NULL);
        if (code != rows[i].code)
            fail_msg("row %zu: %d instead of %d", i, code, rows[i].code);
        assert_int_equal(base_sha256_fd(fd, all, NULL, NULL), 0);
        if (code == 0)
            assert_memory_equal(all, exact, sizeof all);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(known_answer),
                                       cmocka_unit_test(size_must_hold)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
