/*
 * What the files of the JSON reader share: the state of one pass over a text. Internal to core/.
 */
#ifndef CORE_JSON_READER_H
#define CORE_JSON_READER_H

#include "core/json.h"

struct json_reader {
    const char *p, *end; /* what is left of the text */
    const char *line_start;
    unsigned line;
    struct json_node *nodes;
    uint32_t used, cap;
    uint32_t depth;
    uint32_t open[JSON_MAX_DEPTH]; /* the containers around `p`, outermost first */
    struct reeve_error *err;
};

/** Refuse the text at `s->p`. */
int json_fail(struct json_reader *s, const char *what);
/** Refuse an object, at whose end `s->p` stands, that has a key twice. */
int json_check_keys(struct json_reader *s, uint32_t object);

#endif
