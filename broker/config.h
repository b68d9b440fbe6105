/*
 * config.yaml of a state folder: what is set in it. Read once, at the owner's start.
 */
#ifndef BROKER_CONFIG_H
#define BROKER_CONFIG_H

#include "policy/policy.h"

#define CONFIG_MAX_KEYS  16u
#define CONFIG_MAX_IMAGE 64u /* bytes of the image's name */

struct config {
    char image[CONFIG_MAX_IMAGE + 1]; /* a compiled policy's file in the folder; "": policy.yaml */
    uint8_t key[CONFIG_MAX_KEYS][32]; /* Ed25519, of the policy's authors */
    size_t nkeys, need;               /* so many of them must have signed the image */
    int64_t batch_ns;       /* how long a record that nobody waits for may wait for company */
    uint64_t segment_bytes; /* about what a file of the log takes when the next one begins */
    int64_t segment_ns;     /* how old its first record may be; 0: as old as it gets */
    int64_t keep_ns;        /* for how long records are kept; 0: for ever */
};

/**
 * Read a folder's config.yaml. REEVE_ESTATE, with file, line and column, when it is not what it
 * should be: an unknown key is an error, never ignored. REEVE_ENOMEM.
 */
int config_load(int dir_fd, const char *dir, uid_t owner, struct config *out,
                struct reeve_error *err);

#endif
