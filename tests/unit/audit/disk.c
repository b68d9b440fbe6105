/* See disk.h. An undo log for each write since the file's last sync; nothing of cmocka in here. */
#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
enum { SECTOR = 512, MAX_UNDO = 4096 };

struct undo {
    int fd; /* a descriptor of its own: the program's may be closed by then */
    dev_t dev;
    ino_t ino;
    off_t at, old_size;
    size_t n, nold; /* of what was written, how much was there before */
    char *old;
};

/* A name in a folder, and what was under it. */
struct named {
    int dir_fd;
    char name[96];
    mode_t mode; /* 0: nothing */
    size_t n;
    char bytes[8192];
};
/* The one or two names of one change. */
struct change {
    bool moved; /* to a name that was free: then it goes back as it is, whatever its size */
    unsigned n;
    struct named name[2];
};
enum { MAX_CHANGES = 64 };

static struct disk *disk;
static unsigned self;
static struct undo undo[MAX_UNDO];
static size_t nundo;
static struct change change[MAX_CHANGES]; /* since the folder was synced */
static unsigned nchanges;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static ssize_t real_pwrite(int fd, const void *p, size_t n, off_t at)
{
    return syscall(SYS_pwrite64, fd, p, n, at);
}

static uint32_t next_random(void)
{
    disk->seed = disk->seed * 1664525u + 1013904223u;
    return disk->seed >> 8;
}

/* ---- forgetting ---- */

static void put_back(const struct undo *u, size_t from, size_t n)
{
    static const char zeroes[SECTOR];
    for (size_t i = from; i < from + n; i++) {
        const char *was = i < u->nold ? u->old + i : zeroes;
        (void)real_pwrite(u->fd, was, 1, u->at + (off_t)i);
    }
}

static void forget_write(const struct undo *u)
{
    if (disk->crash == DISK_FORGET) {
        put_back(u, 0, u->nold);
        (void)ftruncate(u->fd, u->old_size);
        return;
    }
    for (size_t i = 0; i < u->n; i += SECTOR)
        if (next_random() & 1)
            put_back(u, i, u->n - i < SECTOR ? u->n - i : SECTOR);
}

static void put_name_back(const struct named *f)
{
    (void)syscall(SYS_unlinkat, f->dir_fd, f->name, 0);
    if (!f->mode)
        return;
    int fd = openat(f->dir_fd, f->name, O_WRONLY | O_CREAT | O_CLOEXEC, f->mode & 0777);
    (void)real_pwrite(fd, f->bytes, f->n, 0);
    (void)fchmod(fd, f->mode & 0777);
    (void)close(fd);
}

/* A folder's changes are kept in their order: of what was not synced the last are gone. */
static void forget_changes(void)
{
    for (unsigned i = nchanges; i-- > 0;) {
        if (disk->crash == DISK_FORGET_SOME && (next_random() & 1))
            return;
        const struct named *name = change[i].name;
        if (change[i].moved && syscall(SYS_renameat2, name[1].dir_fd, name[1].name, name[0].dir_fd,
                                       name[0].name, 0) == 0)
            continue;
        for (unsigned n = change[i].n; n-- > 0;)
            put_name_back(&change[i].name[n]);
    }
}

/* With the lock, which is never let go again. */
static void lose_power(void)
{
    if (disk->crash == DISK_FORGET || disk->crash == DISK_FORGET_SOME) {
        for (size_t i = nundo; i-- > 0;)
            forget_write(&undo[i]);
        forget_changes();
    }
    (void)kill(getpid(), SIGKILL);
    for (;;)
        (void)pause();
}

static void on_power(int number)
{
    (void)number;
    /* Whoever holds the lock is within a write, and looks at `gone` when it is through. */
    if (pthread_mutex_trylock(&lock) == 0)
        lose_power();
}

/* ---- what happens when ---- */

