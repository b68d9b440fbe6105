/*
 * The reference page (docs/policy-reference.md): every key, word, operator, attribute and bound of
 * the language as tables, from the tables that the compiler itself reads. What they mean together
 * is told in docs/policy.md.
 */
#include "policy/parse.h"

#include "policy/reach.h"
#include "policy/value_regex.h"

struct page {
    struct buf *out;
    struct shape_list named; /* mappings, in the order in which they were met */
};

/* ---- what may stand somewhere, in a few words ---- */

static void say(struct page *p, const struct parse_shape *shape);

/* "a, b or c" */
static void say_between(struct page *p, size_t i, size_t n)
{
    buf_z(p->out, i == 0 ? "" : i + 1 == n ? " or " : ", ");
}

static void say_words(struct page *p, const struct parse_shape *shape)
{
    size_t n = 0, said = 0;
    for (size_t i = 0; i < shape->n; i++)
        n += shape->words[i] != NULL;
    for (size_t i = 0; i < shape->n; i++)
        if (shape->words[i]) {
            say_between(p, said++, n);
            buf_printf(p->out, "`%s`", shape->words[i]);
        }
}

static void say_ends(struct page *p, const struct parse_shape *shape)
{
    if (shape->min && shape->min == shape->max)
        buf_printf(p->out, "; exactly %lld", (long long)shape->min);
    else if (shape->min)
        buf_printf(p->out, "; at least %lld", (long long)shape->min);
    if (shape->max && shape->min != shape->max)
        buf_printf(p->out, "; at most %lld", (long long)shape->max);
}

static void say_kind(struct page *p, const struct parse_shape *shape)
{
    static const char *const plain[] = {
        [SHAPE_ANY] = "any value",
        [SHAPE_NULL] = "no value",
        [SHAPE_TEXT] = "text",
        [SHAPE_NUMBER] = "a number",
        [SHAPE_INT] = "a whole number",
        [SHAPE_BOOL] = "`true` or `false`",
        [SHAPE_AMOUNT] = "a number with a unit",
        [SHAPE_LIST] = "list: ",
        [SHAPE_MAP] = "mapping: ",
    };
    if (shape->kind == SHAPE_WORDS) {
        say_words(p, shape);
        return;
    }
    for (size_t i = 0; shape->kind == SHAPE_EITHER && i < shape->n; i++) {
        say_between(p, i, shape->n);
        say(p, shape->either[i]);
    }
    if (shape->kind >= BASE_COUNT(plain))
        return;
    buf_z(p->out, plain[shape->kind]);
    if (shape->kind == SHAPE_MAP) {
        say(p, shape->key);
        buf_z(p->out, " to ");
    }
    if (shape->of)
        say(p, shape->of);
    if (shape->kind != SHAPE_TEXT)
        say_ends(p, shape);
}

/* What `says` hides is met all the same. */
static void meet_within(struct page *p, const struct parse_shape *shape)
{
    struct buf nowhere = {0};
    struct buf *out = p->out;
    p->out = &nowhere;
    if (shape->kind == SHAPE_LIST || shape->kind == SHAPE_EITHER)
        say_kind(p, shape);
    p->out = out;
    buf_fini(&nowhere);
}

static void say(struct page *p, const struct parse_shape *shape)
{
    if (shape->kind == SHAPE_KEYS) {
        shape_meet(&p->named, shape);
        buf_printf(p->out, "[%s](#%s)", shape->name, shape->name);
        return;
    }
    if (shape->says) {
        buf_z(p->out, shape->says);
        meet_within(p, shape);
        return;
    }
    say_kind(p, shape);
}

/* ---- mappings ---- */

static void put_field(struct page *p, const struct parse_field *f, bool partial)
{
    buf_printf(p->out, "| `%s`%s | ", f->name, f->required && !partial ? ", required" : "");
    say(p, f->shape);
    buf_printf(p->out, " | %s |\n", f->doc ? f->doc : f->shape->says);
}

static void put_mapping(struct page *p, const struct parse_shape *shape)
{
    buf_printf(p->out, "### %s\n\n", shape->name);
    if (shape->says)
        buf_printf(p->out, "%c%s.\n\n", shape->says[0] - ('a' - 'A'), shape->says + 1);
    buf_z(p->out, "| key | value | meaning |\n|---|---|---|\n");
    for (size_t i = 0; i < shape->n; i++)
        if (shape->fields[i].name && shape->fields[i].shape)
            put_field(p, &shape->fields[i], shape->partial);
    if (shape->key) {
        buf_printf(p->out, "| %s | ", shape->key->says);
        say(p, shape->of);
        buf_printf(p->out, " | %s |\n",
                   shape->key->pattern ? "what is tested of its value" : "a part of it");
    }
    buf_byte(p->out, '\n');
}

static void put_mappings(struct page *p)
{
    buf_z(p->out, "## Mappings\n\n");
    shape_meet(&p->named, &shape_policy);
    for (uint32_t i = 0; i < p->named.n; i++)
        if (p->named.v[i] != &shape_ops)
            put_mapping(p, p->named.v[i]);
}

/* ---- enumerations ---- */

