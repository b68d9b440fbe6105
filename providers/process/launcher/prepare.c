/*
 * From a plan to a sandbox that can be cloned: the program is opened, hashed and compared, every
 * granted path opened without following a link and cloned as a detached read-only mount, the
 * guest's streams checked. Called by runs.c.
 */
#include "providers/process/launcher/launcher.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Not in linux/magic.h of every release, or in no header at all. */
#ifndef CONFIGFS_MAGIC
#define CONFIGFS_MAGIC 0x62656570
#endif
#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif

#if defined(__x86_64__)
#define NATIVE_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define NATIVE_MACHINE EM_AARCH64
#endif

#define ATTR_READ   (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
#define ATTR_DEVICE (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC)

static bool fail(struct failure *f, uint32_t why, int error, uint32_t index)
{
    *f = (struct failure){why, error, index};
    return false;
}

void prepared_init(struct prepared *p)
{
    struct sandbox *b = &p->box;
    *p = (struct prepared){.box = {.control = -1, .plan = -1, .program = -1}};
    for (size_t i = 0; i < BASE_COUNT(b->stdio); i++)
        b->stdio[i] = -1;
    for (size_t i = 0; i < BASE_COUNT(b->device); i++)
        b->device[i] = -1;
}

void prepared_fini(struct prepared *p)
{
    struct sandbox *b = &p->box;
    fd_close(&b->control);
    fd_close(&b->plan);
    fd_close(&b->program);
    for (size_t i = 0; i < BASE_COUNT(b->device); i++)
        fd_close(&b->device[i]);
    for (uint32_t i = 0; i < b->nmounts; i++)
        fd_close(&p->mounts[i].tree);
    for (uint32_t i = 0; i < b->nmasks; i++)
        fd_close(&b->masks[i].place);
}

/* ---- paths of the host ---- */

/*
 * File systems that make their files up when they are read, or ask another process for them: what
 * is read may wait for ever, and no program lives there.
 */
static bool is_made_up(int fd)
{
    static const uint32_t magic[] = {
        PROC_SUPER_MAGIC,    SYSFS_MAGIC,    TRACEFS_MAGIC,   DEBUGFS_MAGIC,      SECURITYFS_MAGIC,
        BPF_FS_MAGIC,        PSTOREFS_MAGIC, EFIVARFS_MAGIC,  CGROUP_SUPER_MAGIC, NSFS_MAGIC,
        CGROUP2_SUPER_MAGIC, CONFIGFS_MAGIC, FUSE_SUPER_MAGIC};
    struct statfs fs;
    if (fstatfs(fd, &fs) < 0)
        return true;
    for (size_t i = 0; i < BASE_COUNT(magic); i++)
        if ((uint32_t)fs.f_type == magic[i])
            return true;
    return false;
}

/* 0, or the errno that says why it can be no program. Before it is opened: that alone can block. */
static int program_fault(int fd)
{
    struct stat st;
    if (is_made_up(fd))
        return ENOTSUP;
    if (fstat(fd, &st) < 0)
        return errno;
    if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
        return EACCES;
    return st.st_size > PLAN_MAX_PROGRAM_BYTES ? EFBIG : 0;
}

/*
 * Through a read-only mount of its own, so that the guest cannot write the program by way of
 * /proc/self/exe. Somebody's lease on the file is not waited for.
 */
static int open_program(const char *path)
{
    char self[32];
    auto_close int fd = guard_open(path);
    if (fd < 0)
        return -1;
    int fault = program_fault(fd);
    if (fault) {
        errno = fault;
        return -1;
    }
    auto_close int tree = host_clone_tree(fd, ATTR_READ);
    if (tree < 0)
        return -1;
    (void)snprintf(self, sizeof self, "/proc/self/fd/%d", tree);
    return open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static int64_t stamp_ns(struct timespec t)
{
    return (int64_t)t.tv_sec * BASE_NS_PER_S + t.tv_nsec;
}

bool program_identify(int fd, struct program_id *out)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return false;
    *out = (struct program_id){.dev = st.st_dev,
                               .ino = st.st_ino,
                               .size = (uint64_t)st.st_size,
                               .mtime_ns = stamp_ns(st.st_mtim),
                               .ctime_ns = stamp_ns(st.st_ctim)};
    return true;
}

/*
 * A native ELF file and nothing else: a script's interpreter, or one that the host registered for a
 * foreign format, is no program that anybody decided on.
 */
static bool is_native_elf(int fd)
{
    Elf64_Ehdr e;
    return pread(fd, &e, sizeof e, 0) == sizeof e && memcmp(e.e_ident, ELFMAG, SELFMAG) == 0 &&
           e.e_ident[EI_CLASS] == ELFCLASS64 && e.e_machine == NATIVE_MACHINE;
}

