/* See inputs.h. */
#include "policy/inputs.h"

#include "policy/value_size.h"
#include "policy/value_time.h"

enum given_field {
    G_NOW,
    G_LABELS,
    G_SPENT,
    G_CHAIN,
    G_FLAGS,
    G_TOOL,
    G_BUCKET,
    G_DEPTH,
    G_CHILDREN,
    G_PEER,
    G_PROGRAM,
    G_COUNT
};
static const struct field given_fields[G_COUNT] = {
    [G_NOW] = {"now", FIELD_IS(STRING)},         [G_LABELS] = {"labels", FIELD_IS(ARRAY)},
    [G_SPENT] = {"spent", FIELD_IS(OBJECT)},     [G_CHAIN] = {"chain", FIELD_IS(ARRAY)},
    [G_FLAGS] = {"flags", FIELD_IS(OBJECT)},     [G_TOOL] = {"tool", FIELD_IS(OBJECT)},
    [G_BUCKET] = {"bucket", FIELD_IS(INT)},      [G_DEPTH] = {"depth", FIELD_IS(INT)},
    [G_CHILDREN] = {"children", FIELD_IS(INT)},  [G_PEER] = {"peer", FIELD_IS(OBJECT)},
    [G_PROGRAM] = {"program", FIELD_IS(OBJECT)},
};

const struct field *policy_given_fields(size_t *n)
{
    *n = G_COUNT;
    return given_fields;
}

/* What is carried while the inputs are read. */
struct reading {
    const struct policy_image *image;
    const struct json_doc *doc;
    struct arena *arena;
    struct reeve_inputs_view *out;
    struct policy_spent *spent; /* room for every budget of every link */
    struct policy_ceiling *ceilings;
    struct reeve_error *err;
};

static int no_memory(const struct reading *r)
{
    return base_fail(r->err, REEVE_ENOMEM, "out of memory");
}

/* ---- time, labels, numbers ---- */

/* As policies write it; records write nanoseconds too. */
static bool read_moment(struct str s, int64_t *ns)
{
    char whole[40];
    int64_t part = 0, worth = BASE_NS_PER_S;
    size_t at = 19; /* behind the seconds */
    if (s.n < 20 || s.n >= sizeof whole || s.p[at] != '.')
        return value_moment_parse(s, ns);
    while (++at < s.n && s.p[at] >= '0' && s.p[at] <= '9') {
        worth /= 10;
        part += (s.p[at] - '0') * worth;
    }
    size_t rest = s.n - at;
    memcpy(whole, s.p, 19);
    memcpy(whole + 19, s.p + at, rest);
    if (at == 20 || worth == 0 || !value_moment_parse((struct str){whole, 19 + rest}, ns))
        return false;
    *ns += part;
    return true;
}

static int read_now(struct reading *r, const struct json_node *now)
{
    if (!now)
        return REEVE_OK;
    if (!read_moment(now->s, &r->out->now_ns))
        return base_fail(r->err, REEVE_EINVAL,
                         "now is %.*s, which is no time; write 2026-11-01T00:00:00Z",
                         FIELD_SHOWN(now->s));
    r->out->known |= 1u << POLICY_INPUT_NOW;
    return REEVE_OK;
}

static int read_labels(struct reading *r, const struct json_node *list)
{
    int rc =
        field_texts(r->doc, list, "labels", r->arena, &r->out->labels, &r->out->nlabels, r->err);
    for (uint32_t i = 0; !rc && i < r->out->nlabels; i++) {
        uint32_t at = 0;
        struct str label = policy_image_label(r->image, at);
        while (label.p && !str_eq(label, r->out->labels[i]))
            label = policy_image_label(r->image, ++at);
        if (!label.p)
            rc = base_fail(r->err, REEVE_EINVAL, "the policy declares no label %.*s",
                           FIELD_SHOWN(r->out->labels[i]));
    }
    return rc;
}

static int read_number(struct reading *r, const struct json_node *n, const char *what, int64_t high,
                       uint32_t *out)
{
    int64_t v = 0;
    int rc = n ? field_int(n, what, 0, high, &v, r->err) : REEVE_OK;
    if (n && !rc)
        *out = (uint32_t)v;
    return rc;
}

