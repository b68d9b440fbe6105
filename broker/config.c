/*
 * config.yaml of a state folder. What is set in it is held to: a key that has no meaning here is an
 * error, never ignored.
 */
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "broker/config.h"
#include "broker/state.h"
#include "policy/value_size.h"
#include "policy/yaml.h"

enum { CONFIG_MAX_BYTES = 1 << 20, SPKI_MAX = 128 };
#define BATCH_NS          (10 * BASE_NS_PER_S / 1000)
#define MAX_BATCH_NS      BASE_NS_PER_S
#define SEGMENT_BYTES     (UINT64_C(256) << 20)
#define MIN_SEGMENT_BYTES (64 << 10)
/* Without another word a file is done in this part of the time for which its records are kept. */
#define SEGMENTS_KEPT 10

/* What every reader of a key gets. */
struct reading {
    const char *dir;
    struct config *config;
    struct reeve_error *err;
};

static int fail_at(const struct reading *r, struct policy_pos at, const char *what)
{
    return base_fail(r->err, REEVE_ESTATE, "%s/%s:%u:%u: %s", r->dir, STATE_CONFIG_NAME, at.line,
                     at.column, what);
}

typedef int read_fn(const struct reading *r, const struct ynode *value);
struct field {
    const char *name;
    read_fn *read;
    bool required;
};

static const struct field *field_of(const struct field *fields, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_is(name, fields[i].name))
            return &fields[i];
    return NULL;
}

static int read_map(const struct reading *r, const struct ynode *map, const struct field *fields,
                    size_t n, const char *known)
{
    size_t required = 0;
    if (map->type != Y_MAP)
        return fail_at(r, map->pos, known);
    for (const struct ynode *key = map->first; key; key = key->next->next) {
        const struct field *f = field_of(fields, n, key->text);
        int rc = f ? f->read(r, key->next) : fail_at(r, key->pos, known);
        if (rc)
            return rc;
        required += f->required;
    }
    for (size_t i = 0; i < n; i++)
        required -= fields[i].required;
    return required == 0 ? 0 : fail_at(r, map->pos, known);
}

static int read_version(const struct reading *r, const struct ynode *value)
{
    return value->type == Y_TEXT && str_is(value->text, "config/v1")
               ? 0
               : fail_at(r, value->pos, "the file must say: reeve: config/v1");
}

/* A name in the folder itself: what is checked there is who may write it. */
static int read_image(const struct reading *r, const struct ynode *value)
{
    struct str name = value->text;
    bool good = value->type == Y_TEXT && name.n && name.n <= CONFIG_MAX_IMAGE && name.p[0] != '.' &&
                !memchr(name.p, '/', name.n) && !memchr(name.p, '\0', name.n);
    if (!good)
        return fail_at(r, value->pos, "`image` is the name of a file in the state folder");
    memcpy(r->config->image, name.p, name.n);
    r->config->image[name.n] = '\0';
    return 0;
}

/* The DER form of an Ed25519 public key (RFC 8410), in base64: what `openssl pkey -pubout` prints
 * between its two lines. */
static bool take_key(struct str text, uint8_t out[32])
{
    uint8_t der[SPKI_MAX];
    size_t n = sizeof der, nkey = 32;
    if (!base_unbase64(text, der, &n))
        return false;
    const unsigned char *at = der;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)n);
    bool good = key && at == der + n && EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 &&
                EVP_PKEY_get_raw_public_key(key, out, &nkey) == 1 && nkey == 32;
    EVP_PKEY_free(key);
    return good;
}

static int read_keys(const struct reading *r, const struct ynode *value)
{
    struct config *c = r->config;
    if (value->type != Y_LIST || !value->count || value->count > CONFIG_MAX_KEYS)
        return fail_at(r, value->pos, "`keys` is a list of 1 to 16 keys");
    for (const struct ynode *n = value->first; n; n = n->next) {
        if (n->type != Y_TEXT || !take_key(n->text, c->key[c->nkeys]))
            return fail_at(r, n->pos,
                           "not an Ed25519 public key; it is the line that `openssl pkey -in "
                           "KEY.pem -pubout` prints between BEGIN and END");
        for (size_t i = 0; i < c->nkeys; i++)
            if (memcmp(c->key[i], c->key[c->nkeys], sizeof c->key[i]) == 0)
                return fail_at(r, n->pos, "this key is there twice");
        c->nkeys++;
    }
    return 0;
}

