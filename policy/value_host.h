/*
 * Hosts: what a URL's authority or an argument names, and the patterns that judge it. A pattern is
 * a name (exactly it), `*.x` (one or more labels in front of x, not x), `*` (any name, no address)
 * or an address (that address).
 *
 * Names outside ASCII are made A-labels by UTS 46 (non-transitional) while a policy is compiled,
 * and in a request before it is decided (value_host_ascii, called by whoever puts arguments into
 * normal form). Inside a decision nothing may allocate, so a name that is still not ASCII there is
 * unknown.
 */
#ifndef POLICY_VALUE_HOST_H
#define POLICY_VALUE_HOST_H

#include "policy/value_net.h"

#define VALUE_HOST_MAX  253u /* bytes of a name */
#define VALUE_LABEL_MAX 63u

/** A host in normal form. Its name points into itself: not to be copied. */
struct value_host {
    enum { VALUE_NAME, VALUE_ADDRESS } kind;
    struct value_addr addr; /* of an address */
    struct str name;        /* of a name: lower case, no dot at its end */
    char store[VALUE_HOST_MAX + 1];
};
/**
 * A URL's host: a name (letters, digits, `-`, `_` in labels of 1 to 63 bytes, one dot at the end
 * taken off, lower case), a strict dotted quad, or `[IPv6]`. False for all else,
 * names whose last label is a number (decimal or 0x) among it.
 */
bool value_host_parse(struct str text, struct value_host *out);
/** The same for an argument that is a host and no URL: IPv6 may also stand without brackets. */
bool value_host_parse_text(struct str text, struct value_host *out);
/** Append the A-label form of a name (UTF-8). False when UTS 46 has none, or this build no IDN. */
bool value_host_ascii(struct str name, struct buf *out);

bool value_hosts_compile(struct value_list patterns, struct buf *bytes, struct value_at *out,
                         struct value_fault *fault);
bool value_hosts_sound(struct str form);
bool value_hosts_have(struct str form, const struct value_host *host);
/** The operator `host`: text that is no host is unknown. */
enum tri value_hosts_hold(struct str form, struct str text);

#endif
