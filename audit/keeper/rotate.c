/*
 * The keeper's key and its successor, in files. The successor is durable before its record is given
 * out; it takes over when the batch with that record is committed, in three steps of which each can
 * be done again: the head under the new key's seal, key.vkey, key.pem. docs/audit.md has what a
 * crash in between leaves.
 */
#include "audit/audit.h"
#include "audit/keeper/keeper.h"
#include "audit/rotation.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- making one ---- */

void keeper_forget_rotation(struct keeper *k)
{
    audit_key_free(&k->next);
    k->rotation.bytes = 0;
}

/* Durable before anybody hears of it. */
static int make_next(struct keeper *k, uint64_t seq, struct reeve_error *err)
{
    int rc = audit_key_generate(&k->next, err);
    if (rc == 0)
        rc = rotation_write(k->origin, seq, &k->key, &k->next, &k->rotation, err);
    if (rc == 0)
        rc = audit_key_store(&k->next, k->dir_fd, AUDIT_NEXT_KEY_NAME, err);
    if (rc)
        keeper_forget_rotation(k);
    return rc;
}

enum keeper_refusal keeper_rotate(struct keeper *k, uint64_t seq, struct keeper_rotation *answer)
{
    struct reeve_error err = {0};
    uint64_t size = k->head.edge.size;
    if (k->rotation.bytes || seq < size || seq - size >= KEEPER_MAX_LEAVES)
        return KEEPER_REFUSAL_ROTATION;
    if (make_next(k, seq, &err) == 0)
        answer->record = k->rotation;
    else /* of a full disk, say: the old key goes on */
        (void)snprintf(answer->record.text, sizeof answer->record.text, "%s", err.message);
    return KEEPER_REFUSAL_NONE;
}

bool keeper_batch_rotates(const struct keeper *k, const struct keeper_batch *b)
{
    uint8_t leaf[BASE_SHA256];
    uint64_t i = k->rotation.seq - b->size;
    if (!k->rotation.bytes)
        return true;
    tree_leaf_hash(k->rotation.text, k->rotation.bytes, leaf);
    return i < b->nleaves && memcmp(b->leaf[i], leaf, sizeof leaf) == 0;
}

/* ---- taking over ---- */

/* The head is the next key's already. */
static int replace_files(struct keeper *k, struct reeve_error *err)
{
    auto_buf struct buf vkey = {0};
    note_key_format(k->origin, k->next.pub, &vkey);
    buf_byte(&vkey, '\n');
    if (vkey.failed)
        return base_fail(err, REEVE_ENOMEM, "out of memory for " AUDIT_VKEY_NAME);
    int rc = fd_write_file(k->dir_fd, AUDIT_VKEY_NAME, vkey.data, vkey.len, 0644, err);
    if (rc)
        return rc;
    if (renameat(k->dir_fd, AUDIT_NEXT_KEY_NAME, k->dir_fd, AUDIT_KEY_NAME) != 0 ||
        fsync(k->dir_fd) != 0)
        return base_fail_errno(err, REEVE_EKEY, errno,
                               AUDIT_NEXT_KEY_NAME " cannot take the place of " AUDIT_KEY_NAME);
    audit_key_free(&k->key);
    k->key = k->next;
    k->next = (struct audit_key){0};
    k->rotation.bytes = 0;
    return 0;
}

int keeper_take_over(struct keeper *k, struct reeve_error *err)
{
    struct keeper_head *h = &k->head;
    int rc = head_key_of(&k->next, &k->head_key, err);
    if (rc)
        return rc;
    h->generation++;
    rc = head_store(k->head_fd, &k->head_key, h, err);
    if (rc == 0)
        rc = head_mark(k->head_fd, &k->head_key, h, err);
    if (rc == 0 && fdatasync(k->head_fd) != 0)
        rc = base_fail_errno(err, REEVE_EIO, errno, AUDIT_HEAD_NAME " cannot be written");
    return rc ? rc : replace_files(k, err);
}

/* ---- what is there at the start ---- */

static int load_next(struct keeper *k, struct reeve_error *err)
{
    struct stat st;
    if (fstatat(k->dir_fd, AUDIT_NEXT_KEY_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return audit_key_load(k->dir_fd, AUDIT_NEXT_KEY_NAME, &k->next, err);
    return errno == ENOENT ? 0
                           : base_fail_errno(err, REEVE_EKEY, errno,
                                             AUDIT_NEXT_KEY_NAME " cannot be looked at");
}

/* Whether the last batch holds the record that enters the next key: at which place it says itself.
 */
static int find_rotation(struct keeper *k, bool *found, struct reeve_error *err)
{
    const struct keeper_head *h = &k->head;
    *found = false;
    for (uint32_t i = 0; i < h->nleaves; i++) {
        uint8_t leaf[BASE_SHA256];
        int rc = rotation_write(k->origin, h->base.size + i, &k->key, &k->next, &k->rotation, err);
        if (rc)
            return rc;
        tree_leaf_hash(k->rotation.text, k->rotation.bytes, leaf);
        *found = memcmp(leaf, h->leaf[i], sizeof leaf) == 0;
        if (*found)
            return 0;
    }
    return 0;
}

/* A key that nothing in the head tells of was never entered. */
static int settle_next(struct keeper *k, struct reeve_error *err)
{
    bool found;
    int rc = find_rotation(k, &found, err);
    if (rc)
        return rc;
    if (found)
        return k->head.committed ? keeper_take_over(k, err) : 0;
    keeper_forget_rotation(k);
    if (unlinkat(k->dir_fd, AUDIT_NEXT_KEY_NAME, 0) != 0 || fsync(k->dir_fd) != 0)
        return base_fail_errno(err, REEVE_EKEY, errno, AUDIT_NEXT_KEY_NAME " cannot be removed");
    return 0;
}

/* The head under the next key's seal: only the last two steps of a rotation are left to do. */
static int load_head_of_next(struct keeper *k, bool *loaded, struct reeve_error *err)
{
    struct head_key seal;
    int rc = head_key_of(&k->next, &seal, err);
    if (rc == 0)
        rc = head_load(k->head_fd, &seal, &k->head, err);
    *loaded = rc == 0;
    if (*loaded)
        k->head_key = seal;
    OPENSSL_cleanse(&seal, sizeof seal);
    return rc == REEVE_ESTATE ? 0 : rc;
}

enum keeper_refusal keeper_load_keys(struct keeper *k, struct reeve_error *err)
{
    bool failed = audit_key_load(k->dir_fd, AUDIT_KEY_NAME, &k->key, err) != 0 ||
                  head_key_of(&k->key, &k->head_key, err) != 0 || load_next(k, err) != 0;
    return failed ? KEEPER_REFUSAL_KEY : KEEPER_REFUSAL_NONE;
}

enum keeper_refusal keeper_load_head(struct keeper *k, struct reeve_error *err)
{
    bool done = false;
    if (k->next.ops && load_head_of_next(k, &done, err) != 0)
        return KEEPER_REFUSAL_HEAD;
    if (!done && head_load(k->head_fd, &k->head_key, &k->head, err) != 0)
        return KEEPER_REFUSAL_HEAD;
    head_mend(k->head_fd, &k->head_key, &k->head);
    if (!k->next.ops)
        return KEEPER_REFUSAL_NONE;
    int rc = done ? replace_files(k, err) : settle_next(k, err);
    return rc ? KEEPER_REFUSAL_KEY : KEEPER_REFUSAL_NONE;
}