static bool is_file(int fd, struct stat *st)
{
    return fstat(fd, st) == 0 && S_ISREG(st->st_mode);
}

static void tell_others(void)
{
    atomic_store(&disk->gone, true);
    for (unsigned i = 0; i < 2; i++) {
        pid_t pid = atomic_load(&disk->pid[i]);
        if (i != self && pid > 0)
            (void)kill(pid, SIGUSR1);
    }
}

static void remember(int fd, const struct stat *st, off_t at, size_t n)
{
    if (disk->crash == DISK_KILL || disk->crash >= DISK_FULL)
        return;
    if (nundo == MAX_UNDO)
        abort();
    struct undo *u = &undo[nundo++];
    *u = (struct undo){.fd = fcntl(fd, F_DUPFD_CLOEXEC, 100),
                       .dev = st->st_dev,
                       .ino = st->st_ino,
                       .at = at,
                       .old_size = st->st_size,
                       .n = n,
                       .old = malloc(n ? n : 1)};
    ssize_t got = pread(u->fd, u->old, n, at);
    u->nold = got > 0 ? (size_t)got : 0;
}

static void synced(const struct stat *st)
{
    size_t kept = 0;
    for (size_t i = 0; i < nundo; i++) {
        if (undo[i].dev != st->st_dev || undo[i].ino != st->st_ino) {
            undo[kept++] = undo[i];
            continue;
        }
        (void)close(undo[i].fd);
        free(undo[i].old);
    }
    nundo = kept;
}

/* One step further: whether it happens now. Where only an error does, it goes on happening. */
static bool strikes(void)
{
    if (atomic_load(&disk->gone))
        lose_power();
    long left = atomic_fetch_sub(&disk->left, 1);
    if (disk->crash >= DISK_FULL && left < 0 && left > -1000000)
        return true;
    return left == 0;
}

static ssize_t fail_write(int fd, const struct stat *st, const void *p, size_t n, off_t at)
{
    size_t part = disk->torn == 0 ? 0 : disk->torn == 1 ? n / 2 : n;
    if (disk->crash >= DISK_FULL) {
        errno = disk->crash == DISK_FULL ? ENOSPC : EIO;
        return -1;
    }
    remember(fd, st, at, part);
    if (part)
        (void)real_pwrite(fd, p, part, at);
    if (disk->crash != DISK_KILL)
        tell_others();
    lose_power();
    return -1;
}

static ssize_t write_at(int fd, const void *p, size_t n, off_t at)
{
    struct stat st;
    if (!disk || !is_file(fd, &st))
        return real_pwrite(fd, p, n, at);
    pthread_mutex_lock(&lock);
    ssize_t done;
    if (strikes()) {
        done = fail_write(fd, &st, p, n, at);
    } else {
        remember(fd, &st, at, n);
        done = real_pwrite(fd, p, n, at);
    }
    if (atomic_load(&disk->gone))
        lose_power();
    pthread_mutex_unlock(&lock);
    return done;
}

static void remember_name(int dir_fd, const char *name)
{
    struct stat st;
    struct change *c = &change[nchanges];
    struct named *f = &c->name[c->n++];
    *f = (struct named){.dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 100)};
    (void)snprintf(f->name, sizeof f->name, "%s", name);
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) != 0)
        return;
    ssize_t n = pread(fd, f->bytes, sizeof f->bytes, 0);
    f->mode = st.st_mode;
    f->n = n > 0 ? (size_t)n : 0;
    (void)close(fd);
}

/* Names change, or not: nothing is half. `real` with what it needs does it. */
struct naming {
    long number;
    int from_fd, to_fd; /* `from` NULL: `to` alone changes */
    const char *from, *to;
    int flags;
};

