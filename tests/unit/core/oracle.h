/*
 * jansson behind a wall: its header and core/json.h use the same names, so the two meet only here.
 * Both readers' trees are told node by node, depth first, in one form.
 */
#ifndef TESTS_UNIT_CORE_ORACLE_H
#define TESTS_UNIT_CORE_ORACLE_H

#include "base/base.h"

void oracle_tell_int(struct buf *out, int64_t v);
void oracle_tell_double(struct buf *out, double v);
void oracle_tell_string(struct buf *out, struct str s);
void oracle_tell_open(struct buf *out, bool object, size_t count);

/** Read with jansson at its strictest, but for a NUL in a string's value where `nul` says so; `why`
 * has 256 bytes for the refusal. */
bool oracle_read(const char *text, size_t n, bool nul, struct buf *out, char *why);

#endif
