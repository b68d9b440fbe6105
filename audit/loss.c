/* See loss.h. Each step is one rename or one new file; the key goes last and comes last. */
#include "audit/loss.h"

#include "audit/plans.h"
#include "audit/segments.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FOLDER = 64 };

/* ---- what is to be done ---- */

int audit_loss_begin(int dir_fd, const struct audit_head *head, uint64_t from, struct str reason,
                     uid_t uid, struct reeve_error *err)
{
    auto_buf struct buf text = {0}, name = {0};
    struct json_out o = {.b = &text};
    char folder[MAX_FOLDER];
    if (from >= head->size || !head->note.n)
        return base_fail(err, REEVE_EINVAL, "the log has lost nothing that was signed");
    if (!reason.n || reason.n > LOSS_MAX_REASON || !str_is_utf8(reason))
        return base_fail(err, REEVE_EINVAL, "a loss needs a reason of at most %u bytes of UTF-8",
                         LOSS_MAX_REASON);
    buf_str(&name, head->origin);
    buf_printf(&name, "/after-%" PRIu64, head->size);
    int rc = audit_origin_check(buf_view(&name), err);
    if (rc)
        return rc;
    (void)snprintf(folder, sizeof folder, "lost-%" PRIu64 "-%" PRIu64, from, head->size - 1);
    json_open_object(&o);
    json_kv_str(&o, "checkpoint", head->note);
    json_kv_str(&o, "folder", str_of(folder));
    json_kv_uint(&o, "from", from);
    json_kv_str(&o, "name", buf_view(&name));
    json_kv_str(&o, "reason", reason);
    json_kv_uint(&o, "to", head->size - 1);
    json_kv_uint(&o, "uid", uid);
    json_kv_str(&o, "vkey", head->vkey);
    json_close_object(&o);
    if (text.failed || name.failed)
        return base_fail(err, REEVE_ENOMEM, "out of memory for " LOSS_NAME);
    return fd_write_file(dir_fd, LOSS_NAME, text.data, text.len, 0600, err);
}

static int wrong(struct reeve_error *err)
{
    return base_fail(err, REEVE_ESTATE,
                     LOSS_NAME " is not what a start writes that gives records up; look into it, "
                               "and remove it if nobody gave any up");
}

static bool is_plain_name(struct str s)
{
    return str_starts(s, STR("lost-")) && s.n < MAX_FOLDER && !memchr(s.p, '/', s.n) &&
           !memchr(s.p, '\0', s.n);
}

/* ---- the old log goes ---- */

static bool is_there(int dir_fd, const char *name)
{
    struct stat st;
    return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int move_file(int dir_fd, int folder, const char *name, struct reeve_error *err)
{
    if (!is_there(dir_fd, name) || renameat(dir_fd, name, folder, name) == 0)
        return 0;
    return base_fail_errno(err, REEVE_EIO, errno, "%s cannot be moved away", name);
}

static int remove_file(int dir_fd, const char *name, struct reeve_error *err)
{
    if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
        return 0;
    return base_fail_errno(err, REEVE_EIO, errno, "%s cannot be removed", name);
}

static int move_all(int dir_fd, int folder, struct reeve_error *err)
{
    static const char *const names[] = {AUDIT_DB_NAME,   AUDIT_DB_NAME "-wal", SEGMENT_FOLDER,
                                        PLANS_DB_NAME,   PLANS_DB_NAME "-wal", AUDIT_UNTOLD_NAME,
                                        AUDIT_HEAD_NAME, AUDIT_VKEY_NAME,      AUDIT_ORIGIN_NAME};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < BASE_COUNT(names); i++)
        rc = move_file(dir_fd, folder, names[i], err);
    if (rc == 0)
        rc = remove_file(dir_fd, AUDIT_NEXT_KEY_NAME, err);
    if (rc == 0 && (fsync(folder) != 0 || fsync(dir_fd) != 0))
        rc = base_fail_errno(err, REEVE_EIO, errno, "the lost log's files cannot be moved away");
    /* From here on the folder holds no log. */
    return rc ? rc : remove_file(dir_fd, AUDIT_KEY_NAME, err);
}

static int set_aside(int dir_fd, struct str name, struct reeve_error *err)
{
    char folder_name[MAX_FOLDER];
    (void)snprintf(folder_name, sizeof folder_name, "%.*s", (int)name.n, name.p);
    if (mkdirat(dir_fd, folder_name, 0700) != 0 && errno != EEXIST)
        return base_fail_errno(err, REEVE_EIO, errno, "%s cannot be made", folder_name);
    auto_close int folder =
        openat(dir_fd, folder_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (folder < 0)
        return base_fail_errno(err, REEVE_EIO, errno, "%s cannot be opened", folder_name);
    return move_all(dir_fd, folder, err);
}

/* ---- the new log comes ---- */

/* Whose key it is that the folder has: the name comes before the key, and is moved before it. */
static bool is_named(int dir_fd, struct str name)
{
    auto_buf struct buf line = {0};
    return fd_slurp(dir_fd, AUDIT_ORIGIN_NAME, 1024, &line, NULL) == 0 && line.len == name.n + 1 &&
           memcmp(line.data, name.p, name.n) == 0;
}

static int finish(int dir_fd, const struct json_doc *doc, struct reeve_error *err)
{
    const struct json_node *root = json_root(doc);
    struct str folder = json_string_or(json_get(doc, root, "folder"), STR(""));
    struct str name = json_string_or(json_get(doc, root, "name"), STR(""));
    if (!is_plain_name(folder) || audit_origin_check(name, NULL) != 0)
        return wrong(err);
    int rc = 0;
    bool has_key = is_there(dir_fd, AUDIT_KEY_NAME);
    if (has_key && is_named(dir_fd, name))
        return 0;
    if (has_key)
        rc = set_aside(dir_fd, folder, err);
    return rc ? rc : audit_create(dir_fd, name, err);
}

int audit_loss_finish(int dir_fd, struct buf *told, struct reeve_error *err)
{
    auto_json struct json_text t = {0};
    buf_reset(told);
    int rc = fd_slurp(dir_fd, LOSS_NAME, LOSS_MAX_BYTES, told, err);
    if (rc == REEVE_ENOENT) {
        buf_reset(told);
        return 0;
    }
    if (rc == 0 && json_text_parse(buf_view(told), &t, NULL) != 0)
        rc = wrong(err);
    return rc ? rc : finish(dir_fd, &t.doc, err);
}

int audit_loss_forget(int dir_fd, struct reeve_error *err)
{
    return remove_file(dir_fd, LOSS_NAME, err);
}
