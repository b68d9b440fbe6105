/*
 * What the tests of values share: lists from words, forms that are moved and checked before they
 * are asked, and rows that name themselves when they fail.
 */
#ifndef TESTS_POLICY_VALUE_SUPPORT_H
#define TESTS_POLICY_VALUE_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "policy/value.h"

#define MAX_WORDS 64

/* Words of `text` at single spaces; NULL: an empty list. `_` stands for an empty word. */
struct words {
    struct str v[MAX_WORDS];
    struct value_list list;
};
static inline struct value_list words_of(const char *text, struct words *out)
{
    uint32_t n = 0;
    for (const char *p = text; p && *p;) {
        const char *space = strchr(p, ' ');
        size_t len = space ? (size_t)(space - p) : strlen(p);
        assert_true(n < MAX_WORDS);
        out->v[n++] = len == 1 && *p == '_' ? STR("") : (struct str){p, len};
        p += len + (space != NULL);
    }
    out->list = (struct value_list){out->v, n};
    return out->list;
}

/* A form behind three other bytes is copied to memory of exactly its size, where a sanitizer sees
 * each byte read beyond it: no form may depend on where it stands. */
struct form {
    char *bytes;
    struct str s;
};
static inline void form_take(const struct buf *b, struct value_at at, struct form *out)
{
    assert_false(b->failed);
    assert_int_equal(at.at + at.n, b->len);
    free(out->bytes);
    out->bytes = malloc(at.n);
    assert_non_null(out->bytes);
    memcpy(out->bytes, b->data + at.at, at.n);
    out->s = (struct str){out->bytes, at.n};
}
static inline void form_free(struct form *f)
{
    free(f->bytes);
    f->bytes = NULL;
}

static inline const char *tri_name(enum tri value)
{
    static const char *const names[] = {"false", "unknown", "true"};
    return names[value];
}

/* Tells which row it was. */
#define ROW_CHECK(row_name, condition)                                                             \
    do {                                                                                           \
        if (!(condition))                                                                          \
            fail_msg("%s: not %s", (row_name), #condition);                                        \
    } while (0)
#define ROW_TRI(row_name, got, wanted)                                                             \
    do {                                                                                           \
        const char *got_name = tri_name(got);                                                      \
        if (strcmp(got_name, (wanted)) != 0)                                                       \
            fail_msg("%s: %s instead of %s", (row_name), got_name, (wanted));                      \
    } while (0)

/* Any one byte cut off or changed is refused or harmless: ask() is called for what is sound. */
static inline void form_mutate(struct str form, bool (*sound)(struct str form),
                               void (*ask)(struct str form))
{
    for (size_t n = 0; n < form.n; n++) {
        char *cut = malloc(n ? n : 1);
        assert_non_null(cut);
        memcpy(cut, form.p, n);
        if (sound((struct str){cut, n}))
            ask((struct str){cut, n});
        free(cut);
    }
    for (size_t at = 0; at < form.n; at++)
        for (int bit = 0; bit < 8; bit++) {
            char *changed = malloc(form.n);
            assert_non_null(changed);
            memcpy(changed, form.p, form.n);
            changed[at] = (char)(changed[at] ^ (1 << bit));
            if (sound((struct str){changed, form.n}))
                ask((struct str){changed, form.n});
            free(changed);
        }
}

/* ---- operands that are lists of words ---- */

typedef bool words_compile(struct value_list list, struct buf *bytes, struct value_at *out,
                           struct value_fault *fault);

/* What compiles, as a form that is sound. */
static inline void form_of_words(const char *row_name, words_compile *compile,
                                 bool (*sound)(struct str form), const char *text, struct form *out)
{
    struct words w;
    struct value_at at;
    struct value_fault fault;
    auto_buf struct buf b = {0};
    buf_z(&b, "xyz");
    ROW_CHECK(row_name, compile(words_of(text, &w), &b, &at, &fault));
    form_take(&b, at, out);
    ROW_CHECK(row_name, sound(out->s));
}

/* What does not: the fault says what is wrong and with which word, and nothing was written. */
static inline void form_is_refused(const char *row_name, words_compile *compile, const char *text,
                                   uint32_t index)
{
    struct words w;
    struct value_at at;
    struct value_fault fault = {0};
    auto_buf struct buf b = {0};
    ROW_CHECK(row_name, !compile(words_of(text, &w), &b, &at, &fault));
    ROW_CHECK(row_name, fault.text && fault.index == index && b.len == 0);
}

static inline void form_mutate_words(words_compile *compile, const char *text,
                                     bool (*sound)(struct str form), void (*ask)(struct str form))
{
    struct words w;
    struct value_at at;
    struct value_fault fault;
    auto_buf struct buf b = {0};
    assert_true(compile(words_of(text, &w), &b, &at, &fault));
    form_mutate(buf_view(&b), sound, ask);
}

#endif
