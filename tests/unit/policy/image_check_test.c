/*
 * Images that were changed and given a digest that fits, where one field says what look-ups and the
 * evaluator rely on: each is refused. A row changes one field of the first row of a section that
 * has the value that the row looks for.
 */
#include "support.h"

#include "policy/image.h"

static const char policy[] = HEADER
    "defaults: {level: controlled, limits: {wall: 3s}, approval: {by: [\"u:d\"], need: 1, within: "
    "5m, covers: once}}\nlabels: [seen]\n"
    "groups: {g: [\"u:a\", \"u:b*\"], h: [\"u:a\", \"u:c\"], i: [\"u:c\"]}\n"
    "subjects: [{match: \"u:a\", level: full}, {match: \"u:c\", level: pure}, {match: \"u:lon*\", "
    "level: full}, {match: \"u:l*\", level: pure}]\n"
    "capabilities: {k.a: {class: safe, effects: [money], mask: [args.p]}, k.b: {class: safe}, "
    "\"k.c.*\": {class: safe}, \"k.*\": {class: dangerous}}\naudit: {mask: [args.q]}\n"
    "attributes: {subject.t: {type: string, from: entities}}\n"
    "entities: {\"u:a\": {t: x}, \"u:c\": {t: w}}\n"
    "grants: {files: {isolation: vm, filesystem: {read: [\"${args.p}\", /usr, "
    "\"/home/${subject.id}/w\"]}, environment: "
    "[A]}}\nrules:\n"
    "  - {id: a, effect: deny, subject: [\"u:a\", \"u:c\", \"group:h\", \"group:i\", \"u:lon*\", "
    "\"u:l*\"], capability: [a.b, \"a.*\", \"a.*.c\"], when: {not: {args.p: {under: /a}}, "
    "args.l: {each: {gt: 1}}, subject.t: x, args.v: {argv: [a, {rest: {eq: b}}]}}}\n"
    "  - {id: b, effect: allow, subject: anyone, effects: [money], capability: [\"*\"], grant: "
    "files, labels: [seen], when: {args.z: {exists: true}}}\n"
    "  - {id: c, effect: ask, subject: [\"u:c\"], capability: [p], when: {args.12: 3}}\n"
    "  - {id: d, effect: require, require: {isolation: vm, within: {limits: {wall: 1m}}}}\n"
    "  - {id: e, effect: allow, subject: [\"u:c\"], capability: [p]}\n"
    "  - {id: f, effect: allow, subject: [\"u:c\"], capability: [p], mode: shadow}\n";

#define ANY UINT64_MAX         /* whatever stands there: the first row */
enum change { TO, XOR, NEXT }; /* a value; what stands there with bits changed; the next row's */
struct row {
    const char *name;
    uint32_t section, size, at, width;
    uint64_t from;
    enum change change;
    uint64_t value;
};
#define S(section, type, field, from, change, value)                                               \
    IMAGE_##section, sizeof(struct type), offsetof(struct type, field),                            \
        sizeof(((struct type *)0)->field), from, change, value

