/*
 * Verifier keys, signed notes and checkpoints from anywhere. What is accepted must be what is
 * written back: a key has one text, a checkpoint's fields lie inside its note.
 */
#include "audit/note.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define VKEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

static bool inside(struct str part, struct str whole)
{
    return part.p >= whole.p && part.n <= whole.n && part.p + part.n <= whole.p + whole.n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct str input = {(const char *)data, n}, text;
    struct note_key key;
    struct note_checkpoint c;
    if (note_key_parse(input, &key, NULL) == 0) {
        auto_buf struct buf again = {0};
        note_key_format(key.name, key.pub, &again);
        assert(str_eq(buf_view(&again), input));
    }
    if (note_checkpoint_parse(input, &c, NULL) == 0)
        assert(inside(c.origin, input) && c.origin.n > 0);
    if (note_key_parse(STR(VKEY), &key, NULL) != 0)
        abort();
    if (note_open(input, &key, &text, NULL) == 0)
        assert(inside(text, input) && text.n < input.n && text.p[text.n - 1] == '\n');
    (void)note_checkpoint_open(input, &key, &c, NULL);
    return 0;
}
