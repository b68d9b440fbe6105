/*
 * The sealed files of a log: `segments/<first>-<last>.db`, each with the rows that its name says,
 * read-only, never changed but by a file that takes its place: one without the bytes of a record
 * that is erased, or, as `<first>-<last>-pruned.db`, without those of all that its time is over
 * for. Leaves stay. Knows nothing of an open log.
 */
#ifndef AUDIT_SEGMENTS_H
#define AUDIT_SEGMENTS_H

#include "base/base.h"

#define SEGMENT_FOLDER   "segments"
#define SEGMENT_MAX_NAME 80u /* with the folder */

struct segment {
    uint64_t first, last;
    bool pruned;   /* the records that were kept for a time are gone */
    bool leftover; /* and the file that had them is still beside it, as a crash leaves it */
};
/** Zero-initialised: none. */
struct segments {
    struct segment *v; /* ascending */
    size_t n, room;
};

/** Its file's name in the state folder. */
void segment_name(const struct segment *s, char out[SEGMENT_MAX_NAME]);
/**
 * What is in the folder, by the names alone: that they lead from one to the next, who reads them
 * sees. Of a segment and its pruned form, which a crash left beside each other, the pruned one.
 * None where there is no such folder. REEVE_EIO, REEVE_ENOMEM.
 */
int segments_list(int dir_fd, struct segments *out, struct reeve_error *err);
/** Remove the file that a crash left beside its pruned form. REEVE_EIO. */
int segment_remove_leftover(int dir_fd, struct segment *s, struct reeve_error *err);
/** Add one behind the others. REEVE_ENOMEM. */
int segments_add(struct segments *s, const struct segment *one, struct reeve_error *err);
void segments_fini(struct segments *s);
/** One past the last record; 0: there is none. */
uint64_t segments_end(const struct segments *s);
/** The place of the segment that has this sequence; `s->n`: none. */
size_t segments_find(const struct segments *s, uint64_t seq);

/** What a file of the state folder takes on the disk, in bytes; 0: there is none. */
uint64_t segment_bytes(int dir_fd, const char *name);

/* Which records a file that takes another's place has without their bytes. */
struct segment_without {
    uint64_t from, to; /* inclusive */
    bool prune;        /* of these, all that do not tell of the log itself; the name says so */
};
/**
 * Write a segment without these bytes into a new file, whose name goes to `temporary`; nobody's
 * until it takes the old one's place. Any thread. REEVE_EDAMAGED: the segment cannot be read, or
 * has other rows than its name says; REEVE_EIO: it can be tried again.
 */
int segment_prepare(int dir_fd, const char *dir, const struct segment *s,
                    const struct segment_without *without, char temporary[SEGMENT_MAX_NAME],
                    struct reeve_error *err);
/**
 * Put it in the old one's place, in one step; `s` is pruned then, if that is what was done.
 * `*old_fd` is the old file, without a name, for segment_overwrite or to be closed. The new file is
 * gone where this fails. REEVE_EIO.
 */
int segment_replace(int dir_fd, struct segment *s, const struct segment_without *without,
                    const char *temporary, int *old_fd, struct reeve_error *err);
/** Write zeroes over a file, durably: where it stood, as far as the file system lets it. REEVE_EIO.
 */
int segment_overwrite(int fd, struct reeve_error *err);

#endif
