/* See random_when.h. */
#include "random_when.h"

uint64_t random_state;
enum random_words random_words;

uint32_t roll(uint32_t sides)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (uint32_t)((random_state * UINT64_C(2685821657736338717)) >> 33) % sides;
}

static const struct {
    const char *word;
    enum policy_operand operand;
    bool attr;
} ops[OP_COUNT] = {
#define X(id, word, operand, attr, phrase) [OP_##id] = {word, OPERAND_##operand, attr},
    POLICY_OP_TABLE(X)
#undef X
};

/* Whether it is declared or built in, so that `absent` may stand beside it. */
static const struct {
    const char *path;
    bool known;
} attributes[] = {
    {"args.a", true},          {"args.b", true},       {"args.p", true},
    {"args.m.x", true},        {"args.m", true},       {"'args[\"d.e\"]'", true},
    {"args.l", true},          {"args.l", true},       {"args.n", true},
    {"args.1", true},          {"subject.t", true},    {"subject.l", true},
    {"subject.m.x", false},    {"subject.q", false},   {"subject.properties.id", false},
    {"subject.id", true},      {"subject.type", true}, {"resource.k", true},
    {"resource.q", false},     {"resource.id", true},  {"context.c", true},
    {"context.m.x", true},     {"context.u", false},   {"broker.flags.f", true},
    {"broker.labels", true},   {"broker.chain", true}, {"broker.depth", true},
    {"broker.bucket", true},   {"broker.level", true}, {"broker.tool.digest", true},
    {"broker.peer.uid", true}, {"broker.now", true},   {"action.name", true},
    {"broker.children", true},
};
static const char *const scalars[] = {"1",          "2",  "1.0",  "1.5",   "x",
                                      "\"1\"",      "yx", "true", "false", "\"${vi}\"",
                                      "\"x${vi}\"", "-3", "u:p",  "\"\""};
static const char *const texts[] = {"x", "yx", "\"1\"", "u", "\"\"", "\"${vt}\"", "\"a${vl}\""};
static const char *const numbers[] = {"1",    "2",         "1.5",       "-3",
                                      "1KiB", "\"${vs}\"", "\"${vi}\"", "2.0"};
static const char *const folders[] = {"/", "/a", "/a/b", "\"${vp}\"", "\"${vp}/b\"", "/b"};
static const char *const flags[] = {"true", "false"};

/* ---- operands ---- */

static void put_list(struct buf *b, const char *const *words, size_t n, uint32_t least)
{
    uint32_t count = least + roll(4 - least);
    buf_byte(b, '[');
    for (uint32_t i = 0; i < count; i++)
        buf_printf(b, "%s%s", i ? ", " : "", words[roll((uint32_t)n)]);
    if (roll(6) == 0)
        buf_printf(b, "%s\"${vl}\"", count ? ", " : "");
    buf_byte(b, ']');
}

static void put_ops(struct buf *b, unsigned depth, bool absent);

static void put_test(struct buf *b, unsigned depth)
{
    switch (roll(5)) {
    case 0:
        buf_z(b, PICK(scalars));
        break;
    case 1:
        put_list(b, scalars, BASE_COUNT(scalars), 0);
        break;
    default:
        put_ops(b, depth, true);
    }
}

static void put_argv(struct buf *b, unsigned depth)
{
    uint32_t n = roll(3);
    buf_byte(b, '[');
    for (uint32_t i = 0; i < n; i++) {
        buf_z(b, i ? ", " : "");
        switch (roll(3)) {
        case 0:
            buf_z(b, PICK(texts));
            break;
        case 1:
            put_list(b, scalars, BASE_COUNT(scalars), 0);
            break;
        default:
            put_ops(b, depth + 1, true);
        }
    }
    switch (roll(3)) {
    case 0:
        buf_printf(b, "%s{rest: any}", n ? ", " : "");
        break;
    case 1:
        buf_printf(b, "%s{rest: ", n ? ", " : "");
        put_ops(b, depth + 1, true);
        buf_byte(b, '}');
        break;
    default:
        break;
    }
    buf_byte(b, ']');
}

static void put_any(struct buf *b, unsigned depth, bool absent)
{
    buf_byte(b, '[');
    put_ops(b, depth + 1, absent);
    buf_z(b, ", ");
    put_ops(b, depth + 1, absent);
    buf_byte(b, ']');
}

static void put_range(struct buf *b)
{
    static const char *const ranges[] = {"[1, 2]", "[-3, 1.5]", "[2, 1KiB]", "[1, \"${vs}\"]"};
    buf_z(b, PICK(ranges));
}

static void put_value(struct buf *b)
{
    if (roll(3))
        buf_z(b, PICK(scalars));
    else
        put_list(b, scalars, BASE_COUNT(scalars), 0);
}

