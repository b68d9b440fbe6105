/*
 * Decisions, sentence by sentence: each row is named after what the language says, asks one policy
 * one question, and expects effect, deciding rule and, where it matters, level and isolation.
 */
#include "support.h"

#define CONTROLLED HEADER "defaults: {level: controlled}\n"
#define FULL       HEADER "defaults: {level: full}\n"

struct row {
    const char *name, *policy;
    struct question q;
    const char *effect, *rule, *level,
        *isolation; /* level, isolation: NULL where they do not matter */
};

static void run(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct row *r = &rows[i];
        struct policy_image *image = must_compile(r->policy);
        struct policy_decision d = decide(image, &r->q);
        char id[160];
        rule_id(image, d.rule, id);
        bool good = strcmp(core_effect_name(d.effect), r->effect) == 0 &&
                    strcmp(id, r->rule) == 0 &&
                    (!r->level || strcmp(core_level_name(d.level), r->level) == 0) &&
                    (!r->isolation || strcmp(core_rank_name(d.isolation), r->isolation) == 0);
        if (!good)
            fail_msg("%s: %s by %s at %s, isolation %s; expected %s by %s\n%s", r->name,
                     core_effect_name(d.effect), id, core_level_name(d.level),
                     core_rank_name(d.isolation), r->effect, r->rule, r->policy);
        policy_image_unref(&image);
    }
}
#define RUN(rows) run(rows, BASE_COUNT(rows))

/* ---- order of a decision ---- */

#define LEVELS                                                                                     \
    HEADER "groups: {bots: [\"agent:bot-*\"], ops: [\"group:bots\", \"user:ana\"]}\n"              \
           "defaults: {level: controlled}\n"                                                       \
           "subjects:\n"                                                                           \
           "  - {match: anyone, level: pure}\n"                                                    \
           "  - {match: \"agent:*\", level: controlled}\n"                                         \
           "  - {match: \"agent:bot-*\", level: pure}\n"                                           \
           "  - {match: \"group:ops\", level: full}\n"                                             \
           "  - {match: \"agent:bot-1\", level: controlled}\n"                                     \
           "rules: [{id: r, effect: allow, subject: anyone, capability: [ccos.echo, "              \
           "program.external]}]\n"
#define EQUALS                                                                                     \
    HEADER "groups: {a: [\"u:x\"], b: [\"u:x\"]}\n"                                                \
           "subjects: [{match: \"group:a\", level: full}, {match: \"group:b\", level: pure},\n"    \
           "           {match: \"u:y*\", level: full}, {match: \"u:*y\", level: controlled}]\n"    \
           "rules: [{id: r, effect: allow, subject: anyone, capability: [ccos.echo]}]\n"
#define ECHO(subject_, level_)                                                                     \
    {                                                                                              \
        .subject = subject_, .capability = "ccos.echo", .level = level_                            \
    }

static void levels(void **state)
{
    static const struct row rows[] = {
        {"an id is more specific than a group", LEVELS, ECHO("agent:bot-1", NULL), "allow", "r",
         "controlled", NULL},
        {"a group is more specific than a glob", LEVELS, ECHO("agent:bot-2", NULL), "allow", "r",
         "full", NULL},
        {"groups nest", LEVELS, ECHO("user:ana", NULL), "allow", "r", "full", NULL},
        {"a glob is more specific than anyone", LEVELS, ECHO("agent:x", NULL), "allow", "r",
         "controlled", NULL},
        {"anyone is more specific than the default", LEVELS, ECHO("user:bob", NULL), "deny",
         "reeve/pure", "pure", NULL},
        {"a longer glob is more specific than a shorter",
         HEADER "subjects: [{match: \"a:*\", level: full}, {match: \"a:x*\", level: pure}]\n",
         ECHO("a:xy", NULL), "deny", "reeve/pure", "pure", NULL},
        {"among equals the lowest", EQUALS, ECHO("u:x", NULL), "deny", "reeve/pure", "pure", NULL},
        {"among equal globs the lowest", EQUALS, ECHO("u:yy", NULL), "allow", "r", "controlled",
         NULL},
        {"no entry: the default level", CONTROLLED, ECHO("u:a", NULL), "deny", "reeve/default",
         "controlled", NULL},
        {"no entry and no default: pure", HEADER, ECHO("u:a", NULL), "deny", "reeve/pure", "pure",
         NULL},
        {"a request may lower its level", LEVELS, ECHO("user:ana", "pure"), "deny", "reeve/pure",
         "pure", NULL},
        {"a lowered level still permits", LEVELS, ECHO("user:ana", "controlled"), "allow", "r",
         "controlled", NULL},
        {"asking for more is capped", LEVELS, ECHO("agent:x", "full"), "allow", "r", "controlled",
         NULL},
    };
    (void)state;
    RUN(rows);
}

