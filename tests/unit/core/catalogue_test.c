/* What ships in the catalogue, the levels and the profiles: present, sorted, and not weaker than it
 * is meant to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/catalogue.h"

/* Every id that ships and that the first client has: class, effects, arguments as `name:type`, then
 * `?` if it may be left out, `=` and its default, or `!` if it is the broker's alone. "anything":
 * no schema. */
static const struct {
    const char *id, *klass, *effects, *args;
} ids[] = {
    {"ccos.agent.ask-human", "safe", "io user-interaction agent", "prompt:strings"},
    {"ccos.agent.discover-agents", "safe", "agent", "anything"},
    {"ccos.agent.discover-and-assess-agents", "safe", "agent", "anything"},
    {"ccos.agent.establish-system-baseline", "safe", "agent", "anything"},
    {"ccos.agent.task-coordination", "safe", "agent", "anything"},
    {"ccos.ai.llm-execute", "safe", "ai", "anything"},
    {"ccos.approval.complete", "dangerous", "system user-interaction", "anything"},
    {"ccos.approval.get_status", "safe", "system", "anything"},
    {"ccos.approval.request_human_action", "safe", "io user-interaction", "anything"},
    {"ccos.data.filter", "safe", "compute", "anything"},
    {"ccos.data.parse-json", "safe", "compute", "text:string"},
    {"ccos.data.select", "safe", "compute", "anything"},
    {"ccos.data.serialize-json", "safe", "compute", "value:any"},
    {"ccos.data.sort", "safe", "compute", "anything"},
    {"ccos.echo", "safe", "compute", "value:any"},
    {"ccos.execute.javascript", "dangerous", "filesystem network environment program",
     "code:string runtime:string? provider:string? allowed_hosts:strings? allowed_ports:any? "
     "secrets:any? filesystem:any? resources:any?"},
    {"ccos.execute.python", "dangerous", "filesystem network environment program",
     "code:string runtime:string? provider:string? allowed_hosts:strings? allowed_ports:any? "
     "secrets:any? filesystem:any? resources:any?"},
    {"ccos.fs.delete", "dangerous", "filesystem", "path:path recursive:bool?"},
    {"ccos.fs.exists", "dangerous", "filesystem", "path:path"},
    {"ccos.fs.list", "dangerous", "filesystem", "path:path"},
    {"ccos.fs.mkdir", "dangerous", "filesystem", "path:path recursive:bool?"},
    {"ccos.fs.read", "dangerous", "filesystem", "path:path"},
    {"ccos.fs.read-base64", "dangerous", "filesystem", "path:path"},
    {"ccos.fs.write", "dangerous", "filesystem", "path:path content:string"},
    {"ccos.fs.write-base64", "dangerous", "filesystem", "path:path content:string"},
    {"ccos.io.close-file", "dangerous", "filesystem", "handle:integer"},
    {"ccos.io.delete-file", "dangerous", "filesystem", "path:path recursive:bool?"},
    {"ccos.io.file-exists", "dangerous", "filesystem", "path:path"},
    {"ccos.io.list-dir", "dangerous", "filesystem", "path:path"},
    {"ccos.io.log", "safe", "compute", "values:rest"},
    {"ccos.io.mkdir", "dangerous", "filesystem", "path:path recursive:bool?"},
    {"ccos.io.open-file", "dangerous", "filesystem", "path:path mode:string?"},
    {"ccos.io.print", "safe", "compute", "values:rest"},
    {"ccos.io.println", "safe", "compute", "values:rest"},
    {"ccos.io.read-file", "dangerous", "filesystem", "path:path"},
    {"ccos.io.read-file-base64", "dangerous", "filesystem", "path:path"},
    {"ccos.io.read-line", "dangerous", "filesystem", "handle:integer"},
    {"ccos.io.write-file", "dangerous", "filesystem", "path:path content:string"},
    {"ccos.io.write-file-base64", "dangerous", "filesystem", "path:path content:string"},
    {"ccos.io.write-line", "dangerous", "filesystem", "handle:integer line:string"},
    {"ccos.llm.generate", "safe", "ai", "anything"},
    {"ccos.math.add", "safe", "compute", "a:integer b:integer"},
    {"ccos.memory.get", "safe", "compute system", "anything"},
    {"ccos.memory.store", "safe", "compute system", "anything"},
    {"ccos.network.http-fetch", "dangerous", "network",
     "url:url method:method=\"GET\" headers:any? body:any? timeout_ms:integer?"},
    {"ccos.sandbox.javascript", "dangerous", "filesystem network environment program",
     "code:string runtime:string? provider:string? allowed_hosts:strings? allowed_ports:any? "
     "secrets:any? filesystem:any? resources:any?"},
    {"ccos.sandbox.python", "dangerous", "filesystem network environment program",
     "code:string runtime:string? provider:string? allowed_hosts:strings? allowed_ports:any? "
     "secrets:any? filesystem:any? resources:any?"},
    {"ccos.sandbox.shell", "dangerous", "filesystem network environment program",
     "code:string runtime:string? provider:string? allowed_hosts:strings? allowed_ports:any? "
     "secrets:any? filesystem:any? resources:any?"},
    {"ccos.schema.cardinality_hint", "safe", "compute", "anything"},
    {"ccos.secrets.set", "dangerous", "system environment", "anything"},
    {"ccos.state.counter.inc", "safe", "compute system", "key:string increment:integer=1"},
    {"ccos.state.event.append", "safe", "compute system", "key:string data:any"},
    {"ccos.state.kv.cas-put", "safe", "compute system", "key:string expected:any new:any"},
    {"ccos.state.kv.get", "safe", "compute system", "key:string"},
    {"ccos.state.kv.put", "safe", "compute system", "key:string value:any"},
    {"ccos.string.concat", "safe", "compute", "parts:strings"},
    {"ccos.system.current-time", "safe", "system", ""},
    {"ccos.system.current-timestamp-ms", "safe", "system", ""},
    {"ccos.system.get-env", "dangerous", "system environment", "name:string"},
    {"ccos.system.sleep-ms", "safe", "system", "milliseconds:integer"},
    {"ccos.user.ask", "safe", "io user-interaction", "prompt:string default:string?"},
    {"program.binary", "dangerous", "program",
     "language:string source:string argv:strings? cwd:path? environment:strings? sha256:string!"},
    {"program.bytecode", "pure", "compute program", "source:string sha256:string!"},
    {"program.external", "dangerous", "program",
     "path:path argv:strings? cwd:path? environment:strings? sha256:string!"},
    {"program.native", "dangerous", "program", "name:string args:rest?"},
    {"program.rtfs", "pure", "compute program", "source:string sha256:string!"},
    {"program.script", "dangerous", "program",
     "language:string source:string argv:strings? cwd:path? environment:strings? sha256:string! "
     "path:path!"},
    {"program.wasm", "dangerous", "program",
     "path:path argv:strings? cwd:path? environment:strings? sha256:string!"},
};

