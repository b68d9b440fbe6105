/*
 * The ground that everything stands on: errors, byte buffers, strings, an arena, descriptors,
 * clocks, hashes. Knows nothing of policies, records or plans. No global state; every function is
 * thread-safe on distinct objects.
 */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "reeve/error.h"

#define BASE_NS_PER_S INT64_C(1000000000)
#define BASE_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- errors (error.c) ---- */

/** Fill `err` (may be NULL) and return `code`, so that a function can end with `return
 * base_fail(...)`. */
int base_fail(struct reeve_error *err, int code, const char *fmt, ...) REEVE_PRINTF(3, 4);
/** The same, with ": <strerror(errnum)>" after the message. */
int base_fail_errno(struct reeve_error *err, int code, int errnum, const char *fmt, ...)
    REEVE_PRINTF(4, 5);

/* ---- threads (thread.c) ---- */

/** pthread_create, with every signal blocked in the new thread: signals are for the program's own.
 * 0, or its error number. */
int base_thread(pthread_t *thread, void *(*fn)(void *), void *arg);
/** pthread_cond_wait for at most a second, with the mutex held: the caller asks again whether what
 * it waits for has come, as it must in any case. glibc 2.25 to 2.40 can lose a wake-up
 * (sourceware.org bug 25847); what nobody signals again would be waited for without end. */
void base_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex);

/* ---- strings (str.c): borrowed bytes with a length, not NUL-terminated ---- */

struct str {
    const char *p;
    size_t n;
};
#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})

static inline struct str str_of(const char *z)
{
    return (struct str){z, z ? strlen(z) : 0};
}
/** Whether two runs of `n` bytes are equal: inline, for the short texts of hot paths. */
static inline bool base_same(const char *a, const char *b, size_t n)
{
    /* Where a constant is compared, GCC would warn of the reads that its length rules out. */
    __asm__("" : "+r"(a), "+r"(b));
    uint64_t x, y, z, differs = 0;
    uint32_t v, w;
    if (n < sizeof v)
        return n == 0 || (a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1]);
    if (n < sizeof x) { /* the last four bytes, some of them once more */
        memcpy(&v, a, sizeof v);
        memcpy(&w, b, sizeof w);
        differs = v ^ w;
        memcpy(&v, a + n - sizeof v, sizeof v);
        memcpy(&w, b + n - sizeof w, sizeof w);
        return (differs | (v ^ w)) == 0;
    }
    memcpy(&x, a + n - sizeof x, sizeof x); /* so here, eight */
    memcpy(&y, b + n - sizeof y, sizeof y);
    differs = x ^ y;
    for (size_t at = 0; at + sizeof x < n && !differs; at += 2 * sizeof x) {
        size_t next = at + 2 * sizeof x <= n ? at + sizeof x : n - sizeof x;
        memcpy(&x, a + at, sizeof x);
        memcpy(&y, b + at, sizeof y);
        z = x ^ y;
        memcpy(&x, a + next, sizeof x);
        memcpy(&y, b + next, sizeof y);
        differs = z | (x ^ y);
    }
    return differs == 0;
}
static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && base_same(a.p, b.p, a.n);
}
static inline bool str_is(struct str a, const char *z)
{
    return str_eq(a, str_of(z));
}
/** Byte order, shorter first on a common prefix: <0, 0, >0. */
int str_cmp(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
/** Whether `s` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
 */
bool str_is_utf8(struct str s);
/** Levenshtein distance, or `limit` + 1 when it is larger (both at most 64 bytes, else `limit` +
 * 1). */
unsigned str_distance(struct str a, struct str b, unsigned limit);
/** A malloc'ed NUL-terminated copy, or NULL when memory is out. */
char *str_dup(struct str s);

/* ---- growing buffer (buf.c) ---- */

/**
 * Bytes being built. `max` bounds it (0: BUF_DEFAULT_MAX); after an append that did not fit or
 * found no memory `failed` is set and stays set, further appends do nothing, so that one check at
 * the end suffices. `data` is always followed by a NUL that `len` does not count (when data is not
 * NULL).
 */
struct buf {
    char *data;
    size_t len, cap, max;
    bool failed;
};
#define BUF_DEFAULT_MAX ((size_t)64 << 20)

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);
void buf_reset(struct buf *b); /* empty again, memory kept, failed cleared */
void buf_put(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, struct str s);
void buf_z(struct buf *b, const char *z);
void buf_byte(struct buf *b, uint8_t c);
void buf_printf(struct buf *b, const char *fmt, ...) REEVE_PRINTF(2, 3);
void buf_u32le(struct buf *b, uint32_t v);
void buf_u64le(struct buf *b, uint64_t v);
void buf_hex(struct buf *b, const void *p, size_t n);
void buf_base64(struct buf *b, const void *p, size_t n); /* RFC 4648 section 4, padded */
/** `n` zero bytes that the caller fills, or NULL when failed. The pointer is good until the next
 * append. */
void *buf_room(struct buf *b, size_t n);
static inline struct str buf_view(const struct buf *b)
{
    return (struct str){b->data ? b->data : "", b->len};
}
/** Gives the bytes away (NUL-terminated, malloc'ed; NULL when failed) and leaves `b` empty. */
char *buf_take(struct buf *b, size_t *len);

