/*
 * The shipped filter by its verdicts: a small interpreter of classic BPF runs it over chosen calls,
 * as the kernel would. Nothing is loaded into the kernel, so the test is the same on every machine
 * and in every sandbox.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include "core/catalogue.h"

#define ALLOW  SECCOMP_RET_ALLOW
#define DENIED (SECCOMP_RET_ERRNO | EPERM)
#define ABSENT (SECCOMP_RET_ERRNO | ENOSYS)
#define KILLED SECCOMP_RET_KILL_PROCESS

#define X32_BIT 0x40000000

struct machine {
    const struct sock_filter *code;
    uint32_t n, pc, a, x, mem[BPF_MEMWORDS];
    const struct seccomp_data *data;
};

static uint32_t load(const struct machine *m, const struct sock_filter *f)
{
    uint32_t v;
    switch (BPF_MODE(f->code)) {
    case BPF_ABS:
        assert_true(f->k % 4 == 0 && f->k <= sizeof *m->data - 4);
        memcpy(&v, (const uint8_t *)m->data + f->k, sizeof v);
        return v;
    case BPF_IMM:
        return f->k;
    case BPF_MEM:
        assert_true(f->k < BPF_MEMWORDS);
        return m->mem[f->k];
    default:
        fail_msg("instruction %u: a load that seccomp has not", m->pc);
        return 0;
    }
}

static bool holds(uint16_t code, uint32_t a, uint32_t b)
{
    switch (BPF_OP(code)) {
    case BPF_JEQ:
        return a == b;
    case BPF_JGT:
        return a > b;
    case BPF_JGE:
        return a >= b;
    default:
        return a & b;
    }
}

static void jump(struct machine *m, const struct sock_filter *f)
{
    if (BPF_OP(f->code) == BPF_JA)
        m->pc += f->k;
    else
        m->pc += holds(f->code, m->a, BPF_SRC(f->code) == BPF_X ? m->x : f->k) ? f->jt : f->jf;
}

static void step(struct machine *m, const struct sock_filter *f)
{
    switch (BPF_CLASS(f->code)) {
    case BPF_LD:
        m->a = load(m, f);
        break;
    case BPF_LDX:
        m->x = load(m, f);
        break;
    case BPF_ST:
        m->mem[f->k] = m->a;
        break;
    case BPF_JMP:
        jump(m, f);
        break;
    case BPF_ALU:
        assert_int_equal(BPF_OP(f->code), BPF_AND);
        m->a &= f->k;
        break;
    case BPF_MISC:
        if (BPF_MISCOP(f->code) == BPF_TAX)
            m->x = m->a;
        else
            m->a = m->x;
        break;
    default:
        fail_msg("instruction %u is none that the filter should need", m->pc);
    }
}

/* Jumps go forward only, so it ends. */
static uint32_t run(const struct seccomp_data *data)
{
    const struct core_profile *p = core_profile_find(STR("default"));
    assert_int_equal((uintptr_t)p->filter % _Alignof(struct sock_filter), 0);
    struct machine m = {.code = (const void *)p->filter, .n = p->filter_bytes / 8, .data = data};
    for (;;) {
        assert_true(m.pc < m.n);
        const struct sock_filter *f = &m.code[m.pc++];
        if (BPF_CLASS(f->code) == BPF_RET)
            return f->k;
        step(&m, f);
    }
}

struct call {
    const char *what;
    uint32_t verdict;
    int nr;
    uint64_t arg[6];
    uint32_t arch; /* 0: this one */
};

static uint32_t verdict_of(const struct call *c)
{
    struct seccomp_data data = {.nr = c->nr, .arch = c->arch ? c->arch : AUDIT_ARCH_X86_64};
    memcpy(data.args, c->arg, sizeof c->arg);
    return run(&data);
}

#define HIGH UINT64_C(0xdeadbeef00000000) /* bits that the kernel does not look at */