static void capped_is_noted(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(LEVELS);
    static const struct {
        struct question q;
        bool capped;
    } rows[] = {
        {ECHO("agent:x", "full"), true},        {ECHO("agent:x", "controlled"), false},
        {ECHO("agent:x", "pure"), false},       {ECHO("agent:x", NULL), false},
        {ECHO("user:bob", "controlled"), true},
    };
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        assert_int_equal(decide(image, &rows[i].q).level_capped, rows[i].capped);
    policy_image_unref(&image);
}

#define ORDER                                                                                      \
    HEADER "subjects: [{match: \"u:full\", level: full}, {match: \"u:pure\", level: pure},"        \
           " {match: \"u:c*\", level: controlled}]\n"                                              \
           "rules:\n"                                                                              \
           "  - {id: may, effect: allow, subject: [\"u:*\"], capability: [ccos.echo, "             \
           "ccos.io.read-file]}\n"                                                                 \
           "  - {id: exact, effect: allow, subject: [\"u:full\"], capability: [ccos.io.log]}\n"    \
           "  - {id: pure, effect: allow, subject: anyone, capability: [program.rtfs]}\n"          \
           "  - {id: no-all, effect: deny, subject: [\"u:full\", \"u:pure\"], capability: "        \
           "[\"ccos.io.*\"]}\n"                                                                    \
           "  - {id: no-log, effect: deny, capability: [ccos.io.log]}\n"
#define Q(subject_, capability_)                                                                   \
    {                                                                                              \
        .subject = subject_, .capability = capability_                                             \
    }

static void order(void **state)
{
    static const struct row rows[] = {
        {"deny wins over a more specific allow", ORDER, Q("u:full", "ccos.io.log"), "deny",
         "no-log", "full", NULL},
        {"the most specific deny is named", ORDER, Q("u:full", "ccos.io.read-file"), "deny",
         "no-all", "full", NULL},
        {"deny is told before pure", ORDER, Q("u:pure", "ccos.io.read-file"), "deny", "no-all",
         "pure", NULL},
        {"level pure and class not pure", ORDER, Q("u:pure", "ccos.echo"), "deny", "reeve/pure",
         "pure", NULL},
        {"class pure at level pure needs its allow", ORDER, Q("u:pure", "program.rtfs"), "allow",
         "pure", "pure", "none"},
        {"and without one there is none", HEADER, Q("u:pure", "program.rtfs"), "deny",
         "reeve/default", "pure", NULL},
        {"safe needs an allow under controlled", CONTROLLED, Q("u:c", "ccos.echo"), "deny",
         "reeve/default", NULL, NULL},
        {"no rule at level full", ORDER, Q("u:full", "x.unknown"), "allow", "reeve/full", "full",
         "none"},
        {"a matching allow at level full is named", ORDER, Q("u:full", "ccos.echo"), "allow", "may",
         "full", "none"},
        {"a deny without capability is of every one",
         FULL "rules: [{id: never, effect: deny, subject: [\"u:a\"]}]\n", Q("u:a", "x.y"), "deny",
         "never", NULL, NULL},
        {"a deny without subject is of anyone",
         FULL "rules: [{id: never, effect: deny, capability: [x.y]}]\n", Q("u:a", "x.y"), "deny",
         "never", NULL, NULL},
        {"an empty deny is of all", FULL "rules: [{id: never, effect: deny}]\n", Q("u:a", "x"),
         "deny", "never", NULL, NULL},
    };
    (void)state;
    RUN(rows);
}

