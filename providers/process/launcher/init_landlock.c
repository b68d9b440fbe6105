/*
 * A read-only mount holds nobody back from writing to a FIFO or a device that it shows. Landlock
 * does: the guest opens for writing what lies below /tmp, which is its own, and the devices that
 * every sandbox has, and nothing else. Streams stay as they were handed over. A kernel without
 * Landlock is no error; `reeve version` says which it is. One of init_guest.c's steps.
 */
#include "providers/process/launcher/init.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ABI_REFER 2 /* before it, no file could be moved from one folder of /tmp to another */

/* REFER is refused wherever it is not allowed, asked for or not. */
#define WRITE_FILE LANDLOCK_ACCESS_FS_WRITE_FILE
#define WRITE_TREE (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REFER)

static const struct {
    const char *path;
    uint64_t access;
} writable[] = {
    {"/tmp", WRITE_TREE},      {"/dev/null", WRITE_FILE},   {"/dev/zero", WRITE_FILE},
    {"/dev/full", WRITE_FILE}, {"/dev/random", WRITE_FILE}, {"/dev/urandom", WRITE_FILE},
};

static int allow(int rules, const char *path, uint64_t access)
{
    int fd = open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -1;
    const struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
    long r = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    (void)close(fd);
    return (int)r;
}

int guest_confine_writing(const struct plan_view *plan)
{
    const uint64_t handled = WRITE_TREE; /* the first member of the kernel's struct */
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    (void)plan;
    if (abi < ABI_REFER)
        return 0;
    int rules = (int)syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0);
    if (rules < 0)
        return -1;
    for (size_t i = 0; i < BASE_COUNT(writable); i++)
        if (allow(rules, writable[i].path, writable[i].access) < 0)
            return -1;
    long r = syscall(SYS_landlock_restrict_self, rules, 0);
    (void)close(rules);
    return (int)r;
}
