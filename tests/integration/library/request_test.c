/*
 * What becomes of requests, from the policy's text to the exit status: a row is a policy's rule, a
 * request and the answer. The policy travels with the request, so that one owner serves all rows.
 */
#include "support.h"

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD                                                                                       \
    "reeve: policy/v1\nname: t\ndefaults: {level: controlled}\n"                                   \
    "subjects: [{match: \"agent:full\", level: full}]\nrules:\n"
#define RUN(grant)                                                                                 \
    HEAD "  - {id: r, effect: allow, subject: [\"agent:*\"], capability: [program.external], "     \
         "reason: x, grant: " grant "}\n"
#define READ_USR "{isolation: process, filesystem: {read: [/usr]}}"
#define PROGRAM  "program.external"
#define NOBODY   65534

static char folder[] = "/tmp/reeve-request-XXXXXX";

/* In `args`, `policy` and `part`, @ stands for the test's own folder. */
static const struct row {
    const char *name, *policy, *subject, *capability, *args;
    int exit_status;
    const char *refusal, *part; /* of the result's JSON */
} rows[] = {
    {"a program's own status", RUN(READ_USR), "agent:a", PROGRAM,
     "{\"path\": \"/usr/bin/false\", \"argv\": []}", 1, NULL, "\"how\":\"ok\""},
    {"the program itself need not be shown", RUN(READ_USR), "agent:a", PROGRAM,
     "{\"path\": \"@/copy\", \"argv\": []}", 0, NULL, "\"how\":\"ok\""},
    {"links that lead into a shown folder are there", RUN(READ_USR), "agent:a", PROGRAM,
     "{\"path\": \"/usr/bin/sh\", \"argv\": [\"-c\", \"/bin/test -L /bin -a -L /lib -a ! -e "
     "/etc\"]}",
     0, NULL, NULL},
    {"a program that is not there", RUN(READ_USR), "agent:a", PROGRAM,
     "{\"path\": \"/usr/bin/no-such-program\", \"argv\": []}", 127, "not_found", NULL},
    {"a folder is no program", RUN(READ_USR), "agent:a", PROGRAM,
     "{\"path\": \"/usr/bin\", \"argv\": []}", 126, "not_runnable", NULL},
    {"a script names its interpreter", RUN(READ_USR), "agent:a", PROGRAM,
     "{\"path\": \"@/script\", \"argv\": []}", 126, "not_runnable", "is a script"},
    {"a file without execute permission", RUN(READ_USR), "agent:a", PROGRAM,
     "{\"path\": \"@/plain\", \"argv\": []}", 126, "not_runnable", "chmod +x"},
    {"a path that leads to one that is no UTF-8", RUN(READ_USR), "agent:a", PROGRAM,
     "{\"path\": \"@/odd\", \"argv\": []}", 126, "not_runnable",
     "/odd leads to a path that is not"},
    {"what could not be done names its path", RUN("{isolation: process}"), "agent:a", PROGRAM,
     "{\"path\": \"/usr/bin/true\", \"argv\": []}", 126, NULL,
     "the program cannot be executed: /usr/bin/true: "},
    {"a limit that nothing holds",
     RUN("{isolation: process, filesystem: {read: [/usr]}, limits: {memory: 64MiB}}"), "agent:a",
     PROGRAM, "{\"path\": \"/usr/bin/true\", \"argv\": []}", 126, "no_mechanism", "memory"},
    {"the same under best effort is said",
     RUN("{isolation: process, filesystem: {read: [/usr]}, limits: {memory: 64MiB, best_effort: "
         "[memory]}}"),
     "agent:a", PROGRAM, "{\"path\": \"/usr/bin/true\", \"argv\": []}", 0, NULL,
     "\"not_held\":[\"memory\"]"},
    {"isolation that no provider gives", RUN("{isolation: vm, filesystem: {read: [/usr]}}"),
     "agent:a", PROGRAM, "{\"path\": \"/usr/bin/true\", \"argv\": []}", 126, "no_provider",
     "isolation vm"},
    {"full without a rule runs nothing on the bare host", HEAD "  []\n", "agent:full", PROGRAM,
     "{\"path\": \"/usr/bin/true\", \"argv\": []}", 126, "no_provider", "\"rule\":\"reeve/full\""},
    {"wall ends a run",
     RUN("{isolation: process, filesystem: {read: [/usr]}, limits: {wall: 200ms}}"), "agent:a",
     PROGRAM, "{\"path\": \"/usr/bin/sleep\", \"argv\": [\"1000\"]}", 137, NULL,
     "\"limit\":\"wall\""},
    {"output ends a run",
     RUN("{isolation: process, filesystem: {read: [/usr]}, limits: {output: 1KiB}}"), "agent:a",
     PROGRAM, "{\"path\": \"/usr/bin/yes\", \"argv\": []}", 137, NULL, "\"limit\":\"output\""},
    {"a template shows its one path",
     RUN("{isolation: process, filesystem: {read: [/usr, \"${args.cwd}\"]}}"), "agent:a", PROGRAM,
     "{\"path\": \"/usr/bin/ls\", \"argv\": [\"@/real\"], \"cwd\": \"@/real\"}", 0, NULL, NULL},
    {"a template is not followed through a link",
     RUN("{isolation: process, filesystem: {read: [/usr, \"${args.cwd}\"]}}"), "agent:a", PROGRAM,
     "{\"path\": \"/usr/bin/ls\", \"argv\": [\"@/link\"], \"cwd\": \"@/link\"}", 126,
     "bad_arguments", "leads through a link"},
    {"hide wins over read",
     RUN("{isolation: process, filesystem: {read: [/usr], hide: [/usr/share/common-licenses]}}"),
     "agent:a", PROGRAM,
     "{\"path\": \"/usr/bin/cat\", \"argv\": [\"/usr/share/common-licenses/GPL-3\"]}", 1, NULL,
     NULL},
    {"the whole host", RUN("{isolation: process, filesystem: {read: [/]}}"), "agent:a", PROGRAM,
     "{\"path\": \"/usr/bin/true\", \"argv\": []}", 0, NULL, "\"how\":\"ok\""},
    {"the whole host, and links that are shown anyway",
     RUN("{isolation: process, filesystem: {read: [/, /bin, /usr, /etc/passwd]}}"), "agent:a",
     PROGRAM, "{\"path\": \"/bin/cat\", \"argv\": [\"/etc/passwd\"], \"cwd\": \"/usr\"}", 0, NULL,
     NULL},
    {"the whole host, and a path that leads through a link of /tmp",
     RUN("{isolation: process, filesystem: {read: [@/link, /]}}"), "agent:a", PROGRAM,
     "{\"path\": \"/usr/bin/ls\", \"argv\": [\"@/link/\"]}", 0, NULL, NULL},
    {"the whole host but for one file",
     RUN("{isolation: process, filesystem: {read: [/], hide: [/etc/passwd]}}"), "agent:a", PROGRAM,
     "{\"path\": \"/usr/bin/cat\", \"argv\": [\"/etc/passwd\"]}", 1, NULL, NULL},
    {"and all the rest of it",
     RUN("{isolation: process, filesystem: {read: [/], hide: [/etc/passwd]}}"), "agent:a", PROGRAM,
     "{\"path\": \"/usr/bin/cat\", \"argv\": [\"/etc/group\"]}", 0, NULL, NULL},
    {"a longer read wins over hide",
     RUN("{isolation: process, filesystem: {read: [/usr, /usr/share/common-licenses/GPL-3], hide: "
         "[/usr/share/common-licenses]}}"),
     "agent:a", PROGRAM,
     "{\"path\": \"/usr/bin/cat\", \"argv\": [\"/usr/share/common-licenses/GPL-3\"]}", 0, NULL,
     NULL},
    {"one to be hidden among too many",
     RUN("{isolation: process, filesystem: {read: [/usr, @/crowd], hide: [@/crowd/7]}}"), "agent:a",
     PROGRAM, "{\"path\": \"/usr/bin/true\", \"argv\": []}", 126, NULL,
     "more than 4096 entries stand beside what is to be hidden: @/crowd\""},
    {"hide wins where the same path is granted to be read",
     RUN("{isolation: process, filesystem: {read: [/usr, /usr/share/common-licenses], hide: "
         "[/usr/share/common-licenses, /usr/share/doc]}}"),
     "agent:a", PROGRAM,
     "{\"path\": \"/usr/bin/cat\", \"argv\": [\"/usr/share/common-licenses/GPL-3\"]}", 1, NULL,
     NULL},
    {"what is hidden by a link outside is hidden where it lies",
     RUN("{isolation: process, filesystem: {read: [/usr], hide: [\"@/doors/share\"]}}"), "agent:a",
     PROGRAM, "{\"path\": \"/usr/bin/cat\", \"argv\": [\"/usr/share/common-licenses/GPL-3\"]}", 1,
     NULL, NULL},
    {"a link that is shown hides nothing",
     RUN("{isolation: process, filesystem: {read: [/usr, \"@/real\"], hide: [\"@/real/way\"]}}"),
     "agent:a", PROGRAM, "{\"path\": \"/usr/bin/true\", \"argv\": []}", 126, "no_mechanism",
     "leads through a link that is shown"},
    {"nor does what lies behind it",
     RUN("{isolation: process, filesystem: {read: [/usr, \"@/real\"], hide: [\"@/real/way/x\"]}}"),
     "agent:a", PROGRAM, "{\"path\": \"/usr/bin/true\", \"argv\": []}", 126, "no_mechanism",
     "leads through a link that is shown"},
    {"large integers stay integers",
     HEAD
     "  - {id: e, effect: allow, subject: [\"agent:*\"], capability: [ccos.echo], reason: x}\n",
     "agent:a", "ccos.echo", "[9007199254740993]", 0, NULL, "\"value\":9007199254740993"},
    {"and are not judged as text",
     HEAD
     "  - {id: e, effect: allow, subject: [\"agent:*\"], capability: [ccos.echo], reason: x}\n"
     "  - {id: d, effect: deny, capability: [ccos.echo], when: {args.value: {like: \"8*\"}}}\n",
     "agent:a", "ccos.echo", "[9007199254740993]", 125, NULL, "\"rule\":\"d\""},
    {"what a program was asked for as is recorded", RUN(READ_USR), "agent:a", PROGRAM,
     "{\"path\": \"@/true\", \"argv\": []}", 0, NULL, "\"asked\":\"@/true\""},
    {"what is to be hidden and is not there could appear",
     RUN("{isolation: process, filesystem: {read: [/usr], hide: [/usr/none/of/this]}}"), "agent:a",
     PROGRAM, "{\"path\": \"/usr/bin/true\", \"argv\": []}", 126, "no_mechanism",
     "/usr/none/of/this is to be hidden"},
    {"outside what is shown there is nothing to hide",
     RUN("{isolation: process, filesystem: {read: [/usr], hide: [/none/of/this, /etc/shadow]}}"),
     "agent:a", PROGRAM, "{\"path\": \"/usr/bin/true\", \"argv\": []}", 0, NULL, NULL},
    {"arguments that do not fit",
     HEAD
     "  - {id: r, effect: allow, subject: [\"agent:*\"], capability: [ccos.math.add], reason: x}\n",
     "agent:a", "ccos.math.add", "[1, \"2\"]", 126, "bad_arguments", NULL},
    {"an allow that nobody carries out",
     HEAD "  - {id: r, effect: allow, subject: [\"agent:*\"], capability: [ccos.io.read-file], "
          "reason: x, grant: " READ_USR "}\n",
     "agent:a", "ccos.io.read-file", "[\"/usr/x\"]", 126, "no_handler", NULL},
    {"the real path is judged",
     HEAD "  - {id: r, effect: allow, subject: [\"agent:*\"], capability: [program.external], "
          "when: {args.path: /usr/bin/true}, reason: x, grant: " READ_USR "}\n",
     "agent:a", PROGRAM, "{\"path\": \"@/true\", \"argv\": []}", 0, NULL,
     "\"path\":\"/usr/bin/true\""},
    {"an ask is not permitted, and who approves is said",
     HEAD
     "  - {id: r, effect: ask, subject: [\"agent:*\"], capability: [program.external], reason: "
     "x, approval: {by: [\"user:ana\"], need: 1, within: 5m, covers: once}, grant: " READ_USR "}\n",
     "agent:a", PROGRAM, "{\"path\": \"/usr/bin/true\", \"argv\": []}", 125, NULL,
     "approval is needed by 1 of user:ana: x"},
    {"a require turns an allow into an ask",
     RUN(READ_USR) "  - {id: q, effect: require, require: {approval: {by: [\"user:ana\"], need: 2, "
                   "within: 5m, covers: once}}, obligations: [{type: notify}]}\n",
     "agent:a", PROGRAM, "{\"path\": \"/usr/bin/true\", \"argv\": []}", 125, NULL,
     "\"requires\":[\"q\"],\"approvals\":[{\"by\":[\"user:ana\"],\"covers\":\"once\",\"need\":2,"
     "\"within\":\"5m\"}],\"obligations\":[{\"properties\":{},\"type\":\"notify\"}]"},
    {"a require raises isolation beyond what there is",
     RUN(READ_USR) "  - {id: q, effect: require, require: {isolation: vm}}\n", "agent:a", PROGRAM,
     "{\"path\": \"/usr/bin/true\", \"argv\": []}", 126, "no_provider", "isolation vm"},
    {"a require cuts files",
     RUN("{isolation: process, filesystem: {read: [/usr, @/real]}}") "  - {id: q, effect: require, "
                                                                     "require: {within: "
                                                                     "{filesystem: {read: "
                                                                     "[/usr]}}}}\n",
     "agent:a", PROGRAM, "{\"path\": \"/usr/bin/ls\", \"argv\": [\"@/real\"]}", 2, NULL, NULL},
    {"network",
     RUN("{isolation: process, filesystem: {read: [/usr]}, network: [\"h.example:443\"]}"),
     "agent:a", PROGRAM, "{\"path\": \"/usr/bin/true\", \"argv\": []}", 126, "no_mechanism",
     "network"},
    {"no network at all is held",
     RUN("{isolation: process, filesystem: {read: [/usr]}, network: []}"), "agent:a", PROGRAM,
     "{\"path\": \"/usr/bin/true\", \"argv\": []}", 0, NULL, NULL},
    {"write", RUN("{isolation: process, filesystem: {read: [/usr], write: [@/real]}}"), "agent:a",
     PROGRAM, "{\"path\": \"/usr/bin/true\", \"argv\": []}", 126, "no_mechanism",
     "filesystem write"},
    {"environment", RUN("{isolation: process, filesystem: {read: [/usr]}, environment: [LANG]}"),
     "agent:a", PROGRAM, "{\"path\": \"/usr/bin/true\", \"argv\": []}", 126, "no_mechanism",
     "environment"},
    {"secrets", RUN("{isolation: process, filesystem: {read: [/usr]}, secrets: [token]}"),
     "agent:a", PROGRAM, "{\"path\": \"/usr/bin/true\", \"argv\": []}", 126, "no_mechanism",
     "secrets"},
    {"patterns in hide",
     RUN("{isolation: process, filesystem: {read: [/usr], hide: [\"/usr/**/x\"]}}"), "agent:a",
     PROGRAM, "{\"path\": \"/usr/bin/true\", \"argv\": []}", 126, "no_mechanism",
     "patterns in hide"},
    {"a provider that the grant lists",
     RUN("{isolation: process, provider: [process], filesystem: {read: [/usr]}}"), "agent:a",
     PROGRAM, "{\"path\": \"/usr/bin/true\", \"argv\": []}", 0, NULL, "\"provider\":\"process\""},
    {"a provider that is not there",
     RUN("{isolation: process, provider: [wasm], filesystem: {read: [/usr]}}"), "agent:a", PROGRAM,
     "{\"path\": \"/usr/bin/true\", \"argv\": []}", 126, "no_provider", NULL},
    {"labels that nothing keeps",
     "reeve: policy/v1\nlabels: [seen]\ndefaults: {level: controlled}\nrules: [{id: r, effect: "
     "allow, "
     "subject: [\"agent:*\"], capability: [ccos.echo], labels: [seen], reason: x}]\n",
     "agent:a", "ccos.echo", "[1]", 126, "no_mechanism", "\"labels\":[\"seen\"]"},
    {"budgets that nothing keeps",
     "reeve: policy/v1\ndefaults: {level: controlled}\nbudgets: [{id: b, per: all, when_spent: "
     "deny, "
     "limits: {calls: {max: 9, window: 1h}}}]\nrules: [{id: r, effect: allow, subject: "
     "[\"agent:*\"], capability: [ccos.echo], reason: x}]\n",
     "agent:a", "ccos.echo", "[1]", 126, "no_mechanism", "budgets"},
    {"what the owner answers itself is not isolated",
     HEAD "  - {id: r, effect: allow, subject: [\"agent:*\"], capability: [ccos.echo], grant: "
          "{isolation: process}, reason: x}\n",
     "agent:a", "ccos.echo", "[1]", 126, "no_provider", "is not isolated"},
    {"arguments by the policy's own schema are judged by name, defaults filled in",
     "reeve: policy/v1\ndefaults: {level: controlled}\ncapabilities: {acme.pay: {class: safe, "
     "effects: "
     "[network], args: {to: string, amount: {type: integer, default: 7}}}}\nrules: [{id: r, "
     "effect: "
     "allow, subject: [\"agent:*\"], capability: [acme.pay], when: {args.to: x, args.amount: 7}, "
     "reason: "
     "x}]\n",
     "agent:a", "acme.pay", "[\"x\"]", 126, "no_handler", "\"rule\":\"r\""},
    {"and what does not fit it is refused after an allow",
     "reeve: policy/v1\ndefaults: {level: controlled}\ncapabilities: {acme.pay: {class: safe, "
     "effects: "
     "[network], args: {to: string}}}\nrules: [{id: r, effect: allow, subject: [\"agent:*\"], "
     "capability: [acme.pay], reason: x}]\n",
     "agent:a", "acme.pay", "[7]", 126, "bad_arguments", NULL},
    {"a shadow rule is recorded beside",
     HEAD "  - {id: r, effect: allow, subject: [\"agent:*\"], capability: [ccos.echo], reason: x}\n"
          "  - {id: s, effect: deny, capability: [ccos.echo], mode: shadow}\n",
     "agent:a", "ccos.echo", "[1]", 0, NULL, "\"shadow\":{\"effect\":\"deny\",\"rule\":\"s\"}"},
    {"strings are joined",
     HEAD "  - {id: r, effect: allow, subject: [\"agent:*\"], capability: [ccos.string.concat], "
          "reason: x}\n",
     "agent:a", "ccos.string.concat", "[\"a\", \"b\"]", 0, NULL, "\"value\":\"ab\""},
};

