/*
 * What a policy includes, read from below the folder of its root file: no link and no `..` leads
 * out of it (openat2, RESOLVE_BENEATH). For tools, whose files belong to whoever runs them; the
 * owner of a state folder reads for itself, and asks who may write what it reads.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "policy/policy.h"

int policy_folder_open(const char *file, int *fd, struct reeve_error *err)
{
    const char *slash = strrchr(file, '/');
    struct str folder = slash ? (struct str){file, (size_t)(slash - file) + 1} : STR(".");
    auto_free char *path = str_dup(folder);
    if (!path)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    *fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return *fd >= 0 ? 0 : base_fail_errno(err, REEVE_ENOENT, errno, "%s cannot be opened", path);
}

int policy_folder_read(void *arg, const char *path, struct buf *out, struct reeve_error *err)
{
    const int *folder = arg;
    struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    auto_close int fd = (int)syscall(SYS_openat2, *folder, path, &how, sizeof how);
    struct stat st;
    if (fd < 0 && errno == EXDEV)
        return base_fail(err, REEVE_EINVAL, "it is outside of the policy's folder");
    if (fd < 0)
        return base_fail_errno(err, REEVE_ENOENT, errno, "it cannot be opened");
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return base_fail(err, REEVE_EINVAL, "it is no regular file");
    return fd_slurp_open(fd, path, out->max ? out->max : POLICY_MAX_BYTES, out, err);
}
