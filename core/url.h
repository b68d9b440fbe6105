/*
 * URLs, taken apart and put into normal form. Strict on purpose: what two readers could take apart
 * differently is no URL.
 */
#ifndef CORE_URL_H
#define CORE_URL_H

#include "core/host.h"

#define CORE_URL_MAX      65536u /* bytes of a URL */
#define CORE_URL_PATH_MAX 8192u  /* of its path */
#define CORE_SCHEME_MAX   31u

/** A URL in normal form. Borrows the text and may point into itself: not to be copied. */
struct core_url {
    struct str scheme; /* lower case */
    struct core_host host;
    uint32_t port;   /* the scheme's own when none is written; 0: neither */
    bool own_port;   /* port is the scheme's own, written or not */
    struct str path; /* "/" at least; escapes of unreserved characters decoded, no dot segments */
    struct str rest; /* from `?` or `#` on: not judged */
    char scheme_store[CORE_SCHEME_MAX + 1];
    char path_store[CORE_URL_PATH_MAX];
};
/** False: no URL that can be judged. Costs what the text's length is; the stores are not cleared.
 */
bool core_url_parse(struct str text, struct core_url *out);
/** The port that a scheme has when none is written, or 0. */
uint32_t core_url_port_of(struct str scheme);
/**
 * For whoever puts arguments into normal form before they are decided on: append the URL's normal
 * form, its host made ASCII. What is no URL is appended as it is, and false returned. Allocates.
 */
bool core_url_normal(struct str text, struct buf *out);

/** The parts of `scheme://host:port/path?query#fragment`, none judged but the scheme. */
struct core_url_parts {
    struct str scheme;     /* as written, its characters sound */
    struct str host, port; /* port.p NULL: no colon */
    struct str path, rest; /* path may be empty */
};
bool core_url_split(struct str text, struct core_url_parts *out);
/** Digits of a port from 1 to 65535, or 0. */
uint32_t core_url_port(struct str digits);
/**
 * Escapes checked, those of unreserved characters decoded, the others in upper case. False for a
 * malformed one and for `%2f %5c %00`. `out` has room for as many bytes as there are.
 */
bool core_url_unescape(struct str path, char *out, size_t *n);
/** Whether a byte may stand in a URL outside its host: ASCII but controls, space and backslash. */
bool core_url_byte(char c);

#endif
