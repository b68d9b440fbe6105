/*
 * Whether a token may open a gate: the keeper's MAC, the plan, the expiry, and that it was not used
 * before. No system call but the clock that the caller reads; called by runs.c and by its tests.
 */
#ifndef LAUNCHER_TOKEN_H
#define LAUNCHER_TOKEN_H

#include "core/frames.h"

#define TOKEN_WINDOW UINT64_C(65536)

/** The sequences that were used: the last TOKEN_WINDOW below the highest one; what is older counts
 * as used. Zero: none. */
struct token_window {
    bool any;
    uint64_t highest;
    uint64_t used[TOKEN_WINDOW / 64];
};

/**
 * Check `t` for a plan with digest `plan` at `now_ns` (CLOCK_BOOTTIME) and, when all holds, mark it
 * as used. LAUNCHER_WHY_NONE, or the LAUNCHER_WHY_TOKEN_* that failed first; a token that failed is
 * not marked.
 */
uint32_t token_check(struct token_window *w, const uint8_t key[TOKEN_KEY_BYTES],
                     const struct token *t, const uint8_t plan[BASE_SHA256], int64_t now_ns);

#endif
