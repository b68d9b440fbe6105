/*
 * A compiled policy in force: config.yaml names its file and the authors of whom so many must have
 * signed it. What does not fit is not served, whatever policy.yaml says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/stat.h>

#include "broker/internal.h"
#include "broker/state.h"
#include "support.h"
#include "tests/policy_text.h"

#define HELPER_DIR TEST_BINARY_DIR "/libexec"
#define IMAGE      "reeve: config/v1\npolicy: {image: lab.rvp"

/* RFC 8032, section 7.1, tests 1 and 2: secret keys, and the public ones as RFC 8410 has them. */
static const char *const seeds[] = {
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"};
#define KEY0 "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define KEY1 "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw="
/* That of an X25519 key: well-formed, and signs nothing. */
#define KEY_X "MCowBQYDK2VuAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

struct row {
    const char *name, *config;
    const char *by;   /* who signed: digits into seeds */
    int expected;     /* 0: served */
    const char *says; /* part of the message */
    void (*spoil)(struct buf *image);
};

static void flip(struct buf *image)
{
    image->data[image->len / 2] ^= 1;
}

static const struct row rows[] = {
    {"nobody must have signed", IMAGE "}\n", "", 0, NULL, NULL},
    {"the one that must", IMAGE ", keys: [" KEY0 "]}\n", "0", 0, NULL, NULL},
    {"one of two", IMAGE ", keys: [" KEY0 ", " KEY1 "], need: 1}\n", "1", 0, NULL, NULL},
    {"all, where it is not said how many", IMAGE ", keys: [" KEY0 ", " KEY1 "]}\n", "1",
     REEVE_EVERIFY, "lab.rvp: 1 of the configured keys", NULL},
    {"unsigned", IMAGE ", keys: [" KEY0 "]}\n", "", REEVE_EVERIFY, "0 of the configured keys",
     NULL},
    {"signed by somebody else", IMAGE ", keys: [" KEY0 "]}\n", "1", REEVE_EVERIFY,
     "0 of the configured keys", NULL},
    {"one bit is another", IMAGE "}\n", "", REEVE_EFORMAT, "its bytes are not those", flip},
    {"no such file", "reeve: config/v1\npolicy: {image: other.rvp}\n", "", REEVE_ESTATE,
     "other.rvp is missing", NULL},
    {"elsewhere", "reeve: config/v1\npolicy: {image: ../lab.rvp}\n", "", REEVE_ESTATE,
     "config.yaml:2:17: `image` is the name of a file", NULL},
    {"no image", "reeve: config/v1\npolicy: {keys: [" KEY0 "]}\n", "", REEVE_ESTATE,
     "`policy` has `image`", NULL},
    {"more than there are", IMAGE ", keys: [" KEY0 "], need: 2}\n", "0", REEVE_ESTATE,
     "more than there are keys", NULL},
    {"keys are needed, and there are none", IMAGE ", need: 1}\n", "0", REEVE_ESTATE,
     "more than there are keys", NULL},
    {"an empty list", IMAGE ", keys: []}\n", "0", REEVE_ESTATE, "1 to 16 keys", NULL},
    {"a key of another kind", IMAGE ", keys: [" KEY_X "]}\n", "", REEVE_ESTATE,
     "not an Ed25519 public key", NULL},
    {"no key at all", IMAGE ", keys: [ana]}\n", "", REEVE_ESTATE, "not an Ed25519 public key",
     NULL},
    {"a key twice", IMAGE ", keys: [" KEY0 ", " KEY0 "]}\n", "0", REEVE_ESTATE,
     "this key is there twice", NULL},
    {"an unknown key of `policy`", IMAGE ", file: x}\n", "", REEVE_ESTATE, "nothing else", NULL},
};

static void make_image(const struct row *r, struct buf *out)
{
    struct reeve_error err = {0};
    struct policy_image *image = NULL;
    if (compile_text(STR("reeve: policy/v1\nname: compiled\nrules: []\n"), "lab.yaml", NULL, NULL,
                     &image, &err) != 0 ||
        policy_image_save(image, out, &err) != 0)
        fail_msg("%s", err.message);
    policy_image_unref(&image);
    for (const char *by = r->by; *by; by++) {
        uint8_t seed[32];
        assert_true(base_unhex(str_of(seeds[*by - '0']), seed, sizeof seed));
        assert_int_equal(policy_image_sign(out, seed, &err), 0);
    }
    if (r->spoil)
        r->spoil(out);
}

static bool is_kept(int dir_fd, const uint8_t digest[BASE_SHA256])
{
    char path[128], hex[2 * BASE_SHA256 + 1];
    struct stat st;
    base_hex(digest, BASE_SHA256, hex);
    (void)snprintf(path, sizeof path, STATE_BLOB_FOLDER "/%s", hex);
    return fstatat(dir_fd, path, &st, 0) == 0;
}

static void judge(const struct row *r, int dir_fd, const char *dir)
{
    struct reeve_error err = {0};
    struct owner_options o = {.dir = dir, .helper_dir = HELPER_DIR, .embedded = true};
    struct owner *owner = NULL;
    int rc = owner_new(&o, &owner, &err);
    if (rc != r->expected || (r->says && !strstr(err.message, r->says)))
        fail_msg("%s: %d: %s", r->name, rc, err.message);
    if (rc)
        return;
    assert_true(str_is(policy_image_name(owner->image), "compiled"));
    assert_true(is_kept(dir_fd, owner->policy_bytes));
    owner_free(&owner);
}

static void images(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        const struct row *r = &rows[i];
        char dir[64];
        struct reeve_error err = {0};
        auto_close int dir_fd = -1;
        auto_buf struct buf image = {0};
        uid_t uid;
        make_state(dir, "image");
        make_image(r, &image);
        if (state_open(dir, &dir_fd, &uid, &err) != 0 ||
            fd_write_file(dir_fd, "lab.rvp", image.data, image.len, 0600, &err) != 0 ||
            fd_write_file(dir_fd, STATE_CONFIG_NAME, r->config, strlen(r->config), 0600, &err) != 0)
            fail_msg("%s: %s", r->name, err.message);
        judge(r, dir_fd, dir);
        remove_state(dir);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(images)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
