/*
 * A disk that fails at a chosen write, for the program that links disk.c: its own definitions of
 * the system's writing functions stand before libc's, for SQLite as well, and those that name files
 * and rename them. What was not synced when the power went is forgotten, wholly or in part; of
 * names that changed in a folder, the last ones.
 */
#ifndef TESTS_AUDIT_DISK_H
#define TESTS_AUDIT_DISK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum disk_crash {
    DISK_KILL,        /* the process that writes is killed; what it wrote before is there */
    DISK_FORGET,      /* the power goes: nothing unsynced is there */
    DISK_FORGET_SOME, /* the power goes: of what is unsynced any 512 bytes may be there, or not */
    DISK_FULL,        /* nothing is killed: this write and all later ones fail, ENOSPC */
    DISK_BROKEN,      /* the same with EIO */
};

/** Shared by the processes that live on one disk (memory that fork shares). */
struct disk {
    atomic_long left; /* writes, syncs and names until it happens; negative: never */
    enum disk_crash crash;
    unsigned torn; /* of the write that it happens at: 0 nothing, 1 half, 2 all */
    uint32_t seed;
    atomic_bool gone;     /* the power: for all of them */
    _Atomic pid_t pid[2]; /* who is to hear of it */
};

/** From now on this process lives on `disk`, as its `index`-th. */
void disk_use(struct disk *disk, unsigned index);

#endif
