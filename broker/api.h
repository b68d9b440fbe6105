/* What the files behind the public functions share: the handle and its connections. */
#ifndef BROKER_API_H
#define BROKER_API_H

#include <pthread.h>

#include "broker/client.h"
#include "broker/owner.h"
#include "reeve/reeve.h"

#define API_MAX_IDLE 8u

struct reeve {
    struct reeve_open_options options;
    char *dir, *helper_dir;
    pid_t pid;             /* that opened it */
    struct owner *owner;   /* NULL: a client */
    pthread_t thread;      /* of the owner, */
    bool has_thread;       /* when it could be made */
    pthread_mutex_t mutex; /* guards what follows */
    struct client idle[API_MAX_IDLE];
    unsigned nidle;
};

/** A connection for one call: an idle one or a new one. */
int api_connect(struct reeve *r, struct client *c, struct reeve_error *err);
/** The end of a call: kept for the next one when it went well (`rc` 0), closed when not. Returns
 * `rc`. */
int api_finish(struct reeve *r, struct client *c, int rc);

#endif
