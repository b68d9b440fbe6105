/*
 * Files of equal trust as one policy: their trees are joined key by key before they are parsed, so
 * that the parser sees one file. What two of them name must say the same: nothing overrides, so
 * that neither the order of files nor who includes whom can matter. Called by include.c.
 */
#include "policy/model.h"
#include "policy/names.h"

/* ---- equality ---- */

static const struct ynode *value_of(const struct ynode *map, const struct ynode *key)
{
    for (const struct ynode *k = map->first; k; k = k->next->next)
        if (str_eq(k->text, key->text))
            return k->next;
    return NULL;
}

static int by_text(const void *a, const void *b)
{
    const struct ynode *const *x = a, *const *y = b;
    return str_cmp((*x)->text, (*y)->text);
}

static void take_keys(const struct ynode *map, const struct ynode **out)
{
    for (const struct ynode *k = map->first; k; k = k->next->next)
        *out++ = k;
}

/* Maps of as many keys, in whatever order. Without memory they differ, which is an error. */
static bool same_sorted(const struct ynode *a, const struct ynode *b)
{
    const uint32_t n = a->count;
    auto_free const struct ynode **keys = calloc(2 * (size_t)n + 1, sizeof(struct ynode *));
    if (!keys)
        return false;
    take_keys(a, keys);
    take_keys(b, keys + n);
    qsort(keys, n, sizeof *keys, by_text);
    qsort(keys + n, n, sizeof *keys, by_text);
    for (uint32_t i = 0; i < n; i++)
        if (!str_eq(keys[i]->text, keys[n + i]->text) ||
            !policy_tree_same(keys[i]->next, keys[n + i]->next))
            return false;
    return true;
}

/* Most are written in one order. */
static bool same_maps(const struct ynode *a, const struct ynode *b)
{
    const struct ynode *other = b->first;
    for (const struct ynode *k = a->first; k; k = k->next->next, other = other->next->next)
        if (!str_eq(k->text, other->text))
            return same_sorted(a, b);
        else if (!policy_tree_same(k->next, other->next))
            return false;
    return true;
}

static bool same_lists(const struct ynode *a, const struct ynode *b)
{
    const struct ynode *y = b->first;
    for (const struct ynode *x = a->first; x; x = x->next, y = y->next)
        if (!policy_tree_same(x, y))
            return false;
    return true;
}

/* Quotes make text of what begins with a digit (a size): whoever reads it may refuse one of them,
 * so that which file is first would matter. */
static bool same_texts(const struct ynode *a, const struct ynode *b)
{
    bool quotes = a->text.n && a->text.p[0] >= '0' && a->text.p[0] <= '9';
    return str_eq(a->text, b->text) && (!quotes || a->quoted == b->quoted);
}

/* Recursion is bounded by the depth of a tree. */
bool policy_tree_same(const struct ynode *a, const struct ynode *b)
{
    if (a->type != b->type || a->count != b->count)
        return false;
    if (a->type == Y_MAP)
        return same_maps(a, b);
    return a->type == Y_LIST ? same_lists(a, b) : same_texts(a, b);
}

/* ---- joining ---- */

/* Entries of one section that have a name: of a map each by its key; of a list of maps each by its
 * `id`, of a list of texts each by itself. */
struct entry {
    struct ynode *node; /* the key, or the element */
    const struct ynode *value;
    struct policy_name name;
    bool same; /* as an earlier one */
};

struct joiner {
    struct arena *arena;
    struct policy_report *report;
    struct entry *v;
    uint32_t count;
};

enum how {
    WHOLE,      /* one value, the same in all files */
    BY_KEY,     /* a map, whose values are compared */
    BY_ID,      /* a list of maps, each with its `id` */
    TOGETHER,   /* a list, of which all elements count */
    NAMES,      /* a list of texts, each its own name */
    KEY_BY_KEY, /* a map whose values are joined */
};
static const struct {
    const char *key;
    enum how how;
} sections[] = {
    {"vars", BY_KEY},         {"groups", BY_KEY},       {"grants", BY_KEY},
    {"conditions", BY_KEY},   {"attributes", BY_KEY},   {"entities", BY_KEY},
    {"capabilities", BY_KEY}, {"rules", BY_ID},         {"budgets", BY_ID},
    {"subjects", TOGETHER},   {"labels", NAMES},        {"include", TOGETHER},
    {"tests", TOGETHER},      {"defaults", KEY_BY_KEY}, {"audit", KEY_BY_KEY},
    {"limits", BY_KEY},       {"mask", NAMES},
};

static int by_name(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int c = str_cmp(x->name.name, y->name.name);
    return c ? c : (x->name.index > y->name.index) - (x->name.index < y->name.index);
}

static int by_index(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    return (x->name.index > y->name.index) - (x->name.index < y->name.index);
}

static struct str id_of(const struct ynode *element)
{
    static const struct ynode id = {.text = {"id", 2}};
    const struct ynode *v = element->type == Y_MAP ? value_of(element, &id) : NULL;
    return v && v->type == Y_TEXT ? v->text : (struct str){"", 0};
}

static void add(struct joiner *j, struct ynode *node, const struct ynode *value, struct str name)
{
    j->v[j->count] = (struct entry){node, value, {name, j->count}, false};
    j->count++;
}

static struct str name_of(const struct ynode *element, enum how how)
{
    if (how == NAMES)
        return element->type == Y_TEXT ? element->text : STR("");
    return how == BY_ID ? id_of(element) : STR("");
}

