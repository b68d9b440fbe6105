/*
 * The log beside its peers, in one run on one disk: plain append and fdatasync; SQLite with the
 * same rows, hashes and one signature a batch and nothing else; and the log with a keeper of its
 * own, in the forms in which it is written. One JSON object a line.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/index.h"
#include "audit/indexer.h"
#include "audit/key.h"
#include "audit/plans.h"
#include "audit/writer.h"
#include "tests/bench/bench.h"

enum { MAX_CALLERS = 64, ROUNDS_OF_ONE = 1500 };
enum { PLAN_BYTES = 7000 }; /* as those of small programs have, 6472 of them for the filter */

/* A decision's record as the owner writes it, with all that is usually in one: what is before and
 * behind its sequence. Made cheaply, since that is not what is measured. */
static const char before_seq[] =
    "{\"boot_ns\":81234567890123,\"decision\":{\"class\":\"dangerous\",\"effect\":\"allow\","
    "\"file\":\"policy.yaml\",\"isolation\":\"process\",\"level\":\"controlled\",\"line\":42,"
    "\"policy\":\"sha256:4a44dc15364204a80fe80e9039455cc1608281820fe2b24f1e5233ade6af1dd5\","
    "\"rule\":\"checksums\"},\"enforced_by\":\"launcher\",\"grade\":\"embedded\",\"owner\":"
    "\"5f0c1d2e3b4a59687786a5b4c3d2e1f0\",\"plan\":\"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf"
    "4f1b2b0b822cd15d6c15b0f00a08\",\"provider\":\"process\",\"request\":{\"args\":{\"argv\":"
    "[\"/srv/data/report.csv\"],\"path\":\"/usr/bin/sha256sum\"},\"asserted_by\":{\"kind\":"
    "\"socket\",\"pid\":41233,\"uid\":1001},\"capability\":\"program.external\",\"mode\":"
    "\"execute\",\"subject\":\"agent:lab-1\"},\"seq\":";
static const char behind_seq[] =
    ",\"time\":\"2026-11-25T09:10:11.123456789Z\",\"type\":\"decision\"}";

static int make_record(void *arg, uint64_t seq, struct buf *out, struct reeve_error *err)
{
    (void)arg, (void)err;
    buf_put(out, before_seq, sizeof before_seq - 1);
    buf_printf(out, "%" PRIu64, seq);
    buf_put(out, behind_seq, sizeof behind_seq - 1);
    return 0;
}

/* ---- results ---- */

struct form {
    const char *name;
    double per_s, p50_us, p99_us;
};

static void print_form(const struct form *f, const struct form *raw)
{
    (void)printf("{\"name\":\"%s\",\"p50_us\":%.1f,\"p99_us\":%.1f,\"per_s\":%.0f", f->name,
                 f->p50_us, f->p99_us, f->per_s);
    if (raw)
        (void)printf(",\"of_raw\":%.3f", f->per_s / raw->per_s);
    (void)printf("}\n");
    (void)fflush(stdout);
}

static void take_times(struct form *f, struct bench_times *t, uint64_t records, int64_t ns)
{
    struct bench_summary s = bench_summarise(t);
    f->per_s = (double)records * 1e9 / (double)ns;
    f->p50_us = (double)s.p50 / 1e3;
    f->p99_us = (double)s.p99 / 1e3;
}

static int fail(const char *what, const struct reeve_error *err)
{
    (void)fprintf(stderr, "reeve-bench: %s: %s\n", what, err ? err->message : strerror(errno));
    return 1;
}

/* ---- peers ---- */

