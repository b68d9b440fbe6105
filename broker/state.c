/* State folders. See state.h. */
#include "broker/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "audit/segments.h"

static const char config_text[] =
    "# Configuration of this state folder. What is not written here has its default.\n"
    "reeve: config/v1\n";

static const char policy_text[] = "# The policy in force for this folder. As it stands it permits "
                                  "nothing: subjects have level pure and there is no\n"
                                  "# rule. `reeve policy lint policy.yaml` checks a change before "
                                  "reeved reads it at its next start.\n"
                                  "reeve: policy/v1\n"
                                  "name: local\n"
                                  "defaults: {level: pure}\n"
                                  "rules: []\n";

void state_user_name(uid_t uid, char out[96])
{
    char text[1024];
    struct passwd pw, *found = NULL;
    if (getpwuid_r(uid, &pw, text, sizeof text, &found) == 0 && found)
        (void)snprintf(out, 96, "%.64s (uid %u)", found->pw_name, (unsigned)uid);
    else
        (void)snprintf(out, 96, "uid %u", (unsigned)uid);
}

/* What an init that was interrupted leaves, as well as the lock of one that is going on. */
static bool is_of_init(struct str name)
{
    static const char *const names[] = {AUDIT_KEY_NAME,
                                        AUDIT_VKEY_NAME,
                                        AUDIT_ORIGIN_NAME,
                                        AUDIT_HEAD_NAME,
                                        STATE_LOCK_NAME,
                                        STATE_POLICY_NAME,
                                        STATE_BLOB_FOLDER,
                                        STATE_CONFIG_NAME,
                                        ".",
                                        ".."};
    bool unfinished = name.n > 4 && memcmp(name.p + name.n - 4, ".tmp", 4) == 0;
    for (size_t i = 0; i < BASE_COUNT(names); i++)
        if (str_is(name, names[i]) || (unfinished && str_starts(name, str_of(names[i]))))
            return true;
    return false;
}

/* Whether anything else is there; a folder that cannot be read counts as one that has. */
static bool has_other_files(int dir_fd)
{
    int copy = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = copy < 0 ? NULL : fdopendir(copy);
    if (!d) {
        fd_close(&copy);
        return true;
    }
    bool any = false;
    for (struct dirent *e; !any && (e = readdir(d)) != NULL;)
        any = !is_of_init(str_of(e->d_name));
    (void)closedir(d);
    return any;
}

/* mkdir -p, the last one mode 0700. */
static int make_folder(const char *dir, struct reeve_error *err)
{
    auto_free char *path = str_dup(str_of(dir));
    if (!path)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    for (char *at = path + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            return base_fail_errno(err, REEVE_EIO, errno, "the folder %s cannot be made", path);
        *at = '/';
    }
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return base_fail_errno(err, REEVE_EIO, errno, "the folder %s cannot be made", path);
    return 0;
}

static int put(int dir_fd, const char *name, struct str text, struct reeve_error *err)
{
    return fd_write_file(dir_fd, name, text.p, text.n, 0600, err);
}

/* The configuration comes last: without it the folder is none yet, and all is written anew. */
static int fill_folder(int fd, const char *dir, const char *origin, struct reeve_error *err)
{
    if (unlinkat(fd, AUDIT_KEY_NAME, 0) != 0 && errno != ENOENT)
        return base_fail_errno(err, REEVE_EIO, errno, "%s/%s cannot be removed", dir,
                               AUDIT_KEY_NAME);
    int rc = audit_create(fd, str_of(origin), err);
    if (!rc && mkdirat(fd, STATE_BLOB_FOLDER, 0700) != 0 && errno != EEXIST)
        rc = base_fail_errno(err, REEVE_EIO, errno, "%s/%s cannot be made", dir, STATE_BLOB_FOLDER);
    if (!rc)
        rc = put(fd, STATE_POLICY_NAME, STR(policy_text), err);
    return rc ? rc : put(fd, STATE_CONFIG_NAME, STR(config_text), err);
}

static int refuse_made(int fd, const char *dir, struct reeve_error *err)
{
    if (faccessat(fd, STATE_CONFIG_NAME, F_OK, 0) == 0)
        return base_fail(err, REEVE_ESTATE, "%s is a state folder already", dir);
    if (has_other_files(fd))
        return base_fail(err, REEVE_ESTATE, "%s holds other files; name a new or an empty folder",
                         dir);
    return 0;
}

