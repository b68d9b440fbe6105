/*
 * Starting the helpers. The caller may be any program with threads, so nothing is forked: a
 * vfork-like clone whose exit sends no signal execs libexec/reeve-start, which makes the socket
 * between keeper and launcher, starts both and ends. Helpers are known by their sockets only.
 *
 * Descriptors that the programs find (all others are closed, environment empty, signals default,
 * umask 077, own session, 0, 1 and 2 on /dev/null):
 *
 * - reeve-start: 3 keeper's socket, 4 launcher's socket, 5 ownership lock, 6 state folder, 7 helper
 *   folder
 *
 * - reeve-keeper: 3 owner, 4 launcher, 5 ownership lock, 6 state folder
 *
 * - reeve-launcher: 3 owner, 4 keeper, 5 ownership lock, 6 helper folder, 7 state folder
 *
 * First thing, the keeper sends the launcher TOKEN_KEY_BYTES random bytes over their socket
 * (SOCK_SEQPACKET, as all three).
 */
#ifndef BROKER_HELPERS_H
#define BROKER_HELPERS_H

#include "base/base.h"

struct helpers {
    int keeper_fd, launcher_fd; /* SOCK_SEQPACKET, close-on-exec; -1: none */
};

/** Start both. `helper_dir` is a path. The descriptors stay the caller's. REEVE_EHELPERS names the
 * program that is missing. */
int helpers_start(const char *helper_dir, int state_fd, int lock_fd, struct helpers *out,
                  struct reeve_error *err);

/**
 * Start a program by the same way (used for `reeved`): argv NULL-terminated, `fds[i]` becomes
 * descriptor i (-1: that one is closed; at most 16), every other is closed by the program itself.
 * It begins with every signal blocked and must reset mask and dispositions. Returns when the
 * program has been exec'ed; REEVE_EHELPERS with errno's text when not. Thread-safe; the program is
 * nobody's child here.
 */
int helpers_spawn(const char *path, char *const argv[], char *const envp[], const int *fds,
                  size_t nfds, struct reeve_error *err);

#endif
