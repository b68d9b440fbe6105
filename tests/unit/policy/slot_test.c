/*
 * The policy in force replaced while others decide by it. Built a second time with ThreadSanitizer.
 */
#include "policy/slot.h"

#include "support.h"

enum { READERS = 3, SWAPS = 10000, HELD = 4 };

/* Version `n`: its rule is rn, and it allows where n is even. */
static struct policy_image *version(unsigned n)
{
    char text[256];
    (void)snprintf(text, sizeof text,
                   HEADER "version: %u\ndefaults: {level: controlled}\nrules:\n  - {id: r%u, "
                          "effect: %s, subject: [\"u:a\"], capability: [ccos.echo], when: {args.a: "
                          "{matches: \"x+\"}}, reason: r%u}\n",
                   n, n, n % 2 ? "deny" : "allow", n);
    return must_compile(text);
}

struct reader {
    struct policy_slot *slot;
    const atomic_bool *over;
    const struct policy_request *req;
    unsigned long decisions, images;
    const char *wrong; /* cmocka is not for threads */
};

/* Whether an image gives the answer of its version, all of it. */
static bool is_whole(const struct policy_image *image, const struct policy_request *req)
{
    const struct reeve_inputs_view inputs = {0};
    struct policy_decision d;
    char id[16];
    int64_t n = policy_image_version(image);
    (void)snprintf(id, sizeof id, "r%d", (int)n);
    auto_buf struct buf why = {0};
    if (policy_decide(image, req, &inputs, &d) != 0)
        return false;
    policy_explain(image, req, &inputs, &d, &why);
    return d.effect == (n % 2 ? CORE_EFFECT_DENY : CORE_EFFECT_ALLOW) &&
           str_is(policy_image_rule(image, d.rule).id, id) && str_is(buf_view(&why), id);
}

/* Decides by the image in force and by those that it still holds. */
static void *read_often(void *arg)
{
    struct reader *r = arg;
    struct policy_image *held[HELD] = {0};
    int64_t last = 0;
    for (size_t i = 0; !r->wrong && (!atomic_load(r->over) || i < HELD); i++) {
        struct policy_image **at = &held[i % HELD];
        if (*at && !is_whole(*at, r->req))
            r->wrong = "an old image is not what it was";
        policy_image_unref(at);
        *at = policy_slot_acquire(r->slot);
        if (!*at || !is_whole(*at, r->req)) {
            r->wrong = "the image in force is none, or not whole";
            break;
        }
        int64_t now = policy_image_version(*at);
        if (now < last)
            r->wrong = "an older image after a newer one";
        r->images += now > last;
        last = now;
        r->decisions++;
    }
    for (size_t i = 0; i < HELD; i++)
        policy_image_unref(&held[i]);
    return NULL;
}

static struct policy_request request(struct json_text *args)
{
    const struct question q = {"u:a", "ccos.echo", "{\"a\":\"xx\"}", NULL};
    return ask(&q, args);
}

static void replaced_under_load(void **state)
{
    (void)state;
    struct policy_slot slot;
    struct policy_image *image = version(1);
    atomic_bool over = false;
    struct json_text args = {0};
    struct policy_request req = request(&args);
    struct reader readers[READERS];
    pthread_t threads[READERS];
    assert_int_equal(policy_slot_init(&slot, &image), 0);
    assert_null(image);
    for (size_t i = 0; i < READERS; i++) {
        readers[i] = (struct reader){.slot = &slot, .over = &over, .req = &req};
        assert_int_equal(pthread_create(&threads[i], NULL, read_often, &readers[i]), 0);
    }
    for (unsigned n = 2; n < SWAPS + 2; n++) {
        image = version(n);
        assert_int_equal(policy_slot_replace(&slot, &image, false, NULL), 0);
        assert_null(image);
    }
    atomic_store(&over, true);
    for (size_t i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        print_message("%lu decisions by %lu images\n", readers[i].decisions, readers[i].images);
        if (readers[i].wrong)
            fail_msg("%s", readers[i].wrong);
    }
    image = policy_slot_acquire(&slot);
    assert_int_equal(policy_image_version(image), SWAPS + 1);
    policy_slot_fini(&slot);
    assert_true(is_whole(image, &req)); /* outlives the slot */
    policy_image_unref(&image);
    json_text_free(&args);
}