#define X(id, name) name,
static const char *const effect_words[] = {CORE_EFFECT_BITS(X)};
static const char *const arg_words[] = {CORE_ARG_TABLE(X)};
#undef X

static void put_effects(const struct core_capability *cap, struct buf *out)
{
    for (size_t i = 0; i < BASE_COUNT(effect_words); i++)
        if ((cap->effects >> i) & 1u)
            buf_printf(out, "%s%s", out->len ? " " : "", effect_words[i]);
}

static void put_args(const struct core_capability *cap, struct buf *out)
{
    if (!cap->has_schema)
        buf_z(out, "anything");
    for (uint32_t i = 0; i < cap->nargs; i++) {
        const struct core_arg *a = &cap->args[i];
        buf_printf(out, "%s%s:%s", i ? " " : "", a->name, arg_words[a->type]);
        if (a->fallback)
            buf_printf(out, "=%s", a->fallback);
        else
            buf_z(out, a->broker ? "!" : a->required ? "" : "?");
    }
}

static void check_id(size_t row)
{
    const struct core_capability *cap = core_capability_find(str_of(ids[row].id));
    auto_buf struct buf effects = {0}, args = {0};
    if (!cap)
        fail_msg("%s is missing", ids[row].id);
    put_effects(cap, &effects);
    put_args(cap, &args);
    assert_string_equal(cap->id, ids[row].id);
    if (!str_is(str_of(ids[row].klass), core_class_name(cap->klass)) ||
        !str_is(buf_view(&effects), ids[row].effects) || !str_is(buf_view(&args), ids[row].args))
        fail_msg("%s: %s, %.*s, %.*s", cap->id, core_class_name(cap->klass), (int)effects.len,
                 effects.data, (int)args.len, args.len ? args.data : "");
}