static bool take_program(const struct plan_view *plan, struct prepared *p, struct failure *why)
{
    uint8_t digest[BASE_SHA256];
    int fd = p->box.program = open_program(plan_str(plan, plan->h->program));
    if (fd < 0 || !program_identify(fd, &p->program_id))
        return fail(why, LAUNCHER_WHY_PROGRAM_OPEN, errno, 0);
    if (p->program_id.size > (uint64_t)PLAN_MAX_PROGRAM_BYTES)
        return fail(why, LAUNCHER_WHY_PROGRAM_OPEN, EFBIG, 0);
    if (base_sha256_fd_of_size(fd, p->program_id.size, digest, NULL) != 0)
        return fail(why, LAUNCHER_WHY_PROGRAM_OPEN, EIO, 0);
    if (memcmp(digest, plan->h->program_sha256, sizeof digest) != 0)
        return fail(why, LAUNCHER_WHY_PROGRAM_DIGEST, 0, 0);
    return is_native_elf(fd) || fail(why, LAUNCHER_WHY_EXEC, ENOEXEC, 0);
}

/* ---- mounts ---- */

/* Folders and files only: a read-only mount holds nobody back from a socket, a FIFO or a device. */
static bool take_tree(const struct guard *g, struct sandbox *b, struct sandbox_mount *m)
{
    struct stat st;
    auto_close int fd = guard_open_source(g, m->source);
    if (fd < 0 || fstat(fd, &st) < 0)
        return false;
    if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) {
        errno = EINVAL;
        return false;
    }
    m->is_dir = S_ISDIR(st.st_mode);
    m->tree = host_clone_tree(fd, ATTR_READ);
    return m->tree >= 0 && guard_find(g, fd, m->tree, b) == 0;
}

static bool take_mounts(const struct plan_view *plan, struct prepared *p, struct failure *why)
{
    struct guard g;
    p->box.mounts = p->mounts;
    if (plan->nmounts && guard_look(&g) < 0)
        return fail(why, LAUNCHER_WHY_STATE_FOLDER, errno, 0);
    for (uint32_t i = 0; i < plan->nmounts; i++) {
        const struct plan_mount *from = plan_mount_at(plan, i);
        struct sandbox_mount *m = &p->mounts[i];
        *m = (struct sandbox_mount){.kind = from->kind,
                                    .tree = -1,
                                    .source = plan_str(plan, from->source),
                                    .target = plan_str(plan, from->target)};
        p->box.nmounts = i + 1;
        if (m->kind == PLAN_MOUNT_READ && !take_tree(&g, &p->box, m))
            return fail(why, LAUNCHER_WHY_MOUNT_OPEN, errno, i);
    }
    return true;
}

/* ---- streams, plan ---- */

/* Pipes and /dev/null: a file or a terminal could be opened anew with other rights, or typed into;
 * a socket can be connected to anything, and bring descriptors. */
static bool is_stream(int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return false;
    return S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3));
}

static bool take_streams(const int stdio[3], struct prepared *p, struct failure *why)
{
    for (size_t i = 0; i < 3; i++) {
        if (!is_stream(stdio[i]))
            return fail(why, LAUNCHER_WHY_CONFINE, EINVAL, 0);
        p->box.stdio[i] = stdio[i];
    }
    return true;
}

static bool take_plan(const struct plan_view *plan, struct prepared *p, struct failure *why)
{
    int fd = p->box.plan = memfd_create("plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || fd_write_all(fd, plan->bytes, plan->h->total_bytes) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
        return fail(why, LAUNCHER_WHY_CONFINE, errno, 0);
    return true;
}

/* tmpfs takes a size of 0 for no limit; a plan that grants nothing gets a /tmp that cannot be
 * written. */
static void size_tmp(struct sandbox *b, uint64_t bytes)
{
    bool unlimited = bytes == CORE_UNLIMITED;
    b->tmp_readonly = bytes == 0;
    (void)snprintf(b->tmp_size, sizeof b->tmp_size, "%llu",
                   unlimited ? 0ull
                   : bytes   ? (unsigned long long)bytes
                             : 4096ull);
    (void)snprintf(b->tmp_inodes, sizeof b->tmp_inodes, "%llu",
                   unlimited ? 0ull : (unsigned long long)bytes / 4096 + 16);
}

bool prepare_base(const struct launcher *l, struct prepared *p, struct failure *why)
{
    struct sandbox *b = &p->box;
    b->privileged = l->privileged;
    b->init = l->init;
    b->null = l->null;
    b->hostname = "sandbox";
    b->hostname_len = sizeof "sandbox" - 1;
    size_tmp(b, 0);
    (void)snprintf(b->uid_map, sizeof b->uid_map, "%u %u 1", GUEST_ID, l->uid);
    (void)snprintf(b->gid_map, sizeof b->gid_map, "%u %u 1", GUEST_ID, l->gid);
    for (size_t i = 0; i < SANDBOX_DEVICES; i++) {
        b->device[i] = host_clone_tree(l->device[i], ATTR_DEVICE);
        if (b->device[i] < 0)
            return fail(why, LAUNCHER_WHY_ROOT, errno, 0);
    }
    return true;
}

bool prepare_plan(const struct launcher *l, const struct plan_view *plan, const int stdio[3],
                  struct prepared *p, struct failure *why)
{
    if (l->userns_errno)
        return fail(why, LAUNCHER_WHY_NAMESPACES, l->userns_errno, 0);
    if (!prepare_base(l, p, why))
        return false;
    p->box.hostname = plan_str(plan, plan->h->hostname);
    p->box.hostname_len = plan->h->hostname.len;
    size_tmp(&p->box, plan->h->tmp_bytes);
    return take_streams(stdio, p, why) && take_program(plan, p, why) && take_mounts(plan, p, why) &&
           take_plan(plan, p, why);
}
