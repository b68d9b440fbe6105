/* What fake_helper.c tells helpers_test.c of how it was started. */
#ifndef TESTS_UNIT_HELPERS_REPORT_H
#define TESTS_UNIT_HELPERS_REPORT_H

#include <stdint.h>
#include <sys/types.h>

struct helper_report {
    char name[32];
    uint64_t descriptors; /* bit i: descriptor i is open; the last bit: one of 63 and more */
    uint64_t lock, folder, other; /* inodes of descriptors 5, 6 and, where there is one, 7 */
    pid_t session;
    mode_t umask;
    _Bool environment, default_signals, null_streams, peer;
};

#endif
