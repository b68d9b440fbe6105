/*
 * Host patterns: a name (exactly it), `*.x` (one or more labels in front of x, not x), `*` (any
 * name, no address) or an address (that address). Names outside ASCII become A-labels while a
 * policy is compiled.
 */
#ifndef POLICY_VALUE_HOST_H
#define POLICY_VALUE_HOST_H

#include "core/host.h"
#include "policy/value.h"

bool value_hosts_compile(struct value_list patterns, struct buf *bytes, struct value_at *out,
                         struct value_fault *fault);
bool value_hosts_sound(struct str form);
bool value_hosts_have(struct str form, const struct core_host *host);
/** The operator `host`: text that is no host is unknown. */
enum tri value_hosts_hold(struct str form, struct str text);

#endif