static int change_names(const struct naming *w)
{
    if (nchanges == MAX_CHANGES)
        abort();
    change[nchanges] = (struct change){.n = 0};
    if (w->from && w->number != SYS_linkat)
        remember_name(w->from_fd, w->from);
    remember_name(w->to_fd, w->to);
    change[nchanges].moved = w->number == SYS_renameat2 && !change[nchanges].name[1].mode;
    int rc = (int)(w->number == SYS_unlinkat
                       ? syscall(w->number, w->to_fd, w->to, w->flags)
                       : syscall(w->number, w->from_fd, w->from, w->to_fd, w->to, w->flags));
    if (rc == 0)
        nchanges++;
    return rc;
}

static int name_file(const struct naming *w)
{
    if (!disk)
        return w->number == SYS_unlinkat
                   ? (int)syscall(w->number, w->to_fd, w->to, w->flags)
                   : (int)syscall(w->number, w->from_fd, w->from, w->to_fd, w->to, w->flags);
    pthread_mutex_lock(&lock);
    int rc = -1;
    if (!strikes()) {
        rc = change_names(w);
    } else if (disk->crash >= DISK_FULL) {
        errno = disk->crash == DISK_FULL ? ENOSPC : EIO;
    } else {
        if (disk->torn)
            (void)change_names(w);
        if (disk->crash != DISK_KILL)
            tell_others();
        lose_power();
    }
    int errnum = errno;
    if (atomic_load(&disk->gone))
        lose_power();
    pthread_mutex_unlock(&lock);
    errno = errnum;
    return rc;
}

/* All folders are one. */
static void synced_folder(void)
{
    for (unsigned i = 0; i < nchanges; i++)
        for (unsigned n = 0; n < change[i].n; n++)
            (void)close(change[i].name[n].dir_fd);
    nchanges = 0;
}

static void synced_fd(const struct stat *st)
{
    if (S_ISDIR(st->st_mode))
        synced_folder();
    else
        synced(st);
}

/* Of a sync nothing is half: it happens before, or after. */
static int sync_file(int fd)
{
    struct stat st;
    if (!disk || fstat(fd, &st) != 0 || (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
        return 0;
    pthread_mutex_lock(&lock);
    int rc = 0;
    if (strikes()) {
        if (disk->crash >= DISK_FULL) {
            errno = EIO;
            rc = -1;
        } else {
            if (disk->torn)
                synced_fd(&st);
            if (disk->crash != DISK_KILL)
                tell_others();
            lose_power();
        }
    } else {
        synced_fd(&st);
    }
    pthread_mutex_unlock(&lock);
    return rc;
}

void disk_use(struct disk *d, unsigned index)
{
    disk = d;
    self = index;
    atomic_store(&d->pid[index], getpid());
    (void)signal(SIGUSR1, on_power);
}

/* ---- in the place of libc's ---- */

EXPORT ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    return write_at(fd, p, n, at);
}

EXPORT ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
    return write_at(fd, p, n, at);
}

/* What has no name yet: its writing alone is a step, since it gets one when it is synced. */
EXPORT ssize_t write(int fd, const void *p, size_t n)
{
    struct stat st;
    off_t at = disk && is_file(fd, &st) ? lseek(fd, 0, SEEK_CUR) : -1;
    if (at < 0)
        return syscall(SYS_write, fd, p, n);
    ssize_t done = write_at(fd, p, n, at);
    if (done > 0)
        (void)lseek(fd, done, SEEK_CUR);
    return done;
}

EXPORT int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    return name_file(&(struct naming){SYS_renameat2, from_fd, to_fd, from, to, 0});
}

EXPORT int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    return name_file(&(struct naming){SYS_linkat, from_fd, to_fd, from, to, flags});
}

EXPORT int unlinkat(int dir_fd, const char *name, int flags)
{
    return name_file(&(struct naming){SYS_unlinkat, -1, dir_fd, NULL, name, flags});
}

EXPORT int fdatasync(int fd)
{
    return sync_file(fd);
}

EXPORT int fsync(int fd)
{
    return sync_file(fd);
}
