/*
 * The policy in force: policy.yaml of the state folder, or the compiled image that config.yaml
 * names, whose authors' signatures it may demand. Read at the owner's start; its bytes are kept
 * under their digest, which the start's record names.
 */
#include "broker/internal.h"
#include "broker/state.h"

static int read_included(void *arg, const char *path, struct buf *out, struct reeve_error *err)
{
    const struct owner *owner = arg;
    return state_read(owner->dir_fd, owner->dir, path, owner->uid, POLICY_MAX_BYTES, out, err);
}

static int compile(struct owner *owner, struct buf *text, struct reeve_error *err)
{
    auto_buf struct buf kept = {0};
    struct policy_source source = {.text = buf_view(text),
                                   .file = STATE_POLICY_NAME,
                                   .read = read_included,
                                   .arg = owner,
                                   .kept = &kept};
    int rc = policy_compile_source(&source, NULL, NULL, &owner->image, err);
    if (!rc) {
        struct buf whole = kept; /* what is kept in the place of the text */
        kept = *text;
        *text = whole;
    }
    if (rc != REEVE_EPOLICY || !err)
        return rc;
    struct reeve_error first = *err;
    return base_fail(err, REEVE_EPOLICY, "%s/%.100s:%u:%u: %.300s; run: reeve policy lint %s/%s",
                     owner->dir, first.file, first.line, first.column, first.message, owner->dir,
                     STATE_POLICY_NAME);
}

static int load(struct owner *owner, struct buf *bytes, struct reeve_error *err)
{
    const struct config *c = &owner->config;
    struct policy_keys keys = {c->key, c->nkeys, c->need};
    int rc = policy_image_load(buf_view(bytes), c->nkeys ? &keys : NULL, &owner->image, err);
    if (!rc || rc == REEVE_ENOMEM || !err)
        return rc;
    struct reeve_error first = *err;
    return base_fail(err, rc, "%s/%s: %.300s", owner->dir, c->image, first.message);
}

int owner_load_policy(struct owner *owner, struct reeve_error *err)
{
    bool compiled = owner->config.image[0] != '\0';
    size_t max = compiled ? POLICY_IMAGE_MAX : POLICY_MAX_BYTES;
    auto_buf struct buf bytes = {.max = max + 1};
    int rc =
        state_read(owner->dir_fd, owner->dir, compiled ? owner->config.image : STATE_POLICY_NAME,
                   owner->uid, max, &bytes, err);
    if (!rc)
        rc = (compiled ? load : compile)(owner, &bytes, err);
    if (rc)
        return rc;
    base_sha256(bytes.data, bytes.len, owner->policy_bytes);
    return state_keep_blob(owner->dir_fd, owner->dir, owner->policy_bytes, buf_view(&bytes), err);
}
