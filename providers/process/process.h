/*
 * Provider "process": the owner's side. Speaks frames with a launcher, which the owner starts and
 * attaches; builds and confines nothing itself. All functions belong to the owner's thread.
 */
#ifndef PROVIDERS_PROCESS_PROCESS_H
#define PROVIDERS_PROCESS_PROCESS_H

#include "core/frames.h"
#include "reeve/provider.h"

struct process_provider;

/** A provider without a launcher: it is not available until one is attached. REEVE_ENOMEM. */
int process_provider_new(struct process_provider **out);
/** Frees and sets NULL; NULL is fine. Its runs are forgotten, not reported. */
void process_provider_free(struct process_provider **p);
/** Name, rank and functions, `self` set; lives as long as `p`. */
const struct reeve_provider *process_provider_ops(struct process_provider *p);

/**
 * Take a launcher: its socket (borrowed until the next attach; -1: none) and the hello that it sent
 * first (copied; may be NULL with -1). Runs of an earlier launcher are forgotten: reporting them
 * lost is the owner's.
 */
void process_provider_attach(struct process_provider *p, int launcher_fd,
                             const struct launcher_hello *hello);
/** The attached socket, to be polled for input, or -1. */
int process_provider_fd(const struct process_provider *p);
/**
 * Read every frame that is there and report the runs that ended; never blocks. REEVE_EHELPERS when
 * the launcher has closed its end, REEVE_EPROTO when it sent what it may not: either way it is of
 * no more use and nothing was reported for the runs that are left.
 */
int process_provider_dispatch(struct process_provider *p);

#endif