static inline uint32_t base_get_u32le(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
static inline uint64_t base_get_u64le(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* ---- arena (arena.c): objects that die together ---- */

struct arena_block;
struct arena {
    struct arena_block *head;
    size_t used_bytes, max_bytes; /* max 0: 1 GiB */
};
void arena_init(struct arena *a, size_t max_bytes);
void arena_fini(struct arena *a);
/** Zeroed, aligned for any type; NULL when memory or the bound is out. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_array(struct arena *a, size_t count, size_t each);
/** A NUL-terminated copy as str; p is NULL when memory is out. */
struct str arena_str(struct arena *a, struct str s);

/* ---- hashes and text forms of bytes (hash.c) ---- */

#define BASE_SHA256 32
void base_sha256(const void *p, size_t n, uint8_t out[BASE_SHA256]);
/** SHA-256(prefix byte ‖ a ‖ b): leaf and node hashes of RFC 6962 section 2.1. */
void base_sha256_prefixed(uint8_t prefix, const void *a, size_t na, const void *b, size_t nb,
                          uint8_t out[BASE_SHA256]);
void base_hmac_sha256(const void *key, size_t key_len, const void *p, size_t n,
                      uint8_t out[BASE_SHA256]);
/** SHA-256 of a whole file from offset 0, by pread. REEVE_EIO when it cannot be read. */
int base_sha256_fd(int fd, uint8_t out[BASE_SHA256], uint64_t *size, struct reeve_error *err);
/** The same of a file that was found to have `size` bytes; REEVE_EIO too when it has more or fewer
 * by now. */
int base_sha256_fd_of_size(int fd, uint64_t size, uint8_t out[BASE_SHA256],
                           struct reeve_error *err);
/** Equality in time that depends on `n` alone. */
bool base_equal_ct(const void *a, const void *b, size_t n);
void base_hex(const void *p, size_t n, char *out); /* 2n+1 bytes, lower case, NUL */
bool base_unhex(struct str hex, uint8_t *out, size_t n);
/** Decodes padded standard base64; fails on anything else. `*n` is room before, length after. */
bool base_unbase64(struct str text, uint8_t *out, size_t *n);
/** Random bytes from the kernel; aborts when the kernel has none to give. */
void base_random(void *p, size_t n);

/* ---- clocks (clock.c), nanoseconds ---- */

int64_t base_now_ns(void);      /* CLOCK_REALTIME */
int64_t base_boottime_ns(void); /* CLOCK_BOOTTIME: what deadlines and expiries use */
/** Milliseconds until `boottime_ns`, rounded up as a time to wait is; 0 when it has come. */
int base_ms_until(int64_t boottime_ns);
/** Sleep, whatever signals come. */
void base_pause_ms(int ms);
#define BASE_RFC3339_MAX 31
/** "2026-11-24T20:00:00.000000000Z" */
void base_rfc3339(int64_t ns, char out[BASE_RFC3339_MAX]);
#define BASE_BOOT_ID_MAX 37
/** The kernel's boot id, 36 characters and a NUL; "unknown" where it cannot be read. */
void base_boot_id(char out[BASE_BOOT_ID_MAX]);

/* ---- descriptors and files (fd.c, file.c) ---- */

/** write/read all `n` bytes despite EINTR and short counts. 0, or -1 with errno (EPIPE on end of
 * file for read). */
int fd_write_all(int fd, const void *p, size_t n);
int fd_read_all(int fd, void *p, size_t n);
int fd_pwrite_all(int fd, const void *p, size_t n, off_t at);
/** The whole of a file of at most `max` bytes; `out` is reset first. */
int fd_slurp(int dir_fd, const char *path, size_t max, struct buf *out, struct reeve_error *err);
/** The same of what is open already; `path` is for messages. */
int fd_slurp_open(int fd, const char *path, size_t max, struct buf *out, struct reeve_error *err);
/**
 * Make `name` in `dir_fd` hold these bytes: written without a name or beside it, fsync'ed, then
 * linked or renamed to it, folder fsync'ed. Nothing half-written is ever visible under `name`.
 */
int fd_write_file(int dir_fd, const char *name, const void *p, size_t n, mode_t mode,
                  struct reeve_error *err);
/**
 * Remove what fd_write_file left in a folder when its process was ended in the middle. Only for
 * who owns the folder alone: the file of a writer at work goes too.
 */
void fd_sweep_temps(int dir_fd);
/** One message with up to 8 descriptors over a Unix socket. 0, or -1 with errno. Never raises
 * SIGPIPE. */
int fd_send_with(int sock, const void *p, size_t n, const int *fds, size_t nfds);
/**
 * Receive one message; descriptors arrive close-on-exec. `*nfds` is room before, count after (those
 * beyond are closed). Returns the length, 0 at end of file, -1 with errno (EMSGSIZE when the
 * message was cut).
 */
ssize_t fd_recv_with(int sock, void *p, size_t n, int *fds, size_t *nfds);
int fd_set_nonblock(int fd, bool on);
void fd_close(int *fd); /* closes when >= 0 and sets -1 */

/* ---- cleanup helpers ---- */

void base_free_cleanup(void *p);
void base_close_cleanup(int *fd);
void base_buf_cleanup(struct buf *b);
void base_arena_cleanup(struct arena *a);
#define auto_free  __attribute__((cleanup(base_free_cleanup)))
#define auto_close __attribute__((cleanup(base_close_cleanup)))
#define auto_buf   __attribute__((cleanup(base_buf_cleanup)))
#define auto_arena __attribute__((cleanup(base_arena_cleanup)))

#endif
