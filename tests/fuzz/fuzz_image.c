/*
 * Images that were changed and given a digest that fits: refused, or every question is answered
 * within the image's own memory. The input is a list of changes to an image that is compiled here,
 * so that a corpus outlives the format: records of five bytes, four that say where and one that is
 * put there by xor. After a first byte of 0xfe they are changes to fields: section, row, word of
 * it, and what is put there: numbers of rows, one more or less, what the next row has, all ones.
 * After 0xff the rest is taken for an image as it stands.
 */
#include "policy/image.h"

#define RECORD 5
#define FIELD  6 /* section, row (2), word, what, value */

static const char policy[] =
    "reeve: policy/v1\nname: f\nversion: 7\ndefaults: {level: controlled, limits: {wall: 3s}, "
    "approval: {by: [\"u:d\", \"group:g\"], need: 1, within: 5m, covers: once}}\nlabels: [s, w]\n"
    "capabilities: {\"a.*\": {class: safe, effects: [network, money], mask: [args.p]}, own.x: "
    "{class: "
    "safe, args: {p: path, k: {type: integer, optional: true, default: 1}}}}\n"
    "include: [{file: t.yaml, as: t, may: {subject: [\"u:*\", \"group:h\"], capability: "
    "[\"a.*\"]}}]\n"
    "audit: {mask: [args.q]}\nbudgets: [{id: z, capability: [\"a.*\"], per: all, limits: {calls: "
    "{max: 9, window: 1h}}, when_spent: ask, warn_at: [80%]}]\n"
    "groups: {g: [\"u:a\", \"u:*b\", \"group:h\"], h: [\"u:c\", \"u:d\"], i: [\"u:c\"]}\n"
    "subjects: [{match: \"group:g\", level: full}, {match: \"u:a\", level: controlled}, {match: "
    "\"u:*\", level: pure}]\n"
    "attributes: {subject.t: {type: string, from: entities}, context.c: {type: [int], default: "
    "[1]}, "
    "broker.flags.f: {type: bool}}\n"
    "entities: {\"u:a\": {t: x, m: {k: [1, {z: 2}]}}, \"d:1\": {o: u}}\n"
    "conditions: {c0: {args.l: {each: {any: [{size: {gt: 1}}, {like: [\"a*\", \"*b*c\"]}]}}}}\n"
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
    "  - {id: d, effect: deny, capability: [x], when: {use: c0, subject.t: {attr: args.b}, "
    "subject: {is: [\"group:g\", \"group:i\"]}, args.w: {argv: [a, [b, c], {rest: {ne: d}}]}, "
    "subject.m.k: {contains: 1}, resource.o: {starts_with: [u, v]}, context.c: {some: {between: "
    "[1, "
    "3]}}}}\n"
    "  - {id: e, effect: deny, capability: [a.b.c], when: {any: [{args.u: {url: {host: "
    "[\"*.example\", 1.2.3.4], port: [80, 443], path: \"/v1/*\"}}}, {args.h: {host: h.example, "
    "cidr: "
    "[10.0.0.0/8, \"::1/128\"]}}, {args.r: {matches: \"[a-z]+\"}}, {broker.now: {time: {days: "
    "[mon-fri], hours: \"09:00-17:00\", zone: UTC}}}, {broker.flags.f: true, broker.labels: {not: "
    "{contains: s}}, broker.chain: {size: 0}, args.0: 1}]}}\n"
    "  - {id: f, effect: ask, subject: anyone, capability: [\"a.*\"], labels: [s], grant: "
    "{network: "
    "[\"${args.u}\", \"h:1\"], environment: [A, B=1], filesystem: {write: "
    "[\"/home/${subject.id}\"]}}, obligations: [{type: t, properties: {x: [1]}}]}\n"
    "  - {id: g, effect: require, effects: [money], require: {isolation: vm, approval: {by: "
    "[\"u:e\"], need: 2, within: 1h, covers: session}, within: {limits: {wall: 1m}, network: "
    "[\"h:1\"]}}}\n"
    "  - {id: i, effect: allow, subject: anyone, capability: [x], resource: [\"d:*\"], mode: "
    "shadow, replaces: d}\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void ask(const struct policy_image *image, struct str subject, struct str capability,
                const struct json_doc *args)
{
    const struct policy_value object = {args, json_root(args)};
    struct policy_request req = {.subject = subject,
                                 .capability = capability,
                                 .args = args,
                                 .level = -1,
                                 .resource = STR("d:1"),
                                 .subject_properties = object,
                                 .context = object};
    const struct policy_ceiling ceiling = {
        .level = -1, .any_capability = true, .denied_effects = 1u << 20};
    struct reeve_inputs_view inputs = {.known = ~0u, .flags = object, .ceilings = &ceiling};
    inputs.nceilings = policy_image_effect(image, STR("none")) == UINT32_MAX;
    struct policy_decision d;
    if (policy_decide(image, &req, &inputs, &d) != 0)
        abort();
    auto_buf struct buf why = {0};
    policy_explain(image, &req, &inputs, &d, &why);
    struct arena arena auto_arena;
    arena_init(&arena, 0);
    struct core_grant grant;
    (void)policy_grant(image, &req, &inputs, &d, &arena, &grant, NULL);
}

