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
#define X(id, word, operand, attr, phrase, ...) [OP_##id] = {word, OPERAND_##operand, attr},
    POLICY_OP_TABLE(X)
#undef X
};

/* Whether it is declared or built in, so that `absent` may stand beside it. */
static const struct {
    const char *path;
    bool known;
} attributes[] = {
    {"args.a", true},
    {"args.b", true},
    {"args.p", true},
    {"args.m.x", true},
    {"args.m", true},
    {"'args[\"d.e\"]'", true},
    {"args.l", true},
    {"args.l", true},
    {"args.n", true},
    {"args.h", true},
    {"args.u", true},
    {"args.1", true},
    {"subject.t", true},
    {"subject.l", true},
    {"subject.m.x", false},
    {"subject.q", false},
    {"subject.properties.id", false},
    {"subject.id", true},
    {"subject.type", true},
    {"resource.k", true},
    {"resource.q", false},
    {"resource.id", true},
    {"context.c", true},
    {"context.m.x", true},
    {"context.u", false},
    {"broker.flags.f", true},
    {"broker.labels", true},
    {"broker.chain", true},
    {"broker.depth", true},
    {"broker.bucket", true},
    {"broker.level", true},
    {"broker.tool.digest", true},
    {"broker.peer.uid", true},
    {"broker.now", true},
    {"action.name", true},
    {"broker.children", true},
};
static const char *const scalars[] = {"1",   "2",    "1.0",   "1.5",       "x",          "\"1\"",
                                      "yx",  "true", "false", "\"${vi}\"", "\"x${vi}\"", "-3",
                                      "u:p", "\"\"", "full",  "controlled"};
/* Declared, so that broker.labels can be tested for them. */
static const char *const label_words[] = {"x", "yx", "seen", "\"1\"", "1", "true"};
/* Texts that are none of these are refused there; other types are not. */
static const char *const level_words[] = {"full", "controlled", "pure", "1", "true"};
static const char *const chain_words[] = {"u:p", "\"v:b\"", "1", "true"};
static const char *const bucket_words[] = {"1", "2", "x", "\"1\"", "true", "99"};
static const char *const texts[] = {"x",         "yx",         "\"1\"",     "u",        "\"\"",
                                    "\"${vt}\"", "\"a${vl}\"", "\"${vu}\"", "\"${vx}\""};
static const char *const numbers[] = {"1",    "2",         "1.5",       "-3",
                                      "1KiB", "\"${vs}\"", "\"${vi}\"", "2.0"};
static const char *const folders[] = {"/", "/a", "/a/b", "\"${vp}\"", "\"${vp}/b\"", "/b"};
static const char *const likes[] = {"\"*x\"", "\"x*\"",    "\"*1*\"", "\"y*x\"",
                                    "x",      "\"\\\\*\"", "\"*\"",   "\"u*:*p\""};
static const char *const regexes[] = {"\"x|yx\"", "\"[a-z]+\"", "\"u:.*\"",
                                      "\".*1\"",  "\"\"",       "\"(a|x)*1?\""};
static const char *const hosts[] = {"h.example", "\"*.example\"",   "\"*\"",    "1.2.3.4",
                                    "\"[::1]\"", "H.Other.Example", "\"${vh}\""};
static const char *const ranges_of_addresses[] = {"1.2.0.0/16", "\"::1/128\"", "0.0.0.0/0",
                                                  "1.2.3.4", "\"2001:db8::/32\""};
const char *const random_urls[RANDOM_URLS] = {
    "\"https://h.example\"",
    "{host: \"*.example\"}",
    "{scheme: [http, https], host: \"*\", port: any}",
    "{scheme: [http, https], port: any, cidr: [1.2.0.0/16]}",
    "{host: h.example, path: \"/a/*\"}",
    "{port: 8443}",
};
const char *const random_times[RANDOM_TIMES] = {
    "{zone: UTC}",
    "{days: [mon-fri], zone: UTC}",
    "{hours: \"09:00-17:00\", zone: UTC}",
    "{days: [thu], hours: \"22:00-06:00\", zone: UTC}",
};
/* Thursday, 1 January 1970, and the Friday after it. */
const int64_t random_moments[RANDOM_MOMENTS] = {0,
                                                INT64_C(9) * 3600000000000,
                                                INT64_C(17) * 3600000000000,
                                                INT64_C(23) * 3600000000000,
                                                INT64_C(29) * 3600000000000,
                                                INT64_C(30) * 3600000000000,
                                                INT64_C(53) * 3600000000000};
static const char *const flags[] = {"true", "false"};

/* ---- operands ---- */

/* What the broker says and of which only some literals can be tested for. */
static const struct closed {
    const char *path;
    const char *const *words;
    uint32_t n;
    bool labels; /* which the variable of a list names too */
} closed[] = {
    {"broker.labels", label_words, BASE_COUNT(label_words), true},
    {"broker.level", level_words, BASE_COUNT(level_words), false},
    {"broker.chain", chain_words, BASE_COUNT(chain_words), false},
    {"broker.bucket", bucket_words, BASE_COUNT(bucket_words), false},
};
static const struct closed *only; /* of what is being written; NULL: any literal */

static const struct closed *closed_of(const char *path)
{
    for (size_t i = 0; i < BASE_COUNT(closed); i++)
        if (strcmp(path, closed[i].path) == 0)
            return &closed[i];
    return NULL;
}