static void put_operand(struct buf *b, enum policy_op op, unsigned depth, bool absent)
{
    switch (ops[op].operand) {
    case OPERAND_SCALAR:
        buf_z(b, PICK(scalars));
        break;
    case OPERAND_VALUE:
        put_value(b);
        break;
    case OPERAND_LIST:
        put_list(b, scalars, BASE_COUNT(scalars), 0);
        break;
    case OPERAND_ORDER:
        buf_z(b, PICK(numbers));
        break;
    case OPERAND_RANGE:
        put_range(b);
        break;
    case OPERAND_TEXTS:
        put_list(b, texts, BASE_COUNT(texts), 1);
        break;
    case OPERAND_FOLDER:
        buf_z(b, PICK(folders));
        break;
    case OPERAND_FLAG:
        buf_z(b, PICK(flags));
        break;
    case OPERAND_OPS:
        if (op == OP_NOT)
            put_ops(b, depth + 1, absent);
        else
            put_test(b, depth + 1);
        break;
    case OPERAND_ANY:
        put_any(b, depth, absent);
        break;
    default:
        put_argv(b, depth);
    }
}

bool random_can(enum policy_op op)
{
    return ops[op].word && op != OP_IS && ops[op].operand != OPERAND_LATER;
}

static bool nests(enum policy_op op)
{
    return ops[op].operand == OPERAND_OPS || ops[op].operand == OPERAND_ANY ||
           ops[op].operand == OPERAND_ARGV;
}

static bool is_allowed(enum policy_op op)
{
    return (op != OP_EXISTS || random_words == RANDOM_ALL_WORDS) &&
           (op != OP_SIZE || random_words != RANDOM_NO_ABSENCE_NO_SIZE);
}

static enum policy_op pick_op(unsigned depth)
{
    enum policy_op op;
    do
        op = (enum policy_op)roll(OP_COUNT);
    while (!random_can(op) || !is_allowed(op) || (depth > 2 && nests(op)));
    return op;
}

static void put_op(struct buf *b, enum policy_op op, unsigned depth, bool absent)
{
    buf_printf(b, "%s: ", ops[op].word);
    if (ops[op].attr && roll(5) == 0)
        buf_printf(b, "{attr: %s}", attributes[roll((uint32_t)BASE_COUNT(attributes))].path);
    else
        put_operand(b, op, depth, absent);
}

static void put_ops(struct buf *b, unsigned depth, bool absent)
{
    enum policy_op first = pick_op(depth), second = pick_op(depth);
    buf_byte(b, '{');
    put_op(b, first, depth, absent);
    if (roll(3) == 0 && second != first) {
        buf_z(b, ", ");
        put_op(b, second, depth, absent);
    }
    if (absent && random_words == RANDOM_ALL_WORDS && roll(4) == 0)
        buf_printf(b, ", absent: %s", PICK(flags));
    buf_byte(b, '}');
}

/* Where values live that an operator can judge. */
static const char *likely_attribute(enum policy_op op)
{
    static const char *const of_lists[] = {"args.l", "subject.l", "broker.labels", "args.a"};
    static const char *const of_numbers[] = {"args.n", "args.a", "resource.k", "broker.depth"};
    static const char *const of_texts[] = {"args.a", "subject.t", "subject.id", "args.m.x"};
    switch (op) {
    case OP_UNDER:
        return "args.p";
    case OP_CONTAINS:
    case OP_EACH:
    case OP_SOME:
    case OP_ARGV:
        return PICK(of_lists);
    case OP_LT:
    case OP_LTE:
    case OP_GT:
    case OP_GTE:
    case OP_BETWEEN:
        return PICK(of_numbers);
    default:
        return PICK(of_texts);
    }
}

void random_test_of(struct buf *b, enum policy_op op)
{
    buf_printf(b, "{%s: {",
               roll(2) ? likely_attribute(op)
                       : attributes[roll((uint32_t)BASE_COUNT(attributes))].path);
    put_op(b, op, 2, false);
    buf_z(b, "}}");
}

/* ---- conditions ---- */

static void put_attribute(struct buf *b, size_t i, unsigned depth)
{
    buf_printf(b, "%s: ", attributes[i].path);
    switch (roll(5)) {
    case 0:
        buf_z(b, PICK(scalars));
        break;
    case 1:
        put_list(b, scalars, BASE_COUNT(scalars), 0);
        break;
    case 2:
        buf_printf(b, "{attr: %s}", attributes[roll((uint32_t)BASE_COUNT(attributes))].path);
        break;
    default:
        put_ops(b, depth, attributes[i].known);
    }
}

