/* See support.h. */
#include "support.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char support_policy[] =
    "reeve: policy/v1\n"
    "name: tests\n"
    "defaults: {level: pure}\n"
    "subjects: [{match: \"agent:test\", level: controlled}]\n"
    "rules:\n"
    "  - id: programs\n"
    "    effect: allow\n"
    "    subject: [\"agent:test\"]\n"
    "    capability: [program.external]\n"
    "    grant: {isolation: process, filesystem: {read: [/usr]}, limits: {wall: 60s}}\n"
    "    reason: \"What is in /usr\"\n"
    "  - id: sums\n"
    "    effect: allow\n"
    "    subject: [\"agent:test\"]\n"
    "    capability: [ccos.math.add, ccos.string.concat, ccos.echo]\n"
    "    reason: \"Safe ones\"\n";

static void write_text(const char *dir, const char *name, const char *text)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

char *support_state(void)
{
    char path[] = "/tmp/reeve-test-XXXXXX";
    struct reeve_error err = {0};
    assert_non_null(mkdtemp(path));
    if (reeve_init(path, NULL, &err) != 0)
        fail_msg("reeve_init: %s", err.message);
    write_text(path, "policy.yaml", support_policy);
    return strdup(path);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void support_remove(char *dir)
{
    (void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(dir);
}

static void print_event(void *arg, const char *text)
{
    (void)arg;
    print_message("    (%s)\n", text);
}

struct reeve *support_open(const char *dir, unsigned flags)
{
    struct reeve *r = NULL;
    struct reeve_error err = {0};
    struct reeve_open_options o = {.size = sizeof o,
                                   .dir = dir,
                                   .flags = flags,
                                   .helper_dir = HELPER_DIR,
                                   .event = print_event};
    if (reeve_open(&o, &r, &err) != 0)
        fail_msg("reeve_open: %s: %s", reeve_error_name(err.code), err.message);
    return r;
}

struct capture {
    char *out;
    size_t n, at;
};

static int capture_output(void *arg, enum reeve_stream stream, const void *bytes, size_t n)
{
    struct capture *c = arg;
    (void)stream;
    size_t room = c->out ? c->n - 1 - c->at : 0;
    if (n > room)
        n = room;
    if (n)
        memcpy(c->out + c->at, bytes, n);
    c->at += n;
    if (c->out)
        c->out[c->at] = '\0';
    return 0;
}

int support_run(struct reeve *r, const char *const argv[], struct reeve_result **result, char *out,
                size_t n, struct reeve_error *err)
{
    char args[4096];
    int at = snprintf(args, sizeof args, "{\"path\": \"%s\", \"cwd\": \"/\", \"argv\": [", argv[0]);
    for (size_t i = 1; argv[i]; i++)
        at += snprintf(args + at, sizeof args - (size_t)at, "%s\"%s\"", i > 1 ? ", " : "", argv[i]);
    (void)snprintf(args + at, sizeof args - (size_t)at, "]}");
    struct capture c = {.out = out, .n = n};
    if (out)
        out[0] = '\0';
    struct reeve_request q = {
        .size = sizeof q, .subject = "agent:test", .capability = "program.external", .args = args};
    struct reeve_events ev = {.size = sizeof ev, .arg = &c, .output = capture_output};
    return reeve_execute(r, &q, &ev, result, err);
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

static bool holds_lock(const char *pid, const char *dir)
{
    char path[1024], target[4096], want[4096];
    (void)snprintf(want, sizeof want, "%s/lock", dir);
    (void)snprintf(path, sizeof path, "/proc/%s/fd", pid);
    DIR *d = opendir(path);
    bool found = false;
    for (struct dirent *e; d && !found && (e = readdir(d)) != NULL;) {
        (void)snprintf(path, sizeof path, "/proc/%s/fd/%s", pid, e->d_name);
        ssize_t n = readlink(path, target, sizeof target - 1);
        if (n > 0) {
            target[n] = '\0';
            found = strcmp(target, want) == 0;
        }
    }
    if (d)
        (void)closedir(d);
    return found;
}

pid_t support_process(const char *dir, const char *name)
{
    char path[512], exe[4096], end[128];
    pid_t pid = 0;
    (void)snprintf(end, sizeof end, "/%s", name);
    DIR *d = opendir("/proc");
    assert_non_null(d);
    for (struct dirent *e; !pid && (e = readdir(d)) != NULL;) {
        (void)snprintf(path, sizeof path, "/proc/%s/exe", e->d_name);
        ssize_t n = readlink(path, exe, sizeof exe - 1);
        if (n <= 0)
            continue;
        exe[n] = '\0';
        if (ends_with(exe, end) && holds_lock(e->d_name, dir))
            pid = (pid_t)atoi(e->d_name);
    }
    (void)closedir(d);
    return pid;
}

static bool has_argument(const char *pid, const char *word)
{
    char path[512], line[8192];
    (void)snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, line, sizeof line - 1);
    (void)close(fd);
    if (n <= 0)
        return false;
    line[n] = '\0';
    for (ssize_t at = 0; at < n; at += (ssize_t)strlen(line + at) + 1)
        if (strcmp(line + at, word) == 0)
            return true;
    return false;
}

unsigned support_count(const char *word)
{
    unsigned count = 0;
    DIR *d = opendir("/proc");
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        count += e->d_name[0] >= '1' && e->d_name[0] <= '9' && has_argument(e->d_name, word);
    (void)closedir(d);
    return count;
}

bool support_wait(bool (*done)(void *arg), void *arg)
{
    for (int i = 0; i < 1000; i++) {
        if (done(arg))
            return true;
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return false;
}

void support_assert_verifies(struct reeve *r)
{
    struct reeve_error err = {0};
    struct reeve_verify_report report = {.size = sizeof report};
    if (reeve_verify(r, NULL, &report, &err) != 0)
        fail_msg("reeve_verify: %s", err.message);
    if (!report.ok)
        fail_msg("the log does not verify: %s: %s", report.finding, report.detail);
}