static int read_need(const struct reading *r, const struct ynode *value)
{
    if (value->type != Y_INT || value->i < 1 || value->i > CONFIG_MAX_KEYS)
        return fail_at(r, value->pos, "`need` is how many of the keys must have signed, 1 to 16");
    r->config->need = (size_t)value->i;
    return 0;
}

static int read_policy(const struct reading *r, const struct ynode *value)
{
    static const struct field fields[] = {
        {"image", read_image, true}, {"keys", read_keys, false}, {"need", read_need, false}};
    int rc = read_map(r, value, fields, BASE_COUNT(fields),
                      "`policy` has `image` and may have `keys` and `need`, nothing else");
    struct config *c = r->config;
    if (rc)
        return rc;
    if (c->nkeys && !c->need)
        c->need = c->nkeys;
    return c->need <= c->nkeys
               ? 0
               : fail_at(r, value->pos, "`need` is more than there are keys: no image would do");
}

static int read_batch(const struct reading *r, const struct ynode *value)
{
    int64_t *ns = &r->config->batch_ns;
    return value->type == Y_TEXT && value_duration_parse(value->text, ns) && *ns <= MAX_BATCH_NS
               ? 0
               : fail_at(r, value->pos, "`batch` is a time of at most 1s, such as 10ms");
}

static int read_durability(const struct reading *r, const struct ynode *value)
{
    static const struct field fields[] = {{"batch", read_batch, true}};
    return read_map(r, value, fields, BASE_COUNT(fields), "`durability` has `batch`, nothing else");
}

static int read_segment_size(const struct reading *r, const struct ynode *value)
{
    int64_t bytes;
    if (value->type != Y_TEXT || !value_size_parse(value->text, &bytes) ||
        bytes < MIN_SEGMENT_BYTES)
        return fail_at(r, value->pos, "`size` is a size of at least 64KiB, such as 256MiB");
    r->config->segment_bytes = (uint64_t)bytes;
    return 0;
}

static int read_time(const struct reading *r, const struct ynode *value, int64_t *ns,
                     const char *what)
{
    return value->type == Y_TEXT && value_duration_parse(value->text, ns) && *ns >= BASE_NS_PER_S
               ? 0
               : fail_at(r, value->pos, what);
}

static int read_segment_age(const struct reading *r, const struct ynode *value)
{
    return read_time(r, value, &r->config->segment_ns,
                     "`age` is a time of at least 1s, such as 7d");
}

static int read_keep(const struct reading *r, const struct ynode *value)
{
    return read_time(r, value, &r->config->keep_ns,
                     "`keep` is a time of at least 1s, such as 400d");
}

static int read_segment(const struct reading *r, const struct ynode *value)
{
    static const struct field fields[] = {{"size", read_segment_size, false},
                                          {"age", read_segment_age, false}};
    return read_map(r, value, fields, BASE_COUNT(fields),
                    "`segment` has `size` and `age`, nothing else");
}

static int read_log(const struct reading *r, const struct ynode *value)
{
    static const struct field fields[] = {{"segment", read_segment, false},
                                          {"keep", read_keep, false}};
    struct config *c = r->config;
    int rc = read_map(r, value, fields, BASE_COUNT(fields),
                      "`log` has `segment` and `keep`, nothing else");
    if (rc == 0 && c->keep_ns && !c->segment_ns)
        c->segment_ns = c->keep_ns / SEGMENTS_KEPT;
    return rc;
}

static int read_config(const struct reading *r, const struct ynode *root)
{
    static const struct field fields[] = {{"reeve", read_version, true},
                                          {"policy", read_policy, false},
                                          {"durability", read_durability, false},
                                          {"log", read_log, false}};
    if (root->type != Y_MAP || !root->first)
        return fail_at(r, root->pos, "the file must say: reeve: config/v1");
    return read_map(r, root, fields, BASE_COUNT(fields),
                    "an unknown key, or none that says `reeve: config/v1`; the keys of this "
                    "version are `reeve`, `policy`, `durability` and `log`");
}

int config_load(int dir_fd, const char *dir, uid_t owner, struct config *out,
                struct reeve_error *err)
{
    auto_buf struct buf text = {.max = CONFIG_MAX_BYTES + 1};
    struct arena arena auto_arena;
    struct reeve_error why = {0};
    *out = (struct config){.batch_ns = BATCH_NS, .segment_bytes = SEGMENT_BYTES};
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
    return read_config(&(struct reading){dir, out, err}, root);
}
