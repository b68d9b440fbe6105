/*
 * The export of a log as C2SP tlog-tiles, made in the caller's process of rows and a checkpoint
 * that were asked for. The checkpoint is written last: who reads the folder never sees one whose
 * tiles are not there.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "audit/record.h"
#include "audit/tiles.h"
#include "audit/verify_keys.h"
#include "reeve/tooling.h"

#define CHECKPOINT_NAME "checkpoint"

struct exporting {
    int dir_fd;
    struct tiles tiles;
    struct note_checkpoint now;
    struct verify_keys keys; /* with the checkpoint of an earlier export, if there is one */
    bool differs;            /* of that size, the trees do */
    struct record_reader reader;
    int rc;
    struct reeve_error *err;
};

static int put_file(void *arg, const char *path, struct str bytes, struct reeve_error *err)
{
    return tiles_dir_put(*(const int *)arg, path, bytes, err);
}

static int another_history(struct exporting *e)
{
    return base_fail(e->err, REEVE_EVERIFY,
                     "the folder has a checkpoint of %" PRIu64 " records that the log's history "
                     "does not begin with: it was put back or changed, or the folder is another's",
                     e->keys.checkpoint.size);
}

static int not_signed(struct exporting *e)
{
    return base_fail(e->err, REEVE_EVERIFY, "the folder's checkpoint: %s", e->keys.why_not.message);
}

/* Where the new tree has the old one's size, its root is the old one's. */
static void compare_old(struct exporting *e)
{
    uint8_t root[BASE_SHA256];
    if (!e->keys.kept.p || e->tiles.size != e->keys.checkpoint.size)
        return;
    tiles_root(&e->tiles, root);
    if (memcmp(root, e->keys.checkpoint.root, sizeof root) != 0)
        e->differs = true;
    if (e->differs && e->keys.kept_signed)
        e->rc = another_history(e);
}

/* The key of the old checkpoint may have been ended since. */
static void find_key(struct exporting *e, const struct reeve_record *r)
{
    struct str record = {r->json, r->json_len};
    struct record_info info;
    struct reeve_error why = {0};
    if (!e->keys.kept.p || e->keys.kept_signed || !record.p ||
        record_read(&e->reader, record, &info, &why) != 0 || info.kind != RECORD_ROTATION)
        return;
    if (verify_keys_take(&e->keys, record, r->seq, &why) != 0)
        e->rc = base_fail(e->err, REEVE_EVERIFY, "record %" PRIu64 ": %s", r->seq, why.message);
    else if (e->differs && e->keys.kept_signed)
        e->rc = another_history(e);
}

static int take_row(void *arg, const struct reeve_record *r)
{
    struct exporting *e = arg;
    if (r->seq != e->tiles.size)
        e->rc = base_fail(e->err, REEVE_EDAMAGED, "the log has no row %" PRIu64, e->tiles.size);
    else
        e->rc = tiles_add(&e->tiles, (struct str){r->json, r->json_len}, r->leaf, e->err);
    if (!e->rc)
        find_key(e, r);
    if (!e->rc)
        compare_old(e);
    return e->rc != 0;
}

static int check_root(struct exporting *e)
{
    uint8_t root[BASE_SHA256];
    tiles_root(&e->tiles, root);
    if (e->tiles.size == e->now.size && memcmp(root, e->now.root, sizeof root) == 0)
        return 0;
    return base_fail(e->err, REEVE_EVERIFY,
                     "the %" PRIu64 " rows that could be read are not the tree of %" PRIu64
                     " that is signed: 'reeve audit verify' says more",
                     e->tiles.size, e->now.size);
}

static int make_tiles(struct reeve *handle, struct exporting *e)
{
    if (e->keys.kept.p && e->keys.checkpoint.size > e->now.size)
        return e->keys.kept_signed ? another_history(e) : not_signed(e);
    int rc = reeve_records(handle, 0, e->now.size, take_row, e, e->err);
    if (!rc)
        rc = e->rc;
    if (!rc)
        rc = check_root(e);
    if (!rc && e->keys.kept.p && !e->keys.kept_signed)
        rc = not_signed(e);
    return rc ? rc : tiles_finish(&e->tiles, e->err);
}

