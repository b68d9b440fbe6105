/*
 * One step through UTF-8 (RFC 3629), shared by the JSON reader and the writer. Whole-string checks
 * are str_is_utf8 in base; this is for those who walk a string anyway.
 */
#ifndef CORE_UTF8_H
#define CORE_UTF8_H

#include <stddef.h>

/** Length of the well-formed sequence at `p` (1 to 4), or 0 when the `n` bytes there do not begin
 * with one. */
static inline size_t core_utf8_step(const char *p, size_t n)
{
    const unsigned char *u = (const unsigned char *)p;
    if (n == 0)
        return 0;
    if (u[0] < 0x80)
        return 1;
    size_t len = u[0] >= 0xF0 ? 4 : u[0] >= 0xE0 ? 3 : 2;
    if (u[0] < 0xC2 || u[0] > 0xF4 || n < len)
        return 0;
    /* The second byte's range shuts out overlong forms, surrogates and what lies beyond U+10FFFF.
     */
    unsigned low = u[0] == 0xE0 ? 0xA0 : u[0] == 0xF0 ? 0x90 : 0x80;
    unsigned high = u[0] == 0xED ? 0x9F : u[0] == 0xF4 ? 0x8F : 0xBF;
    if (u[1] < low || u[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((u[i] & 0xC0) != 0x80)
            return 0;
    return len;
}

#endif
