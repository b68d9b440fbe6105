/* Folders, keepers and records for the audit tests. */
#include "support.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <dirent.h>

#define KEEPER_PATH TEST_BINARY_DIR "/libexec/reeve-keeper"

void assert_rc_at(int rc, int want, const struct reeve_error *err, const char *file, int line)
{
    if (rc != want)
        print_error("returned %d, expected %d: %s\n", rc, want, rc ? err->message : "no error");
    _assert_int_equal((uintmax_t)rc, (uintmax_t)want, file, line);
}

void scene_make(struct scene *s)
{
    struct reeve_error err = {0};
    *s = (struct scene){.launcher_fd = -1, .lock_fd = -1};
    (void)snprintf(s->dir, sizeof s->dir, "/tmp/reeve-audit-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    s->dir_fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(s->dir_fd >= 0);
    assert_rc(audit_create(s->dir_fd, STR(SCENE_ORIGIN), &err), 0, &err);
}

/* What is in the folder that `fd` is, which is closed. */
static void empty_folder(int fd)
{
    DIR *d = fdopendir(fd);
    assert_non_null(d);
    rewinddir(d);
    for (struct dirent *e; (e = readdir(d));)
        if (unlinkat(dirfd(d), e->d_name, 0) != 0)
            (void)unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
    closedir(d);
}

void scene_remove(struct scene *s)
{
    scene_kill_keeper(s);
    int segments = openat(s->dir_fd, SEGMENT_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (segments >= 0) {
        empty_folder(segments);
        assert_int_equal(unlinkat(s->dir_fd, SEGMENT_FOLDER, AT_REMOVEDIR), 0);
    }
    empty_folder(s->dir_fd);
    assert_int_equal(rmdir(s->dir), 0);
}

static void become_keeper(const struct scene *s, int owner, int launcher)
{
    int lock = s->lock_fd >= 0 ? s->lock_fd : open("/dev/null", O_RDWR | O_CLOEXEC);
    /* Away from the numbers that they get, so that none is overwritten before it is moved. */
    int from[] = {fcntl(owner, F_DUPFD, 20), fcntl(launcher, F_DUPFD, 20), fcntl(lock, F_DUPFD, 20),
                  fcntl(s->dir_fd, F_DUPFD, 20)};
    for (int i = 0; i < 4; i++)
        if (dup2(from[i], 3 + i) < 0)
            _exit(127);
    if (close_range(7, ~0u, 0) != 0 || (s->uid && setuid(s->uid) != 0))
        _exit(127);
    char *argv[] = {(char *)(uintptr_t) "reeve-keeper", NULL}, *envp[] = {NULL};
    execve(KEEPER_PATH, argv, envp);
    _exit(127);
}

int scene_keeper(struct scene *s)
{
    int owner[2], launcher[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, owner), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, launcher), 0);
    s->keeper = fork();
    assert_true(s->keeper >= 0);
    if (s->keeper == 0)
        become_keeper(s, owner[1], launcher[1]);
    close(owner[1]);
    close(launcher[1]);
    s->launcher_fd = launcher[0];
    assert_int_equal(recv(s->launcher_fd, s->token_key, sizeof s->token_key, 0),
                     sizeof s->token_key);
    return owner[0];
}