static int bench_fdatasync(const char *dir, struct form *out)
{
    auto_buf struct buf path = {0}, record = {0};
    int64_t ns[ROUNDS_OF_ONE];
    buf_printf(&path, "%s/appended", dir);
    (void)make_record(NULL, 1234567, &record, NULL);
    auto_close int fd = open(path.data, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int64_t start = bench_now();
    for (size_t i = 0; i < ROUNDS_OF_ONE; i++) {
        int64_t begin = bench_now();
        if (write(fd, record.data, record.len) != (ssize_t)record.len || fdatasync(fd) != 0)
            return fail("append", NULL);
        ns[i] = bench_now() - begin;
    }
    struct bench_times t = {ns, ROUNDS_OF_ONE};
    take_times(out, &t, ROUNDS_OF_ONE, bench_now() - start);
    return 0;
}

struct raw {
    sqlite3 *db;
    sqlite3_stmt *insert;
    struct audit_key key;
    uint64_t next;
};

static bool exec(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static bool raw_open(struct raw *r, const char *dir)
{
    auto_buf struct buf path = {0};
    buf_printf(&path, "%s/raw.db", dir);
    return audit_key_generate(&r->key, NULL) == 0 && sqlite3_open(path.data, &r->db) == SQLITE_OK &&
           exec(r->db, "PRAGMA locking_mode=EXCLUSIVE;PRAGMA journal_mode=WAL;PRAGMA "
                       "synchronous=FULL;CREATE TABLE log(seq INTEGER PRIMARY KEY, record BLOB, "
                       "leaf BLOB NOT NULL)") &&
           sqlite3_prepare_v2(r->db, "INSERT INTO log(seq, record, leaf) VALUES(?1, ?2, ?3)", -1,
                              &r->insert, NULL) == SQLITE_OK;
}

static bool raw_insert(struct raw *r, struct tree_edge *edge)
{
    auto_buf struct buf record = {0};
    uint8_t leaf[BASE_SHA256];
    (void)make_record(NULL, r->next, &record, NULL);
    tree_leaf_hash(record.data, record.len, leaf);
    tree_edge_append(edge, leaf);
    (void)sqlite3_bind_int64(r->insert, 1, (int64_t)r->next++);
    (void)sqlite3_bind_blob(r->insert, 2, record.data, (int)record.len, SQLITE_STATIC);
    (void)sqlite3_bind_blob(r->insert, 3, leaf, sizeof leaf, SQLITE_STATIC);
    bool done = sqlite3_step(r->insert) == SQLITE_DONE;
    (void)sqlite3_reset(r->insert);
    return done;
}

static int bench_raw(struct raw *r, unsigned batch, struct form *out)
{
    size_t batches = batch == 1 ? ROUNDS_OF_ONE : 100000 / batch;
    struct tree_edge edge;
    uint8_t root[BASE_SHA256], signature[64];
    tree_edge_init(&edge);
    auto_free int64_t *ns = calloc(batches, sizeof *ns);
    int64_t start = bench_now();
    for (size_t i = 0; i < batches; i++) {
        int64_t begin = bench_now();
        bool good = exec(r->db, "BEGIN IMMEDIATE");
        for (unsigned k = 0; good && k < batch; k++)
            good = raw_insert(r, &edge);
        tree_edge_root(&edge, root);
        if (!good ||
            audit_key_sign(&r->key, (struct str){(const char *)root, sizeof root}, signature,
                           NULL) != 0 ||
            !exec(r->db, "COMMIT"))
            return fail(sqlite3_errmsg(r->db), NULL);
        ns[i] = bench_now() - begin;
    }
    struct bench_times t = {ns, batches};
    take_times(out, &t, (uint64_t)batch * batches, bench_now() - start);
    return 0;
}

static void raw_close(struct raw *r)
{
    (void)sqlite3_finalize(r->insert);
    (void)sqlite3_close(r->db);
    audit_key_free(&r->key);
}

/* ---- the log ---- */

struct stage {
    const char *dir;
    int dir_fd, launcher_fd;
    pid_t keeper;
    struct audit_log *log;
    struct audit_writer *writer;
};

static void become_keeper(const struct stage *s, int owner, int launcher)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int from[] = {fcntl(owner, F_DUPFD, 20), fcntl(launcher, F_DUPFD, 20), fcntl(null, F_DUPFD, 20),
                  fcntl(s->dir_fd, F_DUPFD, 20)};
    for (int i = 0; i < 4; i++)
        if (dup2(from[i], 3 + i) < 0)
            _exit(127);
    if (close_range(7, ~0u, 0) != 0)
        _exit(127);
    char *argv[] = {(char *)(uintptr_t) "reeve-keeper", NULL}, *envp[] = {NULL};
    execve(BENCH_KEEPER, argv, envp);
    _exit(127);
}

static int start_keeper(struct stage *s)
{
    int owner[2], launcher[2];
    uint8_t token_key[TOKEN_KEY_BYTES];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, owner) != 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, launcher) != 0)
        return -1;
    s->keeper = fork();
    if (s->keeper == 0)
        become_keeper(s, owner[1], launcher[1]);
    (void)close(owner[1]);
    (void)close(launcher[1]);
    s->launcher_fd = launcher[0];
    return recv(launcher[0], token_key, sizeof token_key, 0) == sizeof token_key ? owner[0] : -1;
}

