/*
 * A candidate policy judged beside the one in force: what it would have said is told, and nothing
 * of it is enforced.
 */
#include <sys/mman.h>

#include "hold.h"

#include "policy/eval.h"

#define LIMITS(text) HEADER "defaults: {level: controlled, limits: {" text "}}\nrules:\n"
#define CALLS(id, max, per)                                                                        \
    TOP "budgets: [{id: a" id ", per: " per ", limits: {cost: {max: 1, unit: eur, window: 1h}}, "  \
        "when_spent: deny, capability: [none.x]}, {id: b, per: " per                               \
        ", limits: {calls: {max: " max ", window: 1h}}, when_spent: deny}]\nrules:\n"

struct beside_row {
    const char *name, *enforced, *candidate;
    const char *rule, *beside; /* "effect rule" of each */
    bool differs;
    uint64_t spent; /* calls, of the enforced policy's second budget */
};

static const struct beside_row rows[] = {
    {"the same", RULES(ALLOW("a", "")), RULES(ALLOW("a", "")), "allow a", "allow a", false, 0},
    {"another id, the same answer", RULES(ALLOW("a", "")), RULES(ALLOW("b", "")), "allow a",
     "allow b", false, 0},
    {"a deny", RULES(ALLOW("a", "")), RULES(ALLOW("a", "") DENY("d", "")), "allow a", "deny d",
     true, 0},
    {"an allow permits nothing", RULES(DENY("d", "")), RULES(ALLOW("a", "")), "deny d", "allow a",
     true, 0},
    {"an ask", RULES(ALLOW("a", "")), RULES(ASK("a", "")), "allow a", "ask a", true, 0},
    {"its own shadow rules are left out", RULES(ALLOW("a", "")),
     RULES(ALLOW("a", "") DENY("d", ", mode: shadow")), "allow a", "allow a", false, 0},
    {"the enforced one's too", RULES(ALLOW("a", "") DENY("d", ", mode: shadow")),
     RULES(ALLOW("b", "")), "allow a", "allow b", false, 0},
    {"a grant at another index",
     TOP "grants: {g: {network: [\"h.example:1\"]}}\nrules:\n" ALLOW("a", ", grant: g"),
     TOP "grants: {f: {secrets: [s]}, g: {network: [\"h.example:1\"]}}\nrules:\n" ALLOW(
         "a", ", grant: g") "  - {id: b, effect: allow, subject: [\"u:o\"], capability: [t.y], "
                            "grant: f}\n",
     "allow a", "allow a", false, 0},
    {"a host", RULES(ALLOW("a", ", grant: {network: [\"h.example:1\"]}")),
     RULES(ALLOW("a", ", grant: {network: [\"g.example:1\"]}")), "allow a", "allow a", true, 0},
    {"a port", RULES(ALLOW("a", ", grant: {network: [\"h.example:1\"]}")),
     RULES(ALLOW("a", ", grant: {network: [\"h.example:2\"]}")), "allow a", "allow a", true, 0},
    {"a path", RULES(ALLOW("a", ", grant: {filesystem: {read: [/a]}}")),
     RULES(ALLOW("a", ", grant: {filesystem: {read: [/b]}}")), "allow a", "allow a", true, 0},
    {"a template of a path",
     RULES(ALLOW("a", ", grant: {filesystem: {read: [\"/home/${subject.id}\"]}}")),
     RULES(ALLOW("a", ", grant: {filesystem: {read: [/home/a]}}")), "allow a", "allow a", true, 0},
    {"a variable's value", RULES(ALLOW("a", ", grant: {environment: [\"A=1\"]}")),
     RULES(ALLOW("a", ", grant: {environment: [\"A=2\"]}")), "allow a", "allow a", true, 0},
    {"a secret", RULES(ALLOW("a", ", grant: {secrets: [a]}")),
     RULES(ALLOW("a", ", grant: {secrets: [b]}")), "allow a", "allow a", true, 0},
    {"a limit of the grant", RULES(ALLOW("a", ", grant: {limits: {wall: 1s}}")),
     RULES(ALLOW("a", ", grant: {limits: {wall: 2s}}")), "allow a", "allow a", true, 0},
    {"a default limit", LIMITS("wall: 1s") ALLOW("a", ""), LIMITS("wall: 2s") ALLOW("a", ""),
     "allow a", "allow a", true, 0},
    {"a default limit that the grant writes",
     LIMITS("wall: 1s") ALLOW("a", ", grant: {limits: {wall: 3s}}"),
     LIMITS("wall: 2s") ALLOW("a", ", grant: {limits: {wall: 3s}}"), "allow a", "allow a", false,
     0},
    {"isolation", RULES(ALLOW("a", "")), RULES(ALLOW("a", ", grant: {isolation: vm}")), "allow a",
     "allow a", true, 0},
    {"what a require cuts", RULES(ALLOW("a", "")),
     RULES(ALLOW("a", "") REQ("r", ", require: {within: {network: []}}")), "allow a", "allow a",
     true, 0},
    {"the same cut by another rule",
     RULES(ALLOW("a", "") REQ("r", ", require: {within: {network: []}}")),
     RULES(ALLOW("a", "") REQ("q", ", require: {within: {network: []}}")), "allow a", "allow a",
     false, 0},
    {"everything", HEADER "defaults: {level: full}\nrules: []\n",
     HEADER "defaults: {level: full}\nrules:\n" ALLOW("a", ""), "allow reeve/full", "allow a", true,
     0},
    {"labels follow the enforced one", RULES(ALLOW("a", "")),
     RULES(ALLOW("a", ", labels: [secret]")), "allow a", "allow a", false, 0},
    {"what was spent counts by the budget's id", CALLS("0", "9", "all") ALLOW("a", ""),
     HEADER "defaults: {level: controlled}\nbudgets: [{id: b, per: all, limits: {calls: {max: 3, "
            "window: 1h}}, when_spent: deny}]\nrules:\n" ALLOW("a", ""),
     "allow a", "deny b", true, 3},
    {"of the same `per`", CALLS("0", "9", "all") ALLOW("a", ""),
     CALLS("0", "3", "subject") ALLOW("a", ""), "allow a", "allow a", false, 3},
    {"of a budget that is not there nothing is spent", RULES(ALLOW("a", "")),
     CALLS("0", "3", "all") ALLOW("a", ""), "allow a", "allow a", false, 3},
};

