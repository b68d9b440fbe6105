/*
 * rulesc is strict: a slip in rules/ must fail the build and say where. Each row is one of the
 * shipped files with one passage changed. rulesc_test RULESC.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"

static const char catalogue[] =
    "reeve: catalogue/v1\n"
    "capabilities:\n"
    "  b.x: {class: safe, effects: [compute], summary: X}\n"
    "  a.y: {class: pure, effects: [compute], args: [{name: n, type: any}], summary: Y}\n";
static const char levels[] =
    "reeve: levels/v1\n"
    "levels:\n"
    "  pure: {wall: 1s, output: 1MiB, open_files: 64, file_size: 64MiB}\n"
    "  controlled: {wall: 5s, output: 1MiB, open_files: 64, file_size: 64MiB}\n"
    "  full: {wall: unlimited, output: 1MiB, open_files: 64, file_size: 64MiB}\n";
static const char profile[] = "reeve: seccomp/v1\n"
                              "name: default\n"
                              "architecture: x86_64\n"
                              "foreign: kill_process\n"
                              "otherwise: EPERM\n"
                              "rules:\n"
                              "  - {do: allow, calls: [read, write]}\n"
                              "  - {do: allow, calls: [socket], when: {arg: 0, any_of: [1]}}\n";

static const char lint[] = "reeve: lint/v1\n"
                           "rules:\n"
                           "  P050: {id: a-b, rationale: R, wrong: \"a: \\\"b\\\"\\n\", right: X}\n"
                           "  P051:\n    id: c\n    rationale: R\n    wrong: W\n"
                           "    right: |\n      a\n      b\n";

static const char environment[] = "reeve: environment/v1\n"
                                  "groups:\n"
                                  "  - {why: W, names: [PATH, \"LD_*\"]}\n";

enum which { NOTHING, CATALOGUE, LEVELS, LINT, ENVIRONMENT, PROFILE };

static const struct {
    enum which file;
    const char *from, *to;
    const char *message; /* NULL: it must be fine */
} rows[] = {
    {NOTHING, "", "", NULL},
    {CATALOGUE, "catalogue/v1", "catalogue/v2", "catalogue.yaml:1:8: error: expected catalogue/v1"},
    {CATALOGUE, "class: safe", "klass: safe", "catalogue.yaml:3:9: error: unknown key \"klass\""},
    {CATALOGUE, "class: safe, ", "", "catalogue.yaml:3:8: error: \"class\" is missing"},
    {CATALOGUE, "class: safe", "class: secure", "catalogue.yaml:3:16: error: no such name"},
    {CATALOGUE, "[compute], summary", "[compute, compute], summary", "a second time"},
    {CATALOGUE, "[compute], summary", "[telepathy], summary", "no such effect"},
    {CATALOGUE, "[compute], summary", "[], summary", "at least one effect"},
    {CATALOGUE, "b.x", "a.y", "catalogue.yaml:4:3: error: \"a.y\" a second time"},
    {CATALOGUE, "b.x", "B.x", "begins with a letter"},
    {CATALOGUE, "type: any", "type: some", "no such name"},
    {CATALOGUE, "{name: n, type: any}", "{name: n, type: rest}, {name: m, type: any}",
     "only the last argument takes the rest"},
    {CATALOGUE, "{name: n, type: any}",
     "{name: n, type: any, optional: true}, {name: m, type: any}",
     "a required argument behind an optional one"},
    {CATALOGUE, "{name: n, type: any}", "{name: n, type: any}, {name: n, type: any}",
     "name a second time"},
    {CATALOGUE, "type: any", "type: integer, optional: true, default: 7", NULL},
    {CATALOGUE, "type: any", "type: method, optional: true, default: GET", NULL},
    {CATALOGUE, "type: any", "type: integer, default: 7", "only an optional argument"},
    {CATALOGUE, "type: any", "type: integer, optional: true, default: 07", "no default that"},
    {CATALOGUE, "type: any", "type: bool, optional: true, default: yes", "no default that"},
    {CATALOGUE, "type: any", "type: any, optional: true, default: 7", "no default that"},
    {CATALOGUE, "summary: X", "summary: \"\\t\"", "printable ASCII"},
    {CATALOGUE, "summary: X", "summary: [X]", "expected a text"},
    {CATALOGUE, "reeve: catalogue/v1", "reeve: [", "catalogue.yaml:"},
    {CATALOGUE, "reeve: catalogue/v1", "reeve: catalogue/v1\n---\nx: y\n---",
     "more than one document"},
    {LEVELS, "wall: 5s, ", "", "levels.yaml:4:15: error: no default for \"wall\""},
    {LEVELS, "wall: 5s", "wall: 5", "expected a limit"},
    {LEVELS, "wall: 5s", "wall: 5MiB", "expected a limit"},
    {LEVELS, "wall: 5s", "wall: 99999999h", "larger than a limit can be"},
    {LEVELS, "wall: 5s", "wall: 5s, memory: 1MiB", "nothing in this build can hold \"memory\""},
    {LEVELS, "wall: 5s", "wall: 5s, wal: 1s", "no such limit"},
    {LEVELS, "pure:", "puer:", "unknown key \"puer\""},
    {LINT, "lint/v1", "lint/v2", "lint.yaml:1:8: error: expected lint/v1"},
    {LINT, "P050", "P05", "lint.yaml:3:3: error: expected a code"},
    {LINT, "P050", "P05x", "expected a code"},
    {LINT, "P050", "P051", "a second time"},
    {LINT, "P050", "P052", "lint.yaml:4:3: error: codes stand in ascending order"},
    {LINT, "id: a-b", "id: A", "lint.yaml:3:14: error: an id has"},
    {LINT, "id: a-b, ", "", "\"id\" is missing"},
    {LINT, "rationale: R, ", "", "\"rationale\" is missing"},
    {LINT, "right: X", "right: X, also: X", "unknown key \"also\""},
    {LINT, "right: X", "right: \"\\t\"", "printable ASCII"},
    {ENVIRONMENT, "why: W, ", "", "\"why\" is missing"},
    {ENVIRONMENT, "why: W", "who: W", "unknown key \"who\""},
    {ENVIRONMENT, "why: W", "why: W, request: warned", NULL},
    {ENVIRONMENT, "why: W", "why: W, request: refused", "environment.yaml:3:23: error: expected"},
    {ENVIRONMENT, "[PATH, \"LD_*\"]", "[]", "at least one name"},
    {ENVIRONMENT, "LD_*", "*", "environment.yaml:3:28: error: expected a variable's name"},
    {ENVIRONMENT, "LD_*", "L*D", "expected a variable's name"},
    {ENVIRONMENT, "PATH", "1PATH", "expected a variable's name"},
    {ENVIRONMENT, "LD_*", "_", NULL},
    {PROFILE, "[read, write]", "[read, wriet]", "seccomp.yaml:7:31: error: no call"},
    {PROFILE, "[read, write]", "[read, read]", "a call a second time"},
    {PROFILE, "[read, write]", "[read, socket]", "a call a second time"},
    {PROFILE, "[read, write]", "[read, socketcall]", "no call of this architecture"},
    {PROFILE, "otherwise: EPERM", "otherwise: permit", "expected allow, kill_process"},
    {PROFILE, "otherwise: EPERM\n", "", "\"otherwise\" is missing"},
    {PROFILE, "x86_64", "riscv64", "another architecture"},
    {PROFILE, "arg: 0", "arg: 6", "at most 5"},
    {PROFILE, "any_of: [1]", "any_of: [0x100000000]", "at most 4294967295"},
    {PROFILE, "any_of: [1]", "any_of: [0xfg]", "expected a number"},
    {PROFILE, "any_of: [1]", "some_of: [1]", "unknown key \"some_of\""},
    {PROFILE, ", any_of: [1]", "", "expected arg and one of"},
    {PROFILE, "any_of: [1]", "any_of: []", "at least one value"},
    {PROFILE, "any_of: [1]", "mask: 0xf, any_of: [1]", NULL},
    {PROFILE, "any_of: [1]", "mask: 0xf, any_of: [17]", "a value that the mask hides"},
    {PROFILE, "any_of: [1]", "mask: 0xf, clear: 1", "expected arg and one of"},
    {PROFILE, "{arg: 0, any_of: [1]}", "[{arg: 0, any_of: [1, 2]}, {arg: 2, clear: 1}]", NULL},
    {PROFILE, "{arg: 0, any_of: [1]}", "[{arg: 0, any_of: [1]}, {arg: 0, clear: 1}]",
     "an argument a second time"},
    {PROFILE, "{arg: 0, any_of: [1]}", "[]", "1 to 3 conditions"},
    {PROFILE, "name: default", "name: a/b", "no name for a profile"},
};