int state_create(const char *dir, const char *origin, struct reeve_error *err)
{
    int rc = audit_origin_check(str_of(origin), err); /* before anything is made */
    if (!rc)
        rc = make_folder(dir, err);
    if (rc)
        return rc;
    auto_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return base_fail_errno(err, REEVE_EIO, errno, "the folder %s cannot be opened", dir);
    rc = refuse_made(fd, dir, err);
    if (rc)
        return rc;
    struct stat st;
    if (fstat(fd, &st) != 0 || (st.st_uid == geteuid() && fchmod(fd, 0700) != 0))
        return base_fail_errno(err, REEVE_EIO, errno, "the mode of %s cannot be set", dir);
    auto_close int lock = -1; /* of two that make one folder, the other waits for nothing */
    rc = state_require_owner(dir, st.st_uid, err);
    if (!rc)
        rc = state_lock(fd, dir, &lock, err);
    if (!rc)
        rc = refuse_made(fd, dir, err);
    return rc ? rc : fill_folder(fd, dir, origin, err);
}

int state_open(const char *dir, int *dir_fd, uid_t *owner, struct reeve_error *err)
{
    int rc = 0;
    auto_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return base_fail(err, REEVE_ENOENT, "%s does not exist; make it with: reeve init %s", dir,
                         dir);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        int errnum = errno;
        rc = errnum == EACCES && stat(dir, &st) == 0 ? state_require_owner(dir, st.st_uid, err) : 0;
        if (rc)
            return rc;
        return base_fail_errno(err, REEVE_ESTATE, errnum, "the state folder %s cannot be opened",
                               dir);
    }
    if (st.st_mode & 0022)
        return base_fail(err, REEVE_ESTATE,
                         "others may write in the state folder %s; run: chmod go-w %s", dir, dir);
    if (faccessat(fd, STATE_CONFIG_NAME, F_OK, 0) != 0) {
        rc = errno == EACCES ? state_require_owner(dir, st.st_uid, err) : 0;
        if (rc)
            return rc;
        return base_fail(err, REEVE_ESTATE,
                         "%s is no state folder (it has no %s); make one with: reeve init DIR", dir,
                         STATE_CONFIG_NAME);
    }
    *dir_fd = fd;
    *owner = st.st_uid;
    fd = -1;
    return 0;
}

int state_require_owner(const char *dir, uid_t owner, struct reeve_error *err)
{
    if (geteuid() == owner)
        return 0;
    char theirs[96], ours[96];
    state_user_name(owner, theirs);
    state_user_name(geteuid(), ours);
    return base_fail(
        err, REEVE_EPERM,
        "the state folder %s belongs to %s and this is %s; run the command as its owner, "
        "or name a folder of your own with --state DIR",
        dir, theirs, ours);
}

pid_t state_lock_pid(int dir_fd)
{
    auto_buf struct buf text = {.max = 64};
    long pid = 0;
    if (fd_slurp(dir_fd, STATE_LOCK_NAME, 32, &text, NULL) != 0)
        return 0;
    for (size_t i = 0; i < text.len && text.data[i] >= '0' && text.data[i] <= '9' && pid < 1L << 30;
         i++)
        pid = pid * 10 + (text.data[i] - '0');
    return (pid_t)pid;
}

int state_lock(int dir_fd, const char *dir, int *lock_fd, struct reeve_error *err)
{
    auto_close int fd =
        openat(dir_fd, STATE_LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return base_fail_errno(err, REEVE_ESTATE, errno, "%s/%s cannot be opened", dir,
                               STATE_LOCK_NAME);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
        if (errno != EAGAIN && errno != EACCES)
            return base_fail_errno(err, REEVE_ESTATE, errno, "%s/%s cannot be locked", dir,
                                   STATE_LOCK_NAME);
        return base_fail(err, REEVE_EOWNED, "the state folder %s is owned by the process %d", dir,
                         (int)state_lock_pid(dir_fd));
    }
    char pid[16];
    int n = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) != 0 || fd_pwrite_all(fd, pid, (size_t)n, 0) != 0)
        return base_fail_errno(err, REEVE_EIO, errno, "%s/%s cannot be written", dir,
                               STATE_LOCK_NAME);
    *lock_fd = fd;
    fd = -1;
    return 0;
}

void state_lock_touch(int lock_fd)
{
    (void)futimens(lock_fd, NULL);
}

bool state_lock_touched(int dir_fd, struct timespec *last)
{
    struct stat st;
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    auto_close int fd = openat(dir_fd, STATE_LOCK_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fcntl(fd, F_OFD_GETLK, &whole) != 0 || whole.l_type == F_UNLCK ||
        fstat(fd, &st) != 0 ||
        (st.st_mtim.tv_sec == last->tv_sec && st.st_mtim.tv_nsec == last->tv_nsec))
        return false;
    *last = st.st_mtim;
    return true;
}

void state_sweep(int dir_fd)
{
    static const char *const folders[] = {STATE_BLOB_FOLDER, SEGMENT_FOLDER};
    fd_sweep_temps(dir_fd);
    for (size_t i = 0; i < BASE_COUNT(folders); i++) {
        auto_close int fd =
            openat(dir_fd, folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd >= 0)
            fd_sweep_temps(fd);
    }
}

