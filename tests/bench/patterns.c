/*
 * The dearest decisions that regular expressions can bring about: policies of a thousand rules with
 * patterns that look at the whole text in each step, and texts made for them.
 */
#include <stdio.h>

#include "tests/bench/bench.h"
#include "tests/policy_text.h"

#define RULES 1000u

static const char *const patterns[] = {
    "(?:(?=\\\\X*+)a)*", "(?:[ab]*+c|[^c]*+d|a)*", "(*NO_JIT)(?:a{0,900}){0,900}[bc]",
    "a*?a*?a*?[bc]",     "(?:(?=(a*+))\\\\1?a)*",  "(?:(?=[^b]*+)a)*"};

/* Distinct patterns, so that each has its own machine code. */
static struct policy_image *compile(const char *pattern, unsigned rules)
{
    auto_buf struct buf text = {0};
    struct policy_image *image = NULL;
    buf_z(&text, "reeve: policy/v1\ndefaults: {level: controlled}\nrules:\n");
    for (unsigned i = 0; i < rules; i++)
        buf_printf(&text,
                   "  - {id: r%u, effect: allow, subject: anyone, capability: [ccos.echo], when: "
                   "{args.a: {matches: \"%s(?#%u)\"}}}\n",
                   i, pattern, i);
    struct reeve_error err = {0};
    if (compile_text(buf_view(&text), "patterns", NULL, NULL, &image, &err) != 0)
        (void)fprintf(stderr, "reeve-bench: %s: %s\n", pattern, err.message);
    return image;
}

/* The longest of a few decisions, in ns. */
static int64_t decide_ns(const struct policy_image *image, size_t n)
{
    auto_buf struct buf args = {0};
    auto_json struct json_text doc = {0};
    buf_z(&args, "{\"a\":\"");
    for (size_t i = 0; i < n; i++)
        buf_byte(&args, 'a');
    buf_z(&args, "\"}");
    if (json_text_parse(buf_view(&args), &doc, NULL) != 0)
        return -1;
    struct policy_request req = {
        .subject = STR("u:a"), .capability = STR("ccos.echo"), .args = &doc.doc, .level = -1};
    struct reeve_inputs_view inputs = {0};
    struct policy_decision d;
    int64_t most = 0;
    for (unsigned i = 0; i < 3; i++) {
        int64_t start = bench_now();
        (void)policy_decide(image, &req, &inputs, &d);
        int64_t took = bench_now() - start;
        most = took > most ? took : most;
    }
    return most;
}

static int64_t dearest(unsigned rules)
{
    int64_t most = 0;
    for (size_t i = 0; i < BASE_COUNT(patterns); i++) {
        struct policy_image *image = compile(patterns[i], rules);
        for (size_t n = 64; image && n <= 65536; n *= 4) {
            int64_t took = decide_ns(image, n);
            most = took > most ? took : most;
        }
        policy_image_unref(&image);
    }
    return most;
}

int bench_patterns(void)
{
    printf("{\"one_rule_ms\":%.1f", (double)dearest(1) / 1e6);
    printf(",\"rules\":%u,\"all_rules_ms\":%.1f}\n", RULES, (double)dearest(RULES) / 1e6);
    return 0;
}