static void one(const struct beside_row *r)
{
    struct policy_image *image = must_compile(r->enforced), *other = must_compile(r->candidate);
    const struct question q = {"u:a", "t.x", "{}", NULL};
    struct json_text text;
    struct policy_request req = ask(&q, &text);
    const struct policy_spent spent = {1, POLICY_COUNTED_CALLS, 0, r->spent};
    const struct reeve_inputs_view inputs = {.spent = &spent, .nspent = 1, .spent_all = true};
    struct policy_decision d, alone;
    char id[160], got[200], beside[200];
    assert_int_equal(policy_decide_beside(image, other, &req, &inputs, &d), 0);
    assert_int_equal(policy_decide(image, &req, &inputs, &alone), 0);
    (void)snprintf(got, sizeof got, "%s %s", core_effect_name(d.effect),
                   rule_id(image, d.rule, id));
    (void)snprintf(beside, sizeof beside, "%s %s", core_effect_name(d.shadow.effect),
                   rule_id(other, d.shadow.rule, id));
    if (strcmp(got, r->rule) != 0 || strcmp(beside, r->beside) != 0 ||
        d.shadow.differs != r->differs)
        fail_msg("%s: %s, beside %s%s", r->name, got, beside, d.shadow.differs ? ", differs" : "");
    assert_int_equal(d.effect, alone.effect);
    assert_int_equal(d.rule, alone.rule);
    assert_int_equal(d.labels, alone.labels);
    assert_int_equal(d.budgets, alone.budgets);
    assert_int_equal(d.approvals.n, alone.approvals.n);
    assert_int_equal(d.obligations.n, alone.obligations.n);
    json_text_free(&text);
    policy_image_unref(&image);
    policy_image_unref(&other);
}

static void a_candidate_is_judged_beside(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rows); i++)
        one(&rows[i]);
}

/* A ceiling's denied effects are bits of the policy in force. */
static void ceilings_deny_by_word(void **state)
{
#define EFFECTS(of_x) HEADER "defaults: {level: controlled}\ncapabilities: {" of_x "}\nrules:\n"
    static const struct {
        const char *candidate;
        bool denied;
    } words[] = {
        {EFFECTS("t.x: {class: safe, effects: [alpha]}") ALLOW("a", ""), true},
        {EFFECTS("t.a: {class: safe, effects: [beta]}, t.x: {class: safe, effects: [alpha]}")
             ALLOW("a", ""),
         true},
        {EFFECTS("t.a: {class: safe, effects: [alpha]}, t.x: {class: safe, effects: [beta]}")
             ALLOW("a", ""),
         false},
        {EFFECTS("t.x: {class: safe, effects: [beta]}") ALLOW("a", ""), false},
        {HEADER "defaults: {level: controlled}\nrules:\n" ALLOW("a", ""), true}, /* has any */
    };
    (void)state;
    struct policy_image *image = must_compile(words[0].candidate);
    const struct policy_ceiling c = {.level = -1,
                                     .any_capability = true,
                                     .denied_effects = UINT32_C(1)
                                                       << policy_image_effect(image, STR("alpha"))};
    for (size_t i = 0; i < 2 * BASE_COUNT(words); i++) {
        struct policy_image *other = must_compile(words[i / 2].candidate);
        const struct question q = {"u:a", "t.x", "{}", NULL};
        struct json_text text;
        struct policy_request req = ask(&q, &text);
        struct reeve_inputs_view inputs = {.ceilings = &c, .nceilings = i % 2};
        struct policy_decision d;
        req.ceiling = i % 2 ? NULL : &c;
        assert_int_equal(policy_decide_beside(image, other, &req, &inputs, &d), 0);
        assert_int_equal(d.rule, POLICY_RULE_CEILING);
        if ((d.shadow.effect == CORE_EFFECT_DENY) != words[i / 2].denied)
            fail_msg("%s", words[i / 2].candidate);
        json_text_free(&text);
        policy_image_unref(&other);
    }
    policy_image_unref(&image);
}

