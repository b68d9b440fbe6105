/*
 * The wire between a client and an owner: length-prefixed frames on a stream socket. docs/wire.md
 * is the same for people who write a client of their own. One request at a time on a connection;
 * who wants more opens more.
 */
#ifndef BROKER_WIRE_H
#define BROKER_WIRE_H

#include "base/base.h"

#define WIRE_PROTOCOL "reeve-wire/1"
#define WIRE_HEAD_BYTES                                                                            \
    5u /* u32 length of what follows it, u8 type; the length counts the type                       \
        */
#define WIRE_MAX_FRAME   (2u << 20) /* length field: at most this */
#define WIRE_MAX_ARGS    (64u << 10)
#define WIRE_MAX_POLICY  (1u << 20)
#define WIRE_MAX_REASON  512u
#define WIRE_SLICE_ROWS  1024u /* of one READ */
#define WIRE_SLICE_BYTES (1u << 20)

enum wire_type {
    /* client */
    WIRE_HELLO = 1, /* JSON {"protocol", "version"} */
    WIRE_POLICY,    /* u32 length of name, name, text: for the next request */
    WIRE_REQUEST,   /* JSON, see docs/wire.md */
    WIRE_CANCEL,    /* nothing: end the run of the request in progress */
    WIRE_READ,      /* u64 from, u64 max */
    WIRE_ASK,       /* a word: status, providers, head, segments */
    WIRE_RECEIPT,   /* u64 seq */
    WIRE_STOP,      /* nothing: an idle lingering owner ends; an embedding one refuses */
    WIRE_PROVE,     /* u8 what (0 record, 1 growth), u64 index, u64 size (0: the log's) */
    WIRE_ROTATE,    /* nothing: the log gets a new key */
    WIRE_PLAN,      /* 32 bytes: a plan's digest */
    WIRE_ERASE,     /* u64 seq, reason */
    WIRE_SEAL,      /* nothing: the log's newest file ends */
    /* owner */
    WIRE_WELCOME = 64, /* JSON {"protocol", "version", "pid", "grade"} */
    WIRE_OUTPUT,       /* u8 stream (1 stdout, 2 stderr), bytes */
    WIRE_RESULT,       /* JSON; ends a REQUEST */
    WIRE_ERROR,    /* JSON {"code", "message"}; ends whatever was asked; after a protocol error the
                      connection too */
    WIRE_ROW,      /* u64 seq, 32 bytes leaf, u8 kept, record */
    WIRE_ROWS_END, /* u64 next: where the next READ goes on */
    WIRE_ANSWER,   /* text: what ASK, RECEIPT, PROVE, ROTATE, SEAL or STOP wanted; of PLAN: bytes */
};

/** Append a frame whose payload is `a` and then `b`. */
void wire_put(struct buf *out, enum wire_type type, struct str a, struct str b);

/**
 * Look at what a stream has brought: 1 and type and payload (borrowed from `in`) and the bytes that
 * it took, 0 when the frame is not complete, -1 when its length is none that is allowed.
 */
int wire_peek(struct str in, uint8_t *type, struct str *payload, size_t *taken);

#endif
