/*
 * Ranges of addresses, and whether an address is in one.
 */
#ifndef POLICY_VALUE_NET_H
#define POLICY_VALUE_NET_H

#include "core/net.h"
#include "policy/value.h"

/**
 * `address/length`, or an address alone for itself; no bit set beyond the length. Ranges of mapped
 * addresses (::ffff:0:0/96 and within) are ranges of IPv4 addresses.
 */
bool value_cidr_compile(struct value_list ranges, struct buf *bytes, struct value_at *out,
                        struct value_fault *fault);
bool value_cidr_sound(struct str form);
/** Whether any range of the form has it. An address is in ranges of its own family only. */
bool value_cidr_has(struct str form, const struct core_addr *addr);
/** The operator `cidr`: text that is no address is unknown. */
enum tri value_cidr_holds(struct str form, struct str text);

#endif