static char *expand(const char *text)
{
    char *out = malloc(4096), *at = out;
    assert_non_null(out);
    for (; *text; text++)
        if (*text == '@')
            at = stpcpy(at, folder);
        else
            *at++ = *text;
    *at = '\0';
    return out;
}

static void make(const char *name, const char *text, mode_t mode)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static void point(const char *name, const char *target)
{
    char path[256], to[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)snprintf(to, sizeof to, "%s%s%s", target[0] == '/' ? "" : folder,
                   target[0] == '/' ? "" : "/", target);
    assert_int_equal(symlink(to, path), 0);
}

static void copy(const char *name, const char *from)
{
    static char bytes[1 << 20];
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
    ssize_t n = read(in, bytes, sizeof bytes);
    assert_true(in >= 0 && out >= 0 && n > 0 && n < (ssize_t)sizeof bytes);
    assert_int_equal(write(out, bytes, (size_t)n), n);
    assert_int_equal(fchmod(out, 0755), 0);
    assert_int_equal(close(in), 0);
    assert_int_equal(close(out), 0);
}

static void make_crowd(void)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%s/crowd", folder);
    assert_int_equal(mkdir(name, 0755), 0);
    for (int i = 0; i <= 4096; i++) {
        (void)snprintf(name, sizeof name, "crowd/%d", i);
        make(name, "", 0644);
    }
}