struct fixture {
    const char *rulesc;
    char dir[64];
};

/* `text` with the one passage replaced, written as a file of the folder. */
static void write_file(const struct fixture *fx, const char *name, const char *text,
                       const char *from, const char *to)
{
    auto_buf struct buf b = {0};
    const char *at = strstr(text, from);
    assert_non_null(at);
    buf_put(&b, text, (size_t)(at - text));
    buf_z(&b, to);
    buf_z(&b, at + strlen(from));
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", fx->dir, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(b.data, 1, b.len, file), b.len);
    assert_int_equal(fclose(file), 0);
}

/* What rulesc reads, in the order of its operands; seccomp.yaml stands for all profiles. */
static const struct {
    enum which which;
    const char *name, *text;
} files[] = {
    {CATALOGUE, "catalogue.yaml", catalogue},
    {LEVELS, "levels.yaml", levels},
    {LINT, "lint.yaml", lint},
    {ENVIRONMENT, "environment.yaml", environment},
    {PROFILE, "seccomp.yaml", profile},
};

/* All of them, with one passage of one replaced. */
static void write_files(const struct fixture *fx, enum which which, const char *from,
                        const char *to)
{
    for (size_t i = 0; i < BASE_COUNT(files); i++)
        write_file(fx, files[i].name, files[i].text, which == files[i].which ? from : "",
                   which == files[i].which ? to : "");
}

