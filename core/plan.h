/*
 * A plan: the canonical bytes of what will run. Flat, versioned, little endian, offsets into
 * itself, no text to parse. The owner builds it (plan_build.c), its SHA-256 is what the keeper
 * releases, and the launcher and the sandbox's init read it through plan_check (plan_view.c), which
 * looks at every offset before anything uses one and needs no memory.
 */
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include "base/base.h"
#include "core/types.h"

#define PLAN_MAGIC      UINT32_C(0x50565231) /* "1RVP" in memory order */
#define PLAN_VERSION    1u
#define PLAN_MAX_BYTES  (128u * 1024u)
#define PLAN_MAX_ARGS   1024u
#define PLAN_MAX_MOUNTS 256u
#define PLAN_MAX_FILTER 4096u /* instructions */
#define PLAN_MAX_NAME   64u   /* bytes of a hostname or profile name */
/* Of the program's file: who hashes it does nothing else meanwhile. */
#define PLAN_MAX_PROGRAM_BYTES ((int64_t)256 << 20)

/* A byte range of the plan. Strings are followed by a NUL that `len` does not count and contain
 * none. */
struct plan_span {
    uint32_t off, len;
};

enum plan_mount_kind {
    PLAN_MOUNT_READ = 1, /* `source` of the host, read-only at `target` */
    PLAN_MOUNT_LINK = 2, /* a symbolic link at `target` that says `source` */
    PLAN_MOUNT_HIDE = 3, /* an empty, unreadable file or folder over `target` (already shown by a
                            read above it) */
};
struct plan_mount {
    uint32_t kind;
    uint32_t flags;                  /* 0 */
    struct plan_span source, target; /* HIDE has an empty source */
};

/* The bytes at offset 0. Every field is fixed width; there is no padding. */
struct plan_header {
    uint32_t magic, version, total_bytes, flags;
    uint64_t wall_ns; /* CORE_UNLIMITED: none */
    uint64_t output_bytes;
    uint64_t open_files;
    uint64_t file_size_bytes;
    uint64_t tmp_bytes;
    uint8_t program_sha256[BASE_SHA256];
    struct plan_span
        program;           /* real path on the host, opened by the launcher with no link followed */
    struct plan_span cwd;  /* absolute, inside the sandbox */
    struct plan_span argv; /* struct plan_span[], argv[0] first */
    struct plan_span env;  /* struct plan_span[], NAME=value */
    struct plan_span mounts;  /* struct plan_mount[], parents before children */
    struct plan_span filter;  /* struct sock_filter[] */
    struct plan_span profile; /* the filter's name */
    struct plan_span hostname;
};

/** A checked plan; borrows its bytes. */
struct plan_view {
    const struct plan_header *h;
    const uint8_t *bytes;
    uint32_t nargv, nenv, nmounts, nfilter;
};

/**
 * Check every offset, count, string and path of `n` bytes and set `out` up. False: not a plan,
 * nothing may be used. `bytes` must be 8-byte aligned. Uses no memory and no clock; safe on any
 * input.
 */
bool plan_check(const void *bytes, size_t n, struct plan_view *out);
/** "/" or "/a/b": absolute, no empty component, no "." or "..", no slash at the end. */
bool plan_path_is_normal(const char *path, size_t n);
/** Whether `name` can be a hostname or a profile's name: 1 to PLAN_MAX_NAME letters, digits, '-',
 * '.' and '_'. */
bool plan_name_is_valid(const char *name, size_t n);
/** NUL-terminated strings of a checked plan. */
const char *plan_str(const struct plan_view *v, struct plan_span s);
const char *plan_argv(const struct plan_view *v, uint32_t i);
const char *plan_env(const struct plan_view *v, uint32_t i);
const struct plan_mount *plan_mount_at(const struct plan_view *v, uint32_t i);

struct plan_mount_part {
    enum plan_mount_kind kind;
    struct str source, target; /* HIDE: source is empty */
};

/** What a plan is made of; everything is borrowed for the call. */
struct plan_parts {
    struct core_limits limits;
    uint64_t tmp_bytes;
    uint8_t program_sha256[BASE_SHA256];
    struct str program, cwd, hostname, profile;
    const struct str *argv;
    uint32_t nargv;
    const struct str *env;
    uint32_t nenv;
    const struct plan_mount_part *mounts;
    uint32_t nmounts;
    const void *filter;
    uint32_t filter_bytes;
};
/**
 * Appends the plan's bytes to the empty `out`; they pass plan_check. REEVE_EINVAL with the part
 * that does not fit: also a limit that plans carry and that is not set (CORE_UNLIMITED must be
 * said), or one that is set, is not best effort and has no mechanism here. Two plans that mean the
 * same have the same bytes.
 */
int plan_build(const struct plan_parts *parts, struct buf *out, struct reeve_error *err);
/** Render for people and records: a JSON object, everything but the filter's bytes (its digest and
 * length instead). */
void plan_render(const struct plan_view *v, struct buf *out);

#endif