static int read_peer(struct reading *r, const struct json_node *peer)
{
    static const struct field fields[] = {{"uid", FIELD_IS(INT)}};
    const struct json_node *uid;
    if (!peer)
        return REEVE_OK;
    int rc = fields_sort(r->doc, peer, "peer", fields, BASE_COUNT(fields), &uid, r->err);
    if (!rc && uid)
        r->out->known |= 1u << POLICY_INPUT_PEER_UID;
    return rc ? rc : read_number(r, uid, "peer.uid", UINT32_MAX, &r->out->peer_uid);
}

/* ---- digests ---- */

static int check_digest(struct reading *r, const struct json_node *n, const char *what)
{
    uint8_t digest[BASE_SHA256];
    char again[2 * BASE_SHA256 + 1];
    bool good = base_unhex(n->s, digest, sizeof digest);
    if (good)
        base_hex(digest, sizeof digest, again);
    return good && str_is(n->s, again)
               ? REEVE_OK
               : base_fail(r->err, REEVE_EINVAL, "%s is a SHA-256: 64 hex digits in lower case",
                           what);
}

static int read_tool(struct reading *r, const struct json_node *tool)
{
    static const struct field fields[] = {{"digest", FIELD_IS(STRING)}};
    const struct json_node *digest;
    if (!tool)
        return REEVE_OK;
    int rc = fields_sort(r->doc, tool, "tool", fields, BASE_COUNT(fields), &digest, r->err);
    if (rc || !digest)
        return rc;
    r->out->tool_digest = digest->s;
    r->out->known |= 1u << POLICY_INPUT_TOOL_DIGEST;
    return check_digest(r, digest, "tool.digest");
}

static int read_program(struct reading *r, const struct json_node *program,
                        struct policy_asked *asked)
{
    enum { PATH, SHA256, PARTS };
    static const struct field fields[PARTS] = {
        [PATH] = {"path", FIELD_IS(STRING)}, [SHA256] = {"sha256", FIELD_IS(STRING)}};
    const struct json_node *f[PARTS];
    if (!program)
        return REEVE_OK;
    int rc = fields_sort(r->doc, program, "program", fields, PARTS, f, r->err);
    if (!rc && f[PATH] && !core_path_is_normal(f[PATH]->s))
        rc = base_fail(r->err, REEVE_EINVAL, "program.path is a real path: absolute, without dots");
    if (!rc && f[SHA256])
        rc = check_digest(r, f[SHA256], "program.sha256");
    return rc ? rc
              : policy_asked_program(asked, json_string_or(f[PATH], STR("")),
                                     json_string_or(f[SHA256], STR("")), r->arena, r->err);
}

/* ---- what was spent ---- */

#define X(id, name) name,
static const char *const counted_words[] = {POLICY_COUNTED_TABLE(X)};
#undef X

static int read_amount(struct reading *r, const struct json_node *n, unsigned counted,
                       struct str budget, uint64_t *out)
{
    int64_t v = n->type == JSON_INT ? n->i : -1;
    if (n->type == JSON_STRING && counted == POLICY_COUNTED_NETWORK_OUT &&
        !value_size_parse(n->s, &v))
        v = -1;
    *out = (uint64_t)v;
    return v >= 0
               ? REEVE_OK
               : base_fail(r->err, REEVE_EINVAL, "what was spent of %.*s is a whole number%s",
                           FIELD_SHOWN(budget),
                           counted == POLICY_COUNTED_NETWORK_OUT ? ", or a size such as 1MiB" : "");
}

/* Whose spending is added up over more than one subject is spent for each link. */
static int put_spent(struct reading *r, const struct policy_budget *b, uint32_t budget,
                     unsigned counted, const struct json_node *n, uint32_t link)
{
    uint32_t last = b->per == POLICY_PER_SUBJECT ? link : r->out->nchain;
    uint64_t amount;
    int rc = read_amount(r, n, counted, b->id, &amount);
    for (; !rc && link <= last; link++)
        r->spent[r->out->nspent++] =
            (struct policy_spent){budget, (uint8_t)counted, (uint8_t)link, amount};
    return rc;
}

