/*
 * A folder with files of a test's own, for what is shown to guests and hidden from them. There is
 * one at a time. What cannot be done ends the test program with a message, as in lab.h.
 */
#ifndef TESTS_HOSTILE_TREE_H
#define TESTS_HOSTILE_TREE_H

#include <stdbool.h>

/** End with `what` and errno unless `ok`. */
void tree_must(bool ok, const char *what);
/** Make it by mkdtemp; not below /tmp, which every sandbox has of its own. */
void tree_make(const char *template);
/** Its path, good as long as it is there. */
const char *tree_root(void);
/** The path of `name` in it, of itself when that is empty; good until the fourth next. */
const char *tree_path(const char *name);
/** Open to others, whatever the umask. */
void tree_folder(const char *name);
void tree_file(const char *name, const char *text);
/** With all that is below it. */
void tree_remove(const char *name);

#endif