static const struct call calls[] = {
    /* what ordinary programs live from */
    {"read", ALLOW, SYS_read, {0}, 0},
    {"write", ALLOW, SYS_write, {1, 2, 3}, 0},
    {"openat", ALLOW, SYS_openat, {0}, 0},
    {"mmap", ALLOW, SYS_mmap, {0}, 0},
    {"execve", ALLOW, SYS_execve, {0}, 0},
    {"execveat", ALLOW, SYS_execveat, {0}, 0},
    {"exit_group", ALLOW, SYS_exit_group, {0}, 0},
    {"futex", ALLOW, SYS_futex, {0}, 0},
    {"rseq", ALLOW, 334, {0}, 0},
    {"getrandom", ALLOW, SYS_getrandom, {0}, 0},
    {"landlock_restrict_self", ALLOW, 446, {0}, 0},

    /* processes without namespaces */
    {"fork by clone", ALLOW, SYS_clone, {17}, 0},
    {"thread by clone", ALLOW, SYS_clone, {0x3d0f00}, 0},
    {"clone, new user", DENIED, SYS_clone, {0x10000000 | 17}, 0},
    {"clone, new mount", DENIED, SYS_clone, {0x00020000 | 17}, 0},
    {"clone, new cgroup", DENIED, SYS_clone, {0x02000000}, 0},
    {"clone, new uts", DENIED, SYS_clone, {0x04000000}, 0},
    {"clone, new ipc", DENIED, SYS_clone, {0x08000000}, 0},
    {"clone, new pid", DENIED, SYS_clone, {0x20000000}, 0},
    {"clone, new net", DENIED, SYS_clone, {0x40000000}, 0},
    {"clone, new user among others", DENIED, SYS_clone, {0x3d0f00 | 0x10000000}, 0},
    {"clone, new user, high bits", DENIED, SYS_clone, {HIGH | 0x10000000}, 0},
    {"clone3", ABSENT, SYS_clone3, {0}, 0},
    {"unshare", DENIED, SYS_unshare, {0}, 0},
    {"setns", DENIED, SYS_setns, {0}, 0},

    /* limits and priorities: one's own */
    {"prlimit64 of oneself", ALLOW, SYS_prlimit64, {0, 7}, 0},
    {"prlimit64 of init", DENIED, SYS_prlimit64, {1, 7}, 0},
    {"prlimit64 of init, high bits", DENIED, SYS_prlimit64, {HIGH | 1, 7}, 0},
    {"sched_setaffinity of oneself", ALLOW, SYS_sched_setaffinity, {0}, 0},
    {"sched_setaffinity of init", DENIED, SYS_sched_setaffinity, {1}, 0},
    {"sched_setparam of init", DENIED, SYS_sched_setparam, {1}, 0},
    {"sched_setscheduler of oneself", ALLOW, SYS_sched_setscheduler, {0, 3}, 0},
    {"sched_setscheduler of init", DENIED, SYS_sched_setscheduler, {1, 5}, 0},
    {"sched_setattr of init", DENIED, SYS_sched_setattr, {1}, 0},
    {"setpriority of oneself", ALLOW, SYS_setpriority, {0, 0, 5}, 0},
    {"setpriority of one's group", ALLOW, SYS_setpriority, {1, 0, 5}, 0},
    {"setpriority of init", DENIED, SYS_setpriority, {0, 1, 5}, 0},
    {"setpriority of one's user", DENIED, SYS_setpriority, {2, 0, 5}, 0},
    {"ioprio_set of oneself", ALLOW, SYS_ioprio_set, {1, 0}, 0},
    {"ioprio_set of init", DENIED, SYS_ioprio_set, {1, 1}, 0},
    {"ioprio_set of one's user", DENIED, SYS_ioprio_set, {3, 0}, 0},
    {"getpriority of init", ALLOW, SYS_getpriority, {0, 1}, 0},

    /* sockets */
    {"unix", DENIED, SYS_socket, {1, 1}, 0},
    {"unix, high bits", DENIED, SYS_socket, {HIGH | 1, 1}, 0},
    {"inet", ALLOW, SYS_socket, {2, 1}, 0},
    {"inet6", ALLOW, SYS_socket, {10, 2}, 0},
    {"tcp", ALLOW, SYS_socket, {2, 0x80801, 6}, 0},
    {"udp", ALLOW, SYS_socket, {10, 0x80002, 17}, 0},
    {"ping", ALLOW, SYS_socket, {2, 2, 1}, 0},
    {"ping6", ALLOW, SYS_socket, {10, 0x802, 58}, 0},
    {"udp, high bits", ALLOW, SYS_socket, {HIGH | 2, HIGH | 2, HIGH | 17}, 0},
    {"sctp", DENIED, SYS_socket, {2, 1, 132}, 0},
    {"sctp by packets", DENIED, SYS_socket, {2, 5, 132}, 0},
    {"packets of no protocol", DENIED, SYS_socket, {2, 5, 0}, 0},
    {"dccp", DENIED, SYS_socket, {2, 6, 33}, 0},
    {"dccp by its type", DENIED, SYS_socket, {10, 6, 0}, 0},
    {"udp-lite", DENIED, SYS_socket, {2, 2, 136}, 0},
    {"l2tp", DENIED, SYS_socket, {2, 2, 115}, 0},
    {"mptcp", DENIED, SYS_socket, {2, 1, 262}, 0},
    {"mptcp, flags", DENIED, SYS_socket, {2, 0x80801, 262}, 0},
    {"raw", DENIED, SYS_socket, {2, 3, 1}, 0},
    {"raw, flags", DENIED, SYS_socket, {2, 0x80003, 255}, 0},
    {"a type that is none", DENIED, SYS_socket, {2, 0x100001, 0}, 0},
    {"unspec", DENIED, SYS_socket, {0, 1}, 0},
    {"netlink", DENIED, SYS_socket, {16, 2}, 0},
    {"packet", DENIED, SYS_socket, {17, 2}, 0},
    {"alg", DENIED, SYS_socket, {38, 1}, 0},
    {"vsock", DENIED, SYS_socket, {40, 1}, 0},
    {"vsock, high bits", DENIED, SYS_socket, {HIGH | 40, 1}, 0},
    {"socketpair unix", ALLOW, SYS_socketpair, {1, 1}, 0},
    {"socketpair unix, flags", ALLOW, SYS_socketpair, {1, 0x80801}, 0},
    {"socketpair unix, packets", ALLOW, SYS_socketpair, {1, 0x80005}, 0},
    {"socketpair unix, datagrams", DENIED, SYS_socketpair, {1, 2}, 0},
    {"socketpair unix, datagrams, flags", DENIED, SYS_socketpair, {1, 0x80802}, 0},
    {"socketpair unix, datagrams by another name", DENIED, SYS_socketpair, {1, 3}, 0},
    {"socketpair unix, high bits", DENIED, SYS_socketpair, {1, HIGH | 2}, 0},
    {"socketpair inet", DENIED, SYS_socketpair, {2, 1}, 0},

    /* terminals */
    {"TCGETS", ALLOW, SYS_ioctl, {0, 0x5401}, 0},
    {"FIONREAD", ALLOW, SYS_ioctl, {0, 0x541B}, 0},
    {"TIOCSTI", DENIED, SYS_ioctl, {0, 0x5412}, 0},
    {"TIOCLINUX", DENIED, SYS_ioctl, {0, 0x541C}, 0},
    {"TIOCSTI, high bits", DENIED, SYS_ioctl, {0, HIGH | 0x5412}, 0},
    {"TIOCLINUX, high bits", DENIED, SYS_ioctl, {0, UINT64_C(1) << 32 | 0x541C}, 0},

    /* one's own process */
    {"PR_SET_NAME", ALLOW, SYS_prctl, {15}, 0},
    {"PR_SET_NO_NEW_PRIVS", ALLOW, SYS_prctl, {38}, 0},
    {"PR_SET_VMA", ALLOW, SYS_prctl, {0x53564d41}, 0},
    {"PR_SET_MM", DENIED, SYS_prctl, {35}, 0},
    {"PR_SET_PTRACER", DENIED, SYS_prctl, {0x59616d61}, 0},
    {"personality 0", ALLOW, SYS_personality, {0}, 0},
    {"personality, asking", ALLOW, SYS_personality, {0xffffffff}, 0},
    {"ADDR_NO_RANDOMIZE", DENIED, SYS_personality, {0x40000}, 0},
    {"READ_IMPLIES_EXEC", DENIED, SYS_personality, {0x400000}, 0},

    {"F_SETLK", ALLOW, SYS_fcntl, {3, 6}, 0},
    {"F_OFD_SETLK", ALLOW, SYS_fcntl, {3, 37}, 0},
    {"F_DUPFD_CLOEXEC", ALLOW, SYS_fcntl, {3, 0x406}, 0},
    {"F_GETLEASE", ALLOW, SYS_fcntl, {3, 0x401}, 0},
    {"F_SETLEASE", DENIED, SYS_fcntl, {3, 0x400}, 0},
    {"F_SETLEASE, high bits", DENIED, SYS_fcntl, {3, HIGH | 0x400}, 0},

    /* files that are none */
    {"mkfifo", ALLOW, SYS_mknodat, {0, 0, 0010644}, 0},
    {"plain file", ALLOW, SYS_mknodat, {0, 0, 0100644}, 0},
    {"char device", DENIED, SYS_mknodat, {0, 0, 0020666}, 0},
    {"block device", DENIED, SYS_mknodat, {0, 0, 0060666}, 0},
    {"char device, old call", DENIED, SYS_mknod, {0, 0020666}, 0},
    {"block device, old call", DENIED, SYS_mknod, {0, HIGH | 0060666}, 0},

    /* the kernel's back doors */
    {"ptrace", DENIED, SYS_ptrace, {0}, 0},
    {"process_vm_readv", DENIED, SYS_process_vm_readv, {0}, 0},
    {"process_vm_writev", DENIED, SYS_process_vm_writev, {0}, 0},
    {"pidfd_getfd", DENIED, 438, {0}, 0},
    {"kcmp", DENIED, SYS_kcmp, {0}, 0},
    {"mount", DENIED, SYS_mount, {0}, 0},
    {"umount2", DENIED, SYS_umount2, {0}, 0},
    {"pivot_root", DENIED, SYS_pivot_root, {0}, 0},
    {"chroot", DENIED, SYS_chroot, {0}, 0},
    {"open_tree", DENIED, 428, {0}, 0},
    {"move_mount", DENIED, 429, {0}, 0},
    {"fsopen", DENIED, 430, {0}, 0},
    {"fsconfig", DENIED, 431, {0}, 0},
    {"fsmount", DENIED, 432, {0}, 0},
    {"fspick", DENIED, 433, {0}, 0},
    {"mount_setattr", DENIED, 442, {0}, 0},
    {"bpf", DENIED, SYS_bpf, {0}, 0},
    {"perf_event_open", DENIED, SYS_perf_event_open, {0}, 0},
    {"userfaultfd", DENIED, SYS_userfaultfd, {0}, 0},
    {"keyctl", DENIED, SYS_keyctl, {0}, 0},
    {"add_key", DENIED, SYS_add_key, {0}, 0},
    {"request_key", DENIED, SYS_request_key, {0}, 0},
    {"kexec_load", DENIED, SYS_kexec_load, {0}, 0},
    {"kexec_file_load", DENIED, SYS_kexec_file_load, {0}, 0},
    {"init_module", DENIED, SYS_init_module, {0}, 0},
    {"finit_module", DENIED, SYS_finit_module, {0}, 0},
    {"delete_module", DENIED, SYS_delete_module, {0}, 0},
    {"open_by_handle_at", DENIED, SYS_open_by_handle_at, {0}, 0},
    {"name_to_handle_at", DENIED, SYS_name_to_handle_at, {0}, 0},
    {"modify_ldt", DENIED, SYS_modify_ldt, {0}, 0},
    {"iopl", DENIED, SYS_iopl, {0}, 0},
    {"ioperm", DENIED, SYS_ioperm, {0}, 0},
    {"syslog", DENIED, SYS_syslog, {0}, 0},
    {"reboot", DENIED, SYS_reboot, {0}, 0},
    {"swapon", DENIED, SYS_swapon, {0}, 0},
    {"clock_settime", DENIED, SYS_clock_settime, {0}, 0},
    {"sethostname", DENIED, SYS_sethostname, {0}, 0},
    {"quotactl", DENIED, SYS_quotactl, {0}, 0},
    {"acct", DENIED, SYS_acct, {0}, 0},
    {"fanotify_init", DENIED, SYS_fanotify_init, {0}, 0},
    {"vmsplice", DENIED, SYS_vmsplice, {0}, 0},

    /* absent, so that libraries take their other way */
    {"io_uring_setup", ABSENT, 425, {0}, 0},
    {"io_uring_enter", ABSENT, 426, {0}, 0},
    {"io_uring_register", ABSENT, 427, {0}, 0},
    {"memfd_create", ABSENT, SYS_memfd_create, {0}, 0},
    {"mbind", ABSENT, SYS_mbind, {0}, 0},
    {"a call of tomorrow", ABSENT, 460, {0}, 0},
    {"the last call of tomorrow", ABSENT, 511, {0}, 0},
    {"a call of the day after", DENIED, 600, {0}, 0},

    /* other ways into the kernel: i386's numbers mean other calls, and x32's are marked */
    {"i386 write", KILLED, 4, {0}, AUDIT_ARCH_I386},
    {"i386 mount", KILLED, 21, {0}, AUDIT_ARCH_I386},
    {"aarch64 read", KILLED, 63, {0}, AUDIT_ARCH_AARCH64},
    {"x32 read", KILLED, X32_BIT | 0, {0}, 0},
    {"x32 execve", KILLED, X32_BIT | 520, {0}, 0},
    {"x32 ioctl", KILLED, X32_BIT | 514, {0}, 0},
};

