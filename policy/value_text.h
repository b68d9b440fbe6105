/*
 * Text that looks like another: words of several scripts, combining marks, characters that are not
 * seen. For warnings alone: nothing is decided by it.
 */
#ifndef POLICY_VALUE_TEXT_H
#define POLICY_VALUE_TEXT_H

#include "base/base.h"

/** Whether a word has letters of scripts that are not written together (Latin with Cyrillic; but
 * Han with kana or Hangul, and Latin with either, is usual). Text that is no UTF-8 has none. */
bool value_text_mixes_scripts(struct str text);
/** Whether a mark stands behind its letter where one character could (é as e and an accent): the
 * text may be other bytes than what looks the same. */
bool value_text_has_marks(struct str text);
/** Whether a character changes how text is shown without being seen: zero width, direction. */
bool value_text_has_hidden(struct str text);

#endif