static int raise_stage(struct stage *s, const char *dir, struct reeve_error *err)
{
    struct audit_found found = {0};
    struct audit_writer_options options = {.batch_ns = 10000000, .retry_ns = 100000000};
    s->dir = dir;
    s->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = audit_create(s->dir_fd, STR("bench.example/log"), err);
    int fd = rc ? -1 : start_keeper(s);
    if (rc || fd < 0)
        return rc ? rc : base_fail(err, REEVE_EHELPERS, "no keeper: " BENCH_KEEPER);
    rc = audit_log_open(s->dir_fd, dir, fd, NULL, &s->log, &found, err);
    audit_found_fini(&found);
    return rc ? rc : audit_writer_start(s->log, &options, &s->writer, err);
}

/* Its WALs are emptied into their databases. */
static void close_log(struct stage *s)
{
    audit_writer_stop(&s->writer);
    audit_log_close(&s->log);
}

static void lower_stage(struct stage *s)
{
    close_log(s);
    if (s->keeper > 0)
        (void)waitpid(s->keeper, NULL, 0);
    fd_close(&s->launcher_fd);
    fd_close(&s->dir_fd);
}

static uint64_t append(struct stage *s, bool urgent)
{
    uint64_t seq = 0;
    struct reeve_error err = {0};
    while (audit_writer_append(s->writer, make_record, NULL, urgent, &seq, &err) != 0)
        if (err.code != REEVE_EBUSY || audit_writer_await_room(s->writer, 1, 0, &err) != 0) {
            (void)fail("append", &err);
            exit(1);
        }
    return seq;
}

static void await(struct stage *s, uint64_t seq)
{
    struct reeve_error err = {0};
    if (audit_writer_await(s->writer, seq, &err) == 0)
        return;
    (void)fail("commit", &err);
    exit(1);
}

/* ---- callers that wait ---- */

struct caller {
    pthread_t thread;
    struct stage *stage;
    size_t n;
    int64_t *ns;
};

static void *call(void *arg)
{
    struct caller *c = arg;
    for (size_t i = 0; i < c->n; i++) {
        int64_t begin = bench_now();
        await(c->stage, append(c->stage, true));
        c->ns[i] = bench_now() - begin;
    }
    return NULL;
}

static void bench_callers(struct stage *s, unsigned n, size_t each, struct form *out)
{
    struct caller callers[MAX_CALLERS];
    auto_free int64_t *ns = calloc(n * each, sizeof *ns);
    int64_t start = bench_now();
    for (unsigned i = 0; i < n; i++) {
        callers[i] = (struct caller){.stage = s, .n = each, .ns = ns + i * each};
        if (pthread_create(&callers[i].thread, NULL, call, &callers[i]) != 0)
            exit(fail("thread", NULL));
    }
    for (unsigned i = 0; i < n; i++)
        (void)pthread_join(callers[i].thread, NULL);
    struct bench_times t = {ns, n * each};
    take_times(out, &t, n * each, bench_now() - start);
}