/* Exit status; what it says on stderr is appended to `said`. */
static int run_rulesc(const struct fixture *fx, struct buf *said)
{
    char paths[1 + BASE_COUNT(files)][128];
    char *argv[BASE_COUNT(paths) + 2] = {(char *)(uintptr_t)fx->rulesc};
    for (size_t i = 0; i < BASE_COUNT(paths); i++) {
        (void)snprintf(paths[i], sizeof paths[i], "%s/%s", fx->dir,
                       i ? files[i - 1].name : "out.c");
        argv[1 + i] = paths[i];
    }
    char *envp[] = {NULL};
    int fds[2], status;
    pid_t pid;
    posix_spawn_file_actions_t actions;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_adddup2(&actions, fds[1], 2), 0);
    assert_int_equal(posix_spawn(&pid, fx->rulesc, &actions, NULL, argv, envp), 0);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(fds[1]);
    char block[512];
    for (ssize_t n; (n = read(fds[0], block, sizeof block)) != 0;) {
        assert_true(n > 0 || errno == EINTR);
        buf_put(said, block, n > 0 ? (size_t)n : 0);
    }
    (void)close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void is_strict(void **state)
{
    const struct fixture *fx = *state;
    char out[128];
    (void)snprintf(out, sizeof out, "%s/out.c", fx->dir);
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        auto_buf struct buf said = {0};
        const char *from = rows[i].from, *to = rows[i].to;
        (void)unlink(out);
        write_files(fx, rows[i].file, from, to);
        int status = run_rulesc(fx, &said);
        bool good = rows[i].message ? status == 1 && strstr(buf_view(&said).p, rows[i].message)
                                    : status == 0;
        if (!good)
            fail_msg("%s -> %s: status %d, said: %s", from, to, status, buf_view(&said).p);
        assert_int_equal(access(out, F_OK), rows[i].message ? -1 : 0);
    }
}

static void read_out(const struct fixture *fx, struct buf *text)
{
    char path[128];
    struct reeve_error err = {0};
    (void)snprintf(path, sizeof path, "%s/out.c", fx->dir);
    assert_int_equal(fd_slurp(AT_FDCWD, path, 1 << 20, text, &err), 0);
}

/* What lint says is no part of the rules by which policies are compiled. */
static void lint_is_not_in_the_digest(void **state)
{
    const struct fixture *fx = *state;
    auto_buf struct buf said = {0};
    struct buf text[2] = {0};
    write_files(fx, NOTHING, "", "");
    for (size_t i = 0; i < 2; i++) {
        if (i == 1)
            write_file(fx, "lint.yaml", lint, "right: X", "right: Y");
        assert_int_equal(run_rulesc(fx, &said), 0);
        read_out(fx, &text[i]);
    }
    assert_false(str_eq(buf_view(&text[0]), buf_view(&text[1])));
    assert_string_equal(strstr(text[0].data, "core_rules_digest"),
                        strstr(text[1].data, "core_rules_digest"));
    for (size_t i = 0; i < 2; i++)
        buf_fini(&text[i]);
}

static void output_depends_on_the_files_alone(void **state)
{
    const struct fixture *fx = *state;
    auto_buf struct buf said = {0};
    struct buf text[3] = {0};
    write_files(fx, NOTHING, "", "");
    for (size_t i = 0; i < 3; i++) {
        if (i == 2) /* a comment: same tables, another digest */
            write_file(fx, "levels.yaml", levels, "levels:", "levels: # x");
        assert_int_equal(run_rulesc(fx, &said), 0);
        read_out(fx, &text[i]);
    }
    assert_true(str_eq(buf_view(&text[0]), buf_view(&text[1])));
    assert_non_null(strstr(text[0].data, "{\"P050\", \"a-b\",\n     \"R\",\n     "
                                         "\"a: \\\"b\\\"\\n\",\n     \"X\"},\n"));
    assert_non_null(strstr(text[0].data, "     \"a\\n\"\n     \"b\\n\"},\n};\n"));
    assert_false(str_eq(buf_view(&text[0]), buf_view(&text[2])));
    const char *a = strstr(text[0].data, "\"a.y\""), *b = strstr(text[0].data, "\"b.x\"");
    assert_true(a && b && a < b);
    for (size_t i = 0; i < 3; i++)
        buf_fini(&text[i]);
}

int main(int argc, char **argv)
{
    struct fixture fx = {.rulesc = argc > 1 ? argv[1] : "", .dir = "/tmp/reeve-rulesc-XXXXXX"};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(is_strict, &fx),
        cmocka_unit_test_prestate(lint_is_not_in_the_digest, &fx),
        cmocka_unit_test_prestate(output_depends_on_the_files_alone, &fx),
    };
    if (!mkdtemp(fx.dir))
        return 2;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i <= BASE_COUNT(files); i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", fx.dir, i ? files[i - 1].name : "out.c");
        (void)unlink(path);
    }
    (void)rmdir(fx.dir);
    return failed;
}
