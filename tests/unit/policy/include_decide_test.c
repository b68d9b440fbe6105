/*
 * Policies of several files: what their rules decide, for whom, and in whose name.
 */
#include "include.h"

static struct policy_image *compile(const char *text)
{
    struct files files;
    struct policy_image *image = NULL;
    struct reeve_error err = {0};
    files_of(str_of(text), &files);
    if (policy_compile_source(&files.source, NULL, NULL, &image, &err) != 0)
        fail_msg("%s:%u:%u: %s\n%s", err.file, err.line, err.column, err.message, text);
    return image;
}

#define LEVEL                                                                                      \
    "defaults: {level: controlled, approval: {by: [\"user:o\"], need: 1, within: 1h, covers: "     \
    "once}}\n"
#define ALL_OF_A "rules: [{id: all, effect: allow, subject: anyone, capability: [\"*\"]}]\n"

static const struct answer {
    const char *name, *text;
    struct question q;
    const char *rule, *file;
    unsigned approvals;
} answers[] = {
    {"anyone is anyone of `may`",
     TEAMS(LEVEL, ALL_OF_A, ""),
     {"agent:a-1", "acme.x", NULL, NULL},
     "a/all",
     "a.yaml",
     0},
    {"and nobody else",
     TEAMS(LEVEL, ALL_OF_A, ""),
     {"agent:b-1", "acme.x", NULL, NULL},
     "reeve/default",
     "root.yaml",
     0},
    {"every capability is every one of `may`",
     TEAMS(LEVEL, ALL_OF_A, ""),
     {"agent:a-1", "other.x", NULL, NULL},
     "reeve/default",
     "root.yaml",
     0},
    {"a deny of a team is held to it as well",
     TEAMS(LEVEL "rules: [{id: r, effect: allow, subject: anyone, capability: [\"*\"]}]\n",
           "rules: [{id: never, effect: deny}]\n", ""),
     {"agent:b-1", "acme.x", NULL, NULL},
     "r",
     "root.yaml",
     0},
    {"where it reaches",
     TEAMS(LEVEL "rules: [{id: r, effect: allow, subject: anyone, capability: "
                 "[\"*\"]}]\n",
           "rules: [{id: never, effect: deny}]\n", ""),
     {"agent:a-1", "acme.x", NULL, NULL},
     "a/never",
     "a.yaml",
     0},
    {"a require of a team does not hold others",
     TEAMS(
         LEVEL "rules: [{id: r, effect: allow, subject: anyone, capability: [\"*\"]}]\n",
         "rules: [{id: q, effect: require, require: {approval: {by: [\"user:p\"], need: 1, within: "
         "1h, covers: once}}}]\n",
         ""),
     {"agent:b-1", "acme.x", NULL, NULL},
     "r",
     "root.yaml",
     0},
    {"a loosening rule of a team does not undo the root's deny",
     TEAMS(LEVEL "rules: [{id: never, effect: deny, capability: [\"acme.*\"]}]\n", ALL_OF_A, ""),
     {"agent:a-1", "acme.x", NULL, NULL},
     "never",
     "root.yaml",
     0},
    {"asks of different files are all answered",
     TEAMS(LEVEL "rules: [{id: q, effect: ask, subject: anyone, capability: [\"acme.*\"]}]\n",
           "rules: [{id: q, effect: ask, subject: anyone, capability: [acme.x], approval: {by: "
           "[\"user:p\"], need: 2, within: 1m, covers: session}}]\n",
           ""),
     {"agent:a-1", "acme.x", NULL, NULL},
     "a/q",
     "a.yaml",
     2},
    {"of one trust only the most specific",
     ROOT("include: [b.yaml]\n" LEVEL
          "rules: [{id: q, effect: ask, subject: anyone, capability: [\"acme.*\"]}]\n")
         WITH("b.yaml",
              "rules: [{id: p, effect: ask, subject: anyone, capability: [acme.x], approval: "
              "{by: [\"user:p\"], need: 2, within: 1m, covers: session}}]\n"),
     {"agent:a-1", "acme.x", NULL, NULL},
     "p",
     "b.yaml",
     1},
    {"a team's group is its own",
     TEAMS(LEVEL,
           "groups: {g: [\"agent:a-1\"]}\nrules: [{id: r, effect: allow, subject: [\"group:g\"], "
           "capability: [acme.x]}]\n",
           "groups: {g: [\"agent:a-2\"]}\nrules: [{id: r, effect: allow, subject: [\"group:g\"], "
           "capability: [acme.x]}]\n"),
     {"agent:a-2", "acme.x", NULL, NULL},
     "b/r",
     "b.yaml",
     0},
    {"a team's capability is known",
     TEAMS(LEVEL,
           "capabilities: {acme.x: {effects: [compute]}}\nrules: [{id: r, effect: "
           "allow, subject: anyone, effects: [compute]}]\n",
           ""),
     {"agent:a-1", "acme.x", NULL, NULL},
     "a/r",
     "a.yaml",
     0},
    {"and to others no more than it was",
     TEAMS(LEVEL "rules: [{id: r, effect: allow, subject: anyone, effects: [compute]}]\n",
           "capabilities: {acme.x: {effects: [compute]}}\n", ""),
     {"agent:b-1", "acme.x", NULL, NULL},
     "reeve/default",
     "root.yaml",
     0},
    {"not even for the team's own subjects",
     TEAMS(LEVEL "rules: [{id: r, effect: allow, subject: anyone, effects: [compute]}]\n",
           "capabilities: {acme.x: {effects: [compute]}}\n", ""),
     {"agent:a-1", "acme.x", NULL, NULL},
     "reeve/default",
     "root.yaml",
     0},
    {"nor for another team's rules",
     TEAMS(LEVEL, "capabilities: {acme.x: {effects: [compute]}}\n",
           "rules: [{id: r, effect: allow, subject: anyone, effects: [compute]}]\n"),
     {"agent:a-1", "acme.x", NULL, NULL},
     "reeve/default",
     "root.yaml",
     0},
    {"an ask is no different",
     TEAMS(LEVEL "rules: [{id: r, effect: ask, subject: anyone, effects: [compute]}]\n",
           "capabilities: {acme.x: {effects: [compute]}}\n", ""),
     {"agent:b-1", "acme.x", NULL, NULL},
     "reeve/default",
     "root.yaml",
     0},
    {"an effect added to what ships permits nobody more",
     ROOT("include: [{file: a.yaml, as: a, may: {subject: [\"agent:a-*\"], capability: "
          "[ccos.io.delete-file]}}]\n" LEVEL
          "rules: [{id: r, effect: allow, subject: anyone, effects: [compute]}]\n")
         WITH("a.yaml", "capabilities: {ccos.io.delete-file: {effects: [compute]}}\n"),
     {"agent:b-1", "ccos.io.delete-file", NULL, NULL},
     "reeve/default",
     "root.yaml",
     0},
    {"and takes away nothing",
     ROOT("include: [{file: a.yaml, as: a, may: {subject: [\"agent:a-*\"], capability: "
          "[ccos.io.delete-file]}}]\n" LEVEL
          "rules: [{id: r, effect: allow, subject: anyone, effects: [filesystem]}]\n")
         WITH("a.yaml", "capabilities: {ccos.io.delete-file: {effects: [compute]}}\n"),
     {"agent:b-1", "ccos.io.delete-file", NULL, NULL},
     "r",
     "root.yaml",
     0},
    {"what the root says of the namespace holds for all",
     TEAMS(LEVEL "capabilities: {\"acme.*\": {class: safe, effects: [compute]}}\n"
                 "rules: [{id: r, effect: allow, subject: anyone, effects: [compute]}]\n",
           "capabilities: {acme.x: {class: safe, effects: [compute, network]}}\n", ""),
     {"agent:b-1", "acme.x", NULL, NULL},
     "r",
     "root.yaml",
     0},
    {"and takes nothing from a deny of the root's",
     TEAMS(LEVEL "rules: [{id: all, effect: allow, subject: anyone, capability: [\"acme.*\"]},"
                 "{id: net, effect: deny, effects: [network]}]\n",
           "capabilities: {\"acme.*\": {effects: [compute]}}\n", ""),
     {"agent:a-1", "acme.x", NULL, NULL},
     "net",
     "root.yaml",
     0},
    {"nor from another team's",
     TEAMS(LEVEL "rules: [{id: all, effect: allow, subject: anyone, capability: [\"acme.*\"]}]\n",
           "capabilities: {\"acme.*\": {effects: [compute]}}\n",
           "rules: [{id: net, effect: deny, effects: [network]}]\n"),
     {"agent:a-1", "acme.x", NULL, NULL},
     "b/net",
     "b.yaml",
     0},
    {"where the root declares it, it counts",
     TEAMS(LEVEL "capabilities: {\"acme.*\": {class: safe, effects: [compute]}}\n"
                 "rules: [{id: all, effect: allow, subject: anyone, capability: [\"acme.*\"]},"
                 "{id: net, effect: deny, effects: [network]}]\n",
           "capabilities: {acme.x: {class: safe, effects: [compute]}}\n", ""),
     {"agent:a-1", "acme.x", NULL, NULL},
     "all",
     "root.yaml",
     0},
    {"its own denies see its own word",
     TEAMS(LEVEL "rules: [{id: all, effect: allow, subject: anyone, capability: [\"acme.*\"]}]\n",
           "capabilities: {\"acme.*\": {effects: [compute]}}\n"
           "rules: [{id: net, effect: deny, effects: [network]}]\n",
           ""),
     {"agent:a-1", "acme.x", NULL, NULL},
     "all",
     "root.yaml",
     0},
    {"a deny sees what a team adds",
     TEAMS(LEVEL "capabilities: {\"acme.*\": {class: safe, effects: [compute]}}\n"
                 "rules: [{id: r, effect: allow, subject: anyone, effects: [compute]},"
                 "{id: net, effect: deny, effects: [network]}]\n",
           "capabilities: {acme.x: {class: safe, effects: [compute, network]}}\n", ""),
     {"agent:a-1", "acme.x", NULL, NULL},
     "net",
     "root.yaml",
     0},
    {"a team's entity does not make the root's rules fit",
     TEAMS(LEVEL "rules: [{id: r, effect: allow, subject: anyone, capability: [\"*\"], when: "
                 "{subject.role: admin}}]\n",
           "entities: {\"agent:a-1\": {role: admin}}\n", ""),
     {"agent:a-1", "other.x", NULL, NULL},
     "reeve/default",
     "root.yaml",
     0},
    {"nor loosen its denies",
     TEAMS(LEVEL "rules: [{id: role, effect: deny, when: {subject.role: {ne: admin}}}]\n",
           "entities: {\"agent:a-1\": {role: admin}}\n" ALL_OF_A, ""),
     {"agent:a-1", "acme.x", NULL, NULL},
     "role",
     "root.yaml",
     0},
    {"nor another team's fit",
     TEAMS(LEVEL, "entities: {\"agent:a-1\": {role: admin}}\n",
           "rules: [{id: r, effect: allow, subject: anyone, capability: [\"*\"], when: "
           "{subject.role: admin}}]\n"),
     {"agent:a-1", "acme.x", NULL, NULL},
     "reeve/default",
     "root.yaml",
     0},
    {"its own rules see it, and the root's entities",
     TEAMS(LEVEL "entities: {\"agent:a-2\": {role: admin}}\n",
           "entities: {\"agent:a-1\": {role: admin}}\n"
           "rules: [{id: r, effect: allow, subject: anyone, capability: [acme.x], when: "
           "{subject.role: admin}}, {id: s, effect: allow, subject: anyone, capability: [acme.y], "
           "when: {subject.role: admin}}]\n",
           ""),
     {"agent:a-1", "acme.x", NULL, NULL},
     "a/r",
     "a.yaml",
     0},
    {"the root's entities are all files'",
     TEAMS(LEVEL "entities: {\"agent:a-2\": {role: admin}}\n",
           "rules: [{id: r, effect: allow, subject: anyone, capability: [acme.x], when: "
           "{subject.role: admin}}]\n",
           ""),
     {"agent:a-2", "acme.x", NULL, NULL},
     "a/r",
     "a.yaml",
     0},
    {"a team's budget counts its own only",
     TEAMS(
         LEVEL "rules: [{id: r, effect: allow, subject: anyone, capability: [\"*\"]}]\n",
         "budgets: [{id: b, per: all, when_spent: deny, limits: {calls: {max: 0, window: 1h}}}]\n",
         ""),
     {"agent:b-1", "acme.x", NULL, NULL},
     "r",
     "root.yaml",
     0},
    {"and those it counts",
     TEAMS(LEVEL "rules: [{id: r, effect: allow, subject: anyone, capability: "
                 "[\"*\"]}]\n",
           "budgets: [{id: b, per: all, when_spent: deny, limits: {calls: {max: "
           "0, window: 1h}}}]\n",
           ""),
     {"agent:a-1", "acme.x", NULL, NULL},
     "a/b",
     "a.yaml",
     0},
};