/* One caller with a plan for each record, as a run has one: always the same, or each its own. */
static void bench_plans(struct stage *s, bool same, struct form *out)
{
    char plan[PLAN_BYTES] = {0};
    uint8_t digest[BASE_SHA256];
    int64_t ns[ROUNDS_OF_ONE], start = bench_now();
    struct reeve_error err = {0};
    for (size_t i = 0; i < ROUNDS_OF_ONE; i++) {
        int64_t begin = bench_now();
        if (!same)
            memcpy(plan, &i, sizeof i);
        base_sha256(plan, sizeof plan, digest);
        if (audit_log_plan(s->log, digest, (struct str){plan, sizeof plan}, &err) != 0)
            exit(fail("plan", &err));
        await(s, append(s, true));
        ns[i] = bench_now() - begin;
    }
    struct bench_times t = {ns, ROUNDS_OF_ONE};
    take_times(out, &t, ROUNDS_OF_ONE, bench_now() - start);
}

/* ---- one that hands in and hears later ---- */

/* Groups of `n`; the next is handed in while the one before is on its way. */
static void bench_submit(struct stage *s, unsigned n, bool urgent, struct form *out)
{
    size_t groups = 200000 / n;
    auto_free int64_t *ns = calloc(groups, sizeof *ns);
    auto_free int64_t *begun = calloc(groups + 1, sizeof *begun);
    uint64_t last[2] = {0};
    int64_t start = bench_now();
    for (size_t g = 0; g <= groups; g++) {
        begun[g] = bench_now();
        for (unsigned i = 0; g < groups && i < n; i++)
            last[g & 1] = append(s, false);
        if (urgent && g < groups)
            audit_writer_hurry(s->writer);
        if (g == 0)
            continue;
        await(s, last[(g - 1) & 1]);
        ns[g - 1] = bench_now() - begun[g - 1];
    }
    struct bench_times t = {ns, groups};
    take_times(out, &t, (uint64_t)n * groups, bench_now() - start);
}

/* ---- checking ---- */

static int read_log(void *self, uint64_t from, uint64_t max, audit_row_fn *fn, void *arg,
                    struct reeve_error *err)
{
    return audit_log_read(self, from, max, fn, arg, err);
}

static int bench_verify(struct stage *s)
{
    struct audit_head head;
    struct audit_report report;
    struct reeve_error err = {0};
    struct audit_source source = {.read = read_log, .self = s->log, .at_rest = true};
    audit_log_head(s->log, &head);
    int64_t start = bench_now();
    int rc = audit_verify(&source, &head, head.vkey, NULL, NULL, &report, &err);
    double seconds = (double)(bench_now() - start) / 1e9;
    if (rc || !report.ok)
        return fail(rc ? "verify" : report.detail, &err);
    (void)printf("{\"name\":\"verify\",\"records\":%" PRIu64 ",\"per_s\":%.0f}\n", report.records,
                 (double)report.records / seconds);
    return 0;
}

/* Of a database and its WAL. */
static uint64_t bytes_of(const struct stage *s, const char *name)
{
    static const char *const ends[] = {"", "-wal"};
    uint64_t bytes = 0;
    for (size_t i = 0; i < BASE_COUNT(ends); i++) {
        auto_buf struct buf path = {0};
        struct stat st;
        buf_printf(&path, "%s%s", name, ends[i]);
        bytes += fstatat(s->dir_fd, path.data, &st, 0) == 0 ? (uint64_t)st.st_size : 0;
    }
    return bytes;
}

static int bench_index(struct stage *s)
{
    struct audit_indexer *indexer;
    struct reeve_error err = {0};
    uint64_t through = 0, n = audit_log_size(s->log);
    int64_t start = bench_now();
    if (audit_indexer_start(s->log, s->dir, &indexer, &err) != 0)
        return fail("index", &err);
    while (through < n && audit_indexer_state(indexer, &through, &err) == 0)
        base_pause_ms(1);
    double seconds = (double)(bench_now() - start) / 1e9;
    audit_indexer_stop(&indexer);
    (void)printf(
        "{\"name\":\"index\",\"records\":%" PRIu64 ",\"per_s\":%.0f,\"bytes_a_record\":%.1f}\n",
        through, (double)through / seconds, (double)bytes_of(s, AUDIT_INDEX_NAME) / (double)n);
    return through == n ? 0 : fail("index", &err);
}