int scene_await_keeper(struct scene *s)
{
    int status = 0;
    if (s->keeper > 0)
        assert_int_equal(waitpid(s->keeper, &status, 0), s->keeper);
    s->keeper = 0;
    fd_close(&s->launcher_fd);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void scene_kill_keeper(struct scene *s)
{
    if (s->keeper > 0)
        (void)kill(s->keeper, SIGKILL);
    (void)scene_await_keeper(s);
}

struct audit_log *scene_open(struct scene *s, struct audit_found *found)
{
    struct reeve_error err = {0};
    struct audit_log *log = NULL;
    int fd = scene_keeper(s);
    assert_rc(audit_log_open(s->dir_fd, s->dir, fd, NULL, &log, found, &err), 0, &err);
    return log;
}

struct audit_log *scene_reopen(struct scene *s, struct audit_found *found)
{
    struct audit_log *log = scene_open(s, found);
    audit_found_fini(found);
    return log;
}

void scene_close(struct scene *s, struct audit_log **log)
{
    audit_log_close(log);
    assert_int_equal(scene_await_keeper(s), 0);
}

void scene_save(const struct scene *s, const char *name, const char *as)
{
    auto_buf struct buf bytes = {0};
    struct reeve_error err = {0};
    int rc = fd_slurp(s->dir_fd, name, (size_t)32 << 20, &bytes, &err);
    if (rc == REEVE_ENOENT) {
        (void)unlinkat(s->dir_fd, as, 0);
        return;
    }
    assert_rc(rc, 0, &err);
    assert_rc(fd_write_file(s->dir_fd, as, bytes.data ? bytes.data : "", bytes.len, 0600, &err), 0,
              &err);
}

uint64_t put_record(struct audit_log *log, const char *type)
{
    char text[160];
    struct reeve_error err = {0};
    uint64_t seq = audit_log_next(log);
    int n = snprintf(text, sizeof text, "{\"note\":\"of %s\",\"seq\":%" PRIu64 ",\"type\":\"%s\"}",
                     type, seq, type);
    assert_rc(audit_log_append(log, (struct str){text, (size_t)n}, &err), 0, &err);
    return seq;
}

uint64_t put_end(struct audit_log *log, uint64_t release)
{
    char text[160];
    struct reeve_error err = {0};
    uint64_t seq = audit_log_next(log);
    int n =
        snprintf(text, sizeof text,
                 "{\"release\":%" PRIu64 ",\"seq\":%" PRIu64 ",\"type\":\"end\"}", release, seq);
    assert_rc(audit_log_append(log, (struct str){text, (size_t)n}, &err), 0, &err);
    return seq;
}

void put_story(struct audit_log *log, const char *type, uint64_t from, uint64_t count,
               bool beyond_crash)
{
    char text[200];
    struct reeve_error err = {0};
    int n =
        snprintf(text, sizeof text,
                 "{%s\"from\":%" PRIu64 ",\"seq\":%" PRIu64 ",\"to\":%" PRIu64 ",\"type\":\"%s\"}",
                 beyond_crash ? "\"beyond_crash\":true," : "", from, audit_log_next(log),
                 from + count - 1, type);
    assert_rc(audit_log_append(log, (struct str){text, (size_t)n}, &err), 0, &err);
}

unsigned tell(struct audit_log *log, const struct audit_found *f)
{
    unsigned n = 1u + (f->restored_count > 0) + (f->unsigned_count > 0);
    put_record(log, "start");
    if (f->restored_count)
        put_story(log, "unacknowledged", f->restored_from, f->restored_count, false);
    if (f->unsigned_count)
        put_story(log, "unsigned", f->unsigned_from, f->unsigned_count, f->unsigned_beyond_crash);
    flush(log, NULL, 0);
    return n;
}

void seal(struct audit_log *log)
{
    struct reeve_error err = {0};
    uint64_t seq;
    assert_rc(audit_log_seal(log, &seq, &err), 0, &err);
    assert_int_equal(seq, log->edge.size);
    flush(log, NULL, 0);
}

void put_release(struct audit_log *log, uint64_t decision, int ms)
{
    struct reeve_error err = {0};
    uint8_t plan[BASE_SHA256];
    base_sha256(&decision, sizeof decision, plan);
    int64_t expires_ns = base_boottime_ns() + (int64_t)ms * 1000000;
    assert_rc(audit_log_release(log, decision, plan, expires_ns, &err), 0, &err);
}

void flush(struct audit_log *log, struct token *tokens, size_t ntokens)
{
    struct reeve_error err = {0};
    struct token ignored[KEEPER_MAX_RELEASES];
    size_t n = KEEPER_MAX_RELEASES;
    assert_rc(audit_log_flush(log, tokens ? tokens : ignored, &n, &err), 0, &err);
    assert_int_equal(n, ntokens);
}

void run_sql(const struct scene *s, const char *sql)
{
    char path[96], *message = NULL;
    sqlite3 *db = NULL;
    (void)snprintf(path, sizeof path, "%s/" AUDIT_DB_NAME, s->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    int rc = sqlite3_exec(db, sql, NULL, NULL, &message);
    if (rc != SQLITE_OK)
        print_error("%s: %s\n", sql, message ? message : "");
    assert_int_equal(rc, SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int read_log(void *self, uint64_t from, uint64_t max, audit_row_fn *fn, void *arg,
                    struct reeve_error *err)
{
    return audit_log_read(self, from, max, fn, arg, err);
}

static int read_plan(void *self, const uint8_t digest[BASE_SHA256], struct buf *out,
                     struct reeve_error *err)
{
    return audit_log_read_plan(self, digest, out, err);
}

struct audit_source source_of(struct audit_log *log)
{
    return (struct audit_source){.read = read_log, .plan = read_plan, .self = log, .at_rest = true};
}

void verify(struct audit_log *log, struct audit_report *report)
{
    struct reeve_error err = {0};
    struct audit_head head;
    struct audit_source source = source_of(log);
    audit_log_head(log, &head);
    assert_rc(audit_verify(&source, &head, head.vkey, NULL, NULL, report, &err), 0, &err);
}

void receive_frame(int fd, void *out, size_t n, uint32_t type)
{
    struct frame_head head;
    assert_int_equal(recv(fd, out, n, MSG_TRUNC), n);
    memcpy(&head, out, sizeof head);
    assert_int_equal(head.type, type);
    assert_int_equal(head.bytes, n);
}

/* A log of `n` records, closed. */
void scene_log(struct scene *s, unsigned n)
{
    struct audit_found found;
    scene_make(s);
    struct audit_log *log = scene_reopen(s, &found);
    for (unsigned i = 0; i < n; i++)
        put_record(log, "decision");
    flush(log, NULL, 0);
    scene_close(s, &log);
}

/* Two records more and a release, flushed; closed. */
void scene_extend(struct scene *s)
{
    struct audit_found found;
    struct audit_log *log = scene_reopen(s, &found);
    uint64_t decision = put_record(log, "decision");
    put_record(log, "note");
    put_release(log, decision, 20000);
    flush(log, NULL, 1);
    scene_close(s, &log);
}

int scene_head(const struct scene *s, struct head_key *key)
{
    auto_key struct audit_key own = {0};
    struct reeve_error err = {0};
    assert_rc(audit_key_load(s->dir_fd, AUDIT_KEY_NAME, &own, &err), 0, &err);
    assert_rc(head_key_of(&own, key, &err), 0, &err);
    int fd = openat(s->dir_fd, AUDIT_HEAD_NAME, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

/* Take the mark off the head: `committed` had not come. */
void scene_uncommit(const struct scene *s)
{
    static const uint8_t zeroes[512];
    struct keeper_head h;
    struct head_key key;
    int fd = scene_head(s, &key);
    assert_int_equal(head_load(fd, &key, &h, NULL), 0);
    assert_true(h.committed);
    for (unsigned slot = h.generation & 1; slot < 2 * HEAD_COPIES; slot += 2)
        assert_int_equal(fd_pwrite_all(fd, zeroes, sizeof zeroes,
                                       (off_t)slot * HEAD_SLOT_BYTES + HEAD_MARK_OFFSET),
                         0);
    close(fd);
}

void assert_whole(struct audit_log *log, uint64_t size)
{
    struct audit_report r;
    verify(log, &r);
    if (!r.ok)
        fail_msg("%s at %" PRIu64 ": %s", r.finding, r.first_bad, r.detail);
    assert_int_equal(r.records, size);
    struct audit_head head;
    audit_log_head(log, &head);
    assert_int_equal(head.size, size);
}

/* The log takes records, and is whole, after whatever start did. */
void assert_usable(struct scene *s, uint64_t size)
{
    struct audit_found found;
    struct audit_log *log = scene_open(s, &found);
    assert_int_equal(found.condition, AUDIT_OK);
    assert_int_equal(found.restored_count + found.unsigned_count, 0);
    audit_found_fini(&found);
    put_record(log, "start");
    flush(log, NULL, 0);
    assert_whole(log, size + 1);
    scene_close(s, &log);
}

void assert_condemned(struct scene *s, enum audit_condition c, uint64_t first_bad)
{
    struct audit_found found;
    struct audit_head head;
    struct audit_report r;
    struct reeve_error err = {0};
    struct audit_log *log = scene_open(s, &found);
    if (found.condition != c || found.first_bad != first_bad)
        fail_msg("found %s from %" PRIu64 ": %s", audit_condition_name(found.condition),
                 found.first_bad, found.detail);
    assert_true(found.detail[0] != '\0');
    assert_rc(audit_log_append(log, STR("{\"seq\":0}"), &err), REEVE_EDAMAGED, &err);
    audit_log_head(log, &head);
    assert_int_equal(head.condition, c);
    /* Reading is served, and a verifier comes to the same result by itself. */
    verify(log, &r);
    assert_false(r.ok);
    if (head.note.n)
        assert_true(r.has_bad && r.first_bad == first_bad);
    audit_found_fini(&found);
    scene_close(s, &log);
}