/* {calls: 3, tokens: 100}, or a number where the budget counts one thing. */
static int read_of_budget(struct reading *r, uint32_t budget, const struct json_node *n,
                          uint32_t link)
{
    struct field fields[POLICY_COUNTED_COUNT];
    unsigned counted[POLICY_COUNTED_COUNT], counts = 0;
    const struct json_node *f[POLICY_COUNTED_COUNT];
    struct policy_budget b;
    (void)policy_image_budget(r->image, budget, &b);
    if (link > 0 && b.per != POLICY_PER_SUBJECT)
        return base_fail(r->err, REEVE_EINVAL, "budget %.*s is not counted for each subject",
                         FIELD_SHOWN(b.id));
    for (unsigned i = 0; i < POLICY_COUNTED_COUNT; i++)
        if (b.set >> i & 1) {
            counted[counts] = i;
            fields[counts++] = (struct field){counted_words[i], FIELD_IS(INT) | FIELD_IS(STRING)};
        }
    if (n->type != JSON_OBJECT)
        return counts == 1 ? put_spent(r, &b, budget, counted[0], n, link)
                           : base_fail(r->err, REEVE_EINVAL,
                                       "budget %.*s counts several things; name which were spent",
                                       FIELD_SHOWN(b.id));
    int rc = fields_sort(r->doc, n, "what is spent of a budget", fields, counts, f, r->err);
    for (unsigned i = 0; !rc && i < counts; i++)
        rc = f[i] ? put_spent(r, &b, budget, counted[i], f[i], link) : REEVE_OK;
    return rc;
}

static int read_spent(struct reading *r, const struct json_node *spent, uint32_t link)
{
    const struct json_node *key = spent ? json_first(r->doc, spent) : NULL;
    for (uint32_t i = 0; spent && i < spent->count; i++) {
        const struct json_node *value = json_next(r->doc, key);
        struct policy_budget b;
        uint32_t budget = 0;
        while (policy_image_budget(r->image, budget, &b) && !str_eq(b.id, key->s))
            budget++;
        if (!policy_image_budget(r->image, budget, &b))
            return base_fail(r->err, REEVE_EINVAL, "the policy has no budget %.*s",
                             FIELD_SHOWN(key->s));
        int rc = read_of_budget(r, budget, value, link);
        if (rc)
            return rc;
        key = json_next(r->doc, value);
    }
    return REEVE_OK;
}

/* ---- the chain ---- */

enum parent_field { P_SUBJECT, P_PROPERTIES, P_SPENT, P_CEILING, P_COUNT };

/* "type:id", or {subject, properties, spent, ceiling}. */
static int read_parent(struct reading *r, const struct json_node *n, struct policy_subject *out,
                       const struct json_node **spent)
{
    static const struct field fields[P_COUNT] = {
        [P_SUBJECT] = {"subject", FIELD_IS(STRING) | FIELD_IS(OBJECT)},
        [P_PROPERTIES] = {"properties", FIELD_IS(OBJECT)},
        [P_SPENT] = {"spent", FIELD_IS(OBJECT)},
        [P_CEILING] = {"ceiling", FIELD_IS(OBJECT)}};
    const struct json_node *f[P_COUNT] = {[P_SUBJECT] = n};
    struct policy_value properties = {0};
    int rc = n->type == JSON_STRING
                 ? REEVE_OK
                 : fields_sort(r->doc, n, "a parent", fields, P_COUNT, f, r->err);
    if (!rc)
        rc = policy_entity_read(r->doc, f[P_SUBJECT], "parent", r->arena, &out->text, &properties,
                                r->err);
    if (rc)
        return rc;
    *spent = f[P_SPENT];
    if (f[P_CEILING])
        rc = policy_ceiling_read(r->image, r->doc, f[P_CEILING], r->arena,
                                 &r->ceilings[r->out->nceilings++], r->err);
    if (rc)
        return rc;
    if (f[P_PROPERTIES])
        properties = (struct policy_value){r->doc, f[P_PROPERTIES]};
    if (!properties.doc)
        return REEVE_OK;
    struct json_doc *part = arena_alloc(r->arena, sizeof *part);
    if (!part)
        return no_memory(r);
    *part = json_sub(properties.doc, properties.node);
    out->properties = part;
    return REEVE_OK;
}