static const char *scalar(void)
{
    return only ? only->words[roll(only->n)] : PICK(scalars);
}

static void put_scalars(struct buf *b);

static void put_list(struct buf *b, const char *const *words, size_t n, uint32_t least)
{
    uint32_t count = least + roll(4 - least);
    buf_byte(b, '[');
    for (uint32_t i = 0; i < count; i++)
        buf_printf(b, "%s%s", i ? ", " : "", words[roll((uint32_t)n)]);
    if (roll(6) == 0 && (!only || only->labels))
        buf_printf(b, "%s\"${vl}\"", count ? ", " : "");
    buf_byte(b, ']');
}

static void put_scalars(struct buf *b)
{
    if (only)
        put_list(b, only->words, only->n, 0);
    else
        put_list(b, scalars, BASE_COUNT(scalars), 0);
}

static void put_ops(struct buf *b, unsigned depth, bool absent);

static void put_test(struct buf *b, unsigned depth)
{
    switch (roll(5)) {
    case 0:
        buf_z(b, scalar());
        break;
    case 1:
        put_scalars(b);
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
            buf_z(b, only ? "seen" : PICK(texts));
            break;
        case 1:
            put_scalars(b);
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

static void put_patterns(struct buf *b, enum policy_op op)
{
    if (op == OP_LIKE)
        put_list(b, likes, BASE_COUNT(likes), 1);
    else if (op == OP_HOST)
        buf_printf(b, "[%s, %s]", PICK(hosts), PICK(hosts));
    else
        buf_printf(b, "[%s, %s]", PICK(ranges_of_addresses), PICK(ranges_of_addresses));
}

static void put_range(struct buf *b)
{
    static const char *const ranges[] = {"[1, 2]", "[-3, 1.5]", "[2, 1KiB]", "[1, \"${vs}\"]"};
    buf_z(b, PICK(ranges));
}

static void put_value(struct buf *b)
{
    if (roll(3))
        buf_z(b, scalar());
    else
        put_scalars(b);
}

static void put_operand(struct buf *b, enum policy_op op, unsigned depth, bool absent)
{
    switch (ops[op].operand) {
    case OPERAND_SCALAR:
        buf_z(b, scalar());
        break;
    case OPERAND_VALUE:
        put_value(b);
        break;
    case OPERAND_LIST:
        put_scalars(b);
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
    case OPERAND_PATTERNS:
        put_patterns(b, op);
        break;
    case OPERAND_REGEX:
        buf_z(b, PICK(regexes));
        break;
    case OPERAND_URL:
        buf_z(b, random_urls[roll(RANDOM_URLS)]);
        break;
    case OPERAND_TIME:
        buf_z(b, random_times[roll(RANDOM_TIMES)]);
        break;
    default:
        put_argv(b, depth);
    }
}

bool random_can(enum policy_op op)
{
    return ops[op].word && op != OP_IS;
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
    case OP_HOST:
    case OP_CIDR:
        return "args.h";
    case OP_URL:
        return "args.u";
    case OP_TIME:
        return "broker.now";
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
    const char *path =
        roll(2) ? likely_attribute(op) : attributes[roll((uint32_t)BASE_COUNT(attributes))].path;
    buf_printf(b, "{%s: {", path);
    only = closed_of(path);
    put_op(b, op, 2, false);
    only = NULL;
    buf_z(b, "}}");
}

void random_one_test(struct buf *b)
{
    random_test_of(b, pick_op(3));
}

/* ---- conditions ---- */

static void put_attribute(struct buf *b, size_t i, unsigned depth)
{
    buf_printf(b, "%s: ", attributes[i].path);
    only = closed_of(attributes[i].path);
    switch (roll(5)) {
    case 0:
        buf_z(b, scalar());
        break;
    case 1:
        put_scalars(b);
        break;
    case 2:
        buf_printf(b, "{attr: %s}", attributes[roll((uint32_t)BASE_COUNT(attributes))].path);
        break;
    default:
        put_ops(b, depth, attributes[i].known);
    }
    only = NULL;
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

#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

void random_top(struct buf *b)
{
    static const char *const from[] = {"any", "entities", "request"};
    static const char *const types[] = {"string", "number", "bool, default: true",
                                        "[string], default: [x]", "int, default: 1"};
    bool defaults = random_words == RANDOM_ALL_WORDS;
    buf_printf(
        b,
        "vars: {vi: {type: int, default: %u}, vs: {type: size, default: 1KiB}, vp: {type: "
        "path, default: /a}, vt: {type: string, default: x}, vl: {type: [string], default: "
        "[x, \"1\"]}, vd: {type: duration, default: 3s}, vh: {type: host, default: h.example}, vu: "
        "{type: url, default: \"https://h.example/\"}, vx: {type: sha256, default: " SHA256 "}}\n",
        roll(3));
    buf_printf(b,
               "attributes: {subject.t: {type: string, from: %s}, subject.l: {type: [string], "
               "from: %s}, resource.k: {type: int, from: %s}, context.c: {type: %s}, context.m: "
               "{type: map}, broker.flags.f: {type: bool%s}}\n",
               PICK(from), PICK(from), PICK(from), types[roll(defaults ? 5 : 2)],
               defaults && roll(2) ? ", default: false" : "");
    buf_z(b, "labels: [seen, x, \"1\", secret, yx]\n");
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
