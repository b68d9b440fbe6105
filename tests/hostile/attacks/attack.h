/*
 * The attacks: each is a function that tries one thing that a sandbox forbids and says whether it
 * worked. They are run twice by hostile_test.c, inside (none may work) and outside, where those
 * that can must work: an attack that works nowhere shows nothing.
 */
#ifndef TESTS_HOSTILE_ATTACK_H
#define TESTS_HOSTILE_ATTACK_H

#include <stdbool.h>
#include <stddef.h>

struct attack {
    const char *name;
    /** `arg` is the row's argument, "" when it has none. */
    bool (*run)(const char *arg);
};

extern const struct attack file_attacks[], network_attacks[], kernel_attacks[], process_attacks[],
    leak_attacks[]; /* each ends with a NULL name */

/** Run this program anew with another attack; whether that one worked. `program` is what is
 * exec'ed. */
bool attack_by_exec(const char *program, const char *name, const char *arg);
/** Whether `run` works in a child; the caller keeps its own state. */
bool attack_in_child(bool (*run)(void));

#endif
