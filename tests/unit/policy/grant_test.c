/*
 * Grants: where each limit comes from, how `use` is followed, templates filled in. And what an
 * image tells of itself.
 */
#include "policy/endpoint.h"
#include "policy/reach.h"
#include "support.h"

#include <pthread.h>

#define TOP                                                                                        \
    HEADER                                                                                         \
    "name: lab\nversion: 7\n"                                                                      \
    "defaults: {level: controlled, limits: {wall: 3s, output: 64KiB}}\n"                           \
    "subjects: [{match: \"u:root\", level: full}]\n"                                               \
    "grants:\n"                                                                                    \
    "  base: {isolation: process, filesystem: {read: [/usr/, //lib], hide: [/usr/secret]},\n"      \
    "         limits: {wall: 1m, memory: 128MiB, best_effort: [memory, cpu]}}\n"                   \
    "  strong: {use: base, isolation: vm}\n"                                                       \
    "  files: {use: strong, filesystem: {read: [\"${args.path}\", /etc]}}\n"                       \
    "rules:\n"                                                                                     \
    "  - {id: base, effect: allow, subject: anyone, capability: [c.base], grant: base}\n"          \
    "  - {id: strong, effect: allow, subject: anyone, capability: [c.strong], grant: {use: "       \
    "strong}}\n"                                                                                   \
    "  - {id: files, effect: allow, subject: anyone, capability: [c.files], grant: files}\n"       \
    "  - {id: whole, effect: allow, subject: anyone, capability: [c.whole],\n"                     \
    "     grant: {use: base, limits: {processes: unlimited}}}\n"                                   \
    "  - {id: bare, effect: allow, subject: anyone, capability: [c.bare]}\n"                       \
    "  - {id: none, effect: deny, capability: [c.none]}\n"

/* read and hide: paths joined with spaces. limits: "name=value" of those that the row names; `!`
 * marks best effort. */
static const struct row {
    const char *name, *subject, *capability, *isolation, *read, *hide, *limits;
    bool everything;
} rows[] = {
    {"a named grant, paths in normal form", "u:a", "c.base", "process", "/lib /usr", "/usr/secret",
     "wall=1m memory=128MiB! output=64KiB", false},
    {"use: keys replace whole, others stay", "u:a", "c.strong", "vm", "/lib /usr", "/usr/secret",
     "wall=1m memory=128MiB!", false},
    {"filesystem replaced whole, hide included; template", "u:a", "c.files", "vm", "/etc /srv/x",
     "", "wall=1m", false},
    {"limits replaced whole: wall is the default's", "u:a", "c.whole", "process", "/lib /usr",
     "/usr/secret", "wall=3s processes=unlimited output=64KiB", false},
    {"no grant: the defaults, then the level's", "u:a", "c.bare", "process", "", "",
     "wall=3s output=64KiB open_files=64", false},
    {"full without a rule: everything, under the defaults", "u:root", "c.other", "none", "", "",
     "wall=3s output=64KiB open_files=1024", true},
    {"full with a rule: its grant narrows", "u:root", "c.base", "process", "/lib /usr",
     "/usr/secret", "wall=1m", false},
};

static int grant_of(const struct policy_image *image, const struct question *q, struct arena *arena,
                    struct core_grant *g, struct reeve_error *err)
{
    auto_json struct json_text text;
    struct policy_request req = ask(q, &text);
    struct policy_decision d = decide(image, q);
    struct reeve_inputs_view inputs = {0};
    return policy_grant(image, &req, &inputs, &d, arena, g, err);
}

/* The paths that are hidden, or those that are not. */
static void join(const struct core_grant *g, bool hidden, char *out, size_t room)
{
    size_t at = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < g->nfiles && at < room; i++)
        if ((g->files[i].access == CORE_ACCESS_HIDE) == hidden)
            at += (size_t)snprintf(out + at, room - at, "%s%.*s", at ? " " : "",
                                   (int)g->files[i].path.n, g->files[i].path.p);
}

static void check_limit(const struct row *r, const struct core_grant *g, const char *word)
{
    const char *equals = strchr(word, '=');
    int limit = core_limit_of((struct str){word, (size_t)(equals - word)});
    assert_true(limit >= 0);
    auto_buf struct buf b = {0};
    core_limit_format((enum core_limit)limit, g->limits.value[limit], &b);
    if (g->limits.best_effort >> limit & 1)
        buf_byte(&b, '!');
    if (!(g->limits.set >> limit & 1) || !str_is(buf_view(&b), equals + 1))
        fail_msg("%s: %s is %s", r->name, word, b.data);
}

