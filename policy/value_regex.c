/*
 * Regular expressions by PCRE2, as machine code where the machine lets us make some.
 *
 * The whole text: ANCHORED and ENDANCHORED, which mean `\A(?:…)\z` and cannot be escaped from by
 * an unbalanced bracket, a comment or (*ACCEPT). The match limit bounds the time; a stack of our
 * own bounds the memory. Without machine code the interpreter takes its memory from the scratch,
 * anew for each match, so that a match allocates nothing and depends on none before it. The scratch
 * itself is made once for each thread.
 */
#include "policy/value_regex.h"

#include "policy/value_plain.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <pthread.h>
#include <stdio.h>

#define OPTIONS     (PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NEVER_BACKSLASH_C)
#define MATCH_LIMIT 100000u /* steps: of PCRE2's own kind */
/* A step may scan the whole text once more, uncounted: steps times bytes is what a match can cost,
 * and so the longer the text, the fewer the steps: two for each byte up to 4 KiB. */
#define MATCH_BUDGET ((uint32_t)1 << 25)
/* PCRE2 does not tell how many steps it took, and most matches take hardly any. So a match is tried
 * with few first and then with eight times as many, and what it was tried with is what it costs. A
 * step costs as much as this many bytes more. */
#define FIRST_STEPS  4u
#define MORE_STEPS   8u
#define STEP_BYTES   1024u
#define HEAP_KIB     512u /* of the interpreter */
#define STACK_BYTES  ((size_t)256 << 10)
#define SCRATCH_ROOM (((size_t)HEAP_KIB * 2 + 64) << 10)

/* ---- compile ---- */

struct regex {
    pcre2_code *code; /* equal patterns share it */
    struct value_plain plain;
    uint32_t steps;  /* times bytes: what a match may cost */
    uint16_t weight; /* scans that one step may hold */
    bool owned;      /* the first of equal ones */
    bool machine;    /* there is machine code */
};
#define LINE 64u
_Static_assert(sizeof(struct regex) == LINE, "a cache line holds what a match reads");

struct value_regexes {
    uint32_t n;
    size_t bytes;
    pcre2_compile_context *how;
    struct regex *v;
    pcre2_code **all; /* of each: with a `.` that takes line breaks; NULL: it has no such `.` */
    struct value_classes classes;
};

/* One line break, whatever PCRE2 was built for; a pattern may still begin with another. */
static pcre2_compile_context *context_new(void)
{
    pcre2_compile_context *how = pcre2_compile_context_create(NULL);
    if (how && (pcre2_set_max_pattern_length(how, VALUE_REGEX_MAX) != 0 ||
                pcre2_set_newline(how, PCRE2_NEWLINE_LF) != 0)) {
        pcre2_compile_context_free(how);
        return NULL;
    }
    return how;
}

static void tell(int code, size_t at, struct value_regex_fault *fault)
{
    fault->at = at;
    if (pcre2_get_error_message(code, (PCRE2_UCHAR *)fault->text, sizeof fault->text) < 0)
        (void)snprintf(fault->text, sizeof fault->text, "no regular expression");
}

static pcre2_code *compile(pcre2_compile_context *how, struct str pattern, uint32_t options,
                           struct value_regex_fault *fault)
{
    int code = 0;
    PCRE2_SIZE at = 0;
    if (pattern.n > VALUE_REGEX_MAX) {
        fault->at = VALUE_REGEX_MAX;
        (void)snprintf(fault->text, sizeof fault->text, "it has %zu bytes; at most %u are held",
                       pattern.n, VALUE_REGEX_MAX);
        return NULL;
    }
    PCRE2_SPTR text = (PCRE2_SPTR)(pattern.n ? pattern.p : "");
    pcre2_code *re = pcre2_compile(text, pattern.n, options, &code, &at, how);
    if (!re)
        tell(code, at, fault);
    return re;
}

bool value_regex_check(struct str pattern, struct value_regex_fault *fault)
{
    pcre2_compile_context *how = context_new();
    pcre2_code *re = how ? compile(how, pattern, OPTIONS, fault) : NULL;
    if (!how)
        *fault = (struct value_regex_fault){.text = "out of memory"};
    pcre2_code_free(re);
    pcre2_compile_context_free(how);
    return re != NULL;
}

struct named {
    struct str pattern;
    uint32_t index;
};

