/*
 * Text that looks like another: words of several scripts, other bytes for the same characters,
 * characters that are not seen. For warnings alone: nothing is decided by it. Unicode's tables are
 * libunistring's; built without it, nothing looks like anything. Text that is no UTF-8 does not
 * either.
 */
#ifndef POLICY_VALUE_TEXT_H
#define POLICY_VALUE_TEXT_H

#include "base/base.h"

/** Whether this build has Unicode's tables. */
bool value_text_is_judged(void);
/** Whether a word has letters of scripts that are not written together (Latin with Cyrillic; but
 * Han with kana, Hangul or Bopomofo, and Latin with those, is usual). */
bool value_text_mixes_scripts(struct str text);
/** Whether the text is not in NFC: other bytes may look the same. False too without memory. */
bool value_text_is_not_nfc(struct str text);
/** Whether a character changes how text is shown without being seen: zero width, direction. */
bool value_text_has_hidden(struct str text);

#endif