static void grants(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(TOP);
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        const struct row *r = &rows[i];
        struct question q = {r->subject, r->capability, "{\"path\":\"/srv/x\"}", NULL};
        struct arena arena auto_arena;
        arena_init(&arena, 0);
        struct core_grant g;
        struct reeve_error err;
        assert_int_equal(grant_of(image, &q, &arena, &g, &err), 0);
        char text[256];
        assert_string_equal(core_rank_name(g.isolation), r->isolation);
        join(&g, false, text, sizeof text);
        assert_string_equal(text, r->read);
        join(&g, true, text, sizeof text);
        assert_string_equal(text, r->hide);
        assert_int_equal(g.everything, r->everything);
        (void)snprintf(text, sizeof text, "%s", r->limits);
        char *rest = NULL;
        for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
            check_limit(r, &g, word);
    }
    policy_image_unref(&image);
}

static void best_effort_covers_what_is_inherited(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(TOP);
    struct question q = {.subject = "u:a", .capability = "c.base"};
    struct arena arena auto_arena;
    arena_init(&arena, 0);
    struct core_grant g;
    assert_int_equal(grant_of(image, &q, &arena, &g, NULL), 0);
    assert_int_equal(g.limits.best_effort & (1u << CORE_LIMIT_CPU), 1u << CORE_LIMIT_CPU);
    assert_int_equal(g.limits.best_effort & (1u << CORE_LIMIT_WALL), 0);
    policy_image_unref(&image);
}

/* `files`: what the grant comes to, path by path: h hidden, r read, w written, x executed. */
static const struct {
    const char *name, *filesystem, *files;
} trees[] = {
    {"the longest matching path decides", "{read: [/a/b], write: [/a], hide: [/a/b/c]}",
     "/a w /a/b rx /a/b/c h "},
    {"at equal length hide before write before read",
     "{read: [/a, /b, /c], write: [/a, /b], hide: [/b, /c]}", "/a w /b h /c h "},
    {"what is shown read-only can be executed", "{read: [/a]}", "/a rx "},
    {"what can be written cannot", "{write: [/a]}", "/a w "},
    {"unless execute covers it", "{write: [/a, /b], execute: [/a, /b/bin]}",
     "/a wx /b w /b/bin wx "},
    {"execute shows nothing", "{read: [/a], execute: [/b]}", "/a rx "},
};

static void put_files(const struct core_grant *g, char *out, size_t room)
{
    static const char *const words[] = {
        [CORE_ACCESS_HIDE] = "h", [CORE_ACCESS_READ] = "r", [CORE_ACCESS_WRITE] = "w"};
    size_t at = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < g->nfiles && at < room; i++)
        at += (size_t)snprintf(out + at, room - at, "%.*s %s%s ", (int)g->files[i].path.n,
                               g->files[i].path.p, words[g->files[i].access],
                               g->files[i].execute ? "x" : "");
}

static void file_trees(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(trees); i++) {
        char text[512], got[256];
        (void)snprintf(text, sizeof text,
                       HEADER "defaults: {level: controlled}\nrules:\n  - {id: r, effect: allow, "
                              "subject: anyone, capability: [c.d], grant: {filesystem: %s}}\n",
                       trees[i].filesystem);
        struct policy_image *image = must_compile(text);
        struct question q = {.subject = "u:a", .capability = "c.d"};
        struct arena arena auto_arena;
        arena_init(&arena, 0);
        struct core_grant g;
        assert_int_equal(grant_of(image, &q, &arena, &g, NULL), 0);
        put_files(&g, got, sizeof got);
        if (strcmp(got, trees[i].files) != 0)
            fail_msg("%s: \"%s\" instead of \"%s\"", trees[i].name, got, trees[i].files);
        policy_image_unref(&image);
    }
}

static void refusals(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(TOP);
    struct arena arena auto_arena, tiny auto_arena;
    arena_init(&arena, 0);
    arena_init(&tiny, 8);
    struct core_grant g;
    struct reeve_error err;
    struct question denied = {.subject = "u:a", .capability = "c.none"};
    assert_int_equal(grant_of(image, &denied, &arena, &g, &err), REEVE_EINVAL);
    struct question allowed = {.subject = "u:a", .capability = "c.base"};
    assert_int_equal(grant_of(image, &allowed, &tiny, &g, &err), REEVE_ENOMEM);

    /* A decision that was made for other arguments is no licence for these. */
    struct question with = {"u:a", "c.files", "{\"path\":\"/srv/x\"}", NULL};
    struct question without = {"u:a", "c.files", "{\"path\":\"x\"}", NULL};
    struct policy_decision d = decide(image, &with);
    auto_json struct json_text text;
    struct policy_request req = ask(&without, &text);
    struct reeve_inputs_view inputs = {0};
    assert_int_equal(policy_grant(image, &req, &inputs, &d, &arena, &g, &err), REEVE_EINVAL);
    d.grant = 1000;
    assert_int_equal(policy_grant(image, &req, &inputs, &d, &arena, &g, &err), REEVE_EINVAL);
    policy_image_unref(&image);
}

