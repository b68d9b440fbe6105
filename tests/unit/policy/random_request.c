/* Requests, whole and damaged. See random_when.h. */
#include "random_when.h"

/* ---- requests ---- */

static const char *const json_values[] = {"1",
                                          "2",
                                          "1.0",
                                          "1.5",
                                          "\"x\"",
                                          "\"1\"",
                                          "\"yx\"",
                                          "true",
                                          "false",
                                          "null",
                                          "1024",
                                          "-3",
                                          "\"\"",
                                          "1e19",
                                          "\"u:p\"",
                                          "{}",
                                          "[]",
                                          "[\"x\"]",
                                          "[\"x\",\"1\"]",
                                          "[1,2]",
                                          "[[\"x\"],[]]",
                                          "[1,\"x\"]",
                                          "[\"yx\",null]",
                                          "{\"x\":1}"};
static const char *const json_paths[] = {"\"/\"",   "\"/a\"", "\"/a/b/c\"",   "\"/a/../b\"",
                                         "\"/ab\"", "\"a\"",  "\"/b/./x//\"", "\"/../a/b/..\"",
                                         "7",       "\"\""};
static const char *const json_lists[] = {
    "[]",     "[\"x\"]", "[\"x\",\"yx\"]", "[\"x\",1]", "[\"u\",\"x\"]",   "[\"x1\",\"x\",\"1\"]",
    "[null]", "[1,2,3]", "[[1],[2]]",      "\"x\"",     "[\"ax\",\"a1\"]", "[true]"};

static const char *const json_hosts[] = {"\"h.example\"",
                                         "\"H.EXAMPLE.\"",
                                         "\"a.h.example\"",
                                         "\"example\"",
                                         "\"1.2.3.4\"",
                                         "\"1.9.3.4\"",
                                         "\"::1\"",
                                         "\"[::1]\"",
                                         "\"2001:db8::7\"",
                                         "\"h..example\"",
                                         "\"01.2.3.4\"",
                                         "\"0x7f\"",
                                         "\"a b\"",
                                         "\"\"",
                                         "7",
                                         "\"other.example\"",
                                         "\"::ffff:1.2.3.4\""};
const char *const random_addresses[RANDOM_ADDRESSES] = {"https://h.example",
                                                        "https://h.example:8443/a/b",
                                                        "http://h.example/a/",
                                                        "https://a.h.example/a/%2e%2e/b",
                                                        "https://1.2.3.4/",
                                                        "http://[::ffff:1.2.3.4]:81/x",
                                                        "https://h.example/a/b?c#d",
                                                        "HTTPS://H.Example./a/./b",
                                                        "https://u@h.example/",
                                                        "https://h.example:0/",
                                                        "/a",
                                                        "https://2130706433/"};

static void put_json(struct buf *b, const char *key)
{
    if (strcmp(key, "h") == 0 && roll(4)) {
        buf_z(b, PICK(json_hosts));
        return;
    }
    if (strcmp(key, "u") == 0 && roll(4)) {
        buf_printf(b, "\"%s\"", random_addresses[roll(RANDOM_ADDRESSES)]);
        return;
    }
    if (strcmp(key, "p") == 0 && roll(4))
        buf_z(b, PICK(json_paths));
    else if (strcmp(key, "l") == 0 && roll(4))
        buf_z(b, PICK(json_lists));
    else if (strcmp(key, "m") == 0 && roll(3))
        buf_printf(b, "{\"x\":%s}", PICK(json_values));
    else
        buf_z(b, PICK(json_values));
}

static void put_object(struct buf *b, const char *const *keys, size_t n)
{
    const char *comma = "";
    buf_byte(b, '{');
    for (size_t i = 0; i < n; i++) {
        if (roll(3) == 0)
            continue;
        buf_printf(b, "%s\"%s\":", comma, keys[i]);
        put_json(b, keys[i]);
        comma = ",";
    }
    buf_byte(b, '}');
}

static struct policy_value parse(struct random_request *r, unsigned i, struct buf *text)
{
    struct reeve_error err = {0};
    r->text[i] = buf_take(text, NULL);
    if (json_text_parse(str_of(r->text[i]), &r->doc[i], &err) != 0)
        fail_msg("%s: %s", r->text[i], err.message);
    return (struct policy_value){&r->doc[i].doc, json_root(&r->doc[i].doc)};
}

static struct policy_value object(struct random_request *r, unsigned i, const char *const *keys,
                                  size_t n)
{
    auto_buf struct buf text = {0};
    if (roll(8) == 0)
        return (struct policy_value){0};
    put_object(&text, keys, n);
    return parse(r, i, &text);
}

