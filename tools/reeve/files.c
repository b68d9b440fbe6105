/*
 * Files that the command reads and writes: whole files with a bound in, whole files by rename out.
 * Called by the subcommands; knows no format but that of a verifier key's name.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/reeve/cli.h"

static int fail(struct reeve_error *err, int code, const char *fmt, ...) REEVE_PRINTF(3, 4);
static int fail(struct reeve_error *err, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    *err = (struct reeve_error){.code = code};
    vsnprintf(err->message, sizeof err->message, fmt, ap);
    va_end(ap);
    return code;
}

static int fail_open(struct reeve_error *err, const char *path)
{
    static const struct {
        int error, code;
    } codes[] = {{ENOENT, REEVE_ENOENT},
                 {ENOTDIR, REEVE_ENOENT},
                 {ENAMETOOLONG, REEVE_ENOENT},
                 {EACCES, REEVE_EPERM}};
    int code = REEVE_EIO;
    for (size_t i = 0; i < CLI_COUNT(codes); i++)
        code = codes[i].error == errno ? codes[i].code : code;
    return fail(err, code, "cannot open %s: %s", path, strerror(errno));
}

/* Reads until the end; a file larger than `max` is told by one byte more. */
static int read_all(int fd, const char *path, size_t max, char **text, size_t *n,
                    struct reeve_error *err)
{
    size_t room = 65536, len = 0;
    auto_free char *data = malloc(room + 1);
    for (ssize_t got = 1; data && got != 0;) {
        if (len == room) {
            room *= 2;
            char *more = realloc(data, room + 1);
            if (!more)
                return fail(err, REEVE_ENOMEM, "out of memory for %s", path);
            data = more;
        }
        got = read(fd, data + len, room - len);
        if (got < 0 && errno == EINTR) {
            got = 1;
            continue;
        }
        if (got < 0)
            return fail(err, REEVE_EIO, "cannot read %s: %s", path, strerror(errno));
        len += (size_t)got;
        if (len > max)
            return fail(err, REEVE_EFORMAT, "%s is larger than %zu bytes", path, max);
    }
    if (!data)
        return fail(err, REEVE_ENOMEM, "out of memory for %s", path);
    data[len] = 0;
    *text = data;
    *n = len;
    data = NULL;
    return 0;
}

int cli_read_file(const char *path, size_t max, char **text, size_t *n, struct reeve_error *err)
{
    if (strcmp(path, "-") == 0)
        return read_all(STDIN_FILENO, "standard input", max, text, n, err);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fail_open(err, path);
    int rc = read_all(fd, path, max, text, n, err);
    close(fd);
    return rc;
}

/* NAME+8 hex digits+base64 */
static bool looks_like_key(const char *text)
{
    const char *last = strrchr(text, '+');
    const char *first = strchr(text, '+');
    return first && first != text && last && last != first && last[1];
}

int cli_read_key(const char *key_or_file, char **vkey, struct reeve_error *err)
{
    size_t n;
    int rc = cli_read_file(key_or_file, CLI_MAX_KEY, vkey, &n, err);
    if (rc == REEVE_ENOENT) {
        if (!looks_like_key(key_or_file))
            return fail(err, REEVE_ENOENT,
                        "%s is neither a file nor a verifier key (NAME+8 hex digits+base64, as in "
                        "key.vkey)",
                        key_or_file);
        *vkey = strdup(key_or_file);
        return *vkey ? 0 : fail(err, REEVE_ENOMEM, "out of memory");
    }
    if (rc)
        return rc;
    while (n && ((*vkey)[n - 1] == '\n' || (*vkey)[n - 1] == '\r'))
        (*vkey)[--n] = 0;
    return 0;
}

/* Only a regular file, or a new one, is written by rename: a device or a folder would be replaced,
 * and so would a link instead of what it leads to. */
static int check_target(const char *path, char **real, struct reeve_error *err)
{
    struct stat st;
    bool there = stat(path, &st) == 0;
    if (!there && errno != ENOENT)
        return fail_open(err, path);
    if (there && !S_ISREG(st.st_mode))
        return fail(err, REEVE_EIO, "%s is no regular file; name one, or a new file", path);
    *real = there ? realpath(path, NULL) : strdup(path);
    if (!there && lstat(path, &st) == 0)
        return fail(err, REEVE_EIO, "%s is a link that leads nowhere", path);
    return *real ? 0 : fail(err, REEVE_ENOMEM, "out of memory");
}

int cli_outfile_open(struct cli_outfile *f, const char *path, struct reeve_error *err)
{
    *f = (struct cli_outfile){.fd = -1};
    int rc = check_target(path, &f->path, err);
    if (rc)
        return rc;
    path = f->path;
    if (asprintf(&f->temporary, "%s.XXXXXX", path) < 0) {
        f->temporary = NULL;
        return fail(err, REEVE_ENOMEM, "out of memory");
    }
    f->fd = mkostemp(f->temporary, O_CLOEXEC);
    if (f->fd < 0) {
        int error = errno;
        free(f->temporary);
        f->temporary = NULL;
        return fail(err, REEVE_EIO, "cannot write %s: %s", path, strerror(error));
    }
    return 0;
}

int cli_outfile_commit(struct cli_outfile *f, const char *text, size_t n, struct reeve_error *err)
{
    mode_t mask = umask(0);
    umask(mask);
    for (size_t done = 0; done < n;) {
        ssize_t put = write(f->fd, text + done, n - done);
        if (put < 0 && errno != EINTR)
            return fail(err, REEVE_EIO, "cannot write %s: %s", f->path, strerror(errno));
        done += put > 0 ? (size_t)put : 0;
    }
    if (fchmod(f->fd, 0666 & ~mask) != 0 || fsync(f->fd) != 0 || rename(f->temporary, f->path) != 0)
        return fail(err, REEVE_EIO, "cannot write %s: %s", f->path, strerror(errno));
    free(f->temporary);
    f->temporary = NULL;
    return 0;
}

void cli_outfile_close(struct cli_outfile *f)
{
    if (f->fd >= 0)
        close(f->fd);
    if (f->temporary)
        unlink(f->temporary);
    free(f->temporary);
    free(f->path);
    *f = (struct cli_outfile){.fd = -1};
}
