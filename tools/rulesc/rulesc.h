/*
 * rulesc: a build-time tool that turns rules/ (YAML) into the C tables behind core/catalogue.h. It
 * reads our own files, but strictly: whatever it does not know is an error with file, line and
 * column, so that a slip of the pen in a rule fails the build. It never runs on a user's machine.
 */
#ifndef TOOLS_RULESC_H
#define TOOLS_RULESC_H

#include <yaml.h>

#include "base/base.h"

struct rules_file {
    const char *path;
    struct buf bytes;
    yaml_document_t doc;
};

/* ---- yaml.c: every function that finds fault says so on stderr and ends the program with 1 ----
 */

_Noreturn void rules_die(const struct rules_file *f, const yaml_node_t *at, const char *fmt, ...)
    REEVE_PRINTF(3, 4);
void rules_load(struct rules_file *f, const char *path);
void rules_free(struct rules_file *f);
/** The root map after its key `reeve` was found to say `kind`. */
const yaml_node_t *rules_root(const struct rules_file *f, const char *kind);

/** A map with these keys at most (NULL at the end; NULL alone: any), none twice. */
void rules_check_map(const struct rules_file *f, const yaml_node_t *map, const char *const *keys);
/** The value of a key, or NULL / an error when there is none. */
const yaml_node_t *rules_get(const struct rules_file *f, const yaml_node_t *map, const char *key);
const yaml_node_t *rules_need(const struct rules_file *f, const yaml_node_t *map, const char *key);
/** Number of elements or pairs; the i-th of a list; key and value of the i-th pair. */
size_t rules_count(const struct rules_file *f, const yaml_node_t *list_or_map);
const yaml_node_t *rules_item(const struct rules_file *f, const yaml_node_t *list, size_t i);
const yaml_node_t *rules_pair(const struct rules_file *f, const yaml_node_t *map, size_t i,
                              const yaml_node_t **value);

struct str rules_text(const struct rules_file *f, const yaml_node_t *scalar);
/** Decimal or 0x hexadecimal, at most `max`. */
uint64_t rules_number(const struct rules_file *f, const yaml_node_t *scalar, uint64_t max);
bool rules_bool(const struct rules_file *f, const yaml_node_t *scalar);

/* ---- emit.c ---- */

/** A C string literal; `at` is blamed for anything but printable ASCII. */
void emit_string(struct buf *out, const struct rules_file *f, const yaml_node_t *at);
/** The same of text that has lines. */
void emit_text(struct buf *out, const struct rules_file *f, const yaml_node_t *at);
void emit_bytes(struct buf *out, const char *declaration, const void *p, size_t n);

/* ---- one file of rules each; they append C to `out` ---- */

void compile_catalogue(const struct rules_file *f, struct buf *out);
void compile_lint(const struct rules_file *f, struct buf *out);
void compile_environment(const struct rules_file *f, struct buf *out);
void compile_levels(const struct rules_file *f, struct buf *out);
/** Defines the filter's bytes; `row` gets the profile's line of the table. */
void compile_seccomp(const struct rules_file *f, struct buf *out, struct buf *row);

#endif
