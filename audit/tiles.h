/*
 * A log as C2SP tlog-tiles: hash tiles, entry bundles, and the folder that they are exported to.
 * tiles.c makes them of rows in order and keeps one tile a level in memory; tiles_prove.c makes
 * proofs of them; tiles_dir.c writes, compares and reads files. None reads a log: the export in
 * broker/api_tiles.c does.
 */
#ifndef AUDIT_TILES_H
#define AUDIT_TILES_H

#include "audit/audit.h"

#define TILES_WIDTH    256u
#define TILES_LEVELS   8u /* of 2^64 records */
#define TILES_PATH_MAX 64
#define TILES_ENTRIES  TILES_LEVELS /* as a level: the bundles of records */

/** "tile/0/x001/234.p/5": the path of a tile of `width` hashes or records, 1 to TILES_WIDTH. */
void tiles_path(unsigned level, uint64_t index, unsigned width, char out[TILES_PATH_MAX]);

/** Takes a finished file; an error ends the making. `path` and `bytes` are borrowed. */
typedef int tiles_put_fn(void *arg, const char *path, struct str bytes, struct reeve_error *err);

struct tiles_level {
    uint64_t index; /* of the tile being filled */
    unsigned n;
    uint8_t hash[TILES_WIDTH][BASE_SHA256];
};

/** About 64 KiB and one bundle of records: keep it on the heap. For one thread. */
struct tiles {
    tiles_put_fn *put;
    void *arg;
    uint64_t size;
    uint64_t without_bytes; /* records that no bundle can hold */
    struct tree_edge edge;  /* of the full tiles of level 0 */
    struct tiles_level level[TILES_LEVELS];
    struct buf bundle;
    bool lacking; /* a record of this bundle has no bytes: the bundle is not made */
};
void tiles_init(struct tiles *t, tiles_put_fn *put, void *arg);
void tiles_fini(struct tiles *t);
/**
 * The next row. `record` with p == NULL: the bytes are not kept; its bundle is left out, its hash
 * is not. REEVE_EDAMAGED: the leaf is not the record's hash. After an error only tiles_fini.
 */
int tiles_add(struct tiles *t, struct str record, const uint8_t leaf[BASE_SHA256],
              struct reeve_error *err);
/** The root of what was added. */
void tiles_root(const struct tiles *t, uint8_t out[BASE_SHA256]);
/** Put the partial tiles and the partial bundle. */
int tiles_finish(struct tiles *t, struct reeve_error *err);

/**
 * Write a file below `dir_fd`, its folders with it (0700, the file 0600). Symbolic links on the way
 * are not followed. A file that is there must have these very bytes, since tiles never change:
 * REEVE_EVERIFY.
 */
int tiles_dir_put(int dir_fd, const char *path, struct str bytes, struct reeve_error *err);

/** Read a file of exactly `n` bytes below `dir_fd`. REEVE_ENOENT, REEVE_EIO; REEVE_EVERIFY: it has
 * another length, or is no file. */
int tiles_dir_get(int dir_fd, const char *path, uint8_t *out, size_t n, struct reeve_error *err);

/** An exported tree: how its tiles are read, and what was signed of it. */
struct tiles_tree {
    int (*get)(void *arg, const char *path, uint8_t *out, size_t n, struct reeve_error *err);
    void *arg;
    uint64_t size;
    uint8_t root[BASE_SHA256];
};
/**
 * audit_log_prove of tiles: reads O(log^2 size) of them at most, and no record. What it gives was
 * checked against `t->root`. REEVE_ENOENT: there is no such record or tree; REEVE_EVERIFY: the
 * tiles do not lead to what is signed; what `get` returns.
 */
int tiles_prove(const struct tiles_tree *t, enum audit_prove what, uint64_t index, uint64_t size,
                struct audit_proof *out, struct reeve_error *err);

#endif