static const struct json_doc *arguments(struct random_request *r, unsigned at)
{
    static const char *const keys[] = {"a", "b", "p", "m", "d.e", "l", "n", "h", "u"};
    auto_buf struct buf text = {0};
    switch (roll(16)) {
    case 0:
        return NULL;
    case 1:
        buf_z(&text, PICK(json_values));
        break;
    case 2:
        buf_z(&text, PICK(json_lists));
        break;
    default:
        put_object(&text, keys, BASE_COUNT(keys));
    }
    return parse(r, at, &text).doc;
}

static void random_inputs(struct random_request *r)
{
    static const struct str names[] = {{"x", 1}, {"t/own", 5}, {"yx", 2}, {"s/own", 5}, {"1", 1}};
    static const char *const flag_keys[] = {"f", "g", "t/g", "s/g"};
    static const char *const named[] = {"t", "l", "m", "q", "k"};
    r->chain[0] = (struct policy_subject){STR("u:p"), NULL};
    r->chain[1] = (struct policy_subject){STR("u:ab"), object(r, 5, named, BASE_COUNT(named)).doc};
    r->inputs = (struct reeve_inputs_view){.now_ns = random_moments[roll(RANDOM_MOMENTS)],
                                           .known = roll(4) ? ~0u : roll(1 << POLICY_INPUT_COUNT),
                                           .depth = roll(3),
                                           .children = roll(3),
                                           .peer_uid = roll(3),
                                           .bucket = roll(3),
                                           .tool_digest = roll(2) ? STR("x") : STR("yx"),
                                           .labels = names,
                                           .nlabels = roll(6),
                                           .chain = r->chain,
                                           .nchain = roll(3),
                                           .spent_all = true,
                                           .flags = object(r, 4, flag_keys, BASE_COUNT(flag_keys))};
}

/* Mostly one that leaves something. */
static struct policy_ceiling ceiling(void)
{
    static const struct str patterns[] = {{"m.*", 3},       {"ccos.*", 6}, {"*", 1},
                                          {"program.*", 9}, {"*.b.*", 5},  {"m.get_*", 7},
                                          {"x.y", 3},       {"m.b.c", 5}};
    uint32_t first = roll(BASE_COUNT(patterns) - 3);
    struct policy_ceiling c = {.level = roll(3) ? -1 : (int)roll(CORE_LEVEL_COUNT),
                               .any_capability = roll(3) > 0,
                               .capabilities = patterns + first,
                               .isolation = roll(2) ? CORE_RANK_NONE : (enum core_rank)roll(4)};
    c.ncapabilities = c.any_capability ? 0 : roll(4);
    if (roll(3) == 0)
        c.denied_effects = 1u << roll(CORE_EFFECT_WORDS + 1); /* one of the policy's own too */
    for (unsigned i = 0; i < CORE_LIMIT_COUNT; i++)
        if (roll(4) == 0) {
            c.limits.set |= 1u << i;
            c.limits.value[i] = 1 + (uint64_t)roll(4) * 1000000;
        }
    return c;
}

static void random_ceilings(struct random_request *r)
{
    for (size_t i = 0; i < BASE_COUNT(r->ceiling); i++)
        r->ceiling[i] = ceiling();
    r->req.ceiling = roll(2) ? &r->ceiling[0] : NULL;
    r->inputs.ceilings = &r->ceiling[1];
    r->inputs.nceilings = roll(2) ? 0 : 1 + roll(2);
}

static void show_ceiling(const struct policy_ceiling *c, struct buf *out)
{
    buf_printf(out, " ceiling level %d %s", c->level, c->any_capability ? "any" : "of");
    for (uint32_t i = 0; i < c->ncapabilities; i++)
        buf_printf(out, " %s", c->capabilities[i].p);
    buf_printf(out, " denied %x isolation %d limits %x", c->denied_effects, (int)c->isolation,
               c->limits.set);
}

void random_request(struct random_request *r)
{
    static const char *const subjects[] = {"u:a", "u:ab", "u:abc", "u:b", "v:a", "u:\xc3\xa9z"};
    static const char *const resources[] = {"", "d:1", "d:2", "u:a"};
    static const char *const named[] = {"t", "l", "m", "q", "id", "k"};
    static const char *const context[] = {"c", "m", "u"};
    *r = (struct random_request){0};
    r->req = (struct policy_request){.subject = str_of(PICK(subjects)),
                                     .capability = STR("x.y"),
                                     .level = -1,
                                     .resource = str_of(PICK(resources))};
    r->req.args = arguments(r, 0);
    r->req.passed = arguments(r, 6);
    r->req.subject_properties = object(r, 1, named, BASE_COUNT(named));
    r->req.resource_properties = object(r, 2, named, BASE_COUNT(named));
    r->req.context = object(r, 3, context, BASE_COUNT(context));
    random_inputs(r);
    if (roll(4) == 0)
        random_ceilings(r);
}

