/*
 * What a record may show of arguments: values that the policy masks are replaced by a keyed hash,
 * wherever they stand, and whole arguments that have no names.
 */
#include "support.h"

#define TOP                                                                                        \
    HEADER "audit: {mask: [args.headers.authorization]}\n"                                         \
           "capabilities: {\"acme.*\": {class: safe, mask: [args.token, 'args[\"a.b\"]']}}\n"

/* `#`: a masked value. `expected` NULL: nothing is masked. */
static const struct {
    const char *capability, *args;
    bool whole;
    const char *expected;
} rows[] = {
    {"acme.x", "{\"token\":\"secret\",\"u\":1}", false, "{\"token\":#,\"u\":1}"},
    {"acme.x", "{\"a.b\":[1,2],\"token\":{\"x\":1}}", false, "{\"a.b\":#,\"token\":#}"},
    {"acme.x", "{\"list\":[{\"token\":\"t\"},null,1.5],\"token\":7}", false,
     "{\"list\":[{\"token\":\"t\"},null,1.5],\"token\":#}"},
    {"acme.x", "{\"u\":1}", false, NULL},
    {"acme.x", "[\"secret\"]", false, "#"},
    {"acme.x", "{\"tokne\":\"secret\"}", true, "#"},
    {"other", "{\"token\":\"x\"}", false, NULL},
    {"other", "{\"headers\":{\"accept\":\"x\",\"authorization\":\"y\"}}", false,
     "{\"headers\":{\"accept\":\"x\",\"authorization\":#}}"},
    {"other", "{\"headers\":\"authorization: y\",\"u\":1}", false, "{\"headers\":#,\"u\":1}"},
    {"other", "{\"headers\":[{\"authorization\":\"y\"}]}", false, "{\"headers\":#}"},
    {"other", "{\"headers\":null}", false, NULL},
};

/* Every {"masked":"hmac-sha256:..."} as `#`. */
static void shorten(const struct buf *text, struct buf *out)
{
    static const char begin[] = "{\"masked\":\"hmac-sha256:";
    for (size_t i = 0; i < text->len; i++)
        if (str_starts((struct str){text->data + i, text->len - i}, STR(begin))) {
            i += strlen(begin) + (size_t)(2 * BASE_SHA256) + 1;
            buf_byte(out, '#');
        } else {
            buf_byte(out, (uint8_t)text->data[i]);
        }
}

static void masks(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(TOP);
    const uint8_t key[BASE_SHA256] = {1}, other[BASE_SHA256] = {2};
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct question q = {"u:a", rows[i].capability, rows[i].args, NULL};
        auto_json struct json_text text;
        auto_buf struct buf out = {0}, short_ = {0}, again = {0}, with_other = {0};
        struct policy_request req = ask(&q, &text);
        bool masked = policy_mask_args(image, &req, rows[i].whole, key, &out);
        shorten(&out, &short_);
        if (masked != (rows[i].expected != NULL) ||
            (masked && !str_is(buf_view(&short_), rows[i].expected)))
            fail_msg("%s: %s, expected %s", rows[i].args, short_.len ? short_.data : "nothing",
                     rows[i].expected ? rows[i].expected : "nothing");
        (void)policy_mask_args(image, &req, rows[i].whole, key, &again);
        (void)policy_mask_args(image, &req, rows[i].whole, other, &with_other);
        assert_true(str_eq(buf_view(&out), buf_view(&again)));
        assert_true(!masked || !str_eq(buf_view(&out), buf_view(&with_other)));
    }
    policy_image_unref(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(masks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