static void judges_calls(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(calls); i++) {
        uint32_t verdict = verdict_of(&calls[i]);
        if (verdict != calls[i].verdict)
            fail_msg("%s: 0x%08x instead of 0x%08x", calls[i].what, verdict, calls[i].verdict);
    }
}

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static void expect_ioctl(uint64_t request)
{
    uint32_t low = (uint32_t)request;
    struct call c = {
        "ioctl", low == 0x5412 || low == 0x541C ? DENIED : ALLOW, SYS_ioctl, {3, request}, 0};
    if (verdict_of(&c) != c.verdict)
        fail_msg("ioctl 0x%llx is judged 0x%08x", (unsigned long long)request, verdict_of(&c));
}

/* The condition is compiled to many prefixes: it must be exactly the complement of two numbers,
 * whatever the high half. */
static void refuses_two_ioctls_and_no_other(void **state)
{
    (void)state;
    uint64_t seed = UINT64_C(0x5eedacc0ffee);
    for (uint64_t low = 0; low < 0x10000; low++)
        expect_ioctl(low | (low & 1 ? HIGH : 0));
    for (int bit = 0; bit < 64; bit++) {
        expect_ioctl(UINT64_C(0x5412) ^ UINT64_C(1) << bit);
        expect_ioctl(UINT64_C(0x541C) ^ UINT64_C(1) << bit);
    }
    for (int i = 0; i < 200000; i++)
        expect_ioctl(next_random(&seed));
}

/* Whether the table has both verdicts for it. */
static bool is_conditional(int nr)
{
    bool allowed = false, refused = false;
    for (size_t i = 0; i < BASE_COUNT(calls); i++) {
        allowed = allowed || (calls[i].nr == nr && calls[i].verdict == ALLOW);
        refused = refused || (calls[i].nr == nr && calls[i].verdict != ALLOW);
    }
    return allowed && refused;
}

/* No call outside the list passes with any single bit in its first arguments. */
static void refusals_hold_for_all_arguments(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(calls); i++) {
        bool plain = calls[i].arg[0] == 0 && calls[i].arg[1] == 0 && calls[i].arg[2] == 0;
        if (!plain || is_conditional(calls[i].nr))
            continue;
        for (int bit = 0; bit < 3 * 64; bit++) {
            struct call c = calls[i];
            c.arg[bit / 64] = UINT64_C(1) << bit % 64;
            if (verdict_of(&c) != c.verdict)
                fail_msg("%s depends on argument %d", c.what, bit / 64);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_calls),
        cmocka_unit_test(refuses_two_ioctls_and_no_other),
        cmocka_unit_test(refusals_hold_for_all_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