static void check(struct reeve *r, const struct row *row)
{
    struct reeve_error err = {0};
    struct reeve_result *result = NULL;
    char *args = expand(row->args), *policy = expand(row->policy);
    char *part = row->part ? expand(row->part) : NULL;
    struct reeve_request q = {.size = sizeof q,
                              .subject = row->subject,
                              .capability = row->capability,
                              .args = args,
                              .policy = policy,
                              .policy_file = "row.yaml"};
    if (reeve_execute(r, &q, NULL, &result, &err) != 0)
        fail_msg("%s: %s", row->name, err.message);
    const char *json = reeve_result_json(result), *refusal = reeve_result_refusal(result);
    if (reeve_result_exit(result) != row->exit_status ||
        strcmp(refusal ? refusal : "", row->refusal ? row->refusal : "") != 0 ||
        (part && !strstr(json, part)))
        fail_msg("%s: %s", row->name, json);
    assert_null(strstr(json, "\xef\xbf\xbd")); /* nothing was repaired */
    reeve_result_free(&result);
    free(args);
    free(policy);
    free(part);
}

static void all_rows(void **state)
{
    (void)state;
    char *dir = support_state(), sub[256];
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chmod(folder, 0755), 0);
    (void)snprintf(sub, sizeof sub, "%s/real", folder);
    assert_int_equal(mkdir(sub, 0755), 0);
    copy("copy", "/usr/bin/true");
    make("script", "#!/bin/sh\n", 0755);
    make("plain", "text", 0644);
    point("link", "real");
    point("real/way", "../plain");
    point("doors", "/usr");
    point("true", "/usr/bin/true");
    make("n\377me", "\177ELF", 0755);
    point("odd", "n\377me");
    make_crowd();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(r, &rows[i]);
    support_assert_verifies(r);
    reeve_close(&r);
    support_remove(dir);
    support_remove(strdup(folder));
}

