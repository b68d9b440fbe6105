/*
 * A kind (one letter), patterns on lines, NUL, a text: patterns of `like`, hosts, ranges, rules of
 * zones and windows. What compiles is sound and judges alike when it is asked again; `like` agrees
 * with a matcher that goes back. The bytes behind the letter are taken for compiled ones, too.
 */
#include "policy/value_host.h"
#include "policy/value_like.h"
#include "policy/value_net.h"
#include "policy/value_time.h"

#define MAX_LINES 8u

static void check(bool good)
{
    if (!good)
        abort();
}

struct lines {
    struct str v[MAX_LINES];
    struct value_list list;
};

static void split(struct str text, struct lines *out)
{
    uint32_t n = 0;
    for (const char *p = text.p, *end = p + text.n; p < end && n < MAX_LINES;) {
        const char *line = memchr(p, '\n', (size_t)(end - p));
        out->v[n++] = (struct str){p, (size_t)((line ? line : end) - p)};
        p = line ? line + 1 : end;
    }
    out->list = (struct value_list){out->v, n};
}

/* Goes back on each star once, at its last one: quadratic, and obviously right. */
static bool slow_like(struct str p, struct str t)
{
    size_t i = 0, k = 0, star = SIZE_MAX, from = 0;
    while (k < t.n || i < p.n) {
        bool escaped = i + 1 < p.n && p.p[i] == '\\' && p.p[i + 1] == '*';
        if (i < p.n && p.p[i] == '*') {
            star = i++;
            from = k;
        } else if (i < p.n && k < t.n && (escaped ? '*' : p.p[i]) == t.p[k]) {
            i += escaped ? 2 : 1;
            k++;
        } else if (star != SIZE_MAX && from < t.n) {
            i = star + 1;
            k = ++from;
        } else {
            return false;
        }
    }
    return true;
}

static void like(const struct lines *lines, struct str text)
{
    struct value_at at;
    struct value_fault fault;
    auto_buf struct buf b = {0};
    if (!value_like_compile(lines->list, &b, &at, &fault))
        return;
    check(value_like_sound(buf_view(&b)));
    bool holds = false;
    for (uint32_t i = 0; i < lines->list.n; i++)
        holds |= slow_like(lines->v[i], text);
    check(value_like_holds(buf_view(&b), text) == holds);
}

static void hosts(const struct lines *lines, struct str text)
{
    struct value_at at;
    struct value_fault fault;
    struct core_host host;
    auto_buf struct buf b = {0};
    auto_buf struct buf once = {0};
    auto_buf struct buf twice = {0};
    if (core_host_ascii(text, &once)) {
        check(core_host_parse(buf_view(&once), &host));
        check(core_host_ascii(buf_view(&once), &twice));
        check(str_eq(buf_view(&once), buf_view(&twice)));
    }
    if (!value_hosts_compile(lines->list, &b, &at, &fault))
        return;
    check(value_hosts_sound(buf_view(&b)));
    check((value_hosts_hold(buf_view(&b), text) == TRI_UNKNOWN) ==
          !core_host_parse_text(text, &host));
}

static void ranges(const struct lines *lines, struct str text)
{
    struct value_at at;
    struct value_fault fault;
    struct core_addr addr, again;
    char shown[CORE_ADDR_TEXT];
    auto_buf struct buf b = {0};
    bool good = core_addr_parse(text, &addr);
    if (good) {
        size_t n = core_addr_format(&addr, shown);
        bool v6 = addr.family == CORE_V6;
        check(core_addr_parse((struct str){shown + v6, n - (v6 ? 2 : 0)}, &again));
        check(memcmp(&addr, &again, sizeof addr) == 0);
    }
    if (!value_cidr_compile(lines->list, &b, &at, &fault))
        return;
    check(value_cidr_sound(buf_view(&b)));
    check((value_cidr_holds(buf_view(&b), text) == TRI_UNKNOWN) == !good);
}

static void zones(const struct lines *lines, struct str text)
{
    struct value_time w = {.to = 1440, .days = VALUE_ALL_DAYS};
    struct value_fault fault;
    auto_buf struct buf b = {0};
    (void)value_days_parse(lines->list, &w.days, &fault);
    if (lines->list.n && !value_hours_parse(lines->v[0], &w.from, &w.to, &fault))
        w.from = 0, w.to = 1440;
    if (!value_zone_compile_bytes(text, &b, &w.zone, &fault))
        return;
    check(value_zone_sound(buf_view(&b)));
    for (int64_t ns = INT64_MIN / 2; ns < INT64_MAX / 4; ns += INT64_MAX / 64)
        (void)value_time_holds(&w, b.data, ns);
}

static void from_outside(struct str form)
{
    if (value_like_sound(form))
        (void)value_like_holds(form, STR("abcabcab"));
    if (value_hosts_sound(form)) {
        (void)value_hosts_hold(form, STR("a.b.example"));
        (void)value_hosts_hold(form, STR("10.0.0.1"));
    }
    if (value_cidr_sound(form)) {
        (void)value_cidr_holds(form, STR("10.0.0.1"));
        (void)value_cidr_holds(form, STR("::1"));
    }
    if (value_zone_sound(form))
        for (int64_t utc = -(INT64_C(1) << 40); utc < INT64_C(1) << 40; utc += INT64_C(1) << 36)
            (void)value_zone_offset(form, utc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const struct {
        char letter;
        void (*run)(const struct lines *lines, struct str text);
    } kinds[] = {{'l', like}, {'h', hosts}, {'c', ranges}, {'z', zones}};
    if (n == 0)
        return 0;
    struct str rest = {(const char *)data + 1, n - 1};
    const char *nul = rest.n ? memchr(rest.p, 0, rest.n) : NULL;
    struct str patterns = {rest.p, nul ? (size_t)(nul - rest.p) : rest.n};
    struct str text = {nul ? nul + 1 : "", nul ? rest.n - patterns.n - 1 : 0};
    struct lines lines;
    split(patterns, &lines);
    for (size_t i = 0; i < BASE_COUNT(kinds); i++)
        if (data[0] == (uint8_t)kinds[i].letter)
            kinds[i].run(&lines, text);
    from_outside(rest);
    return 0;
}