static void units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum core_limit limit;
        uint64_t value;
    } unit_rows[] = {
        {"wall: 500ms", CORE_LIMIT_WALL, 500000000},
        {"wall: 5s", CORE_LIMIT_WALL, 5000000000},
        {"wall: 10m", CORE_LIMIT_WALL, UINT64_C(600000000000)},
        {"cpu: 2h", CORE_LIMIT_CPU, UINT64_C(7200000000000)},
        {"memory: 512B", CORE_LIMIT_MEMORY, 512},
        {"memory: 64KiB", CORE_LIMIT_MEMORY, 65536},
        {"memory: 2GiB", CORE_LIMIT_MEMORY, UINT64_C(2) << 30},
        {"processes: 16", CORE_LIMIT_PROCESSES, 16},
        {"output: 0B", CORE_LIMIT_OUTPUT, 0},
        {"wall: unlimited", CORE_LIMIT_WALL, CORE_UNLIMITED},
    };
    for (size_t i = 0; i < BASE_COUNT(unit_rows); i++) {
        char policy[256];
        (void)snprintf(policy, sizeof policy, HEADER "defaults: {level: full, limits: {%s}}\n",
                       unit_rows[i].text);
        struct policy_image *image = must_compile(policy);
        struct question q = {.subject = "u:a", .capability = "x"};
        struct arena arena auto_arena;
        arena_init(&arena, 0);
        struct core_grant g;
        assert_int_equal(grant_of(image, &q, &arena, &g, NULL), 0);
        assert_true(g.limits.value[unit_rows[i].limit] == unit_rows[i].value);
        policy_image_unref(&image);
    }
}

static void image_tells(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(TOP), *again = must_compile(TOP),
                        *other = must_compile(HEADER);
    uint8_t source[BASE_SHA256];
    base_sha256(TOP, sizeof TOP - 1, source);
    assert_memory_equal(policy_image_source_digest(image), source, BASE_SHA256);
    assert_memory_equal(policy_image_digest(image), policy_image_digest(again), BASE_SHA256);
    assert_memory_not_equal(policy_image_digest(image), policy_image_digest(other), BASE_SHA256);
    assert_memory_not_equal(policy_image_digest(image), source, BASE_SHA256);
    assert_true(str_is(policy_image_name(image), "lab"));
    assert_int_equal(policy_image_name(other).n, 0);
    assert_int_equal(policy_image_version(image), 7);
    struct question q = {.subject = "u:a", .capability = "c.none"};
    struct policy_rule_info info = policy_image_rule(image, decide(image, &q).rule);
    assert_true(str_is(info.id, "none") && str_is(info.file, "test.yaml"));
    assert_int_equal(info.line, 18);
    assert_int_equal(policy_image_rule(image, POLICY_RULE_PURE).line, 0);
    policy_image_unref(&image);
    assert_null(image);
    policy_image_unref(&image);
    policy_image_unref(&again);
    policy_image_unref(&other);
}

/* ---- one image, several threads ---- */

static void *decide_often(void *arg)
{
    struct policy_image *image = arg;
    static const struct question q = {.subject = "u:root", .capability = "c.other"};
    struct json_text text = {0};
    struct policy_request req = ask(&q, &text);
    struct reeve_inputs_view inputs = {0};
    size_t right = 0;
    for (unsigned i = 0; i < 2000; i++) {
        struct policy_image *mine = policy_image_ref(image);
        struct policy_decision d;
        right += policy_decide(mine, &req, &inputs, &d) == 0 && d.rule == POLICY_RULE_FULL;
        policy_image_unref(&mine);
    }
    policy_image_unref(&image);
    return (void *)right;
}

static void threads(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(TOP);
    pthread_t thread[4];
    for (size_t i = 0; i < BASE_COUNT(thread); i++)
        assert_int_equal(pthread_create(&thread[i], NULL, decide_often, policy_image_ref(image)),
                         0);
    policy_image_unref(&image);
    for (size_t i = 0; i < BASE_COUNT(thread); i++) {
        void *right;
        assert_int_equal(pthread_join(thread[i], &right), 0);
        assert_int_equal((size_t)right, 2000);
    }
}

