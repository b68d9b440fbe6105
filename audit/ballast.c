/* A file that only takes room. See ballast.h. */
#include "audit/ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int cannot(int errnum, struct reeve_error *err)
{
    return base_fail_errno(err, REEVE_EIO, errnum, AUDIT_BALLAST_NAME " cannot be made");
}

int ballast_make(int dir_fd, uint64_t bytes, struct reeve_error *err)
{
    struct stat st;
    auto_close int fd =
        openat(dir_fd, AUDIT_BALLAST_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || fstat(fd, &st) != 0)
        return cannot(errno, err);
    if (!S_ISREG(st.st_mode))
        return base_fail(err, REEVE_EIO, AUDIT_BALLAST_NAME " is no regular file");
    if ((uint64_t)st.st_size == bytes && (uint64_t)st.st_blocks * 512 >= bytes)
        return 0;
    int errnum = ftruncate(fd, (off_t)bytes) != 0 ? errno : posix_fallocate(fd, 0, (off_t)bytes);
    if (errnum == 0)
        return 0;
    (void)ballast_give_up(dir_fd); /* half of it would be in the way of what must be written */
    return cannot(errnum, err);
}

bool ballast_give_up(int dir_fd)
{
    return unlinkat(dir_fd, AUDIT_BALLAST_NAME, 0) == 0;
}
