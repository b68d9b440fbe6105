/*
 * `reeve run`: one program, decided on and run in an isolation provider. Standard output belongs to
 * the program; reeve speaks on standard error. Looking a bare name up in PATH happens here, since
 * PATH is the caller's; links are the owner's to resolve.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/reeve/request.h"

/* The signal that asked the run to end: the one thing here that a handler must be able to reach. */
static volatile sig_atomic_t ended_by;

static void on_signal(int number)
{
    ended_by = number;
}

/*
 * The first of each ends the run and lets its end be recorded; the second does what it always did.
 * What the caller had ignored (nohup) stays ignored.
 */
static void catch_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < CLI_COUNT(numbers); i++) {
        struct sigaction old, action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
        sigemptyset(&action.sa_mask);
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    }
}

struct streams {
    int failed; /* errno of the write that ended it */
};

static int on_output(void *arg, enum reeve_stream stream, const void *bytes, size_t n)
{
    struct streams *streams = arg;
    int fd = stream == REEVE_STDOUT ? STDOUT_FILENO : STDERR_FILENO;
    for (size_t done = 0; done < n && !ended_by;) {
        ssize_t put = write(fd, (const char *)bytes + done, n - done);
        if (put < 0 && errno != EINTR) {
            streams->failed = errno;
            return 1;
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return ended_by != 0;
}

static int on_poll(void *arg)
{
    (void)arg;
    return ended_by != 0;
}

/* ---- which program ---- */

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static char *join(const char *folder, size_t n, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%.*s/%s", (int)n, folder, name) < 0 ? NULL : path;
}

/* `path` itself, or below `cwd`. */
static char *absolute(const char *path, const char *cwd)
{
    return *path == '/' ? strdup(path) : join(cwd, strcmp(cwd, "/") == 0 ? 0 : strlen(cwd), path);
}

/* The first executable `name` of PATH, as a shell finds it; `*status` says why there is none. */
static char *look_up(const struct cli *cli, const char *name, int *status)
{
    const char *path = getenv("PATH");
    if (!path || !*path)
        path = "/usr/local/bin:/usr/bin:/bin";
    *status = CLI_NOT_FOUND;
    for (const char *at = path; at; at = strchr(at, ':') ? strchr(at, ':') + 1 : NULL) {
        size_t n = strcspn(at, ":");
        char *found = n ? join(at, n, name) : join(".", 1, name);
        if (found && is_file(found) && access(found, X_OK) == 0)
            return found;
        if (found && is_file(found))
            *status = CLI_NOT_RUN;
        free(found);
    }
    cli_say(cli, "%s: %s in PATH", name,
            *status == CLI_NOT_RUN ? "found, but not executable," : "not found");
    return NULL;
}

/* ---- the request ---- */

static json_t *strings(const struct cli *cli, char *const *texts, size_t n)
{
    auto_json json_t *list = json_array();
    for (size_t i = 0; i < n; i++) {
        json_t *text = json_string(texts[i]);
        if (!text) {
            cli_say(cli, "argument %zu is not UTF-8; such arguments cannot be judged", i + 1);
            return NULL;
        }
        if (json_array_append_new(list, text) != 0)
            return NULL;
    }
    return json_incref(list);
}

/* {"path", "argv", "cwd"} as text, or NULL after a message and a status. */
static char *request_args(const struct cli *cli, char *const *operands, size_t n, int *status)
{
    auto_free char *cwd = getcwd(NULL, 0), *found = NULL, *path = NULL;
    auto_json json_t *argv = strings(cli, operands + 1, n - 1);
    *status = CLI_NOT_RUN;
    if (!argv)
        return NULL;
    if (!cwd || *cwd != '/') {
        cli_say(cli, "the working directory cannot be told; change to one that exists");
        return NULL;
    }
    if (!strchr(operands[0], '/')) {
        found = look_up(cli, operands[0], status);
        if (!found)
            return NULL;
    }
    path = absolute(found ? found : operands[0], cwd);
    auto_json json_t *args =
        path ? json_pack("{s:s, s:O, s:s}", "path", path, "argv", argv, "cwd", cwd) : NULL;
    char *text = args ? json_dumps(args, JSON_COMPACT) : NULL;
    if (!text)
        cli_say(cli, "the path of the program or of the working directory is not UTF-8; it cannot "
                     "be judged");
    return text;
}

/* A status that the program could have given itself must not come from reeve. */
static int not_run(int status)
{
    return status == CLI_USAGE ? CLI_USAGE : CLI_NOT_RUN;
}

static int tell(const struct cli *cli, const struct reeve_result *result)
{
    if (cli->json)
        cli_put_json_line(stderr, reeve_result_json(result));
    else
        request_tell(cli, result);
    return reeve_result_exit(result);
}

static int run(const struct cli *cli, const void *options, char *const *operands, size_t noperands)
{
    const struct request_options *o = options;
    int status;
    auto_free char *args = request_args(cli, operands, noperands, &status);
    if (!args)
        return status;
    catch_signals();
    struct streams streams = {0};
    struct reeve_events events = {
        .size = sizeof events, .arg = &streams, .output = on_output, .poll_cancel = on_poll};
    auto_result struct reeve_result *result = NULL;
    status = request_execute(cli, o, "program.external", args, &events, &result);
    if (!result)
        return not_run(status);
    int own = o->explain ? request_explain(cli, result) : tell(cli, result);
    if (o->explain && !own)
        own = reeve_result_exit(result);
    if (ended_by)
        return 128 + ended_by;
    if (streams.failed) {
        cli_say(cli, "the program was ended: its output cannot be written: %s",
                strerror(streams.failed));
        return CLI_NOT_RUN;
    }
    return status ? status : own;
}

const struct cli_command cli_run = {
    .name = "run",
    .operands = "PROG [ARG...]",
    .summary = "Run a program as far as the policy permits. The status is the program's own (128 + "
               "signal\n"
               "when one ended it), 125 refused by policy, 126 could not be run, 127 not found.\n"
               "Standard output is the program's alone; its standard input is empty.",
    .example =
        "reeve run --policy rules/examples/tour.yaml --agent lab-1 -- sha256sum /etc/hostname",
    .options = request_option_table,
    .noptions = REQUEST_OPTIONS,
    .min_operands = 1,
    .max_operands = SIZE_MAX,
    .operands_end_options = true,
    .run = run,
};