/* All entries of a section of that type, of all trees, in the order of the files. */
static bool gather(struct joiner *j, struct ynode **values, uint32_t n, enum how how)
{
    size_t room = 0;
    for (uint32_t i = 0; i < n; i++)
        room += values[i]->count;
    j->count = 0;
    if (room > POLICY_MAX_NODES) {
        policy_report(j->report, P_BOUND, values[0]->pos, "split the policy",
                      "too many values for one policy");
        return false;
    }
    j->v = arena_array(j->arena, room ? room : 1, sizeof *j->v);
    j->count = 0;
    if (!j->v) {
        policy_report_memory(j->report);
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        bool map = values[i]->type == Y_MAP;
        for (struct ynode *e = values[i]->first; e; e = map ? e->next->next : e->next)
            add(j, e, map ? e->next : e, map ? e->text : name_of(e, how));
    }
    return true;
}

static void told_twice(struct joiner *j, const struct entry *first, const struct entry *again)
{
    char shown[POLICY_SHOWN], place[POLICY_PLACE];
    policy_report(
        j->report, P_DEFINED_TWICE, again->node->pos, "leave one out, or let both say the same",
        "`%s` is defined %s too, with another value", policy_shown(again->name.name, shown),
        policy_place(j->report, first->node->pos, again->node->pos, place));
}

/* What is named twice is kept once where it says the same. One file's own duplicates are told by
 * whoever reads that file. */
static void find_equal(struct joiner *j)
{
    qsort(j->v, j->count, sizeof *j->v, by_name);
    for (uint32_t i = 1, first = 0; i < j->count; i++) {
        struct entry *a = &j->v[first], *b = &j->v[i];
        if (!a->name.name.n || !str_eq(a->name.name, b->name.name)) {
            first = i;
        } else if (a->node->pos.file != b->node->pos.file) {
            b->same = true;
            if (!policy_tree_same(a->value, b->value))
                told_twice(j, a, b);
        }
    }
    qsort(j->v, j->count, sizeof *j->v, by_index);
}

/* Chain the entries that stay behind `into`. */
static void chain(struct joiner *j, struct ynode *into)
{
    struct ynode **link = &into->first;
    into->count = 0;
    for (uint32_t i = 0; i < j->count; i++) {
        if (j->v[i].same)
            continue;
        if (into->count == POLICY_MAX_NODES) {
            policy_report(j->report, P_BOUND, j->v[i].node->pos, "split the policy",
                          "too many values for one policy");
            break;
        }
        struct ynode *last = into->type == Y_MAP ? j->v[i].node->next : j->v[i].node;
        *link = j->v[i].node;
        link = &last->next;
        into->count++;
    }
    *link = NULL;
}

/* A section of another type than its own is one value, which the parser will refuse. */
static enum how how_of(const struct ynode *key)
{
    for (size_t i = 0; i < BASE_COUNT(sections); i++) {
        enum how how = sections[i].how;
        uint32_t type = how == BY_KEY || how == KEY_BY_KEY ? Y_MAP : Y_LIST;
        if (str_is(key->text, sections[i].key))
            return key->next->type == type ? how : WHOLE;
    }
    return WHOLE;
}

/* What each file says for itself. */
static bool is_of_its_file(struct str key)
{
    return str_is(key, "reeve") || str_is(key, "name") || str_is(key, "version");
}

static void join_maps(struct joiner *j, struct ynode **maps, uint32_t n, bool top);

/* Values of one key, all of one type, joined into the first. */
static void join(const struct joiner *all, const struct ynode *key, struct ynode **values,
                 uint32_t n)
{
    struct joiner j = *all;
    enum how how = how_of(key);
    if (how == KEY_BY_KEY) {
        join_maps(&j, values, n, false);
    } else if (gather(&j, values, n, how)) {
        if (how != TOGETHER)
            find_equal(&j);
        chain(&j, values[0]);
    }
}

/* A run of entries with one key. Those of another type than the first stay beside it, for the
 * parser to tell. */
static void join_run(struct joiner *j, struct entry *run, uint32_t n, bool top)
{
    struct ynode *values[POLICY_MAX_FILES] = {run->node->next};
    uint32_t found = 1;
    bool whole = how_of(run->node) == WHOLE;
    for (uint32_t i = 1; i < n; i++) {
        struct ynode *key = run[i].node;
        run[i].same = (top && is_of_its_file(key->text)) ||
                      (key->next->type == run->node->next->type && !key->refused &&
                       key->pos.file != run->node->pos.file && found < POLICY_MAX_FILES);
        if (!run[i].same || (top && is_of_its_file(key->text)))
            continue;
        if (!whole)
            values[found++] = key->next;
        else if (!policy_tree_same(run->value, run[i].value))
            told_twice(j, run, &run[i]);
    }
    if (found > 1)
        join(j, run->node, values, found);
}

static void join_maps(struct joiner *j, struct ynode **maps, uint32_t n, bool top)
{
    if (!gather(j, maps, n, BY_KEY))
        return;
    qsort(j->v, j->count, sizeof *j->v, by_name);
    for (uint32_t i = 0, end; i < j->count; i = end) {
        end = i + 1;
        while (end < j->count && str_eq(j->v[i].name.name, j->v[end].name.name))
            end++;
        join_run(j, &j->v[i], end - i, top);
    }
    qsort(j->v, j->count, sizeof *j->v, by_index);
    chain(j, maps[0]);
}

void policy_union(struct ynode **trees, uint32_t n, struct arena *arena,
                  struct policy_report *report)
{
    struct joiner j = {.arena = arena, .report = report};
    join_maps(&j, trees, n, true);
}