static void decisions(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(answers); i++) {
        struct policy_image *image = compile(answers[i].text);
        struct policy_decision d = decide(image, &answers[i].q);
        struct policy_rule_info info = policy_image_rule(image, d.rule);
        if (!str_is(info.id, answers[i].rule) || !str_is(info.file, answers[i].file) ||
            d.approvals.n != answers[i].approvals)
            fail_msg("%s: %.*s of %.*s, %u approvals", answers[i].name, (int)info.id.n, info.id.p,
                     (int)info.file.n, info.file.p, d.approvals.n);
        policy_image_unref(&image);
    }
}

/* What stands in another file, or is asked in another order, is the same policy. */
static void the_order_of_files(void **state)
{
    (void)state;
#define A                                                                                          \
    "groups: {g: [\"agent:a-1\"]}\nrules: [{id: r, effect: ask, subject: [\"group:g\"], "          \
    "capability: [acme.x], labels: [l]}]\nlabels: [l]\n"
#define B                                                                                          \
    "rules: [{id: r, effect: allow, subject: anyone, capability: [\"acme.*\"], grant: "            \
    "{isolation: vm}}]\n"
    static const char *const texts[] = {
        ROOT("include: [{file: a.yaml, as: a, may: " MAY "}, {file: b.yaml, as: b, may: " MAY
             "}]\n" LEVEL) WITH("a.yaml", A) WITH("b.yaml", B),
        ROOT("include: [{file: b.yaml, as: b, may: " MAY "}, {file: a.yaml, as: a, may: " MAY
             "}]\n" LEVEL) WITH("b.yaml", B) WITH("a.yaml", A)};
    const struct question q = {"agent:a-1", "acme.x", NULL, NULL};
    for (size_t i = 0; i < BASE_COUNT(texts); i++) {
        struct policy_image *image = compile(texts[i]);
        struct policy_decision d = decide(image, &q);
        assert_int_equal(d.effect, CORE_EFFECT_ASK);
        assert_true(str_is(policy_image_rule(image, d.rule).id, "a/r"));
        assert_true(str_is(policy_image_label(image, (uint32_t)__builtin_ctzll(d.labels)), "a/l"));
        policy_image_unref(&image);
    }
}