static const struct row rows[] = {
    /* what ranks */
    {"a glob that says it is longer", S(globs, img_glob, literals, 3, TO, 0x20000000)},
    {"a level that does", S(levels, img_level, literals, 3, TO, 99)},
    {"a level among the ids", S(levels, img_level, kind, SUBJECT_GLOB, TO, SUBJECT_ID)},
    {"fewer ids among the levels", S(head, img_head, nlevel_ids, ANY, TO, 1)},
    {"a rule that says another isolation", S(rules, img_rule, isolation, CORE_RANK_VM, TO, 0)},
    {"a candidate that does", S(entries, img_entry, strength, ANY, XOR, 1)},
    {"rules in no order", S(rules, img_rule, id, ANY, NEXT, 0)},
    /* what is searched by halves */
    {"a subject's groups in no order", S(subjects, img_subject, near[0], 1, TO, 0)},
    {"capabilities in no order", S(capabilities, img_capability, text, ANY, NEXT, 0)},
    {"a glob among the exact ones", S(head, img_head, nexact, 2, TO, 3)},
    {"an exact one among the globs", S(head, img_head, nexact, 2, TO, 1)},
    {"a capability with another key", S(capabilities, img_capability, key, ANY, XOR, 1)},
    /* what is found by hash */
    {"a filter that misses a candidate", IMAGE_filter, 8, 0, 8, ANY, TO, 0},
    {"no prefix of any depth", S(head, img_head, depths, ANY, TO, 0)},
    {"no exact ids", S(head, img_head, depths, ANY, XOR, UINT64_C(1) << 32)},
    {"no rules of others", S(head, img_head, others, 1, TO, 0)},
    {"a candidate of another text", S(entries, img_entry, ntext, 3, TO, 2)},
    {"a candidate of another subject", S(entries, img_entry, who, 0, TO, 1)},
    {"a candidate of a group with globs", S(entries, img_entry, who, 0x40000001, TO, 0x40000000)},
    {"a subject of another text", S(subjects, img_subject, text, ANY, NEXT, 0)},
    {"an entity of another text", S(entities, img_entity, name, ANY, NEXT, 0)},
    {"an entity without properties", S(entities, img_entity, properties, ANY, TO, 0)},
    /* what a candidate repeats of its rule */
    {"a candidate without its condition", S(entries, img_entry, condition, 0, TO, POLICY_NONE)},
    {"a candidate without its selector", S(entries, img_entry, strength, 0x40, TO, 0)},
    {"a candidate without its templates", S(entries, img_entry, strength, 0xc3, TO, 0x43)},
    {"a grant without templates", S(grants, img_grant, templates, 2, TO, 0)},
    {"a pattern with another key", S(patterns, img_pattern, key, ANY, XOR, 1)},
    /* what holds */
    {"no shadow rules", S(head, img_head, nshadow, 1, TO, 0)},
    {"default limits that are none", S(head, img_head, default_limits.set, ANY, XOR, 1u << 31)},
    {"a label that is not declared", S(holds, img_hold, labels, 1, TO, 2)},
    {"an allow that wants an approval", S(holds, img_hold, approval, POLICY_NONE, TO, 0)},
    {"an allow or ask that cuts", S(holds, img_hold, within, POLICY_NONE, TO, 0)},
    {"a require that cuts to a template", S(holds, img_hold, within, 1, TO, 0)},
    {"a subject within a name", S(paths, img_path, subject, 5, TO, 3)},
    {"an effect without a word", S(selectors, img_selector, effects, ANY, XOR, 1u << 31)},
    {"a capability with one", S(capabilities, img_capability, effects, ANY, XOR, 1u << 31)},
    {"a variable that is set twice over", S(variables, img_variable, set, ANY, TO, 2)},
    {"a path without a byte", S(paths, img_path, path.n, 4, TO, 0)},
    /* what the evaluator reads */
    {"a place that is no number", S(attributes, img_attribute, positions, 0, TO, 1)},
    {"a list of two kinds", S(attributes, img_attribute, list, 0, TO, 2)},
    {"a flag that is none", S(conditions, img_condition, flag, 1, TO, 2)},
    {"a condition with a rest that is none", S(conditions, img_condition, flag, 2, TO, 3)},
};

/* ---- changing ---- */

static struct buf saved(const char *text)
{
    struct policy_image *image = must_compile(text);
    struct buf out;
    buf_init(&out, 0);
    assert_int_equal(policy_image_save(image, &out, NULL), 0);
    policy_image_unref(&image);
    return out;
}

/* The first row of a section; how many there are. */
static char *section_of(const struct buf *image, uint32_t section, uint32_t *n)
{
    struct img_file file;
    memcpy(&file, image->data, sizeof file);
    *n = file.place[section].count;
    return image->data + file.place[section].offset;
}

static int load(struct buf *image)
{
    struct policy_image *loaded;
    image_file_digest(image->data, image->len,
                      (uint8_t *)image->data + offsetof(struct img_file, digest));
    int rc = policy_image_load(buf_view(image), NULL, &loaded, NULL);
    policy_image_unref(&loaded);
    return rc;
}

static void apply(const struct row *r, struct buf *image)
{
    uint32_t n;
    char *at = section_of(image, r->section, &n);
    uint64_t v = 0, mask = r->width < 8 ? (UINT64_C(1) << 8 * r->width) - 1 : UINT64_MAX;
    for (uint32_t i = 0; i < n; i++, at += r->size) {
        memcpy(&v, at + r->at, r->width);
        if (r->from != ANY && v != r->from)
            continue;
        if (r->change == NEXT) {
            assert_true(i + 1 < n);
            memcpy(at + r->at, at + r->size + r->at, r->width);
            return;
        }
        v = r->change == TO ? r->value : v ^ r->value;
        v &= mask;
        memcpy(at + r->at, &v, r->width);
        return;
    }
    fail_msg("%s: no row has what it looks for", r->name);
}

static void test_fields(void **state)
{
    (void)state;
    auto_buf struct buf whole = saved(policy);
    unsigned taken = 0;
    assert_int_equal(load(&whole), 0);
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        auto_buf struct buf changed = {0};
        buf_str(&changed, buf_view(&whole));
        apply(&rows[i], &changed);
        if (load(&changed) == REEVE_EFORMAT)
            continue;
        print_error("taken: %s\n", rows[i].name);
        taken++;
    }
    assert_int_equal(taken, 0);
}

static void swap(uint32_t *v)
{
    uint32_t first = v[0];
    v[0] = v[1];
    v[1] = first;
}