static void has_the_shipped_ids(void **state)
{
    (void)state;
    size_t count;
    (void)core_capability_all(&count);
    assert_int_equal(count, BASE_COUNT(ids));
    for (size_t i = 0; i < BASE_COUNT(ids); i++)
        check_id(i);
}

/* Families of which the client names no single id stay unknown, and so dangerous, by decision. */
static void families_are_unknown(void **state)
{
    (void)state;
    static const char *const families[] = {
        "ccos.skill.", "ccos.run.",   "ccos.chat.",     "ccos.a2a.", "ccos.cli.", "planner.",
        "learning.",   "introspect.", "ccos.resource.", "json.",     "stream."};
    size_t count;
    const struct core_capability *all = core_capability_all(&count);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < BASE_COUNT(families); k++)
            assert_false(str_starts(str_of(all[i].id), str_of(families[k])));
}

static void finds_only_exact_ids(void **state)
{
    (void)state;
    static const char *const near[] = {
        "",    "ccos",          "ccos.math", "ccos.math.ad", "ccos.math.add.x", "CCOS.MATH.ADD",
        "zzz", "ccos.math.add "};
    for (size_t i = 0; i < BASE_COUNT(near); i++)
        assert_null(core_capability_find(str_of(near[i])));
    assert_null(core_capability_find((struct str){"ccos.math.add\0", 14}));
}

static void entries_are_sorted_and_whole(void **state)
{
    (void)state;
    size_t count;
    const struct core_capability *all = core_capability_all(&count);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            assert_true(str_cmp(str_of(all[i - 1].id), str_of(all[i].id)) < 0);
        assert_non_null(all[i].summary);
        assert_true(all[i].summary[0] != '\0');
        assert_true(all[i].effects != 0);
        assert_true(all[i].nargs == 0 || (all[i].has_schema && all[i].args));
        assert_true(all[i].nargs <= CORE_MAX_ARGS);
    }
}

/* Whatever a digest or a resolved path is judged by, the one who asks cannot write. */
static void digests_are_the_brokers(void **state)
{
    (void)state;
    size_t count, digests = 0;
    const struct core_capability *all = core_capability_all(&count);
    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < all[i].nargs; k++)
            if (str_is(str_of(all[i].args[k].name), "sha256")) {
                assert_true(all[i].args[k].broker);
                digests++;
            }
    assert_int_equal(digests, 6);
}

static void every_level_has_limits(void **state)
{
    (void)state;
    for (int level = 0; level < CORE_LEVEL_COUNT; level++) {
        const struct core_limits *l = core_level_limits((enum core_level)level);
        assert_int_equal(l->best_effort, 0);
        for (int i = 0; i < CORE_LIMIT_COUNT; i++)
            assert_int_equal(l->set >> i & 1, core_limit_held((enum core_limit)i));
    }
    const struct core_limits *pure = core_level_limits(CORE_LEVEL_PURE);
    const struct core_limits *controlled = core_level_limits(CORE_LEVEL_CONTROLLED);
    const struct core_limits *full = core_level_limits(CORE_LEVEL_FULL);
    assert_int_equal(pure->value[CORE_LIMIT_WALL], BASE_NS_PER_S);
    assert_int_equal(controlled->value[CORE_LIMIT_WALL], 5 * BASE_NS_PER_S);
    assert_int_equal(controlled->value[CORE_LIMIT_OUTPUT], 1 << 20);
    assert_true(full->value[CORE_LIMIT_WALL] == CORE_UNLIMITED);
    assert_true(full->value[CORE_LIMIT_OUTPUT] < CORE_UNLIMITED);
    for (int i = 0; i < CORE_LIMIT_COUNT; i++) {
        assert_true(pure->value[i] <= controlled->value[i]);
        assert_true(controlled->value[i] <= full->value[i]);
    }
}

static void profiles_are_found_by_name(void **state)
{
    (void)state;
    const struct core_profile *p = core_profile_find(STR("default"));
    assert_non_null(p);
    assert_int_equal(p->filter_bytes % 8, 0);
    assert_true(p->filter_bytes > 0);
    assert_null(core_profile_find(STR("defaul")));
    assert_null(core_profile_find(STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_shipped_ids),
        cmocka_unit_test(families_are_unknown),
        cmocka_unit_test(finds_only_exact_ids),
        cmocka_unit_test(entries_are_sorted_and_whole),
        cmocka_unit_test(digests_are_the_brokers),
        cmocka_unit_test(every_level_has_limits),
        cmocka_unit_test(profiles_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
