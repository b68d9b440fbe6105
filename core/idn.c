/*
 * Names outside ASCII: UTS 46, non-transitional, by libidn2, which allocates and is therefore asked
 * before decisions only. What comes out is read again as any ASCII host, so that no mapping brings
 * in a character (or a number) that would not be let in as written.
 */
#include "core/host.h"

#ifdef REEVE_HAVE_IDN2
#include <idn2.h>
#endif

#define NAME_MAX_BYTES 1024u /* in UTF-8: more than 253 bytes of A-labels can come from */

static bool put_host(struct str text, struct buf *out)
{
    struct core_host host;
    if (!core_host_parse(text, &host))
        return false;
    if (host.kind == CORE_HOST_NAME) {
        buf_str(out, host.name);
    } else {
        char address[CORE_ADDR_TEXT];
        buf_put(out, address, core_addr_format(&host.addr, address));
    }
    return true;
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((uint8_t)s.p[i] >= 0x80)
            return false;
    return true;
}

#ifdef REEVE_HAVE_IDN2
static bool put_by_library(struct str name, struct buf *out)
{
    char text[NAME_MAX_BYTES + 1];
    memcpy(text, name.p, name.n);
    text[name.n] = '\0';
    char *ascii = NULL;
    bool good = idn2_to_ascii_8z(text, &ascii, IDN2_NONTRANSITIONAL) == IDN2_OK &&
                put_host(str_of(ascii), out);
    idn2_free(ascii);
    return good;
}
#else
static bool put_by_library(struct str name, struct buf *out)
{
    (void)name;
    (void)out;
    return false;
}
#endif

bool core_host_ascii(struct str name, struct buf *out)
{
    if (is_ascii(name))
        return put_host(name, out);
    return name.n <= NAME_MAX_BYTES && !memchr(name.p, '\0', name.n) && str_is_utf8(name) &&
           put_by_library(name, out);
}
