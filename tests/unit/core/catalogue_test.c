/* What ships in the catalogue, the levels and the profiles: present, sorted, and not weaker than it
 * is meant to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/catalogue.h"

enum {
#define X(id, name) BIT_##id,
    CORE_EFFECT_BITS(X)
#undef X
};
#define EFFECT(id) (1u << BIT_##id)

static const struct {
    const char *id;
    enum core_class klass;
    uint32_t effects; /* that it has at least */
} ids[] = {
    {"ccos.math.add", CORE_CLASS_SAFE, EFFECT(COMPUTE)},
    {"ccos.string.concat", CORE_CLASS_SAFE, EFFECT(COMPUTE)},
    {"ccos.echo", CORE_CLASS_SAFE, EFFECT(COMPUTE)},
    {"ccos.system.current-time", CORE_CLASS_SAFE, EFFECT(SYSTEM)},
    {"ccos.system.current-timestamp-ms", CORE_CLASS_SAFE, EFFECT(SYSTEM)},
    {"ccos.system.sleep-ms", CORE_CLASS_SAFE, EFFECT(SYSTEM)},
    {"ccos.system.get-env", CORE_CLASS_DANGEROUS, EFFECT(SYSTEM) | EFFECT(ENVIRONMENT)},
    {"ccos.io.log", CORE_CLASS_SAFE, EFFECT(COMPUTE)},
    {"ccos.io.print", CORE_CLASS_SAFE, EFFECT(COMPUTE)},
    {"ccos.io.println", CORE_CLASS_SAFE, EFFECT(COMPUTE)},
    {"ccos.io.file-exists", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.io.read-file", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.io.read-file-base64", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.io.write-file", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.io.write-file-base64", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.io.delete-file", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.io.mkdir", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.io.list-dir", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.io.open-file", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.io.read-line", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.io.write-line", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.io.close-file", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.network.http-fetch", CORE_CLASS_DANGEROUS, EFFECT(NETWORK)},
    {"ccos.agent.discover-agents", CORE_CLASS_SAFE, EFFECT(AGENT)},
    {"ccos.agent.task-coordination", CORE_CLASS_SAFE, EFFECT(AGENT)},
    {"ccos.agent.discover-and-assess-agents", CORE_CLASS_SAFE, EFFECT(AGENT)},
    {"ccos.agent.establish-system-baseline", CORE_CLASS_SAFE, EFFECT(AGENT)},
    {"ccos.agent.ask-human", CORE_CLASS_SAFE, EFFECT(AGENT) | EFFECT(USER_INTERACTION)},
    {"ccos.user.ask", CORE_CLASS_SAFE, EFFECT(IO) | EFFECT(USER_INTERACTION)},
    {"ccos.state.kv.get", CORE_CLASS_SAFE, EFFECT(COMPUTE)},
    {"ccos.state.kv.put", CORE_CLASS_SAFE, EFFECT(COMPUTE)},
    {"ccos.state.kv.cas-put", CORE_CLASS_SAFE, EFFECT(COMPUTE)},
    {"ccos.state.counter.inc", CORE_CLASS_SAFE, EFFECT(COMPUTE)},
    {"ccos.state.event.append", CORE_CLASS_SAFE, EFFECT(COMPUTE)},
    {"ccos.data.filter", CORE_CLASS_SAFE, EFFECT(COMPUTE)},
    {"ccos.data.sort", CORE_CLASS_SAFE, EFFECT(COMPUTE)},
    {"ccos.data.select", CORE_CLASS_SAFE, EFFECT(COMPUTE)},
    {"ccos.data.parse-json", CORE_CLASS_SAFE, EFFECT(COMPUTE)},
    {"ccos.data.serialize-json", CORE_CLASS_SAFE, EFFECT(COMPUTE)},
    {"ccos.schema.cardinality_hint", CORE_CLASS_SAFE, EFFECT(COMPUTE)},
    {"ccos.memory.get", CORE_CLASS_SAFE, EFFECT(COMPUTE)},
    {"ccos.memory.store", CORE_CLASS_SAFE, EFFECT(COMPUTE)},
    {"ccos.ai.llm-execute", CORE_CLASS_SAFE, EFFECT(AI)},
    {"ccos.llm.generate", CORE_CLASS_SAFE, EFFECT(AI)},
    {"ccos.fs.list", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.fs.read", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.fs.write", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.fs.delete", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.fs.exists", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.fs.mkdir", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.fs.read-base64", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.fs.write-base64", CORE_CLASS_DANGEROUS, EFFECT(FILESYSTEM)},
    {"ccos.sandbox.python", CORE_CLASS_DANGEROUS, EFFECT(PROGRAM) | EFFECT(NETWORK)},
    {"ccos.sandbox.javascript", CORE_CLASS_DANGEROUS, EFFECT(PROGRAM) | EFFECT(NETWORK)},
    {"ccos.sandbox.shell", CORE_CLASS_DANGEROUS, EFFECT(PROGRAM) | EFFECT(NETWORK)},
    {"ccos.execute.python", CORE_CLASS_DANGEROUS, EFFECT(PROGRAM) | EFFECT(NETWORK)},
    {"ccos.execute.javascript", CORE_CLASS_DANGEROUS, EFFECT(PROGRAM) | EFFECT(NETWORK)},
    {"ccos.secrets.set", CORE_CLASS_DANGEROUS, EFFECT(SYSTEM)},
    {"ccos.approval.request_human_action", CORE_CLASS_SAFE, EFFECT(USER_INTERACTION)},
    {"ccos.approval.get_status", CORE_CLASS_SAFE, EFFECT(SYSTEM)},
    {"ccos.approval.complete", CORE_CLASS_DANGEROUS, EFFECT(USER_INTERACTION)},
    {"program.rtfs", CORE_CLASS_PURE, EFFECT(PROGRAM)},
    {"program.bytecode", CORE_CLASS_PURE, EFFECT(PROGRAM)},
    {"program.script", CORE_CLASS_DANGEROUS, EFFECT(PROGRAM)},
    {"program.binary", CORE_CLASS_DANGEROUS, EFFECT(PROGRAM)},
    {"program.external", CORE_CLASS_DANGEROUS, EFFECT(PROGRAM)},
    {"program.wasm", CORE_CLASS_DANGEROUS, EFFECT(PROGRAM)},
    {"program.native", CORE_CLASS_DANGEROUS, EFFECT(PROGRAM)},
};

static void has_the_shipped_ids(void **state)
{
    (void)state;
    size_t count;
    (void)core_capability_all(&count);
    assert_int_equal(count, BASE_COUNT(ids));
    for (size_t i = 0; i < BASE_COUNT(ids); i++) {
        const struct core_capability *cap = core_capability_find(str_of(ids[i].id));
        if (!cap)
            fail_msg("%s is missing", ids[i].id);
        assert_string_equal(cap->id, ids[i].id);
        if (cap->klass != ids[i].klass || (cap->effects & ids[i].effects) != ids[i].effects)
            fail_msg("%s: class %d, effects 0x%x", cap->id, (int)cap->klass, cap->effects);
    }
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
        cmocka_unit_test(finds_only_exact_ids),
        cmocka_unit_test(entries_are_sorted_and_whole),
        cmocka_unit_test(digests_are_the_brokers),
        cmocka_unit_test(every_level_has_limits),
        cmocka_unit_test(profiles_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
