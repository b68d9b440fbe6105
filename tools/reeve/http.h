/* Posting to a URL; the one place of the command that reaches the network. */
#ifndef TOOLS_REEVE_HTTP_H
#define TOOLS_REEVE_HTTP_H

#include "reeve/tooling.h"
#include "tools/reeve/cli.h"

/** Whether this build has libcurl. */
bool http_can_post(void);
/** libcurl's version, or "none". */
const char *http_version(void);
/** A reeve_post_fn; `arg` is the URL. REEVE_EIO: there is no answer; REEVE_EPROTO: it is too long;
 * REEVE_EUNSUPPORTED: no libcurl. */
int http_post(void *arg, const char *body, size_t n, struct reeve_answer *out,
              struct reeve_error *err);

#endif
