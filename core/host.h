/*
 * Hosts: what a URL's authority or an argument names, in normal form.
 *
 * Names outside ASCII are made A-labels by UTS 46 (non-transitional) before anything is decided
 * about them (core_host_ascii: it allocates). Reading a host does not, so that a name that is still
 * not ASCII there is none.
 */
#ifndef CORE_HOST_H
#define CORE_HOST_H

#include "core/net.h"

#define CORE_HOST_MAX  253u /* bytes of a name */
#define CORE_LABEL_MAX 63u

/** A host in normal form. Its name points into itself: not to be copied. */
struct core_host {
    enum { CORE_HOST_NAME, CORE_HOST_ADDRESS } kind;
    struct core_addr addr; /* of an address */
    struct str name;       /* of a name: lower case, no dot at its end */
    char store[CORE_HOST_MAX + 1];
};
/**
 * A URL's host: a name (letters, digits, `-`, `_` in labels of 1 to 63 bytes, one dot at the end
 * taken off, lower case), a strict dotted quad, or `[IPv6]`. False for all else,
 * names whose last label is a number (decimal or 0x) among it.
 */
bool core_host_parse(struct str text, struct core_host *out);
/** The same for an argument that is a host and no URL: IPv6 may also stand without brackets. */
bool core_host_parse_text(struct str text, struct core_host *out);
/** Append the A-label form of a name (UTF-8). False when UTS 46 has none, or this build no IDN. */
bool core_host_ascii(struct str name, struct buf *out);

#endif
