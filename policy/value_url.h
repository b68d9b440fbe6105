/*
 * URL patterns, {scheme, host, port, path, cidr} or the short form. A URL that cannot be read is
 * unknown to each of them.
 */
#ifndef POLICY_VALUE_URL_H
#define POLICY_VALUE_URL_H

#include "core/url.h"
#include "policy/value_host.h"
#include "policy/value_net.h"

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
enum tri value_url_fits(struct str form, const struct core_url *url);
/** The operator `url` on an argument's text. To judge by several patterns, parse once. */
enum tri value_url_holds(struct str form, struct str text);

#endif
