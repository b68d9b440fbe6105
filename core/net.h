/*
 * Addresses as text. The forms are the strict ones: four decimal numbers without leading zeros; RFC
 * 4291's forms of IPv6, no zone, no brackets. An IPv4 address mapped into IPv6 is the IPv4 address.
 */
#ifndef CORE_NET_H
#define CORE_NET_H

#include "base/base.h"

enum core_family { CORE_V4 = 4, CORE_V6 = 16 }; /* its length in bytes */

/** Bytes beyond the family's length are zero. */
struct core_addr {
    uint8_t family; /* enum core_family */
    uint8_t bytes[16];
};
bool core_addr_parse(struct str text, struct core_addr *out);
/** Four decimal numbers, each at most 255 and without a leading zero. */
bool core_addr_parse_v4(struct str text, struct core_addr *out);
/** A URL's form: IPv6 in brackets, as RFC 5952 writes it. `out` has room for CORE_ADDR_TEXT. */
#define CORE_ADDR_TEXT 48u
size_t core_addr_format(const struct core_addr *addr, char out[CORE_ADDR_TEXT]);

#endif