/* A team says what is hidden of its own subjects' arguments. */
static void what_records_hide(void **state)
{
    (void)state;
    static const struct {
        const char *subject;
        bool masked;
    } rows[] = {{"agent:a-1", true}, {"agent:b-1", false}, {"user:o", false}};
    const uint8_t key[BASE_SHA256] = {1};
    struct policy_image *image =
        compile(ROOT("include: [{file: a.yaml, as: a, may: {subject: [\"agent:a-*\"], capability: "
                     "[acme.x, ccos.echo]}}]\n" LEVEL)
                    WITH("a.yaml", "capabilities: {ccos.echo: {mask: [args.value]}, acme.x: {mask: "
                                   "[args.value]}}\n"));
    for (size_t i = 0; i < 2 * BASE_COUNT(rows); i++) {
        struct question q = {rows[i / 2].subject, i % 2 ? "ccos.echo" : "acme.x", "{\"value\":1}",
                             NULL};
        auto_json struct json_text text;
        auto_buf struct buf out = {0};
        struct policy_request req = ask(&q, &text);
        assert_int_equal(policy_mask_args(image, &req, false, key, &out), rows[i / 2].masked);
    }
    policy_image_unref(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(decisions),
                                       cmocka_unit_test(what_records_hide),
                                       cmocka_unit_test(the_order_of_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