/* The named conditions that are there in this place: c0 to c`named - 1`. */
static void put_when(struct buf *b, unsigned depth, uint32_t named)
{
    static const char *const words[] = {"all", "any"};
    uint32_t n = 0, first = roll((uint32_t)BASE_COUNT(attributes)), count = roll(3);
    buf_byte(b, '{');
    for (; n < count; n++) {
        buf_z(b, n ? ", " : "");
        /* Steps of 7 over a table of another length meet no path twice. */
        put_attribute(b, (first + 7 * (size_t)n) % BASE_COUNT(attributes), depth);
    }
    if (depth < 3 && roll(2) == 0) {
        buf_printf(b, "%s%s: [", n++ ? ", " : "", PICK(words));
        put_when(b, depth + 1, named);
        buf_z(b, ", ");
        put_when(b, depth + 1, named);
        buf_z(b, "]");
    }
    if (depth < 3 && roll(4) == 0) {
        buf_printf(b, "%snot: ", n++ ? ", " : "");
        put_when(b, depth + 1, named);
    }
    if (named && roll(4) == 0)
        buf_printf(b, roll(2) ? "%suse: c%u" : "%suse: [c%u, c0]", n++ ? ", " : "", roll(named));
    if (roll(6) == 0)
        buf_printf(b, "%ssubject: {is: \"group:g%u\"}", n++ ? ", " : "", roll(3));
    buf_byte(b, '}');
}

void random_when(struct buf *b, unsigned depth)
{
    put_when(b, depth, 3);
}

static void put_properties(struct buf *b, const char *name)
{
    buf_printf(b, "  \"%s\": {", name);
    if (roll(2))
        buf_printf(b, "t: \"%s\", ", roll(2) ? "x" : "yx");
    if (roll(2))
        buf_z(b, roll(2) ? "l: [x, \"1\"], " : "l: [], ");
    if (roll(2))
        buf_printf(b, "m: {x: %s}, ", PICK(scalars));
    if (roll(2))
        buf_printf(b, "k: %u, ", roll(3));
    buf_printf(b, "z: %s}\n", PICK(scalars));
}

void random_top(struct buf *b)
{
    static const char *const from[] = {"any", "entities", "request"};
    static const char *const types[] = {"string", "number", "bool, default: true",
                                        "[string], default: [x]", "int, default: 1"};
    bool defaults = random_words == RANDOM_ALL_WORDS;
    buf_printf(b,
               "vars: {vi: {type: int, default: %u}, vs: {type: size, default: 1KiB}, vp: {type: "
               "path, default: /a}, vt: {type: string, default: x}, vl: {type: [string], default: "
               "[x, \"1\"]}}\n",
               roll(3));
    buf_printf(b,
               "attributes: {subject.t: {type: string, from: %s}, subject.l: {type: [string], "
               "from: %s}, resource.k: {type: int, from: %s}, context.c: {type: %s}, context.m: "
               "{type: map}, broker.flags.f: {type: bool%s}}\n",
               PICK(from), PICK(from), PICK(from), types[roll(defaults ? 5 : 2)],
               defaults && roll(2) ? ", default: false" : "");
    buf_z(b, "entities:\n");
    put_properties(b, "u:a");
    put_properties(b, "u:ab");
    put_properties(b, "d:1");
    buf_z(b, "conditions:\n");
    for (uint32_t i = 0; i < 3; i++) {
        buf_printf(b, "  c%u: ", i);
        put_when(b, 2, i);
        buf_byte(b, '\n');
    }
}

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

static void put_json(struct buf *b, const char *key)
{
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

static const struct json_doc *arguments(struct random_request *r)
{
    static const char *const keys[] = {"a", "b", "p", "m", "d.e", "l", "n"};
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
    return parse(r, 0, &text).doc;
}

static void random_inputs(struct random_request *r)
{
    static const struct str names[] = {{"x", 1}, {"yx", 2}, {"1", 1}};
    static const struct str parents[] = {{"u:p", 3}, {"u:ab", 4}};
    static const char *const flag_keys[] = {"f"};
    r->inputs = (struct reeve_inputs_view){.now_ns = 1,
                                           .known = roll(4) ? ~0u : roll(1 << POLICY_INPUT_COUNT),
                                           .depth = roll(3),
                                           .children = roll(3),
                                           .peer_uid = roll(3),
                                           .bucket = roll(3),
                                           .tool_digest = roll(2) ? STR("x") : STR("yx"),
                                           .labels = names,
                                           .nlabels = roll(4),
                                           .chain = parents,
                                           .nchain = roll(3),
                                           .flags = object(r, 4, flag_keys, 1)};
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
    r->req.args = arguments(r);
    r->req.subject_properties = object(r, 1, named, BASE_COUNT(named));
    r->req.resource_properties = object(r, 2, named, BASE_COUNT(named));
    r->req.context = object(r, 3, context, BASE_COUNT(context));
    random_inputs(r);
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

void random_damage(const struct random_request *r, bool mistype, struct random_request *out)
{
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
    put_damaged(&text, v, roll(v->node->count), mistype ? "{\"-\":{}}" : roll(2) ? "null" : NULL);
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
    buf_printf(out, " known %x depth %u labels %u chain %u", r->inputs.known, r->inputs.depth,
               r->inputs.nlabels, r->inputs.nchain);
}
