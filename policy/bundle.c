/*
 * A policy of several files as one text: what its source's digest is of, what is kept of it, and
 * the form in which a client sends it. The root file comes first, the others in the order of their
 * paths; a text of one file is itself.
 */
#include "policy/bundle.h"

static const char head[] = "reeve: policy-bundle/v1\n";

void policy_bundle_begin(struct buf *out)
{
    buf_z(out, head);
}

void policy_bundle_add(struct buf *out, struct str path, struct str text)
{
    buf_str(out, path);
    buf_byte(out, '\0');
    buf_u64le(out, text.n);
    buf_str(out, text);
}

/* The next file of a bundle, of which `rest` is left; false at its end, and where it is none. */
static bool next_file(struct str *rest, struct str *path, struct str *text)
{
    const char *nul = rest->n ? memchr(rest->p, '\0', rest->n) : NULL;
    size_t n = nul ? (size_t)(nul - rest->p) : 0, behind = rest->n - n;
    if (!n || behind < 9)
        return false;
    uint64_t size = base_get_u64le(nul + 1);
    if (size > behind - 9)
        return false;
    *path = (struct str){rest->p, n};
    *text = (struct str){nul + 9, (size_t)size};
    *rest = (struct str){nul + 9 + size, behind - 9 - (size_t)size};
    return true;
}

static int read_bundled(void *arg, const char *wanted, struct buf *out, struct reeve_error *err)
{
    const struct str *bundle = arg;
    struct str rest = *bundle, path, text;
    while (next_file(&rest, &path, &text)) {
        if (!str_is(path, wanted))
            continue;
        buf_str(out, text);
        return out->failed ? base_fail(err, REEVE_ENOMEM, "it is too large") : 0;
    }
    return base_fail(err, REEVE_ENOENT, "it did not come with the policy");
}

struct policy_source policy_source_of(struct str bytes, const char *file, struct policy_kept *state)
{
    struct str path = {"", 0}, text = bytes;
    *state = (struct policy_kept){.rest = bytes};
    if (!str_starts(bytes, str_of(head)))
        return (struct policy_source){.text = bytes, .file = file};
    state->rest = (struct str){bytes.p + sizeof head - 1, bytes.n - (sizeof head - 1)};
    if (!next_file(&state->rest, &path, &text))
        return (struct policy_source){.text = bytes, .file = file}; /* no policy, as will be told */
    return (struct policy_source){
        .text = text, .file = file, .read = read_bundled, .arg = &state->rest};
}