/* All parents first: what is spent of some budgets counts for each of them. */
static int read_chain(struct reading *r, const struct json_node *chain,
                      const struct json_node *spent)
{
    const struct json_node *of[1 + POLICY_MAX_PARENTS] = {spent};
    uint32_t n = chain ? chain->count : 0;
    if (n > POLICY_MAX_PARENTS)
        return base_fail(r->err, REEVE_EINVAL, "a chain has at most %u parents",
                         POLICY_MAX_PARENTS);
    struct policy_subject *v = arena_array(r->arena, n + 1, sizeof *v);
    r->spent = arena_array(r->arena, (size_t)POLICY_MAX_BUDGETS * POLICY_COUNTED_COUNT * (n + 1),
                           sizeof *r->spent);
    r->ceilings = arena_array(r->arena, n + 1, sizeof *r->ceilings);
    if (!v || !r->spent || !r->ceilings)
        return no_memory(r);
    const struct json_node *parent = chain ? json_first(r->doc, chain) : NULL;
    int rc = REEVE_OK;
    for (uint32_t i = 0; !rc && i < n; i++, parent = json_next(r->doc, parent))
        rc = read_parent(r, parent, &v[i], &of[i + 1]);
    r->out->chain = v;
    r->out->nchain = r->out->depth = n;
    r->out->spent = r->spent;
    r->out->ceilings = r->ceilings;
    for (uint32_t i = 0; !rc && i <= n; i++)
        rc = read_spent(r, of[i], i);
    return rc;
}

/* ---- the whole ---- */

/* What is known of a request that no other one led to. */
static const uint32_t known_of_root = 1u << POLICY_INPUT_BUCKET | 1u << POLICY_INPUT_LABELS |
                                      1u << POLICY_INPUT_DEPTH | 1u << POLICY_INPUT_CHAIN |
                                      1u << POLICY_INPUT_CHILDREN;

static int read_all(struct reading *r, const struct json_node *const f[G_COUNT],
                    struct policy_asked *asked)
{
    struct reeve_inputs_view *out = r->out;
    int rc = read_now(r, f[G_NOW]);
    if (!rc)
        rc = read_labels(r, f[G_LABELS]);
    if (!rc)
        rc = read_chain(r, f[G_CHAIN], f[G_SPENT]);
    if (!rc)
        rc = read_tool(r, f[G_TOOL]);
    if (!rc)
        rc = read_number(r, f[G_BUCKET], "bucket", 99, &out->bucket);
    if (!rc)
        rc = read_number(r, f[G_DEPTH], "depth", UINT32_MAX, &out->depth);
    if (!rc)
        rc = read_number(r, f[G_CHILDREN], "children", UINT32_MAX, &out->children);
    if (!rc)
        rc = read_peer(r, f[G_PEER]);
    return rc ? rc : read_program(r, f[G_PROGRAM], asked);
}

int policy_inputs_read(const struct policy_image *image, const struct json_doc *doc,
                       const struct json_node *given, struct policy_asked *asked,
                       struct arena *arena, struct reeve_inputs_view *out, struct reeve_error *err)
{
    const struct json_node *f[G_COUNT] = {0};
    struct reading r = {.image = image, .doc = doc, .arena = arena, .out = out, .err = err};
    *out = (struct reeve_inputs_view){
        .known = known_of_root, .spent_all = true, .bucket = policy_bucket(asked->request.subject)};
    int rc =
        given ? fields_sort(doc, given, "what is given", given_fields, G_COUNT, f, err) : REEVE_OK;
    if (!rc && f[G_FLAGS]) {
        out->flags = (struct policy_value){doc, f[G_FLAGS]};
        out->known |= 1u << POLICY_INPUT_FLAGS;
    }
    return rc ? rc : read_all(&r, f, asked);
}