static void print_size(const struct stage *s)
{
    auto_buf struct buf record = {0};
    uint64_t n = audit_log_size(s->log), bytes = bytes_of(s, AUDIT_DB_NAME);
    (void)make_record(NULL, n, &record, NULL);
    (void)printf("{\"name\":\"size\",\"records\":%" PRIu64
                 ",\"record_bytes\":%zu,\"bytes_a_record\":%.1f,\"peak_mb\":%.1f}\n",
                 n, record.len, (double)bytes / (double)n, (double)bench_peak_bytes() / 1e6);
}

/* What this process holds now, in MB. */
static double held_mb(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%*u %lu", &pages) != 1)
        pages = 0;
    if (f)
        (void)fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static void bench_appends(struct stage *s, uint64_t n)
{
    enum { TOLD = 10 };
    for (uint64_t done = 0, part = n / TOLD ? n / TOLD : 1; done < n; done += part) {
        uint64_t last = 0;
        int64_t start = bench_now();
        for (uint64_t i = 0; i < part; i++)
            last = append(s, false);
        await(s, last);
        (void)printf(
            "{\"name\":\"appends\",\"records\":%" PRIu64 ",\"per_s\":%.0f,\"held_mb\":%.1f}\n",
            audit_log_size(s->log), (double)part * 1e9 / (double)(bench_now() - start), held_mb());
        (void)fflush(stdout);
    }
}

static int bench_log(struct stage *s, const struct form *raw, uint64_t appends)
{
    struct form one = {.name = "one-caller"}, many = {.name = "64-callers"},
                few = {.name = "submit-64"}, lots = {.name = "submit-512"},
                safe = {.name = "safe-256"}, same = {.name = "one-caller-same-plan"},
                planned = {.name = "one-caller-own-plan"};
    bench_callers(s, 1, ROUNDS_OF_ONE, &one);
    print_form(&one, &raw[0]);
    bench_plans(s, true, &same);
    print_form(&same, &raw[0]);
    bench_plans(s, false, &planned);
    print_form(&planned, &raw[0]);
    bench_callers(s, MAX_CALLERS, 2000, &many);
    print_form(&many, &raw[1]);
    bench_submit(s, 64, true, &few);
    print_form(&few, &raw[1]);
    bench_submit(s, 256, false, &safe);
    print_form(&safe, &raw[2]);
    bench_submit(s, 512, true, &lots);
    print_form(&lots, &raw[3]);
    bench_appends(s, appends);
    print_size(s);
    int rc = bench_verify(s);
    return rc ? rc : bench_index(s);
}

int bench_audit(const struct bench_options *o)
{
    struct form appended = {.name = "fdatasync"}, raw[] = {{.name = "raw-1"},
                                                           {.name = "raw-64"},
                                                           {.name = "raw-256"},
                                                           {.name = "raw-512"}};
    static const unsigned batch[] = {1, 64, 256, 512};
    struct raw r = {0};
    struct stage s = {.dir_fd = -1, .launcher_fd = -1};
    struct reeve_error err = {0};
    int rc = bench_fdatasync(o->dir, &appended);
    print_form(&appended, NULL);
    if (!rc && !raw_open(&r, o->dir))
        rc = fail("SQLite", NULL);
    for (size_t i = 0; !rc && i < BASE_COUNT(raw); i++) {
        rc = bench_raw(&r, batch[i], &raw[i]);
        print_form(&raw[i], NULL);
    }
    raw_close(&r);
    if (!rc && raise_stage(&s, o->dir, &err) != 0)
        rc = fail("log", &err);
    if (!rc)
        rc = bench_log(&s, raw, o->appends);
    close_log(&s);
    if (!rc)
        (void)printf("{\"name\":\"plans\",\"plan_bytes\":%d,\"bytes_a_plan\":%.1f}\n", PLAN_BYTES,
                     (double)bytes_of(&s, PLANS_DB_NAME) / ROUNDS_OF_ONE);
    lower_stage(&s);
    return rc;
}
