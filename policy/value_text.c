/*
 * Scripts by ranges of code points: those in which names are written and that have letters looking
 * like another's. A range that is not here belongs to no script and mixes with all.
 */
#include "policy/value_text.h"

#include "core/utf8.h"

enum script {
    LATIN = 1 << 0,
    GREEK = 1 << 1,
    CYRILLIC = 1 << 2,
    ARMENIAN = 1 << 3,
    HEBREW = 1 << 4,
    ARABIC = 1 << 5,
    INDIC = 1 << 6,
    THAI = 1 << 7,
    GEORGIAN = 1 << 8,
    CHEROKEE = 1 << 9,
    HANGUL = 1 << 10,
    KANA = 1 << 11,
    HAN = 1 << 12,
};

static const struct range {
    uint32_t first, last;
    uint32_t scripts; /* 0: no letter, and the end of a word */
} ranges[] = {
    {'A', 'Z', LATIN},          {'a', 'z', LATIN},          {0xaa, 0xaa, LATIN},
    {0xba, 0xba, LATIN},        {0xc0, 0xd6, LATIN},        {0xd8, 0xf6, LATIN},
    {0xf8, 0x2af, LATIN},       {0x370, 0x373, GREEK},      {0x376, 0x377, GREEK},
    {0x37b, 0x37d, GREEK},      {0x37f, 0x37f, GREEK},      {0x386, 0x386, GREEK},
    {0x388, 0x3ff, GREEK},      {0x400, 0x52f, CYRILLIC},   {0x531, 0x587, ARMENIAN},
    {0x5d0, 0x5f2, HEBREW},     {0x620, 0x6d3, ARABIC},     {0x6ee, 0x6ff, ARABIC},
    {0x750, 0x77f, ARABIC},     {0x8a0, 0x8ff, ARABIC},     {0x900, 0xd7f, INDIC},
    {0xe01, 0xe4e, THAI},       {0x10a0, 0x10ff, GEORGIAN}, {0x1100, 0x11ff, HANGUL},
    {0x13a0, 0x13ff, CHEROKEE}, {0x1c80, 0x1c8f, CYRILLIC}, {0x1c90, 0x1cbf, GEORGIAN},
    {0x1d00, 0x1d25, LATIN},    {0x1e00, 0x1eff, LATIN},    {0x1f00, 0x1fff, GREEK},
    {0x212a, 0x212b, LATIN},    {0x2c60, 0x2c7f, LATIN},    {0x2de0, 0x2dff, CYRILLIC},
    {0x3041, 0x30ff, KANA},     {0x3131, 0x318e, HANGUL},   {0x31f0, 0x31ff, KANA},
    {0x3400, 0x4dbf, HAN},      {0x4e00, 0x9fff, HAN},      {0xa640, 0xa69f, CYRILLIC},
    {0xa722, 0xa7ff, LATIN},    {0xab30, 0xab64, LATIN},    {0xab70, 0xabbf, CHEROKEE},
    {0xac00, 0xd7a3, HANGUL},   {0xf900, 0xfaff, HAN},      {0xfb00, 0xfb06, LATIN},
    {0xfb1d, 0xfb4f, HEBREW},   {0xfb50, 0xfdff, ARABIC},   {0xfe70, 0xfefc, ARABIC},
    {0xff21, 0xff3a, LATIN},    {0xff41, 0xff5a, LATIN},    {0xff66, 0xff9f, KANA},
    {0x1b000, 0x1b16f, KANA},   {0x20000, 0x3ffff, HAN},
};

static const struct range hidden[] = {
    {0xad, 0xad, 0},     {0x61c, 0x61c, 0},   {0x180e, 0x180e, 0}, {0x200b, 0x200f, 0},
    {0x202a, 0x202e, 0}, {0x2060, 0x206f, 0}, {0xfeff, 0xfeff, 0}, {0xe0000, 0xe007f, 0},
};

static const struct range marks[] = {{0x300, 0x36f, 0}, {0x3099, 0x309a, 0}};

static const struct range *range_of(const struct range *rows, size_t n, uint32_t c)
{
    while (n > 0) {
        size_t half = n / 2;
        if (c >= rows[half].first && c <= rows[half].last)
            return &rows[half];
        if (c > rows[half].last) {
            rows += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return NULL;
}

/* The code point at `*at`, which moves behind it; false at the end or where no UTF-8 is. */
static bool next_point(struct str text, size_t *at, uint32_t *out)
{
    size_t n = *at < text.n ? core_utf8_step(text.p + *at, text.n - *at) : 0;
    if (n == 0)
        return false;
    const uint8_t *p = (const uint8_t *)text.p + *at;
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3fu);
    *at += n;
    *out = c;
    return true;
}

static bool written_together(uint32_t scripts)
{
    return (scripts & (scripts - 1)) == 0 || (scripts & ~(uint32_t)(LATIN | HAN | KANA)) == 0 ||
           (scripts & ~(uint32_t)(LATIN | HAN | HANGUL)) == 0;
}

bool value_text_mixes_scripts(struct str text)
{
    uint32_t c, word = 0;
    for (size_t at = 0; next_point(text, &at, &c);) {
        if (range_of(marks, BASE_COUNT(marks), c) || range_of(hidden, BASE_COUNT(hidden), c))
            continue;
        const struct range *r = range_of(ranges, BASE_COUNT(ranges), c);
        word = r ? word | r->scripts : 0;
        if (!written_together(word))
            return true;
    }
    return false;
}

static bool has_any(struct str text, const struct range *rows, size_t n)
{
    uint32_t c;
    for (size_t at = 0; next_point(text, &at, &c);)
        if (range_of(rows, n, c))
            return true;
    return false;
}

bool value_text_has_marks(struct str text)
{
    return has_any(text, marks, BASE_COUNT(marks));
}

bool value_text_has_hidden(struct str text)
{
    return has_any(text, hidden, BASE_COUNT(hidden));
}
