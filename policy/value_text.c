/*
 * See value_text.h. Which scripts are written together is what UTS 39 calls highly restrictive.
 */
#include "policy/value_text.h"

#ifdef REEVE_HAVE_UNISTRING
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

bool value_text_is_judged(void)
{
    return true;
}

static bool is_ascii(struct str s)
{
    uint8_t all = 0;
    for (size_t i = 0; i < s.n; i++)
        all |= (uint8_t)s.p[i];
    return all < 0x80;
}

/* The code point at `*at`, which moves behind it; false at the end or where no UTF-8 is. */
static bool next_point(struct str text, size_t *at, ucs4_t *out)
{
    int n = *at < text.n ? u8_mbtoucr(out, (const uint8_t *)text.p + *at, text.n - *at) : 0;
    *at += n > 0 ? (size_t)n : 0;
    return n > 0;
}

enum { LATIN = 1, HAN = 2, KANA = 4, HANGUL = 8, BOPOMOFO = 16, OTHER = 32 };

static unsigned kind_of(const uc_script_t *script)
{
    static const struct {
        const char *name;
        unsigned kind;
    } kinds[] = {{"Latin", LATIN},   {"Han", HAN},       {"Hiragana", KANA},
                 {"Katakana", KANA}, {"Hangul", HANGUL}, {"Bopomofo", BOPOMOFO}};
    for (size_t i = 0; i < BASE_COUNT(kinds); i++)
        if (strcmp(script->name, kinds[i].name) == 0)
            return kinds[i].kind;
    return OTHER;
}

static bool written_together(unsigned kinds)
{
    return (kinds & ~(unsigned)(LATIN | HAN | KANA)) == 0 ||
           (kinds & ~(unsigned)(LATIN | HAN | HANGUL)) == 0 ||
           (kinds & ~(unsigned)(LATIN | HAN | BOPOMOFO)) == 0;
}

bool value_text_mixes_scripts(struct str text)
{
    const uc_script_t *other = NULL; /* of the word, when it is none of those that have a kind */
    unsigned kinds = 0;
    ucs4_t c;
    for (size_t at = 0; !is_ascii(text) && next_point(text, &at, &c);) {
        const uc_script_t *script = uc_script(c);
        if (script && strcmp(script->name, "Inherited") == 0)
            continue; /* a mark: of the letter that it stands on */
        if (!script || strcmp(script->name, "Common") == 0) {
            kinds = 0;
            other = NULL;
            continue;
        }
        unsigned kind = kind_of(script);
        kinds |= kind;
        if (kind == OTHER && other && other != script)
            return true;
        other = kind == OTHER ? script : other;
        if (kinds != OTHER && !written_together(kinds))
            return true;
    }
    return false;
}

bool value_text_is_not_nfc(struct str text)
{
    if (is_ascii(text) || !str_is_utf8(text))
        return false;
    size_t n = 0;
    auto_free uint8_t *composed =
        u8_normalize(UNINORM_NFC, (const uint8_t *)text.p, text.n, NULL, &n);
    return composed && !str_eq(text, (struct str){(const char *)composed, n});
}

bool value_text_has_hidden(struct str text)
{
    ucs4_t c;
    for (size_t at = 0; !is_ascii(text) && next_point(text, &at, &c);)
        if ((uc_is_property_default_ignorable_code_point(c) &&
             !uc_is_property_variation_selector(c)) ||
            uc_is_property_bidi_control(c))
            return true;
    return false;
}

#else

bool value_text_is_judged(void)
{
    return false;
}

bool value_text_mixes_scripts(struct str text)
{
    (void)text;
    return false;
}

bool value_text_is_not_nfc(struct str text)
{
    (void)text;
    return false;
}

bool value_text_has_hidden(struct str text)
{
    (void)text;
    return false;
}

#endif
