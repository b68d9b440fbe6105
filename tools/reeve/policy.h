/*
 * What the subcommands of `reeve policy` share that ask a compiled policy: opening one, and texts
 * that stand in an argument, a file, or standard input.
 */
#ifndef TOOLS_REEVE_POLICY_H
#define TOOLS_REEVE_POLICY_H

#include "reeve/tooling.h"
#include "tools/reeve/cli.h"

/** Open a policy, a text or a compiled image. 0, or the exit status after a message. */
int policy_open(const struct cli *cli, const char *file, struct reeve_policy **out);
/** Put the file that an error is about in front of its message, where it does not name one. */
void policy_name_file(struct reeve_error *err, const char *file);
/** JSON as an argument: itself, "@FILE", or "-" for standard input; malloc'ed. 0, or the exit
 * status after a message. */
int policy_text(const struct cli *cli, const char *argument, char **text, size_t *n);
/** The exit status of a decision: 0 for an allow that can be carried out. */
int policy_status(const json_t *decision);

void policy_cleanup(struct reeve_policy **policy);
#define auto_policy __attribute__((cleanup(policy_cleanup)))

#endif
