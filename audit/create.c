/*
 * A new log's files. The key comes last: a folder without it holds no log yet, and what an earlier
 * attempt left is overwritten. Called once per state folder, by whoever sets it up.
 */
#include "audit/audit.h"
#include "audit/keeper/head.h"
#include "audit/note.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>

static int refuse_existing(int dir_fd, struct reeve_error *err)
{
    static const char *const names[] = {AUDIT_KEY_NAME, AUDIT_DB_NAME};
    for (size_t i = 0; i < BASE_COUNT(names); i++) {
        struct stat st;
        if (fstatat(dir_fd, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
            return base_fail(err, REEVE_ESTATE,
                             "the folder holds a log already (%s is there); take an empty folder",
                             names[i]);
        if (errno != ENOENT)
            return base_fail_errno(err, REEVE_EIO, errno, "%s cannot be looked at", names[i]);
    }
    return 0;
}

static int write_line(int dir_fd, const char *name, struct buf *text, struct reeve_error *err)
{
    buf_byte(text, '\n');
    if (text->failed)
        return base_fail(err, REEVE_ENOMEM, "out of memory for %s", name);
    return fd_write_file(dir_fd, name, text->data, text->len, 0644, err);
}

static int write_names(int dir_fd, struct str origin, const struct audit_key *key,
                       struct reeve_error *err)
{
    auto_buf struct buf name = {0}, vkey = {0};
    buf_str(&name, origin);
    note_key_format(origin, key->pub, &vkey);
    int rc = write_line(dir_fd, AUDIT_ORIGIN_NAME, &name, err);
    return rc ? rc : write_line(dir_fd, AUDIT_VKEY_NAME, &vkey, err);
}

static int write_head(int dir_fd, const struct audit_key *key, struct reeve_error *err)
{
    struct head_key seal;
    auto_free uint8_t *bytes = malloc(HEAD_FILE_BYTES);
    if (!bytes)
        return base_fail(err, REEVE_ENOMEM, "out of memory for " AUDIT_HEAD_NAME);
    int rc = head_key_of(key, &seal, err);
    if (rc)
        return rc;
    head_first(&seal, bytes);
    OPENSSL_cleanse(&seal, sizeof seal);
    return fd_write_file(dir_fd, AUDIT_HEAD_NAME, bytes, HEAD_FILE_BYTES, 0600, err);
}

int audit_origin_check(struct str origin, struct reeve_error *err)
{
    if (note_name_ok(origin))
        return 0;
    return base_fail(err, REEVE_EINVAL,
                     "a log's name has 1 to %u bytes without spaces, control characters and plus "
                     "signs, such as example.com/reeve",
                     NOTE_MAX_NAME);
}

int audit_create(int dir_fd, struct str origin, struct reeve_error *err)
{
    int rc = audit_origin_check(origin, err);
    if (!rc)
        rc = refuse_existing(dir_fd, err);
    if (rc)
        return rc;
    auto_key struct audit_key key = {0};
    rc = audit_key_generate(&key, err);
    if (rc == 0)
        rc = write_head(dir_fd, &key, err);
    if (rc == 0)
        rc = write_names(dir_fd, origin, &key, err);
    return rc ? rc : audit_key_store(&key, dir_fd, AUDIT_KEY_NAME, err);
}
