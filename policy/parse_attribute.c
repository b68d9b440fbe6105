/*
 * Attribute paths: a root, then keys. Which roots and which inputs of the broker there are comes
 * from the tables; whether a path is declared is for check_when.c to say.
 */
#include "policy/parse.h"

#define MAX_KEYS 16u

#define X(id, word) word,
static const char *const roots[] = {POLICY_ROOT_TABLE(X)};
static const char *const inputs[] = {POLICY_INPUT_TABLE(X)};
#undef X

static bool bad_attribute(struct parser *p, const struct ynode *at, struct str text,
                          const char *hint, const char *why)
{
    char shown[POLICY_SHOWN];
    policy_report(p->report, P_ATTRIBUTE, at->pos,
                  hint ? hint : "write `args.NAME`, `args.NAME.KEY` or `args[\"a key\"]`",
                  "`%s`: %s", policy_shown(text, shown), why);
    return false;
}

/* The key at `*at`, which stands on `.` or `[`. */
static bool next_key(struct str text, size_t *at, struct str *key)
{
    size_t i = *at;
    if (text.p[i] == '.') {
        size_t start = ++i;
        while (i < text.n && text.p[i] != '.' && text.p[i] != '[' && text.p[i] != ']' &&
               text.p[i] != '"' && (uint8_t)text.p[i] > 0x20)
            i++;
        *key = (struct str){text.p + start, i - start};
        *at = i;
        return key->n > 0;
    }
    if (i + 3 >= text.n || text.p[i] != '[' || text.p[i + 1] != '"')
        return false;
    const char *end = memchr(text.p + i + 2, '"', text.n - i - 2);
    if (!end || (size_t)(end - text.p) + 1 >= text.n || end[1] != ']')
        return false;
    *key = (struct str){text.p + i + 2, (size_t)(end - text.p) - i - 2};
    *at = (size_t)(end - text.p) + 2;
    return key->n > 0;
}

static bool is_position(struct str key)
{
    for (size_t i = 0; i < key.n; i++)
        if (key.p[i] < '0' || key.p[i] > '9')
            return false;
    return key.n > 0 && key.n <= 4 && (key.n == 1 || key.p[0] != '0');
}

static bool bad_root(struct parser *p, const struct ynode *at, struct str text, struct str root)
{
    char hint[POLICY_HINT];
    struct policy_nearest near = policy_near(p->report, root);
    for (size_t i = 0; i < BASE_COUNT(roots); i++)
        policy_offer(&near, str_of(roots[i]));
    return bad_attribute(p, at, text, policy_hint(&near, hint),
                         "attributes begin with `args.`, `subject.`, `resource.`, `context.`, "
                         "`broker.` or `action.`");
}

static void drop_keys(struct m_attribute *a, uint32_t n)
{
    a->key += n;
    a->n -= n;
}

/* "peer.uid" against keys: how many of them it takes, 0: not this input. */
static uint32_t input_keys(const char *path, const struct m_attribute *a)
{
    struct str rest = str_of(path);
    for (uint32_t n = 0; n < a->n; n++) {
        const char *dot = memchr(rest.p, '.', rest.n);
        struct str segment = {rest.p, dot ? (size_t)(dot - rest.p) : rest.n};
        if (!str_eq(segment, a->key[n]))
            return 0;
        if (!dot)
            return n + 1;
        rest = (struct str){dot + 1, rest.n - segment.n - 1};
    }
    return 0;
}

static bool broker_path(struct parser *p, const struct ynode *at, struct m_attribute *a)
{
    for (uint8_t i = 0; i < POLICY_INPUT_COUNT; i++) {
        uint32_t n = input_keys(inputs[i], a);
        if (!n)
            continue;
        a->builtin = i;
        drop_keys(a, n);
        if (i == POLICY_INPUT_FLAGS ? a->n == 1 : a->n == 0)
            return true;
        return bad_attribute(
            p, at, a->text, i == POLICY_INPUT_FLAGS ? "write `broker.flags.NAME`" : NULL,
            i == POLICY_INPUT_FLAGS ? "a flag is one name" : "nothing is below it");
    }
    char hint[POLICY_HINT];
    struct policy_nearest near =
        policy_near(p->report, (struct str){a->text.p + 7, a->text.n > 7 ? a->text.n - 7 : 0});
    for (size_t i = 0; i < BASE_COUNT(inputs); i++)
        policy_offer(&near, str_of(inputs[i]));
    return bad_attribute(p, at, a->text,
                         near.best.p ? policy_hint(&near, hint)
                                     : "now, level, peer.uid, depth, chain, children, labels, "
                                       "bucket, flags.NAME, tool.digest",
                         "the broker has no such input");
}

/* subject.x is subject.properties.x; id and type are their own. */
static bool named_path(struct parser *p, const struct ynode *at, struct m_attribute *a)
{
    if (a->n == 1 && (str_is(a->key[0], "id") || str_is(a->key[0], "type")))
        a->builtin = str_is(a->key[0], "id") ? BUILTIN_ID : BUILTIN_TYPE;
    else if (str_is(a->key[0], "properties"))
        drop_keys(a, 1);
    return a->n > 0 || bad_attribute(p, at, a->text, "name one: `subject.properties.NAME`",
                                     "properties are tested one by one");
}

static bool place(struct parser *p, const struct ynode *at, struct m_attribute *a)
{
    switch (a->root) {
    case ROOT_ARGS:
        a->positions = is_position(a->key[0]) && a->text.p[4] == '.';
        return true;
    case ROOT_SUBJECT:
    case ROOT_RESOURCE:
        return named_path(p, at, a);
    case ROOT_BROKER:
        return broker_path(p, at, a);
    case ROOT_ACTION:
        return (a->n == 1 && str_is(a->key[0], "name")) ||
               bad_attribute(p, at, a->text, "write `action.name`",
                             "of the action only the name is there");
    default:
        return true;
    }
}

bool parse_attribute(struct parser *p, const struct ynode *at, struct str text,
                     struct m_attribute **out)
{
    struct str key[MAX_KEYS], word = text;
    uint32_t n = 0;
    uint8_t root = 0;
    for (size_t i = 0; i < text.n && word.n == text.n; i++)
        if (text.p[i] == '.' || text.p[i] == '[')
            word.n = i;
    while (root < ROOT_COUNT && !str_is(word, roots[root]))
        root++;
    if (root == ROOT_COUNT)
        return bad_root(p, at, text, word);
    for (size_t i = word.n; i < text.n; n++) {
        if (n == MAX_KEYS)
            return bad_attribute(p, at, text, NULL, "more than 16 keys deep");
        if (!next_key(text, &i, &key[n]))
            return bad_attribute(p, at, text, NULL, "no attribute path");
    }
    if (!n)
        return bad_attribute(p, at, text, NULL, "no attribute path");
    struct m_attribute *a = parse_alloc(p, 1, sizeof *a);
    if (!a || !(a->key = parse_alloc(p, n, sizeof *a->key)))
        return false;
    memcpy(a->key, key, n * sizeof *key);
    a->text = text;
    a->n = n;
    a->root = root;
    a->at = at->pos;
    a->scope = parse_scope(p);
    a->type.type = TYPE_COUNT;
    *out = a;
    return place(p, at, a);
}

bool parse_argument(struct parser *p, const struct ynode *at, struct str text,
                    struct m_attribute **out)
{
    return parse_attribute(p, at, text, out) &&
           ((*out)->root == ROOT_ARGS ||
            bad_attribute(p, at, text, NULL, "only arguments can stand here"));
}
