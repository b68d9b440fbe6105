/*
 * The key under which records hide values: kept in the folder, so that one value has one tag in all
 * of its records and can be looked for, and of no use for anything else.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/internal.h"

#define NAME "mask.key" /* 64 hex digits and a line feed, mode 0600 */
enum { HEX = 2 * BASE_SHA256 };

static int make(struct owner *owner, struct reeve_error *err)
{
    char text[HEX + 2];
    base_random(owner->mask_key, sizeof owner->mask_key);
    base_hex(owner->mask_key, sizeof owner->mask_key, text);
    text[HEX] = '\n';
    return fd_write_file(owner->dir_fd, NAME, text, HEX + 1, 0600, err);
}

static int unusable(const struct owner *owner, const char *what, struct reeve_error *err)
{
    return base_fail(err, REEVE_EKEY,
                     "%s/" NAME
                     " %s; restore it from a backup, or remove it: a new one is made, and "
                     "hidden values have other tags from then on",
                     owner->dir, what);
}

static int parse(struct owner *owner, struct str text, struct reeve_error *err)
{
    if (text.n != HEX + 1 || text.p[HEX] != '\n' ||
        !base_unhex((struct str){text.p, HEX}, owner->mask_key, sizeof owner->mask_key))
        return unusable(owner, "does not hold 64 hex digits on one line", err);
    return 0;
}

int owner_load_mask_key(struct owner *owner, struct reeve_error *err)
{
    auto_close int fd = openat(owner->dir_fd, NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        return make(owner, err);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return unusable(owner, "cannot be opened as a file", err);
    if (st.st_mode & 077 || (st.st_uid != geteuid() && st.st_uid != 0))
        return unusable(owner, "can be reached by others: its mode must be 0600", err);
    auto_buf struct buf text = {0};
    int rc = fd_slurp_open(fd, NAME, HEX + 1, &text, err);
    return rc ? unusable(owner, "cannot be read", err) : parse(owner, buf_view(&text), err);
}

void owner_put_mask_key(const struct owner *owner, struct json_out *o)
{
    uint8_t digest[BASE_SHA256];
    char id[17];
    base_hmac_sha256(owner->mask_key, sizeof owner->mask_key, NAME, sizeof NAME - 1, digest);
    base_hex(digest, (sizeof id - 1) / 2, id);
    json_kv_str(o, "mask_key", str_of(id));
}