static void isolation(void **state)
{
#define ISOLATED(level, isolation)                                                                 \
    HEADER "defaults: {level: " level "}\nrules: [{id: r, effect: allow, subject: anyone, "        \
           "capability: [ccos.io.read-file, ccos.echo, x.unknown], grant: {" isolation "}}]\n"
    static const struct row rows[] = {
        {"dangerous under controlled is raised", ISOLATED("controlled", "isolation: none"),
         Q("u:a", "ccos.io.read-file"), "allow", "r", NULL, "process"},
        {"and when nothing is written", ISOLATED("controlled", ""), Q("u:a", "ccos.io.read-file"),
         "allow", "r", NULL, "process"},
        {"unknown is dangerous", ISOLATED("controlled", "isolation: none"), Q("u:a", "x.unknown"),
         "allow", "r", NULL, "process"},
        {"safe is not raised", ISOLATED("controlled", "isolation: none"), Q("u:a", "ccos.echo"),
         "allow", "r", NULL, "none"},
        {"stronger stays", ISOLATED("controlled", "isolation: vm"), Q("u:a", "ccos.io.read-file"),
         "allow", "r", NULL, "vm"},
        {"full is not raised", ISOLATED("full", "isolation: none"), Q("u:a", "ccos.io.read-file"),
         "allow", "r", NULL, "none"},
        {"an allow narrows full", ISOLATED("full", "isolation: sandbox"),
         Q("u:a", "ccos.io.read-file"), "allow", "r", NULL, "sandbox"},
    };
    (void)state;
    RUN(rows);
}

/* ---- precedence ---- */

/* Two allows that both match; `one` has the smaller id. */
#define TWO(one, other)                                                                            \
    CONTROLLED "groups: {g: [\"u:a\"]}\n"                                                          \
               "rules:\n  - {id: one, effect: allow, " one                                         \
               "}\n  - {id: two, effect: allow, " other "}\n"
#define CAP(c)  "subject: anyone, capability: [" c "]"
#define SUBJ(s) "capability: [\"m.get_x.y\"], subject: " s

static void precedence(void **state)
{
    static const struct row rows[] = {
        {"literal before get_*", TWO(CAP("\"m.get_*.y\""), CAP("m.get_x.y")), Q("u:a", "m.get_x.y"),
         "allow", "two", NULL, NULL},
        {"get_* before *", TWO(CAP("\"m.*.y\""), CAP("\"m.get_*.y\"")), Q("u:a", "m.get_x.y"),
         "allow", "two", NULL, NULL},
        {"* before the tail", TWO(CAP("\"m.*\""), CAP("\"m.*.y\"")), Q("u:a", "m.get_x.y"), "allow",
         "two", NULL, NULL},
        {"the tail before all", TWO(CAP("\"*\""), CAP("\"m.*\"")), Q("u:a", "m.get_x.y"), "allow",
         "two", NULL, NULL},
        {"the first difference decides", TWO(CAP("\"*.get_x.y\""), CAP("\"m.*\"")),
         Q("u:a", "m.get_x.y"), "allow", "two", NULL, NULL},
        {"of several patterns the best that matches",
         TWO(CAP("\"m.*\""), CAP("\"*\", \"q.z\", \"m.*.y\"")), Q("u:a", "m.get_x.y"), "allow",
         "two", NULL, NULL},
        {"capability goes before subject",
         TWO(CAP("m.get_x.y"), "capability: [\"m.*\"], subject: [\"u:a\"]"), Q("u:a", "m.get_x.y"),
         "allow", "one", NULL, NULL},
        {"id before group", TWO(SUBJ("[\"group:g\"]"), SUBJ("[\"u:a\"]")), Q("u:a", "m.get_x.y"),
         "allow", "two", NULL, NULL},
        {"group before glob", TWO(SUBJ("[\"u:a*\"]"), SUBJ("[\"group:g\"]")), Q("u:a", "m.get_x.y"),
         "allow", "two", NULL, NULL},
        {"glob with more literal characters", TWO(SUBJ("[\"u:*\"]"), SUBJ("[\"u:a*\"]")),
         Q("u:a", "m.get_x.y"), "allow", "two", NULL, NULL},
        {"characters, not bytes", TWO(SUBJ("[\"u:\xc3\xa9\xc3\xa9*\"]"), SUBJ("[\"u:*abc\"]")),
         Q("u:\xc3\xa9\xc3\xa9"
           "abc",
           "m.get_x.y"),
         "allow", "two", NULL, NULL},
        {"glob before anyone", TWO(SUBJ("anyone"), SUBJ("[\"u:*\"]")), Q("u:a", "m.get_x.y"),
         "allow", "two", NULL, NULL},
        {"subject goes before isolation",
         TWO(SUBJ("anyone, grant: {isolation: vm}"),
             SUBJ("[\"u:a\"], grant: {isolation: process}")),
         Q("u:a", "m.get_x.y"), "allow", "two", NULL, "process"},
        {"the stronger isolation",
         TWO(SUBJ("anyone, grant: {isolation: process}"), SUBJ("anyone, grant: {isolation: vm}")),
         Q("u:a", "m.get_x.y"), "allow", "two", NULL, "vm"},
        {"the smaller id", TWO(SUBJ("anyone"), SUBJ("anyone")), Q("u:a", "m.get_x.y"), "allow",
         "one", NULL, NULL},
        {"when does not count",
         TWO(SUBJ("anyone"), SUBJ("anyone, when: {args.a: 1}")),
         {.subject = "u:a", .capability = "m.get_x.y", .args = "{\"a\":1}"},
         "allow",
         "one",
         NULL,
         NULL},
    };
    (void)state;
    RUN(rows);
}

