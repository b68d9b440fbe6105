/*
 * A request of the policy language from its JSON text, in the one way that broker and tools read
 * it: fields, subject and resource, arguments in the named normal form of their capability. What a
 * request may not say is refused here; what it is decided with beside itself is inputs.h's.
 */
#ifndef POLICY_REQUEST_H
#define POLICY_REQUEST_H

#include "policy/fields.h"
#include "policy/policy.h"

#define POLICY_MAX_ASKED 256u        /* bytes of a request's subject, resource and capability */
#define POLICY_MAX_ARGS  (64u << 10) /* of its arguments as canonical JSON */

/**
 * A request as it was read. It points into its JSON, the arena and itself, and is therefore not
 * copied. `fits` false: the arguments are no ones of the capability; the decision is made on them
 * as they stand, and an allow or ask is then to be refused (`bad_arguments`) with `why_not`.
 */
struct policy_asked {
    struct policy_request request;
    struct str args_text; /* the arguments as canonical JSON, a C string */
    struct json_doc args, passed;
    struct policy_ceiling ceiling;       /* of the request, where it has one */
    struct policy_value ceiling_as_text; /* the same as it was written */
    bool fits;
    struct reeve_error why_not;
};

/**
 * Read a request. `text` and `arena` must outlive `out`. Thread-safe on distinct objects.
 * @return 0, REEVE_ENOMEM, or REEVE_EINVAL with what the request may not say: an unknown field,
 * anything of `broker`, a malformed subject, a digest of a program.
 */
int policy_request_read(const struct policy_image *image, const struct json_text *text,
                        struct arena *arena, struct policy_asked *out, struct reeve_error *err);
#define POLICY_MAX_EXTRA 8u
/**
 * The same where the text has fields of the caller's own beside those of the language: at most
 * POLICY_MAX_EXTRA, whose values, or NULL, `found` gets in their order.
 */
int policy_request_read_with(const struct policy_image *image, const struct json_text *text,
                             const struct field *extra, size_t nextra,
                             const struct json_node **found, struct arena *arena,
                             struct policy_asked *out, struct reeve_error *err);

/** The fields of a request, as they are read: for who checks one before there is an image. */
const struct field *policy_request_fields(size_t *n);

/**
 * Put what the broker found of a program in its arguments: the real path, and the digest of the
 * opened file in hex. n 0: not known, and then what stands there stays. Only where the arguments
 * fit. REEVE_EINVAL: the capability has no such argument.
 */
int policy_asked_program(struct policy_asked *asked, struct str path, struct str sha256,
                         struct arena *arena, struct reeve_error *err);

/**
 * Read a ceiling: {level, capabilities, denied_effects, isolation, limits}, in the language's own
 * words, each of which may be left out. Strings are `doc`'s, lists `arena`'s. REEVE_EINVAL: a
 * field, word, pattern or amount that there is not.
 */
int policy_ceiling_read(const struct policy_image *image, const struct json_doc *doc,
                        const struct json_node *node, struct arena *arena,
                        struct policy_ceiling *out, struct reeve_error *err);

/** Subject or resource, "type:id" or {type, id, properties}: its text in `arena`, its properties
 * where it has some. REEVE_EINVAL, with `what` in the message ("subject"). */
int policy_entity_read(const struct json_doc *doc, const struct json_node *node, const char *what,
                       struct arena *arena, struct str *text, struct policy_value *properties,
                       struct reeve_error *err);

#endif