static int by_pattern(const void *pa, const void *pb)
{
    const struct named *a = pa, *b = pb;
    int order = str_cmp(a->pattern, b->pattern);
    return order ? order : a->index < b->index ? -1 : a->index > b->index;
}

static size_t size_of(const pcre2_code *re)
{
    size_t code = 0, machine = 0;
    (void)pcre2_pattern_info(re, PCRE2_INFO_SIZE, &code);
    (void)pcre2_pattern_info(re, PCRE2_INFO_JITSIZE, &machine);
    return code + machine;
}

/* How many scans one step may hold, counted by the characters that can bring one: repeats, groups
 * of the kinds that begin with a question mark, references back; `\X` scans slowest by far. Three
 * are free. */
static uint16_t weight(struct str pattern)
{
    uint32_t n = 0;
    for (size_t i = 0; i < pattern.n; i++) {
        n += pattern.p[i] && strchr("*+{?\\", pattern.p[i]);
        n += i > 0 && pattern.p[i - 1] == '\\' && pattern.p[i] == 'X' ? 16 : 0;
    }
    return (uint16_t)(1 + n / 4); /* of 1,000 bytes: at most 4,251 */
}

/* Whether a `.` may stand there that is any character: true as well of one in a class. */
static bool has_dot(struct str pattern)
{
    bool dot = false;
    for (size_t i = 0; i < pattern.n && !dot; i++) {
        bool escape = pattern.p[i] == '\\' && i + 1 < pattern.n;
        dot = pattern.p[i] == '.' || (escape && pattern.p[i + 1] == 'Q');
        i += escape;
    }
    return dot;
}

static int add(struct value_regexes *set, const struct named *named, struct reeve_error *err)
{
    struct value_regex_fault fault;
    pcre2_code *re = compile(set->how, named->pattern, OPTIONS, &fault);
    if (!re)
        return base_fail(err, REEVE_EPOLICY, "regular expression %u: %s (at byte %zu)",
                         named->index, fault.text, fault.at);
    /* What cannot be machine code is interpreted. */
    (void)pcre2_jit_compile(re, PCRE2_JIT_COMPLETE);
    size_t machine = 0;
    (void)pcre2_pattern_info(re, PCRE2_INFO_JITSIZE, &machine);
    uint16_t scans = weight(named->pattern);
    set->v[named->index] = (struct regex){re,
                                          value_plain_compile(&set->classes, named->pattern),
                                          MATCH_BUDGET / scans,
                                          scans,
                                          true,
                                          machine > 0};
    set->bytes += size_of(re);
    if (!has_dot(named->pattern))
        return 0;
    /* So rarely wanted that it is interpreted. */
    re = set->all[named->index] = compile(set->how, named->pattern, OPTIONS | PCRE2_DOTALL, &fault);
    if (!re)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    set->bytes += size_of(re);
    return 0;
}

