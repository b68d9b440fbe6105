/* What the files behind the public functions share: the handle and its connections. */
#ifndef BROKER_API_H
#define BROKER_API_H

#include <pthread.h>

#include "audit/audit.h"
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

/* ---- api_log.c ---- */
/** Ask the owner one thing: `*text`, malloc'ed, is its answer. */
int api_question(struct reeve *r, enum wire_type type, struct str payload, char **text,
                 struct reeve_error *err);
/** audit_source's read over the wire; `self` is the handle. */
int api_read_rows(void *self, uint64_t from, uint64_t max, audit_row_fn *fn, void *arg,
                  struct reeve_error *err);
/** audit_source's plan over the wire. */
int api_read_plan(void *self, const uint8_t digest[BASE_SHA256], struct buf *out,
                  struct reeve_error *err);
/** An audit_row_fn that gives each row to an api_taker. */
struct api_taker {
    int (*fn)(void *arg, const struct reeve_record *record);
    void *arg;
};
int api_give_record(void *arg, uint64_t seq, struct str record, const uint8_t leaf[BASE_SHA256]);
/** The folder's own verifier key, from its file: not from the owner, whose word is being checked.
 */
#define API_MAX_VKEY 512u
int api_own_key(struct reeve *r, char out[API_MAX_VKEY], struct reeve_error *err);
/** What the owner says of its log, and the folder's own key at that moment: a rotation between the
 * two is waited for. */
int api_ask_head(struct reeve *r, char vkey[API_MAX_VKEY], char **text, struct reeve_error *err);
static inline struct str api_given(const char *text)
{
    return text ? str_of(text) : (struct str){NULL, 0};
}

#endif