/* As it was: canonical JSON would make a text of 1e19. */
static const struct json_node *put_same(struct buf *out, const struct json_doc *doc,
                                        const struct json_node *n)
{
    const struct json_node *c = json_first(doc, n);
    bool object = n->type == JSON_OBJECT;
    if (n->type == JSON_DOUBLE)
        buf_printf(out, "%.17e", n->d);
    else if (n->type < JSON_ARRAY)
        json_canonical(doc, n, out);
    else
        buf_byte(out, object ? '{' : '[');
    for (uint32_t i = 0; n->type >= JSON_ARRAY && i < (object ? 2 * n->count : n->count); i++) {
        buf_z(out, i == 0 ? "" : object && i % 2 ? ":" : ",");
        c = put_same(out, doc, c);
    }
    if (n->type >= JSON_ARRAY)
        buf_byte(out, object ? '}' : ']');
    return json_next(doc, n);
}

/* The object again, its `at`-th value as `instead`, or left out. */
static void put_damaged(struct buf *out, const struct policy_value *v, uint32_t at,
                        const char *instead)
{
    const char *comma = "";
    buf_byte(out, '{');
    const struct json_node *key = json_first(v->doc, v->node);
    for (uint32_t i = 0; i < v->node->count; i++) {
        const struct json_node *value = json_next(v->doc, key);
        bool damaged = i == at && value->type != JSON_NULL;
        if (!damaged || instead) {
            buf_z(out, comma);
            json_put_string(out, key->s);
            buf_byte(out, ':');
            if (damaged)
                buf_z(out, instead);
            else
                (void)put_same(out, v->doc, value);
            comma = ",";
        }
        key = json_next(v->doc, value);
    }
    buf_byte(out, '}');
}

/* A list of 1,025 elements, made once. */
static const char *too_long(void)
{
    static char list[4 * 1025 + 2];
    if (!list[0]) {
        list[0] = '[';
        for (unsigned i = 0; i < 1025; i++)
            memcpy(list + 1 + 4 * i, i < 1024 ? "\"x\"," : "\"x\"]", 4);
    }
    return list;
}

void random_damage(const struct random_request *r, enum random_loss loss,
                   struct random_request *out)
{
    const char *const instead[RANDOM_LOSSES] = {roll(2) ? "null" : NULL, "{\"-\":{}}", too_long()};
    *out = *r;
    memset(out->text, 0, sizeof out->text);
    memset(out->doc, 0, sizeof out->doc);
    struct policy_value args = {r->req.args, r->req.args ? json_root(r->req.args) : NULL};
    struct policy_value *const at[] = {&args, &out->req.subject_properties,
                                       &out->req.resource_properties, &out->req.context,
                                       &out->inputs.flags};
    unsigned which = roll(4) ? 0 : roll(6);
    if (which == 5) {
        out->inputs.known &= ~(1u << roll(POLICY_INPUT_COUNT));
        return;
    }
    struct policy_value *v = at[which];
    if (!v->doc || v->node->type != JSON_OBJECT || !v->node->count)
        return;
    auto_buf struct buf text = {0};
    put_damaged(&text, v, roll(v->node->count), instead[loss]);
    *v = parse(out, which, &text);
    if (which == 0)
        out->req.args = v->doc;
}

void random_request_free(struct random_request *r)
{
    for (unsigned i = 0; i < BASE_COUNT(r->text); i++) {
        json_text_free(&r->doc[i]);
        free(r->text[i]);
    }
}

void random_request_show(const struct random_request *r, struct buf *out)
{
    static const char *const names[] = {"args", "subject", "resource", "context", "flags"};
    buf_str(out, r->req.subject);
    buf_z(out, " on ");
    buf_str(out, r->req.resource);
    for (unsigned i = 0; i < BASE_COUNT(names); i++)
        buf_printf(out, " %s %s", names[i], r->text[i] ? r->text[i] : "none");
    buf_printf(out, " known %x now %lld depth %u labels %u chain %u", r->inputs.known,
               (long long)r->inputs.now_ns, r->inputs.depth, r->inputs.nlabels, r->inputs.nchain);
    if (r->req.passed)
        buf_printf(out, " passed %s", r->text[6]);
    if (r->req.ceiling)
        show_ceiling(r->req.ceiling, out);
    for (uint32_t i = 0; i < r->inputs.nceilings; i++)
        show_ceiling(&r->inputs.ceilings[i], out);
}

uint64_t random_seed(unsigned part)
{
    const char *given = getenv("REEVE_SEED");
    uint64_t s = given ? strtoull(given, NULL, 0) + part * UINT64_C(0x9e3779b97f4a7c15) : 0;
    while (!s)
        base_random(&s, sizeof s);
    return s;
}
