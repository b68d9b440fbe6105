/*
 * Images that were changed and given a digest that fits: refused, or every question is answered
 * within the image's own memory. The input is a list of changes to an image that is compiled here,
 * so that a corpus outlives the format: records of five bytes, four that say where and one that is
 * put there by xor. After a first byte of 0xff the rest is taken for an image as it stands.
 */
#include "policy/image.h"

#define RECORD 5

static const char policy[] =
    "reeve: policy/v1\nname: f\nversion: 7\ndefaults: {level: controlled, limits: {wall: 3s}}\n"
    "groups: {g: [\"u:a\", \"u:*b\", \"group:h\"], h: [\"u:c\", \"u:d\"], i: [\"u:c\"]}\n"
    "subjects: [{match: \"group:g\", level: full}, {match: \"u:a\", level: controlled}, {match: "
    "\"u:*\", level: pure}]\n"
    "grants: {files: {isolation: vm, filesystem: {read: [\"${args.p}\", /usr], hide: [/usr/x]}}}\n"
    "rules:\n"
    "  - {id: b, effect: allow, subject: [\"group:g\", \"u:x\", \"group:h\", \"u:q*\"], "
    "capability: [a.b, \"a.*\"], grant: files,\n"
    "     when: {args.a: [1, 2.5, x, true], any: [{args.b: {eq: [x, [1]]}}, {not: {args.p: {under: "
    "/a}}}]}}\n"
    "  - {id: a, effect: deny, capability: [\"a.get_*\", \"a.*.c\"], reason: because, when: "
    "{args.q: {eq: 1, absent: false}}}\n"
    "  - {id: c, effect: allow, subject: anyone, capability: [\"*\"], when: {args.z: {exists: "
    "true}}}\n"
    "  - {id: d, effect: allow, subject: [\"u:z\"], capability: [k], when: {args.u: {url: {host: "
    "[\"*.x.example\", y.example], cidr: [10.0.0.0/8]}}, args.n: {between: [1, 9]}, args.m: "
    "{matches: \"[a-z]+\", starts_with: [a, b]}, args.l: {like: \"a*b\"}, args.h: {host: "
    "[h.example]}, args.i: {cidr: [10.0.0.0/8]}}}\n"
    "  - {id: e, effect: deny, subject: [\"u:z\"], capability: [k], when: {args.v: {argv: [x, [yy, "
    "z], {rest: {like: \"-*\"}}], size: {lt: 5}}, args.w: {each: {in: [1, x]}, some: 1}, args.n: "
    "{lt: {attr: args.m}}, subject: {is: \"group:g\"}}}\n"
    "  - {id: f, effect: deny, subject: [\"u:z\"], capability: [t], when: {broker.now: {time: "
    "{days: [mon, tue], hours: \"09:00-17:00\", zone: UTC}}}}\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void ask(const struct policy_image *image, struct str subject, struct str capability,
                const struct json_doc *args)
{
    struct policy_request req = {
        .subject = subject, .capability = capability, .args = args, .level = -1};
    struct reeve_inputs_view inputs = {0};
    struct policy_decision d;
    if (policy_decide(image, &req, &inputs, &d) != 0)
        abort();
    auto_buf struct buf why = {0};
    policy_explain(image, &req, &inputs, &d, &why);
    struct arena arena auto_arena;
    arena_init(&arena, 0);
    struct core_grant grant;
    (void)policy_grant(image, &req, &d, &arena, &grant, NULL);
}

static void ask_all(const struct policy_image *image)
{
    static const char *const subjects[] = {"u:a", "u:ab", "u:c", "u:x", "u:qq", "u:none", "u:z"};
    static const char *const capabilities[] = {"a.b",       "a.get_x", "a.b.c", "x",
                                               "a.b.c.d.e", "k",       "t"};
    auto_json struct json_text args = {0};
    if (json_text_parse(STR("{\"a\":1,\"b\":[\"x\",[1]],\"p\":\"/a/b/../"
                            "c\",\"q\":2,\"z\":null,\"u\":\"https://a.x.example/"
                            "\",\"n\":3,\"m\":\"abc\",\"l\":\"acb\",\"h\":\"h.example\",\"i\":\"10."
                            "1.2.3\",\"v\":[\"x\",\"yy\",\"-a\"],\"w\":[1,1]}"),
                        &args, NULL) != 0)
        abort();
    for (size_t i = 0; i < BASE_COUNT(subjects); i++)
        for (size_t k = 0; k < BASE_COUNT(capabilities); k++)
            ask(image, str_of(subjects[i]), str_of(capabilities[k]), &args.doc);
}

static void base_image(struct buf *out)
{
    struct policy_image *image = NULL;
    if (policy_compile(str_of(policy), "f", NULL, NULL, &image, NULL) != 0 ||
        policy_image_save(image, out, NULL) != 0)
        abort();
    policy_image_unref(&image);
}

static void change(struct buf *image, const uint8_t *data, size_t n)
{
    for (; n >= RECORD; data += RECORD, n -= RECORD)
        image->data[base_get_u32le(data) % image->len] ^= (char)data[4];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    auto_buf struct buf bytes = {0};
    if (n && data[0] == 0xff) {
        buf_put(&bytes, data + 1, n - 1);
    } else {
        base_image(&bytes);
        change(&bytes, data, n);
    }
    if (bytes.len >= sizeof(struct img_file))
        image_file_digest(bytes.data, bytes.len,
                          (uint8_t *)bytes.data + offsetof(struct img_file, digest));
    struct policy_image *image;
    struct reeve_error err = {0};
    int rc = policy_image_load(buf_view(&bytes), NULL, &image, &err);
    if ((image != NULL) != (rc == 0) || (n == 0 && rc != 0))
        abort();
    if (image)
        ask_all(image);
    policy_image_unref(&image);
    return 0;
}