/* Two ids, by number. */
static void test_levels_in_no_order(void **state)
{
    (void)state;
    auto_buf struct buf image = saved(policy);
    uint32_t n;
    struct img_level *levels = (void *)section_of(&image, IMAGE_levels, &n);
    assert_true(n > 2 && levels[1].kind == SUBJECT_ID);
    struct img_level first = levels[0];
    levels[0] = levels[1];
    levels[1] = first;
    assert_int_equal(load(&image), REEVE_EFORMAT);
}

/* Lists that are searched by halves. */
static void test_lists_in_no_order(void **state)
{
    (void)state;
    auto_buf struct buf image = saved(policy);
    uint32_t nlists, nsubjects, nrefs;
    struct img_list *lists = (void *)section_of(&image, IMAGE_lists, &nlists);
    struct img_subject *subjects = (void *)section_of(&image, IMAGE_subjects, &nsubjects);
    uint32_t *refs = (void *)section_of(&image, IMAGE_refs, &nrefs);
    unsigned tried = 0;
    for (uint32_t i = 0; i < nlists; i++) {
        const uint32_t numbers[] = {lists[i].nids, lists[i].ngroups, lists[i].nglobs};
        for (uint32_t k = 0, at = lists[i].first; k < BASE_COUNT(numbers); at += numbers[k++]) {
            if (numbers[k] != 2)
                continue;
            swap(refs + at);
            assert_int_equal(load(&image), REEVE_EFORMAT);
            swap(refs + at);
            tried++;
        }
    }
    for (uint32_t i = 0; i < nsubjects; i++) {
        if (subjects[i].ngroups != 2)
            continue;
        swap(refs + subjects[i].first);
        swap(subjects[i].near);
        assert_int_equal(load(&image), REEVE_EFORMAT);
        swap(refs + subjects[i].first);
        swap(subjects[i].near);
        tried++;
    }
    assert_int_equal(load(&image), 0);
    assert_true(tried >= 4);
}

/* In its cell, but no `type:id`: a request's subject is not looked at again where it is found. */
static void test_subject_that_is_none(void **state)
{
    (void)state;
    auto_buf struct buf image = saved(HEADER "groups: {g: [\"u:a\"]}\n");
    uint32_t n;
    struct img_subject *subject = (void *)section_of(&image, IMAGE_subjects, &n);
    assert_int_equal(n, 1);
    char *bytes = section_of(&image, IMAGE_bytes, &n);
    assert_int_equal(load(&image), 0);
    for (unsigned c = 0; c < 256; c++) {
        bytes[subject->text.at + 1] = (char)c;
        assert_int_equal(load(&image), c == ':' ? 0 : REEVE_EFORMAT);
    }
}

/* A record looks at so many masks of a list, and at no more. */
static void test_masks(void **state)
{
    (void)state;
    auto_buf struct buf text = {0};
    buf_z(&text, HEADER "capabilities: {k: {class: safe, mask: [");
    for (unsigned i = 0; i < POLICY_MAX_MASKS; i++)
        buf_printf(&text, "%sargs.a%u", i ? ", " : "", i);
    buf_z(&text, "]}}\naudit: {mask: [");
    for (unsigned i = 0; i < POLICY_MAX_MASKS; i++)
        buf_printf(&text, "%sargs.b%u", i ? ", " : "", i);
    buf_z(&text, "]}\n");
    buf_byte(&text, 0);
    auto_buf struct buf image = saved(text.data);
    uint32_t n;
    struct img_capability *capability = (void *)section_of(&image, IMAGE_capabilities, &n);
    struct img_head *head = (void *)section_of(&image, IMAGE_head, &n);
    assert_int_equal(load(&image), 0);
    capability->nmask++;
    assert_int_equal(load(&image), REEVE_EFORMAT);
    capability->nmask--;
    head->masks.first--;
    head->masks.n++;
    assert_int_equal(load(&image), REEVE_EFORMAT);
}

/* Digits alone, and no more of them than the parser takes. */
static void test_positions(void **state)
{
    (void)state;
    static const struct {
        const char *digits;
        int expected;
    } of[] = {{"0123", 0}, {"12/3", REEVE_EFORMAT}, {"12:3", REEVE_EFORMAT}};
    auto_buf struct buf image =
        saved(HEADER "rules: [{id: a, effect: deny, capability: [k], when: {args.1234: 1}}]\n");
    uint32_t n;
    struct img_str *key = (void *)section_of(&image, IMAGE_keys, &n);
    char *bytes = section_of(&image, IMAGE_bytes, &n);
    for (size_t i = 0; i < BASE_COUNT(of); i++) {
        memcpy(bytes + key->at, of[i].digits, 4);
        assert_int_equal(load(&image), of[i].expected);
    }
    memcpy(bytes + key->at, "1234", 4);
    key->n = 0;
    assert_int_equal(load(&image), REEVE_EFORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_levels_in_no_order),
        cmocka_unit_test(test_lists_in_no_order),
        cmocka_unit_test(test_subject_that_is_none),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_positions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