/* ---- patterns ---- */

#define ONE(capability)                                                                            \
    CONTROLLED "rules: [{id: r, effect: allow, subject: anyone, capability: [\"" capability        \
               "\"]}]\n"
#define SUBJECT(subject)                                                                           \
    CONTROLLED "rules: [{id: r, effect: allow, subject: [\"" subject "\"], capability: [x]}]\n"
#define YES "allow", "r", NULL, NULL
#define NO  "deny", "reeve/default", NULL, NULL

static void patterns(void **state)
{
    static const struct row rows[] = {
        {"a.b.* is everything below", ONE("a.b.*"), Q("u:a", "a.b.c"), YES},
        {"a.b.* is deep", ONE("a.b.*"), Q("u:a", "a.b.c.d"), YES},
        {"a.b.* is not a.b", ONE("a.b.*"), Q("u:a", "a.b"), NO},
        {"a.b.* is by whole segments", ONE("a.b.*"), Q("u:a", "a.bc.d"), NO},
        {"a * segment is one", ONE("a.*.c"), Q("u:a", "a.b.c"), YES},
        {"a * segment is not two", ONE("a.*.c"), Q("u:a", "a.b.b.c"), NO},
        {"a * segment in front", ONE("*.c"), Q("u:a", "b.c"), YES},
        {"get_* is any rest of its segment", ONE("a.get_*"), Q("u:a", "a.get_x"), YES},
        {"get_* may be the whole of it", ONE("a.get_*"), Q("u:a", "a.get_"), YES},
        {"get_* stays in its segment", ONE("a.get_*"), Q("u:a", "a.get_x.y"), NO},
        {"get_* has its literal", ONE("a.get_*"), Q("u:a", "a.set_x"), NO},
        {"* is all", ONE("*"), Q("u:a", "whatever.it.is"), YES},
        {"exact is exact", ONE("a.b"), Q("u:a", "a.b.c"), NO},
        {"exact compares by bytes", ONE("a.b"), Q("u:a", "A.b"), NO},
        {"a subject's id", SUBJECT("u:a"), Q("u:a", "x"), YES},
        {"a subject's id is whole", SUBJECT("u:a"), Q("u:ab", "x"), NO},
        {"a type is literal", SUBJECT("u:*"), Q("v:a", "x"), NO},
        {"* in the id is any characters", SUBJECT("u:a*z"), Q("u:a:/*z", "x"), YES},
        {"* may be empty", SUBJECT("u:a*"), Q("u:a", "x"), YES},
        {"two * in one id", SUBJECT("u:*b*d"), Q("u:abcbd", "x"), YES},
        {"the last literal must end it", SUBJECT("u:*b"), Q("u:abc", "x"), NO},
        {"the id begins behind the first colon", SUBJECT("u:b:c"), Q("u:b:c", "x"), YES},
    };
    (void)state;
    RUN(rows);
}

