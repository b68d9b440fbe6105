/*
 * System calls without the C library: what runs between clone and exec may touch no lock, no heap,
 * no errno and no thread state. Used by sandbox*.c alone; everything returns 0 or more, or a
 * negative errno.
 */
#ifndef LAUNCHER_RAW_H
#define LAUNCHER_RAW_H

#include <stdint.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
static inline long raw6(long nr, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long ret;
    __asm__ volatile("syscall"
                     : "=a"(ret)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return ret;
}
#elif defined(__aarch64__)
static inline long raw6(long nr, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = nr;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory", "cc");
    return x0;
}
#else
#error "the launcher knows the system call convention of x86_64 and aarch64 only"
#endif

static inline long raw_p(const void *p)
{
    return (long)(uintptr_t)p;
}
/* For memory that the kernel writes: not const, so that no compiler believes it unchanged. */
static inline long raw_out(void *p)
{
    return (long)(uintptr_t)p;
}
static inline long raw5(long nr, long a, long b, long c, long d, long e)
{
    return raw6(nr, a, b, c, d, e, 0);
}
static inline long raw4(long nr, long a, long b, long c, long d)
{
    return raw6(nr, a, b, c, d, 0, 0);
}
static inline long raw3(long nr, long a, long b, long c)
{
    return raw6(nr, a, b, c, 0, 0, 0);
}
static inline long raw2(long nr, long a, long b)
{
    return raw6(nr, a, b, 0, 0, 0, 0);
}
static inline long raw1(long nr, long a)
{
    return raw6(nr, a, 0, 0, 0, 0, 0);
}

#endif