/* ---- network entries that multiply ---- */

static struct core_grant network_of(struct arena *arena, const char *fmt, uint32_t n)
{
    struct core_endpoint *v = arena_array(arena, n, sizeof *v);
    assert_non_null(v);
    for (uint32_t i = 0; i < n; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, fmt, i + 1);
        struct str kept = arena_str(arena, str_of(text));
        assert_null(policy_endpoint_read(kept, &v[i]));
    }
    return (struct core_grant){.network = v, .nnetwork = n};
}

/* Hosts of one list and ports of the other: up to a list's length all of them, beyond it none. */
static void network_products(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        uint32_t na, nb, n;
    } products[] = {
        {"h%u.example:any", "*:%u", 16, 16, 256},
        {"h%u.example:any", "*:%u", 17, 16, 0},
        {"h%u.example:any", "*:%u", 256, 1, 256},
        {"h%u.example:any", "*:%u", 256, 256, 0},
        {"h%u.example:1", "h%u.example:1", 256, 256, 256},
        {"h%u.example:1", "*.example:1", 256, 256, 256},
        {"h%u.example:1", "*.example:2", 256, 256, 0},
    };
    for (size_t i = 0; i < BASE_COUNT(products); i++) {
        struct arena arena auto_arena;
        arena_init(&arena, 0);
        struct core_grant a = network_of(&arena, products[i].a, products[i].na),
                          b = network_of(&arena, products[i].b, products[i].nb);
        size_t before = arena.used_bytes;
        assert_true(reach_meet_network(&a, &b, &arena));
        assert_int_equal(a.nnetwork, products[i].n);
        assert_false(a.all_network);
        assert_true(arena.used_bytes - before <= CORE_MAX_PATHS * sizeof *a.network);
    }
}

/* ---- files that add up ---- */

/* As many folders below one that both have, each with its own name. */
static struct core_grant files_of_grant(struct arena *arena, char name, uint32_t n)
{
    struct core_path *v = arena_array(arena, n + 1, sizeof *v);
    assert_non_null(v);
    v[0] = (struct core_path){STR("/srv"), CORE_ACCESS_READ, true, false};
    for (uint32_t i = 1; i <= n; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "/srv/%c%u", name, i);
        v[i] = (struct core_path){arena_str(arena, str_of(text)), CORE_ACCESS_HIDE, false, false};
    }
    return (struct core_grant){.files = v, .nfiles = n + 1};
}

/* What is hidden adds up. Where it is too much nothing is shown, rather than one of it. */
static void files_that_add_up(void **state)
{
    (void)state;
    static const struct {
        uint32_t na, nb, n;
    } sums[] = {
        {10, 20, 31}, {2000, 2095, REACH_MAX_FILES}, {2000, 2096, 0}, {REACH_MAX_FILES, 0, 0}};
    for (size_t i = 0; i < BASE_COUNT(sums); i++) {
        struct arena arena auto_arena;
        arena_init(&arena, 0);
        struct core_grant a = files_of_grant(&arena, 'a', sums[i].na),
                          b = files_of_grant(&arena, 'b', sums[i].nb);
        assert_true(reach_meet_files(&a, &b, &arena));
        assert_int_equal(a.nfiles, sums[i].n);
        assert_false(a.all_files);
    }
}

static void masks_that_add_up(void **state)
{
    (void)state;
    struct arena arena auto_arena;
    arena_init(&arena, 0);
    struct str *masks = arena_array(&arena, REACH_MAX_FILES, sizeof *masks);
    assert_non_null(masks);
    for (uint32_t i = 0; i < REACH_MAX_FILES; i++)
        masks[i] = STR("/srv/**/.env");
    struct core_grant one = {.all_files = true, .masks = masks, .nmasks = 1};
    struct core_grant most = {.all_files = true, .masks = masks, .nmasks = REACH_MAX_FILES - 1};
    assert_true(reach_meet_files(&most, &one, &arena));
    assert_int_equal(most.nmasks, REACH_MAX_FILES);
    assert_true(most.all_files);
    assert_true(reach_meet_files(&most, &one, &arena));
    assert_false(most.all_files);
    assert_int_equal(most.nfiles + most.nmasks, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grants),
        cmocka_unit_test(file_trees),
        cmocka_unit_test(best_effort_covers_what_is_inherited),
        cmocka_unit_test(refusals),
        cmocka_unit_test(units),
        cmocka_unit_test(image_tells),
        cmocka_unit_test(network_products),
        cmocka_unit_test(files_that_add_up),
        cmocka_unit_test(masks_that_add_up),
        cmocka_unit_test(threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