int state_socket_address(const char *dir, int dir_fd, const char *name, struct sockaddr_un *out,
                         struct reeve_error *err)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    int n = snprintf(out->sun_path, sizeof out->sun_path, "%s/%s", dir, name);
    if (n > 0 && (size_t)n < sizeof out->sun_path)
        return 0;
    n = snprintf(out->sun_path, sizeof out->sun_path, "/proc/self/fd/%d/%s", dir_fd, name);
    if (n > 0 && (size_t)n < sizeof out->sun_path)
        return 0;
    return base_fail(err, REEVE_EINVAL, "the socket name %s is too long", name);
}

/* Who may write it decides what it says. */
static int check_hands(int fd, const char *path, mode_t type, uid_t owner, struct reeve_error *err)
{
    struct stat st;
    char theirs[96], ours[96];
    if (fstat(fd, &st) != 0)
        return base_fail_errno(err, REEVE_ESTATE, errno, "%s cannot be examined", path);
    if ((st.st_mode & S_IFMT) != type)
        return base_fail(err, REEVE_ESTATE, "%s is no %s; put one there", path,
                         type == S_IFREG ? "regular file" : "folder");
    if (st.st_uid != owner && st.st_uid != 0) {
        state_user_name(st.st_uid, theirs);
        state_user_name(owner, ours);
        return base_fail(err, REEVE_ESTATE, "%s belongs to %s, not to %s; run: chown %u %s", path,
                         theirs, ours, (unsigned)owner, path);
    }
    if (st.st_mode & 0022)
        return base_fail(err, REEVE_ESTATE, "others may write %s; run: chmod go-w %s", path, path);
    return 0;
}

/* The folder that a path's file is in, `*name` its name there. Each folder on the way must be in
 * the same hands as what is read: whoever may write one puts another file in its place. */
static int open_parent(int dir_fd, const char *dir, const char **name, uid_t owner, int *out,
                       struct reeve_error *err)
{
    const char *path = *name;
    int rc = 0;
    *out = openat(dir_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (const char *slash; *out >= 0 && !rc && (slash = strchr(*name, '/')); *name = slash + 1) {
        char part[NAME_MAX + 1], shown[PATH_MAX];
        int n = (int)(slash - *name);
        (void)snprintf(part, sizeof part, "%.*s", n, *name);
        (void)snprintf(shown, sizeof shown, "%s/%.*s", dir, (int)(slash - path), path);
        auto_close int outer = *out;
        *out = n <= NAME_MAX ? openat(outer, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
                             : -1;
        if (*out >= 0)
            rc = check_hands(*out, shown, S_IFDIR, owner, err);
    }
    if (*out < 0)
        return base_fail_errno(err, REEVE_ESTATE, errno, "the folder of %s/%s cannot be opened",
                               dir, path);
    return rc;
}

int state_read(int dir_fd, const char *dir, const char *name, uid_t owner, size_t max,
               struct buf *out, struct reeve_error *err)
{
    char path[PATH_MAX];
    auto_close int parent = -1;
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    int rc = open_parent(dir_fd, dir, &name, owner, &parent, err);
    if (rc)
        return rc;
    /* O_NONBLOCK: a FIFO put in its place must not hold the reader. */
    auto_close int fd =
        openat(parent, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    if (fd < 0 && errno == ELOOP)
        return base_fail(err, REEVE_ESTATE, "%s is a link; put the file itself there", path);
    if (fd < 0 && errno == ENOENT)
        return base_fail(err, REEVE_ESTATE,
                         "%s is missing; restore it, or copy that of a new folder (reeve init DIR)",
                         path);
    if (fd < 0)
        return base_fail_errno(err, REEVE_ESTATE, errno, "%s cannot be opened", path);
    rc = check_hands(fd, path, S_IFREG, owner, err);
    return rc ? rc : fd_slurp_open(fd, path, max, out, err);
}

int state_keep_blob(int dir_fd, const char *dir, const uint8_t digest[BASE_SHA256],
                    struct str bytes, struct reeve_error *err)
{
    auto_close int blobs =
        openat(dir_fd, STATE_BLOB_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (blobs < 0)
        return base_fail(
            err, REEVE_ESTATE,
            "%s/%s cannot be opened (%s); it must be a folder of this user's: move what "
            "is there aside and run: mkdir -m 0700 %s/%s",
            dir, STATE_BLOB_FOLDER, strerror(errno), dir, STATE_BLOB_FOLDER);
    char name[2 * BASE_SHA256 + 1];
    base_hex(digest, BASE_SHA256, name);
    if (faccessat(blobs, name, F_OK, 0) == 0)
        return 0;
    return fd_write_file(blobs, name, bytes.p, bytes.n, 0600, err);
}