/* The image itself is no candidate: nothing differs, and what no image decides none does. */
/* A candidate with as many effects as are held knows no more of them by that. */
static void no_effect_stands_for_one_that_is_not_there(void **state)
{
    (void)state;
    auto_buf struct buf candidate = {0};
    struct policy_image *image = must_compile(EFFECTS("t.x: {class: safe, effects: [alpha]}")
                                                  ALLOW("a", "")),
                        *other = NULL, *more = NULL;
    for (unsigned n = 1; n == 1 || more; n++) {
        buf_reset(&candidate);
        buf_z(&candidate, HEADER "defaults: {level: controlled}\ncapabilities: {t.x: {class: safe, "
                                 "effects: [");
        for (unsigned i = 0; i < n; i++)
            buf_printf(&candidate, "%se%u", i ? ", " : "", i);
        buf_z(&candidate, "]}}\nrules:\n" ALLOW("a", ""));
        policy_image_unref(&other);
        other = more;
        more = NULL;
        (void)compile_text(buf_view(&candidate), "t", NULL, NULL, &more, NULL);
    }
    assert_non_null(other);
    const struct policy_ceiling c = {.level = -1,
                                     .any_capability = true,
                                     .denied_effects = UINT32_C(1)
                                                       << policy_image_effect(image, STR("alpha"))};
    const struct question q = {"u:a", "t.x", "{}", NULL};
    auto_json struct json_text text;
    struct policy_request req = ask(&q, &text);
    struct reeve_inputs_view inputs = {.ceilings = &c, .nceilings = 1};
    struct policy_decision d;
    assert_int_equal(policy_decide_beside(image, other, &req, &inputs, &d), 0);
    assert_int_equal(d.effect, CORE_EFFECT_DENY);
    assert_int_equal(d.shadow.effect, CORE_EFFECT_ALLOW);
    policy_image_unref(&image);
    policy_image_unref(&other);
}

static void edges(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(RULES(ALLOW("a", "") DENY("d", ", mode: shadow")));
    const struct question q = {"u:a", "t.x", "{}", NULL};
    struct json_text text;
    struct policy_request req = ask(&q, &text);
    const struct reeve_inputs_view inputs = {0};
    struct policy_decision d;
    assert_int_equal(policy_decide_beside(image, image, &req, &inputs, &d), 0);
    assert_int_equal(d.shadow.effect, CORE_EFFECT_ALLOW);
    assert_false(d.shadow.differs);
    req.capability = STR("");
    assert_int_equal(policy_decide_beside(image, image, &req, &inputs, &d), REEVE_EINVAL);
    json_text_free(&text);
    policy_image_unref(&image);
}

/* One image takes what it names for a subject and does not look again; the other one looks. So
 * that they disagree, a name is changed where it stands, to another one of its cell. */
static void a_candidate_may_find_it_invalid(void **state)
{
    (void)state;
    struct policy_image *image = must_compile(RULES(ALLOW("a", ", when: {subject.id: a}"))),
                        *candidate = must_compile(RULES(ALLOW("a", "")));
    struct img_str text = image_subjects(image)[0].text;
    char *name = (char *)(uintptr_t)image_bytes(image) + text.at;
    char *colon = memchr(name, ':', text.n);
    assert_non_null(colon);
    assert_int_equal(mprotect((void *)(uintptr_t)image->bytes, image->size, PROT_READ | PROT_WRITE),
                     0);
    struct eval_subject found = {.index = POLICY_NONE};
    for (*colon = 'A'; *colon <= 'z' && found.index == POLICY_NONE; ++*colon)
        found = eval_subject_of(image, (struct str){name, text.n});
    --*colon;
    assert_int_equal(found.index, 0);
    struct policy_request req = {.subject = {name, text.n}, .capability = STR("t.x"), .level = -1};
    struct reeve_inputs_view inputs = {0};
    struct policy_decision d;
    memset(&d, 0x5a, sizeof d);
    assert_int_equal(policy_decide(image, &req, &inputs, &d), 0);
    assert_int_equal(policy_decide(candidate, &req, &inputs, &d), REEVE_EINVAL);
    assert_int_equal(policy_decide_beside(image, candidate, &req, &inputs, &d), REEVE_EINVAL);
    policy_image_unref(&image);
    policy_image_unref(&candidate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_candidate_is_judged_beside), cmocka_unit_test(ceilings_deny_by_word),
        cmocka_unit_test(edges), cmocka_unit_test(no_effect_stands_for_one_that_is_not_there),
        cmocka_unit_test(a_candidate_may_find_it_invalid)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
