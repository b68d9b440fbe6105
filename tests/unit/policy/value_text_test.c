/*
 * Text that looks like another: which of the three faults a text has.
 */
#include "value_support.h"

#include "policy/value_text.h"

enum { MIXED = 1, LOOSE = 2, HIDDEN = 4 };

static const struct {
    const char *name, *text;
    unsigned faults;
} rows[] = {
    {"ASCII", "user:ana", 0},
    {"nothing", "", 0},
    {"a word of Greek", "user:\xce\xb1\xce\xb2", 0},
    {"Latin and Cyrillic", "p\xd0\xb0ypal", MIXED},
    {"Latin beside Cyrillic", "group:\xd0\xb0\xd0\xb1", 0},
    {"Greek and Latin",
     "\xce\xbf"
     "ps",
     MIXED},
    {"Greek and Cyrillic", "\xce\xbf\xd0\xb0", MIXED},
    {"Latin and Han", "ab\xe6\x97\xa5", 0},
    {"Han and kana", "\xe6\x97\xa5\xe3\x81\xae", 0},
    {"Han and both kana", "\xe6\x97\xa5\xe3\x81\xae\xe3\x82\xab", 0},
    {"kana and Hangul", "\xe3\x81\xae\xea\xb0\x80", MIXED},
    {"a times sign is no letter", "a\xc3\x97\xd0\xb0", 0},
    {"two words", "ana \xd0\xb0\xd0\xbd\xd0\xb0", 0},
    {"composed", "jos\xc3\xa9", 0},
    {"not composed", "jose\xcc\x81", LOOSE},
    {"a mark that nothing composes", "x\xcc\x81", 0},
    {"an accent does not make another script", "\xd0\xb0\xcc\x81\xd0\xb1", 0},
    {"a sign of Angstrom", "\xe2\x84\xab", LOOSE},
    {"jamo for a syllable", "\xe1\x84\x80\xe1\x85\xa1", LOOSE},
    {"no width", "ana\xe2\x80\x8b", HIDDEN},
    {"a direction",
     "a\xe2\x80\xae"
     "b",
     HIDDEN},
    {"a soft hyphen", "a\xc2\xadz", HIDDEN},
    {"a sign with its variant", "\xe2\x9c\x94\xef\xb8\x8f", 0},
    {"no UTF-8", "a\xff\xd0\xb0", 0},
    {"cut in a letter", "a\xd0", 0},
};

static void judged(void **state)
{
    (void)state;
    if (!value_text_is_judged())
        print_message("built without libunistring: no text has a fault\n");
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct str text = str_of(rows[i].text);
        unsigned faults = (value_text_mixes_scripts(text) ? MIXED : 0u) |
                          (value_text_is_not_nfc(text) ? LOOSE : 0u) |
                          (value_text_has_hidden(text) ? HIDDEN : 0u);
        if (faults != (value_text_is_judged() ? rows[i].faults : 0))
            fail_msg("%s: %u", rows[i].name, faults);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