struct writer {
    struct policy_slot *slot;
    struct policy_image *image;
};

static void *write_often(void *arg)
{
    struct writer *w = arg;
    for (unsigned i = 0; i < SWAPS / 4; i++) {
        struct policy_image *next = policy_image_ref(w->image), *got = policy_slot_acquire(w->slot);
        policy_image_unref(&got);
        (void)policy_slot_replace(w->slot, &next, true, NULL);
    }
    return NULL;
}

/* Writers take turns, and no reference is lost or dropped twice. */
static void many_writers(void **state)
{
    (void)state;
    struct policy_slot slot;
    struct policy_image *image = version(1);
    struct writer writers[READERS];
    pthread_t threads[READERS];
    struct json_text args = {0};
    struct policy_request req = request(&args);
    assert_int_equal(policy_slot_init(&slot, &image), 0);
    for (unsigned i = 0; i < READERS; i++) {
        writers[i] = (struct writer){&slot, version(i + 2)};
        assert_int_equal(pthread_create(&threads[i], NULL, write_often, &writers[i]), 0);
    }
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    policy_slot_fini(&slot);
    for (size_t i = 0; i < READERS; i++) {
        assert_true(is_whole(writers[i].image, &req));
        policy_image_unref(&writers[i].image);
    }
    json_text_free(&args);
}

static void an_empty_slot(void **state)
{
    (void)state;
    struct policy_slot slot;
    struct policy_image *image = NULL;
    assert_int_equal(policy_slot_init(&slot, &image), 0);
    assert_null(policy_slot_acquire(&slot));
    image = version(2);
    assert_int_equal(policy_slot_replace(&slot, &image, false, NULL), 0);
    image = policy_slot_acquire(&slot);
    assert_non_null(image);
    policy_image_unref(&image);
    assert_int_equal(policy_slot_replace(&slot, &image, false, NULL), 0);
    assert_null(policy_slot_acquire(&slot));
    policy_slot_fini(&slot);
}

/* A smaller version than that in force has to be asked for; none counts as none. */
static void versions(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        unsigned now, next; /* 0: without a version */
        bool older;
        int expected;
    } rows[] = {
        {"a later one", 3, 4, false, 0},
        {"the same", 3, 3, false, 0},
        {"a smaller one", 3, 2, false, REEVE_EPOLICY},
        {"one without, after one with", 3, 0, false, REEVE_EPOLICY},
        {"one with, after one without", 0, 1, false, 0},
        {"a smaller one that is asked for", 3, 2, true, 0},
        {"one without that is asked for", 3, 0, true, 0},
    };
    for (size_t i = 0; i < BASE_COUNT(rows); i++) {
        struct policy_slot slot;
        struct reeve_error err = {0};
        struct policy_image *now = rows[i].now ? version(rows[i].now) : must_compile(HEADER);
        struct policy_image *next = rows[i].next ? version(rows[i].next) : must_compile(HEADER);
        int64_t want = rows[i].expected ? rows[i].now : rows[i].next;
        assert_int_equal(policy_slot_init(&slot, &now), 0);
        if (policy_slot_replace(&slot, &next, rows[i].older, &err) != rows[i].expected)
            fail_msg("%s", rows[i].name);
        assert_true((next != NULL) == (rows[i].expected != 0));
        struct policy_image *got = policy_slot_acquire(&slot);
        assert_int_equal(policy_image_version(got), want);
        policy_image_unref(&got);
        policy_image_unref(&next);
        policy_slot_fini(&slot);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaced_under_load),
        cmocka_unit_test(many_writers),
        cmocka_unit_test(an_empty_slot),
        cmocka_unit_test(versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