static void ask_all(const struct policy_image *image)
{
    static const char *const subjects[] = {"u:a", "u:ab", "u:c", "u:x", "u:qq", "u:none"};
    static const char *const capabilities[] = {"a.b",   "a.get_x", "a.b.c",
                                               "own.x", "x",       "a.b.c.d.e"};
    auto_json struct json_text args = {0};
    if (json_text_parse(
            STR("{\"a\":1,\"b\":[\"x\",[1]],\"p\":\"/a/b/../c\",\"q\":2,\"z\":null,"
                "\"l\":[\"ab\",\"b\"],\"w\":[\"a\",\"b\",\"c\"],\"u\":\"https://a.example/v1/x\","
                "\"h\":\"10.1.2.3\",\"r\":\"abc\",\"f\":true,\"c\":[2]}"),
            &args, NULL) != 0)
        abort();
    for (size_t i = 0; i < BASE_COUNT(subjects); i++)
        for (size_t k = 0; k < BASE_COUNT(capabilities); k++)
            ask(image, str_of(subjects[i]), str_of(capabilities[k]), &args.doc);
}

static const char delegated[] =
    "reeve: policy/v1\nbudgets: [{id: d, per: subject, when_spent: deny, limits: {calls: {max: 8, "
    "window: 1h}}}]\nrules: [{id: a, effect: ask, subject: anyone, capability: [\"a.*\"], "
    "approval: {by: [\"u:e\"], need: 1, within: 1h, covers: once}}, {id: b, effect: deny, when: "
    "{args.q: 3}}]\n";

static int read_file(void *arg, const char *path, struct buf *out, struct reeve_error *err)
{
    (void)arg;
    (void)err;
    if (strcmp(path, "t.yaml") != 0)
        abort();
    buf_z(out, delegated);
    return 0;
}

/* Compiled once. */
static struct str base_image(void)
{
    static struct buf bytes;
    struct policy_image *image = NULL;
    const struct policy_source source = {.text = str_of(policy), .file = "f", .read = read_file};
    if (!bytes.len && (policy_compile_source(&source, NULL, NULL, &image, NULL) != 0 ||
                       policy_image_save(image, &bytes, NULL) != 0))
        abort();
    policy_image_unref(&image);
    return buf_view(&bytes);
}

static void change(struct buf *image, const uint8_t *data, size_t n)
{
    for (; n >= RECORD; data += RECORD, n -= RECORD)
        image->data[base_get_u32le(data) % image->len] ^= (char)data[4];
}

/* What is put into a word of four bytes that was `old`, and is `next` one row further. */
static uint32_t changed(const struct img_file *file, uint8_t what, uint8_t value, uint32_t old,
                        uint32_t next)
{
    uint32_t rows = file->place[value % IMAGE_SECTION_COUNT].count;
    const uint32_t choices[] = {old ^ value, old ^ (uint32_t)value << 8,
                                value,       rows,
                                rows - 1,    rows + 1,
                                old + 1,     old - 1,
                                UINT32_MAX,  UINT32_MAX - value,
                                next,        UINT32_MAX / 2,
                                old << 16,   (uint32_t)value << 30 | (old & 0xff)};
    return choices[what % BASE_COUNT(choices)];
}

static void change_fields(struct buf *image, const uint8_t *data, size_t n)
{
    struct img_file file;
    memcpy(&file, image->data, sizeof file);
    for (; n >= FIELD; data += FIELD, n -= FIELD) {
        const struct img_place *p = &file.place[data[0] % IMAGE_SECTION_COUNT];
        size_t words = (size_t)p->count * p->row / 4;
        if (!words)
            continue;
        size_t at = ((size_t)(data[1] | data[2] << 8) * (p->row / 4u) + data[3]) % words;
        char *word = image->data + p->offset + 4 * at;
        size_t next = (at + p->row / 4u) % words;
        uint32_t v = changed(&file, data[4], data[5], base_get_u32le((const uint8_t *)word),
                             base_get_u32le((const uint8_t *)image->data + p->offset + 4 * next));
        memcpy(word, &v, sizeof v);
    }
}

static void make_image(struct buf *bytes, const uint8_t *data, size_t n)
{
    if (n && data[0] == 0xff) {
        buf_put(bytes, data + 1, n - 1);
        return;
    }
    buf_str(bytes, base_image());
    if (n && data[0] == 0xfe)
        change_fields(bytes, data + 1, n - 1);
    else
        change(bytes, data, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    auto_buf struct buf bytes = {0};
    make_image(&bytes, data, n);
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