static int add_all(struct value_regexes *set, struct named *named, struct reeve_error *err)
{
    qsort(named, set->n, sizeof *named, by_pattern);
    for (uint32_t i = 0; i < set->n; i++) {
        if (i > 0 && str_eq(named[i].pattern, named[i - 1].pattern)) {
            set->v[named[i].index] = set->v[named[i - 1].index];
            set->v[named[i].index].owned = false;
            set->all[named[i].index] = set->all[named[i - 1].index];
            continue;
        }
        int rc = add(set, &named[i], err);
        if (rc == 0 && set->bytes > VALUE_REGEX_MAX_CODE)
            rc = base_fail(err, REEVE_EPOLICY,
                           "the regular expressions come to more than %zu MiB of machine code",
                           VALUE_REGEX_MAX_CODE >> 20);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int value_regexes_new(const struct str *patterns, uint32_t n, struct value_regexes **out,
                      struct reeve_error *err)
{
    struct value_regexes *set = calloc(1, sizeof *set);
    auto_free struct named *named = calloc(n ? n : 1, sizeof *named);
    int rc = REEVE_ENOMEM;
    if (set) {
        set->n = n;
        set->how = context_new();
        set->all = calloc(n ? n : 1, sizeof(pcre2_code *));
        set->v = aligned_alloc(LINE, (n ? n : 1) * sizeof *set->v);
        if (set->v)
            memset(set->v, 0, n * sizeof *set->v);
    }
    if (set && named && set->how && set->v && set->all) {
        for (uint32_t i = 0; i < n; i++)
            named[i] = (struct named){patterns[i], i};
        rc = add_all(set, named, err);
    }
    if (rc != 0)
        value_regexes_free(&set);
    *out = set;
    return rc == REEVE_ENOMEM ? base_fail(err, rc, "out of memory") : rc;
}

void value_regexes_free(struct value_regexes **pset)
{
    struct value_regexes *set = *pset;
    *pset = NULL;
    if (!set)
        return;
    for (uint32_t i = 0; set->v && set->all && i < set->n; i++)
        if (set->v[i].owned) {
            pcre2_code_free(set->v[i].code);
            pcre2_code_free(set->all[i]);
        }
    pcre2_compile_context_free(set->how);
    free(set->all);
    free(set->v);
    free(set);
}

size_t value_regexes_size(const struct value_regexes *set)
{
    return set->bytes + set->n * (sizeof *set->v + sizeof *set->all);
}

/* ---- match ---- */

/* `room` serves the interpreter: taken in order, given back all at once before each match. */
struct value_scratch {
    pcre2_match_context *limits;
    pcre2_match_data *data; /* for machine code */
    pcre2_jit_stack *stack;
    pcre2_general_context *memory; /* takes from room; lives in front of `reset` */
    size_t used, reset;
    char *room;
};

static void *room_take(size_t n, void *arg)
{
    struct value_scratch *s = arg;
    size_t at = (s->used + 15) & ~(size_t)15;
    if (n > SCRATCH_ROOM - at)
        return NULL;
    s->used = at + n;
    return s->room + at;
}

static void room_give(void *p, void *arg)
{
    (void)p;
    (void)arg;
}

static bool make_room(struct value_scratch *s)
{
    s->room = malloc(SCRATCH_ROOM); /* pages that no match needs are never touched */
    s->memory = s->room ? pcre2_general_context_create(room_take, room_give, s) : NULL;
    s->reset = s->used;
    return s->memory != NULL;
}

struct value_scratch *value_scratch_new(void)
{
    struct value_scratch *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->limits = pcre2_match_context_create(NULL);
    s->data = pcre2_match_data_create(1, NULL);
    s->stack = pcre2_jit_stack_create(STACK_BYTES, STACK_BYTES, NULL);
    uint32_t machine = 0;
    (void)pcre2_config(PCRE2_CONFIG_JIT, &machine);
    bool whole = make_room(s) && s->limits && s->data && (s->stack || !machine);
    if (!whole || pcre2_set_depth_limit(s->limits, MATCH_LIMIT) != 0 ||
        pcre2_set_heap_limit(s->limits, HEAP_KIB) != 0)
        value_scratch_free(&s);
    else if (s->stack)
        pcre2_jit_stack_assign(s->limits, NULL, s->stack);
    return s;
}

void value_scratch_free(struct value_scratch **ps)
{
    struct value_scratch *s = *ps;
    *ps = NULL;
    if (!s)
        return;
    pcre2_match_context_free(s->limits);
    pcre2_match_data_free(s->data);
    pcre2_jit_stack_free(s->stack);
    free(s->room);
    free(s);
}

static pthread_key_t thread_key;
static pthread_once_t thread_once = PTHREAD_ONCE_INIT;
static bool thread_key_made;

static void free_of_thread(void *p)
{
    struct value_scratch *s = p;
    value_scratch_free(&s);
}

static void make_thread_key(void)
{
    thread_key_made = pthread_key_create(&thread_key, free_of_thread) == 0;
}

struct value_scratch *value_scratch_of_thread(void)
{
    (void)pthread_once(&thread_once, make_thread_key);
    if (!thread_key_made)
        return NULL;
    struct value_scratch *s = pthread_getspecific(thread_key);
    if (!s) {
        s = value_scratch_new();
        if (s && pthread_setspecific(thread_key, s) != 0)
            value_scratch_free(&s);
    }
    return s;
}

/* From the first byte to the last: machine code of PCRE2 10.42 goes on at the second one where
 * (*ACCEPT) has ended a match that ENDANCHORED then refuses. `\K` moves where a match is said to
 * begin, not where it began. */
static int whole(int rc, pcre2_match_data *data, struct str text)
{
    bool good =
        rc < 0 || (pcre2_get_startchar(data) == 0 && pcre2_get_ovector_pointer(data)[1] == text.n);
    return good ? rc : PCRE2_ERROR_NOMATCH;
}

static int by_interpreter(const pcre2_code *re, struct value_scratch *s, struct str text)
{
    s->used = s->reset;
    pcre2_match_data *data = pcre2_match_data_create(1, s->memory);
    if (!data)
        return PCRE2_ERROR_NOMEMORY;
    int rc = pcre2_match(re, (PCRE2_SPTR)text.p, text.n, 0, 0, data, s->limits);
    return whole(rc, data, text);
}

/* Take what so many steps may cost; false, and nothing is left, when that is too much. */
static bool pay(const struct regex *r, uint32_t steps, struct str text, uint64_t *budget)
{
    uint64_t cost = (uint64_t)steps * (text.n * r->weight + STEP_BYTES);
    bool enough = !budget || cost <= *budget;
    if (budget)
        *budget = enough ? *budget - cost : 0;
    return enough;
}

static int by_machine(const struct regex *r, struct value_scratch *s, struct str text)
{
    int rc = pcre2_jit_match(r->code, (PCRE2_SPTR)text.p, text.n, 0, 0, s->data, s->limits);
    return whole(rc, s->data, text);
}

static enum tri tri_of_pcre2(int rc)
{
    return rc >= 0 ? TRI_TRUE : rc == PCRE2_ERROR_NOMATCH ? TRI_FALSE : TRI_UNKNOWN;
}

/* PCRE2's answer within `most` steps; unknown beyond, or out of budget. */
static enum tri by_pcre2(const struct regex *r, struct value_scratch *s, struct str text,
                         uint32_t most, uint64_t *budget)
{
    int rc = PCRE2_ERROR_MATCHLIMIT;
    uint32_t steps = FIRST_STEPS;
    for (bool last = false; rc == PCRE2_ERROR_MATCHLIMIT && !last; steps *= MORE_STEPS) {
        last = steps >= most;
        steps = last ? most : steps;
        if (!pay(r, steps, text, budget))
            return TRI_UNKNOWN;
        (void)pcre2_set_match_limit(s->limits, steps);
        rc = r->machine ? by_machine(r, s, text) : by_interpreter(r->code, s, text);
    }
    return tri_of_pcre2(rc);
}

/* Whether a text fits in which a `.` of the pattern meets a line break. Who wrote it most likely
 * had no line breaks in mind: where the answer hangs on whether it takes them, it is unknown, which
 * lets nobody past a deny nor into an allow. */
static enum tri with_break(enum tri without, const pcre2_code *all, const struct regex *r,
                           struct value_scratch *s, struct str text, uint32_t steps,
                           uint64_t *budget)
{
    if (without == TRI_UNKNOWN || !pay(r, steps, text, budget))
        return TRI_UNKNOWN;
    (void)pcre2_set_match_limit(s->limits, steps);
    enum tri with = tri_of_pcre2(by_interpreter(all, s, text));
    return with == without ? with : TRI_UNKNOWN;
}

/* Of a pattern that names another line break, any text may have one. */
static bool may_have_break(const struct regex *r, struct str text)
{
    uint32_t newline = 0;
    (void)pcre2_pattern_info(r->code, PCRE2_INFO_NEWLINE, &newline);
    return newline != PCRE2_NEWLINE_LF || memchr(text.p, '\n', text.n);
}

enum tri value_regex_matches(const struct value_regexes *set, uint32_t index,
                             struct value_scratch *s, struct str text, uint64_t *budget)
{
    if (!s || index >= set->n || text.n > VALUE_REGEX_TEXT_MAX || !str_is_utf8(text))
        return TRI_UNKNOWN;
    const struct regex *r = &set->v[index];
    uint32_t steps = r->steps / (text.n ? (uint32_t)text.n : 1);
    struct str subject = {text.p ? text.p : "", text.n};
    steps = steps < MATCH_LIMIT ? steps : MATCH_LIMIT;
    if (!steps || (budget && !*budget))
        return TRI_UNKNOWN;
    if (r->plain.nitems && value_plain_steps(&r->plain, text.n) < steps)
        return pay(r, 1, subject, budget)
                   ? tri_of(value_plain_matches(&set->classes, &r->plain, subject))
                   : TRI_UNKNOWN;
    enum tri value = by_pcre2(r, s, subject, steps, budget);
    if (!set->all[index] || !may_have_break(r, subject))
        return value;
    return with_break(value, set->all[index], r, s, subject, steps, budget);
}