static int read_old(int dir_fd, const struct note_key *key, struct buf *text,
                    struct verify_keys *keys, struct reeve_error *err)
{
    struct stat st;
    if (fstatat(dir_fd, CHECKPOINT_NAME, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT
                   ? 0
                   : base_fail_errno(err, REEVE_EIO, errno, "cannot look for " CHECKPOINT_NAME);
    if (!S_ISREG(st.st_mode))
        return base_fail(err, REEVE_EVERIFY, "the folder's " CHECKPOINT_NAME " is not a file");
    int rc = fd_slurp(dir_fd, CHECKPOINT_NAME, NOTE_MAX_BYTES, text, err);
    if (rc)
        return rc;
    struct reeve_error why = {0};
    if (verify_keys_begin(keys, key, buf_view(text), &why))
        return base_fail(err, REEVE_EVERIFY, "the folder's checkpoint: %s", why.message);
    return 0;
}

static int run_export(struct reeve *handle, struct exporting *e, struct str note,
                      const struct note_key *key)
{
    auto_buf struct buf old = {0};
    int rc = note_checkpoint_open(note, key, &e->now, e->err);
    if (!rc)
        rc = read_old(e->dir_fd, key, &old, &e->keys, e->err);
    if (!rc)
        rc = make_tiles(handle, e);
    return rc ? rc : fd_write_file(e->dir_fd, CHECKPOINT_NAME, note.p, note.n, 0600, e->err);
}

static int open_dir(const char *dir, int *fd, struct reeve_error *err)
{
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return base_fail_errno(err, REEVE_EIO, errno, "cannot make the folder %s", dir);
    *fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *fd >= 0 ? 0 : base_fail_errno(err, REEVE_EIO, errno, "cannot open the folder %s", dir);
}

/* The key and the checkpoint, in texts of the caller's that the parsed key borrows. */
static int ask_head(struct reeve *handle, const char *vkey, char **own, char **note,
                    struct note_key *key, struct reeve_error *err)
{
    int rc = vkey ? 0 : reeve_vkey(handle, own, err);
    if (!rc && note_key_parse(str_of(vkey ? vkey : *own), key, err))
        rc = REEVE_EINVAL;
    return rc ? rc : reeve_checkpoint(handle, note, err);
}

int reeve_export_tiles(struct reeve *handle, const char *vkey, const char *dir,
                       struct reeve_export_report *report, struct reeve_error *err)
{
    auto_free char *own = NULL, *note = NULL;
    struct note_key key;
    if (!dir || !report || report->size != sizeof *report)
        return base_fail(err, REEVE_EINVAL, "an export needs a folder and a report to fill");
    int rc = ask_head(handle, vkey, &own, &note, &key, err);
    if (rc)
        return rc;
    auto_close int fd = -1;
    auto_free struct exporting *e = calloc(1, sizeof *e);
    if (!e)
        return base_fail(err, REEVE_ENOMEM, "out of memory for the tiles");
    rc = open_dir(dir, &fd, err);
    if (rc)
        return rc;
    e->dir_fd = fd;
    e->err = err;
    tiles_init(&e->tiles, put_file, &e->dir_fd);
    rc = run_export(handle, e, str_of(note), &key);
    report->records = e->tiles.size;
    report->without_bytes = e->tiles.without_bytes;
    tiles_fini(&e->tiles);
    record_reader_fini(&e->reader);
    return rc;
}

/* ---- proofs ---- */

static int get_file(void *arg, const char *path, uint8_t *out, size_t n, struct reeve_error *err)
{
    return tiles_dir_get(*(const int *)arg, path, out, n, err);
}

static int read_head(int dir_fd, const struct note_key *key, struct tiles_tree *out,
                     struct reeve_error *err)
{
    auto_buf struct buf text = {0};
    struct note_checkpoint head;
    int rc = fd_slurp(dir_fd, CHECKPOINT_NAME, NOTE_MAX_BYTES, &text, err);
    if (!rc && note_checkpoint_open(buf_view(&text), key, &head, err))
        rc = REEVE_EVERIFY;
    if (rc)
        return rc;
    out->size = head.size;
    memcpy(out->root, head.root, sizeof out->root);
    return 0;
}

static int prove(const char *dir, const char *vkey, enum audit_prove what, const uint64_t of[2],
                 char **json, struct reeve_error *err)
{
    struct note_key key;
    struct audit_proof proof;
    auto_buf struct buf out = {0};
    if (!dir || !vkey || !json)
        return base_fail(err, REEVE_EINVAL, "a proof needs a folder, a key and a place");
    *json = NULL;
    if (note_key_parse(str_of(vkey), &key, err))
        return REEVE_EINVAL;
    auto_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return base_fail_errno(err, REEVE_EIO, errno, "cannot open the folder %s", dir);
    struct tiles_tree tree = {.get = get_file, .arg = &fd};
    int rc = read_head(fd, &key, &tree, err);
    if (!rc)
        rc = tiles_prove(&tree, what, of[0], of[1], &proof, err);
    if (rc)
        return rc;
    audit_proof_json(&proof, &out);
    *json = buf_take(&out, NULL);
    return *json ? 0 : base_fail(err, REEVE_ENOMEM, "out of memory");
}

int reeve_tiles_prove(const char *dir, const char *vkey, uint64_t index, uint64_t size, char **json,
                      struct reeve_error *err)
{
    return prove(dir, vkey, AUDIT_PROVE_RECORD, (const uint64_t[]){index, size}, json, err);
}

int reeve_tiles_prove_consistency(const char *dir, const char *vkey, uint64_t index, uint64_t size,
                                  char **json, struct reeve_error *err)
{
    return prove(dir, vkey, AUDIT_PROVE_GROWTH, (const uint64_t[]){index, size}, json, err);
}