/* ---- templates: an allow whose grant cannot be written down does not match ---- */

static void templates(void **state)
{
#define FILE_RULE                                                                                  \
    CONTROLLED "rules:\n"                                                                          \
               "  - {id: file, effect: allow, subject: anyone, capability: [x], "                  \
               "grant: {filesystem: {read: [/usr, \"${args.path}\"]}}}\n"                          \
               "  - {id: other, effect: allow, subject: anyone, capability: [\"*\"]}\n"
#define P(path_)                                                                                   \
    {                                                                                              \
        .subject = "u:a", .capability = "x", .args = "{\"path\":" path_ "}"                        \
    }
    static const struct row rows[] = {
        {"an absolute path", FILE_RULE, P("\"/srv/a\""), "allow", "file", NULL, NULL},
        {"the root", FILE_RULE, P("\"/\""), "allow", "file", NULL, NULL},
        {"a name with * is a name", FILE_RULE, P("\"/srv/*\""), "allow", "file", NULL, NULL},
        {"a relative path", FILE_RULE, P("\"srv\""), "allow", "other", NULL, NULL},
        {"a path with ..", FILE_RULE, P("\"/srv/../etc\""), "allow", "other", NULL, NULL},
        {"a path with .", FILE_RULE, P("\"/srv/.\""), "allow", "other", NULL, NULL},
        {"a path with //", FILE_RULE, P("\"/srv//a\""), "allow", "other", NULL, NULL},
        {"a path with a / at its end", FILE_RULE, P("\"/srv/\""), "allow", "other", NULL, NULL},
        {"a path with NUL", FILE_RULE, P("\"/srv\\u0000\""), "allow", "other", NULL, NULL},
        {"a list of paths", FILE_RULE, P("[\"/srv\"]"), "allow", "other", NULL, NULL},
        {"null", FILE_RULE, P("null"), "allow", "other", NULL, NULL},
        {"nothing", FILE_RULE, Q("u:a", "x"), "allow", "other", NULL, NULL},
    };
    (void)state;
    RUN(rows);
}

/* ---- requests that are none ---- */

static void malformed_requests(void **state)
{
    static const struct {
        const char *subject, *capability;
        int level;
    } rows[] = {
        {"u:a", "", -1},      {"", "x", -1},     {"u", "x", -1},
        {"u:", "x", -1},      {":a", "x", -1},   {"u:a", "x", 99},
        {"group:g", "x", -1}, {"u*:a", "x", -1}, {"u:a\n", "x", -1},
    };
    (void)state;
    struct policy_image *image = must_compile(FULL);
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct policy_request req = {.subject = str_of(rows[i].subject),
                                     .capability = str_of(rows[i].capability),
                                     .level = rows[i].level};
        struct reeve_inputs_view inputs = {0};
        struct policy_decision d;
        assert_int_equal(policy_decide(image, &req, &inputs, &d), REEVE_EINVAL);
    }
    policy_image_unref(&image);
}

static void class_comes_from_the_entry(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(CONTROLLED);
    static const struct {
        const char *capability;
        enum core_class klass;
    } rows[] = {{"ccos.echo", CORE_CLASS_SAFE},
                {"ccos.io.read-file", CORE_CLASS_DANGEROUS},
                {"program.rtfs", CORE_CLASS_PURE},
                {"no.such", CORE_CLASS_DANGEROUS}};
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct question q = {.subject = "u:a", .capability = rows[i].capability};
        assert_int_equal(decide(image, &q).klass, rows[i].klass);
    }
    policy_image_unref(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels),
        cmocka_unit_test(capped_is_noted),
        cmocka_unit_test(order),
        cmocka_unit_test(isolation),
        cmocka_unit_test(precedence),
        cmocka_unit_test(patterns),
        cmocka_unit_test(templates),
        cmocka_unit_test(malformed_requests),
        cmocka_unit_test(class_comes_from_the_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
