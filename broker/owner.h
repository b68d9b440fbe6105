/*
 * The owner of one state folder: policy image, log, providers, connections, runs. One thread (the
 * one in owner_run) touches them; others hand it connections and providers through owner_adopt and
 * owner_register, and providers tell it of their runs through their host.
 */
#ifndef BROKER_OWNER_H
#define BROKER_OWNER_H

#include "base/base.h"
#include "reeve/provider.h"

struct owner;

struct owner_options {
    const char *dir;
    const char *helper_dir;
    bool embedded; /* inside a program that is not reeved: survives the loss of its helpers */
    /* Why the end that the log has lost, from record `lost_from` on, is given up; NULL: it is not.
     */
    const char *loss_reason;
    uint64_t lost_from;
    int64_t linger_ns; /* end by itself after this long without a connection; 0: never */
    void (*event)(void *arg, const char *text);
    void *event_arg;
    /** NULL, or called once a second while owner_new takes its time: the start goes on. */
    void (*alive)(void *arg);
    void *alive_arg;
};

/**
 * Take the folder: lock, helpers, log, policy, socket. A log that is damaged or lost its tail is no
 * error: the owner then serves reading and refuses the rest. `*out` NULL on error.
 */
int owner_new(const struct owner_options *options, struct owner **out, struct reeve_error *err);
/** Serve until owner_stop, the linger time, or (unless embedded) the loss of a helper. What runs is
 * ended and recorded before it returns, unless a helper is gone. 0, or what ended it. */
int owner_run(struct owner *owner, struct reeve_error *err);
/** Make owner_run return. From any thread or signal handler. */
void owner_stop(struct owner *owner);
/** After owner_run has returned, or before it was called. Ends runs, helpers and connections;
 * frees; sets NULL. */
void owner_free(struct owner **owner);
/** Serve a connected stream socket (given away) of this very process. Any thread. */
int owner_adopt(struct owner *owner, int fd, struct reeve_error *err);
/** Any thread: waits until the owner's, in owner_run or about to be, has taken it. */
int owner_register(struct owner *owner, const struct reeve_provider *provider,
                   struct reeve_error *err);

#endif