/* What is no request at all is an error, and the connection serves the next one. */
static void no_requests(void **state)
{
    (void)state;
    static const struct reeve_request bad[] = {
        {.size = sizeof bad[0], .subject = "nobody", .capability = "ccos.echo"},
        {.size = sizeof bad[0], .subject = "group:x", .capability = "ccos.echo"},
        {.size = sizeof bad[0], .subject = "agent:a", .capability = "ccos.echo", .level = "fulll"},
        {.size = sizeof bad[0],
         .subject = "agent:a",
         .capability = "ccos.echo",
         .args = "{\"a\": 1, \"a\": 2}"},
        {.size = sizeof bad[0], .subject = "agent:a", .capability = ""},
        {.size = sizeof bad[0],
         .subject = "agent:a",
         .capability = "ccos.echo",
         .provider = "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddde"},
        {.size = sizeof bad[0],
         .subject = "agent:a",
         .capability = "ccos.echo",
         .provider = "a\033[31mb"},
        {.size = sizeof bad[0],
         .subject = "agent:a",
         .capability = PROGRAM,
         .args = "{\"path\": \"/usr/bin/true\", \"argv\": [], \"sha256\": \"x\"}"},
    };
    char *dir = support_state();
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct reeve_error err = {0};
        struct reeve_result *result = NULL;
        int rc = reeve_execute(r, &bad[i], NULL, &result, &err);
        if (rc != REEVE_EINVAL)
            fail_msg("row %zu: %d %s", i, rc, err.message);
    }
    check(r, &rows[0]);
    reeve_close(&r);
    support_remove(dir);
}