/* What some rules take and others do not. */
static void put_taken(struct page *p, enum policy_rule_kind kind)
{
    size_t said = 0;
    for (size_t i = 0; i < shape_rule.ncases; i++) {
        const struct shape_case *c = &shape_rule.cases[i];
        if (((c->takes >> kind) & 1u) && (c->takes != ~0u || ((c->needs >> kind) & 1u)))
            buf_printf(p->out, "%s`%s`%s", said++ ? ", " : "", c->key,
                       (c->needs >> kind) & 1u ? " (required)" : "");
    }
    buf_z(p->out, " |\n");
}

static void put_rules(struct page *p)
{
    static const struct {
        const char *permits, *matches;
    } kinds[RULE_KINDS] = {
        [RULE_DENY] = {"nothing", "true or unknown"},
        [RULE_ALLOW] = {"yes", "true, and its grant's templates can be filled in"},
        [RULE_ASK] = {"once it is approved", "true; unknown, it gates: an allow becomes an ask"},
        [RULE_REQUIRE] = {"nothing", "true or unknown; all of them hold together"},
    };
    buf_z(p->out,
          "## Effects of rules\n\n| effect | permits | matches when its condition is | takes "
          "|\n|---|---|---|---|\n");
#define X(id, name)                                                                                \
    buf_printf(p->out, "| `%s` | %s | %s | ", name, kinds[RULE_##id].permits,                      \
               kinds[RULE_##id].matches);                                                          \
    put_taken(p, RULE_##id);
    POLICY_RULE_TABLE(X)
#undef X
    buf_byte(p->out, '\n');
}

static void put_operators(struct page *p)
{
    static const struct {
        const char *word;
        bool attr;
        const char *of, *doc;
    } ops[OP_COUNT] = {
#define X(id, word, operand, attr, phrase, of, doc) [OP_##id] = {word, attr, of, doc},
        POLICY_OP_TABLE(X)
#undef X
    };
    buf_z(p->out,
          "## Operators\n\nOf a value of another kind an operator is unknown. Where the last "
          "column says so, `{attr: PATH}` may stand\nin the operand's place.\n\n"
          "| operator | operand | judges | holds for | attr |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < OP_COUNT; i++) {
        if (!ops[i].word || i == OP_IS)
            continue;
        const struct parse_shape *operand = shape_ops.fields[i].shape;
        buf_printf(p->out, "| `%s` | ", ops[i].word);
        say(p, ops[i].attr ? operand->either[0] : operand);
        buf_printf(p->out, " | %s | %s | %s |\n", ops[i].of, ops[i].doc, ops[i].attr ? "yes" : "");
    }
    for (size_t i = OP_COUNT; i < shape_ops.n; i++) {
        buf_printf(p->out, "| `%s` | ", shape_ops.fields[i].name);
        say(p, shape_ops.fields[i].shape);
        buf_printf(p->out, " | any | %s | |\n", shape_ops.fields[i].doc);
    }
    buf_byte(p->out, '\n');
}

static const char *const root_docs[ROOT_COUNT] = {
    [ROOT_ARGS] = "arguments in their named normal form; `args.0` by position, without a schema",
    [ROOT_SUBJECT] = "`subject.id`, `subject.type`, or a property: `subject.NAME`",
    [ROOT_RESOURCE] = "`resource.id`, `resource.type`, or a property: `resource.NAME`",
    [ROOT_CONTEXT] = "what the request says of its surroundings",
    [ROOT_BROKER] = "what the broker knows, and no request can say",
    [ROOT_ACTION] = "`action.name`: the capability's id",
};
static const struct {
    const char *type, *doc;
} inputs[POLICY_INPUT_COUNT] = {
    [POLICY_INPUT_NOW] = {"time", "now, for the operator `time`"},
    [POLICY_INPUT_LEVEL] = {"text", "the level that the request is decided at"},
    [POLICY_INPUT_PEER_UID] = {"number", "user id of the process that asks"},
    [POLICY_INPUT_DEPTH] = {"number", "how many parents the subject has"},
    [POLICY_INPUT_CHAIN] = {"list of texts", "the parents, the nearest first"},
    [POLICY_INPUT_CHILDREN] = {"number", "how many children the subject has"},
    [POLICY_INPUT_LABELS] = {"list of texts", "labels of the session"},
    [POLICY_INPUT_BUCKET] = {"number", "0 to 99, a fixed hash of the subject"},
    [POLICY_INPUT_FLAGS] = {"as declared",
                            "`broker.flags.NAME`: flags, declared under `attributes`"},
    [POLICY_INPUT_TOOL_DIGEST] = {"text", "SHA-256 of an MCP tool's name, description and schema"},
};

static void put_attributes(struct page *p)
{
    buf_z(p->out, "## Attributes\n\n| begins with | what it is |\n|---|---|\n");
#define X(id, word) buf_printf(p->out, "| `%s.` | %s |\n", word, root_docs[ROOT_##id]);
    POLICY_ROOT_TABLE(X)
#undef X
    buf_z(p->out, "\n| input | type | what it is |\n|---|---|---|\n");
#define X(id, path)                                                                                \
    buf_printf(p->out, "| `broker.%s` | %s | %s |\n", path, inputs[POLICY_INPUT_##id].type,        \
               inputs[POLICY_INPUT_##id].doc);
    POLICY_INPUT_TABLE(X)
#undef X
    buf_byte(p->out, '\n');
}

static void put_types(struct page *p)
{
    buf_z(p->out,
          "## Types\n\nA list of a type is written `[TYPE]`.\n\n| type | of attributes | of "
          "variables |\n|---|---|---|\n");
#define X(id, word, attribute, variable)                                                           \
    buf_printf(p->out, "| `%s` | %s | %s |\n", word, (attribute) ? "yes" : "",                     \
               (variable) ? "yes" : "");
    POLICY_TYPE_TABLE(X)
#undef X
    buf_byte(p->out, '\n');
}

/* ---- what ships ---- */

#define X(id, name) name,
static const char *const effect_words[] = {CORE_EFFECT_BITS(X)};
static const char *const arg_words[] = {CORE_ARG_TABLE(X)};
static const char *const class_words[] = {CORE_CLASS_TABLE(X)};
#undef X

static void put_capability(struct page *p, const struct core_capability *cap)
{
    size_t said = 0;
    buf_printf(p->out, "| `%s` | %s | ", cap->id, class_words[cap->klass]);
    for (size_t i = 0; i < BASE_COUNT(effect_words); i++)
        if ((cap->effects >> i) & 1u)
            buf_printf(p->out, "%s%s", said++ ? ", " : "", effect_words[i]);
    buf_z(p->out, cap->has_schema ? " | " : " | anything");
    for (uint32_t i = 0; i < cap->nargs; i++) {
        const struct core_arg *a = &cap->args[i];
        buf_printf(p->out, "%s`%s` %s", i ? ", " : "", a->name, arg_words[a->type]);
        if (a->fallback)
            buf_printf(p->out, " = `%s`", a->fallback);
        else
            buf_z(p->out, a->broker ? " (reeve's own)" : a->required ? "" : " (optional)");
    }
    buf_printf(p->out, " | %s |\n", cap->summary);
}

static void put_catalogue(struct page *p)
{
    size_t n;
    const struct core_capability *all = core_capability_all(&n);
    buf_z(p->out, "## Capabilities that ship\n\nArguments are in the order of their positions. A "
                  "capability that is not here, nor in the policy's `capabilities`, is\ndangerous, "
                  "with all effects for a deny or require and none for an allow or ask: so are the "
                  "families\n`ccos.skill`, `ccos.run`, `ccos.chat`, `ccos.a2a`, `ccos.cli`, "
                  "`ccos.resource`, `planner`, `learning`, `introspect`, `json`\nand `stream`, of "
                  "which no single id is known.\n\n"
                  "| capability | class | effects | arguments | what it does "
                  "|\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < n; i++)
        put_capability(p, &all[i]);
    buf_byte(p->out, '\n');
}

/* ---- bounds ---- */

static void put_bounds(struct page *p)
{
    static const struct {
        unsigned long long at_most;
        const char *of;
    } bounds[] = {
        {POLICY_MAX_BYTES, "bytes of a policy file"},
        {POLICY_MAX_DEPTH, "levels of nesting in it"},
        {POLICY_MAX_NODES, "values in it"},
        {POLICY_MAX_RULES, "rules"},
        {POLICY_MAX_BUDGETS, "budgets"},
        {POLICY_MAX_NAME, "bytes of a subject or capability pattern"},
        {POLICY_MAX_SEGMENTS, "segments of a capability pattern"},
        {CORE_MAX_PATHS, "entries of a list in a grant"},
        {REACH_MAX_FILES, "files that one run is shown or hidden from; beyond, it is shown none"},
        {CORE_MAX_ARGS, "arguments of a capability"},
        {POLICY_MAX_MASKS, "entries of a mask"},
        {POLICY_MAX_HELD, "obligations of a rule; requires, approvals and labels of a decision"},
        {POLICY_MAX_PARENTS, "parents of a subject in its chain"},
        {POLICY_MAX_ELEMENTS, "elements of a list that are looked at"},
        {VALUE_REGEX_MAX, "bytes of a regular expression"},
    };
    buf_z(p->out, "## Bounds\n\n| at most | of |\n|---|---|\n");
    for (size_t i = 0; i < BASE_COUNT(bounds); i++)
        buf_printf(p->out, "| %llu | %s |\n", bounds[i].at_most, bounds[i].of);
}

void policy_reference(struct buf *out)
{
    struct page p = {.out = out};
    buf_z(out,
          "# Policy reference\n\nEvery key, word and operator of `reeve: policy/v1`. This page is "
          "written from the compiler's own tables\n(`reeve policy schema --reference`), and a test "
          "compares it with them; what the parts mean together is in\n[policy.md](policy.md). "
          "Wherever a value stands, a variable may: `${NAME}`.\n\n");
    put_mappings(&p);
    put_rules(&p);
    put_operators(&p);
    put_attributes(&p);
    put_types(&p);
    put_catalogue(&p);
    put_bounds(&p);
}
