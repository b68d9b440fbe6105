/*
 * Addresses and ranges of addresses. The text forms are the strict ones: four decimal numbers
 * without leading zeros; RFC 4291's forms of IPv6, no zone, no brackets. An IPv4 address mapped
 * into IPv6 is the IPv4 address.
 */
#ifndef POLICY_VALUE_NET_H
#define POLICY_VALUE_NET_H

#include "policy/value.h"

enum value_family { VALUE_V4 = 4, VALUE_V6 = 16 }; /* its length in bytes */

/** Bytes beyond the family's length are zero. */
struct value_addr {
    uint8_t family; /* enum value_family */
    uint8_t bytes[16];
};
bool value_addr_parse(struct str text, struct value_addr *out);
/** Four decimal numbers, each at most 255 and without a leading zero. */
bool value_addr_parse_v4(struct str text, struct value_addr *out);
/** A URL's form: IPv6 in brackets, as RFC 5952 writes it. `out` has room for VALUE_ADDR_TEXT. */
#define VALUE_ADDR_TEXT 48u
size_t value_addr_format(const struct value_addr *addr, char out[VALUE_ADDR_TEXT]);

/**
 * `address/length`, or an address alone for itself; no bit set beyond the length. Ranges of mapped
 * addresses (::ffff:0:0/96 and within) are ranges of IPv4 addresses.
 */
bool value_cidr_compile(struct value_list ranges, struct buf *bytes, struct value_at *out,
                        struct value_fault *fault);
bool value_cidr_sound(struct str form);
/** Whether any range of the form has it. An address is in ranges of its own family only. */
bool value_cidr_has(struct str form, const struct value_addr *addr);
/** The operator `cidr`: text that is no address is unknown. */
enum tri value_cidr_holds(struct str form, struct str text);

#endif
