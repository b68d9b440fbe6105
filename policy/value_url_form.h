/*
 * What value_url.c and value_url_pattern.c share: how a URL's text falls into parts, and a path's
 * normal form.
 */
#ifndef POLICY_VALUE_URL_FORM_H
#define POLICY_VALUE_URL_FORM_H

#include "policy/value_url.h"

/** The parts of `scheme://host:port/path?query#fragment`, none judged but the scheme. */
struct url_parts {
    struct str scheme;     /* as written, its characters sound */
    struct str host, port; /* port.p NULL: no colon */
    struct str path, rest; /* path may be empty */
};
bool url_split(struct str text, struct url_parts *out);
/** Digits of a port from 1 to 65535, or 0. */
uint32_t url_port(struct str digits);
/**
 * Escapes checked, those of unreserved characters decoded, the others in upper case. False for a
 * malformed one and for `%2f %5c %00`. `out` has room for as many bytes as there are.
 */
bool url_unescape(struct str path, char *out, size_t *n);
/** Whether a byte may stand in a URL outside its host: ASCII but controls, space and backslash. */
bool url_byte(char c);

#endif
