/*
 * URLs: an argument taken apart and put into normal form, and the pattern {scheme, host, port,
 * path, cidr} that judges it. Strict on purpose: what two readers could take apart differently is
 * no URL, and a condition on it is unknown.
 */
#ifndef POLICY_VALUE_URL_H
#define POLICY_VALUE_URL_H

#include "policy/value_host.h"

#define VALUE_URL_MAX      65536u /* bytes of a URL */
#define VALUE_URL_PATH_MAX 8192u  /* of its path */
#define VALUE_SCHEME_MAX   31u

/** A URL in normal form. Borrows the text and may point into itself: not to be copied. */
struct value_url {
    struct str scheme; /* lower case */
    struct value_host host;
    uint32_t port;   /* the scheme's own when none is written; 0: neither */
    struct str path; /* "/" at least; escapes of unreserved characters decoded, no dot segments */
    struct str rest; /* from `?` or `#` on: not judged */
    char scheme_store[VALUE_SCHEME_MAX + 1];
    char path_store[VALUE_URL_PATH_MAX];
};
/** False: no URL that can be judged. Costs what the text's length is; the stores are not cleared.
 */
bool value_url_parse(struct str text, struct value_url *out);
/** The port that a scheme has when none is written, or 0. */
uint32_t value_url_port_of(struct str scheme);
/**
 * For whoever puts arguments into normal form before they are decided on: append the URL's normal
 * form, its host made ASCII. What is no URL is appended as it is, and false returned. Allocates.
 */
bool value_url_normal(struct str text, struct buf *out);
/** Append "host:port" (IPv6 in brackets), what `"${args.url}"` means in `network`. False without
 * a port. */
bool value_url_authority(const struct value_url *url, struct buf *out);

/** A pattern as written. A list with n 0 is a key that is not there: a key that is there with an
 * empty list is the caller's to refuse. */
struct value_url_spec {
    struct value_list scheme; /* not there: https */
    struct value_list host, path, cidr;
    const int64_t *port; /* not there: the scheme's own */
    uint32_t nport;
    bool any_port;
};
bool value_url_compile(const struct value_url_spec *spec, struct buf *bytes, struct value_at *out,
                       struct value_fault *fault);
/** The short form: "https://h.example:8443/v1/\*"; without a path any path. */
bool value_url_compile_short(struct str text, struct buf *bytes, struct value_at *out,
                             struct value_fault *fault);
bool value_url_sound(struct str form);
/** All keys must hold. Unknown only where no port is written and the scheme has none. */
enum tri value_url_fits(struct str form, const struct value_url *url);
/** The operator `url` on an argument's text. To judge by several patterns, parse once. */
enum tri value_url_holds(struct str form, struct str text);

#endif