/* A struct of another size is no struct of ours. */
static void events_of_other_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, sizeof(size_t) - 1, sizeof(struct reeve_events) + 8};
    char *dir = support_state();
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    struct reeve_request q = {.size = sizeof q, .subject = "agent:a", .capability = "no.such"};
    struct reeve_result *result = NULL;
    struct reeve_error err = {0};
    struct reeve_events ev = {0};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        ev.size = sizes[i];
        assert_int_equal(reeve_execute(r, &q, &ev, &result, &err), REEVE_EINVAL);
    }
    ev.size = sizeof ev.size + sizeof ev.arg; /* of a version without callbacks */
    ev.poll_cancel = (int (*)(void *))(uintptr_t)1;
    assert_int_equal(reeve_execute(r, &q, &ev, &result, &err), 0);
    reeve_result_free(&result);
    reeve_close(&r);
    support_remove(dir);
}

/* As deep as a request may be: in the record it stands deeper, and so by its digest. */
static void deep_arguments(void **state)
{
    (void)state;
    enum { DEPTH = 62 };
    char *dir = support_state(), args[2 * DEPTH + 3];
    struct reeve *r = support_open(dir, REEVE_OPEN_OWNER);
    struct reeve_result *result = NULL;
    struct reeve_error err = {0};
    memset(args, '[', DEPTH + 1);
    memset(args + DEPTH + 1, ']', DEPTH + 1);
    args[sizeof args - 1] = '\0';
    struct reeve_request q = {
        .size = sizeof q, .subject = "agent:a", .capability = "no.such", .args = args};
    if (reeve_execute(r, &q, NULL, &result, &err) != 0)
        fail_msg("%s", err.message);
    assert_int_equal(reeve_result_exit(result), 125);
    assert_true(reeve_result_seq(result) > 0);
    reeve_result_free(&result);
    reeve_close(&r);
    support_remove(dir);
}

/* The grade in which a guest has the caller's id. */
static bool become_nobody(void)
{
    return geteuid() == 0 && setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
           setresuid(NOBODY, NOBODY, NOBODY) == 0 &&
           access(HELPER_DIR "/reeve-launcher", X_OK) == 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_rows), cmocka_unit_test(no_requests),
                                       cmocka_unit_test(deep_arguments),
                                       cmocka_unit_test(events_of_other_sizes)};
    if (argc == 2 && strcmp(argv[1], "unprivileged") == 0 && !become_nobody()) {
        print_message(
            "skipped: this test is no root that could become a user who sees the helpers\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
