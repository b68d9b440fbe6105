/*
 * config.yaml of a state folder. Nothing can be set in it yet but the language that it is written
 * in, and that is held to: a key that has no meaning here is an error, never ignored.
 */
#include "broker/internal.h"
#include "broker/state.h"
#include "policy/yaml.h"

enum { CONFIG_MAX_BYTES = 1 << 20 };

static int fail_at(const char *dir, struct policy_pos at, const char *what, struct reeve_error *err)
{
    return base_fail(err, REEVE_ESTATE, "%s/%s:%u:%u: %s", dir, STATE_CONFIG_NAME, at.line,
                     at.column, what);
}

static int check(const struct ynode *root, const char *dir, struct reeve_error *err)
{
    static const char version[] = "the file must say: reeve: config/v1";
    if (root->type != Y_MAP || !root->first)
        return fail_at(dir, root->pos, version, err);
    for (const struct ynode *key = root->first; key; key = key->next->next) {
        if (!str_is(key->text, "reeve"))
            return fail_at(dir, key->pos, "an unknown key; the one key of this version is `reeve`",
                           err);
        if (key->next->type != Y_TEXT || !str_is(key->next->text, "config/v1"))
            return fail_at(dir, key->next->pos, version, err);
    }
    return 0;
}

int config_load(int dir_fd, const char *dir, uid_t owner, struct reeve_error *err)
{
    auto_buf struct buf text = {.max = CONFIG_MAX_BYTES + 1};
    struct arena arena auto_arena;
    struct reeve_error why = {0};
    arena_init(&arena, (size_t)64 << 20);
    int rc = state_read(dir_fd, dir, STATE_CONFIG_NAME, owner, CONFIG_MAX_BYTES, &text, err);
    if (rc)
        return rc;
    struct policy_report report = {.text = buf_view(&text), .file = STATE_CONFIG_NAME, .err = &why};
    struct ynode *root = policy_yaml_read(buf_view(&text), &arena, &report);
    if (report.out_of_memory)
        return base_fail(err, REEVE_ENOMEM, "out of memory reading %s", STATE_CONFIG_NAME);
    if (report.errors || !root)
        return base_fail(err, REEVE_ESTATE, "%s/%s:%u:%u: %.300s", dir, STATE_CONFIG_NAME, why.line,
                         why.column, why.message);
    return check(root, dir, err);
}
