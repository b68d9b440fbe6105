/*
 * What built-in providers share of their configuration. They take none yet; a key that nobody reads
 * is an error, so that a misspelt or a future one cannot be missed.
 */
#ifndef PROVIDERS_CONFIG_H
#define PROVIDERS_CONFIG_H

#include "core/json.h"

/** 0 when `config` (NULL: none) is the empty JSON object; REEVE_EINVAL, or the reader's error, when
 * not. */
static inline int provider_takes_no_config(const char *name, const char *config,
                                           struct reeve_error *err)
{
    auto_json struct json_text t = {0};
    int rc = json_text_parse(str_of(config ? config : "{}"), &t, err);
    if (rc)
        return rc;
    const struct json_node *root = json_root(&t.doc);
    if (root && root->type == JSON_OBJECT && root->count == 0)
        return 0;
    return base_fail(err, REEVE_EINVAL, "the %s provider takes no configuration: {}", name);
}

#endif
