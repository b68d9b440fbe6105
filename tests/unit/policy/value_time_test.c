/*
 * Time windows: POSIX rules and TZif by RFC 8536's text and the C library as an oracle over many
 * zones, then each sentence of the language.
 */
#include "value_support.h"

#include <time.h>
#include <unistd.h>

#include "policy/value_time.h"

/* ---- zones ---- */

static void put_u32be(struct buf *b, uint32_t v)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_byte(b, (uint8_t)(v >> shift));
}

static void put_head(struct buf *b, char version, uint32_t leaps, uint32_t times, uint32_t types)
{
    buf_z(b, "TZif");
    buf_byte(b, (uint8_t)version);
    for (int i = 0; i < 15; i++)
        buf_byte(b, 0);
    const uint32_t counts[] = {0, 0, leaps, times, types, 4};
    for (size_t i = 0; i < BASE_COUNT(counts); i++)
        put_u32be(b, counts[i]);
}

/* A file with one type, no change, and a rule. */
static void put_file(struct buf *b, char version, uint32_t leaps, const char *rule)
{
    for (int block = 0; block < 2; block++) {
        put_head(b, version, leaps, 0, 1);
        put_u32be(b, 0);
        buf_put(b, "\0\0UTC", 6);
        for (uint32_t i = 0; i < leaps * (block ? 12 : 8); i++)
            buf_byte(b, 0);
    }
    buf_printf(b, "\n%s\n", rule);
}

static int64_t utc_of(int year, int month, int day, int hour, int minute, int second)
{
    struct tm tm = {.tm_year = year - 1900,
                    .tm_mon = month - 1,
                    .tm_mday = day,
                    .tm_hour = hour,
                    .tm_min = minute,
                    .tm_sec = second};
    return timegm(&tm);
}

/* The footer's rule, a moment in UTC, and the offset in seconds. */
static const struct {
    const char *name, *rule;
    int date[6];
    int32_t offset;
} rules[] = {
    {"RFC 8536: a fixed offset", "HST10", {2026, 7, 1, 0, 0, 0}, -36000},
    {"a quoted name", "<-03>3", {2026, 7, 1, 0, 0, 0}, -10800},
    {"minutes", "<+0545>-5:45", {2026, 7, 1, 0, 0, 0}, 20700},
    {"seconds", "LMT0:36:32", {2026, 7, 1, 0, 0, 0}, -2192},
    {"summer", "CET-1CEST,M3.5.0,M10.5.0/3", {2026, 7, 1, 0, 0, 0}, 7200},
    {"winter", "CET-1CEST,M3.5.0,M10.5.0/3", {2026, 12, 1, 0, 0, 0}, 3600},
    {"a second before the start", "CET-1CEST,M3.5.0,M10.5.0/3", {2026, 3, 29, 0, 59, 59}, 3600},
    {"the start", "CET-1CEST,M3.5.0,M10.5.0/3", {2026, 3, 29, 1, 0, 0}, 7200},
    {"a second before the end", "CET-1CEST,M3.5.0,M10.5.0/3", {2026, 10, 25, 0, 59, 59}, 7200},
    {"the end", "CET-1CEST,M3.5.0,M10.5.0/3", {2026, 10, 25, 1, 0, 0}, 3600},
    {"beyond 2100", "CET-1CEST,M3.5.0,M10.5.0/3", {2210, 7, 1, 0, 0, 0}, 7200},
    {"the southern half", "AEST-10AEDT,M10.1.0,M4.1.0/3", {2026, 1, 1, 0, 0, 0}, 39600},
    {"the southern winter", "AEST-10AEDT,M10.1.0,M4.1.0/3", {2026, 7, 1, 0, 0, 0}, 36000},
    {"summer time that is behind", "IST-1GMT0,M10.5.0,M3.5.0/1", {2026, 12, 1, 0, 0, 0}, 0},
    {"summer time that is behind, in summer",
     "IST-1GMT0,M10.5.0,M3.5.0/1",
     {2026, 7, 1, 0, 0, 0},
     3600},
    {"half an hour", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", {2026, 1, 1, 0, 0, 0}, 39600},
    {"two hours", "<+00>0<+02>-2,M3.5.0/1,M10.5.0/3", {2026, 7, 1, 0, 0, 0}, 7200},
    {"RFC 8536: hours before the day",
     "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
     {2026, 3, 29, 1, 0, 0},
     -3600},
    {"RFC 8536: just before them",
     "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
     {2026, 3, 29, 0, 59, 59},
     -7200},
    {"RFC 8536: summer all year, its new year",
     "EST5EDT,0/0,J365/25",
     {2026, 1, 1, 4, 30, 0},
     -14400},
    {"RFC 8536: summer all year", "EST5EDT,0/0,J365/25", {2026, 12, 31, 23, 0, 0}, -14400},
    {"RFC 8536: days of the year", "XST0XDT,60,J300", {2028, 3, 1, 3, 0, 0}, 3600},
    {"days of the year count 29 February", "XST0XDT,60,J300", {2026, 3, 1, 3, 0, 0}, 0},
    {"J days never count it", "XST0XDT,J60,J300", {2028, 3, 1, 3, 0, 0}, 3600},
    {"J days never count it, no leap year", "XST0XDT,J60,J300", {2026, 3, 1, 3, 0, 0}, 3600},
    {"J59 is 28 February", "XST0XDT,J59,J300", {2028, 2, 28, 3, 0, 0}, 3600},
    {"no rule: the last offset", "", {2210, 7, 1, 0, 0, 0}, 0},
};

static void rules_of_the_future(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(rules); i++) {
        const int *d = rules[i].date;
        struct value_at at;
        struct value_fault fault;
        struct form form = {0};
        auto_buf struct buf file = {0};
        auto_buf struct buf b = {0};
        put_file(&file, '3', 0, rules[i].rule);
        ROW_CHECK(rules[i].name, value_zone_compile_bytes(buf_view(&file), &b, &at, &fault));
        form_take(&b, at, &form);
        ROW_CHECK(rules[i].name, value_zone_sound(form.s));
        int32_t got = value_zone_offset(form.s, utc_of(d[0], d[1], d[2], d[3], d[4], d[5]));
        if (got != rules[i].offset)
            fail_msg("%s: %d", rules[i].name, got);
        form_free(&form);
    }
}

/* A last change that changes nothing but what holds from then on: the rule, not the offset. */
static void the_rule_begins_with_the_last_change(void **state)
{
    (void)state;
    struct value_at at;
    struct value_fault fault;
    auto_buf struct buf file = {0};
    auto_buf struct buf b = {0};
    for (int block = 0; block < 2; block++) {
        put_head(&file, '2', 0, 1, 1);
        put_u32be(&file, block ? 0 : 1000);
        if (block)
            put_u32be(&file, 1000);
        buf_byte(&file, 0); /* its type */
        put_u32be(&file, 0);
        buf_put(&file, "\0\0UTC", 6);
    }
    buf_z(&file, "\nXXX-1\n");
    assert_true(value_zone_compile_bytes(buf_view(&file), &b, &at, &fault));
    assert_int_equal(value_zone_offset(buf_view(&b), 999), 0);
    assert_int_equal(value_zone_offset(buf_view(&b), 1000), 3600);
}

static const struct {
    const char *name, *rule;
    char version;
    uint32_t leaps;
} wrong_files[] = {
    {"version 1", "UTC0", '\0', 0},
    {"leap seconds", "UTC0", '2', 1},
    {"a name of two letters", "UT0", '2', 0},
    {"no offset", "UTC", '2', 0},
    {"25 hours", "UTC25", '2', 0},
    {"60 minutes", "UTC1:60", '2', 0},
    {"no rule for summer", "CET-1CEST", '2', 0},
    {"half a rule", "CET-1CEST,M3.5.0", '2', 0},
    {"month 13", "CET-1CEST,M13.5.0,M10.5.0", '2', 0},
    {"week 0", "CET-1CEST,M3.0.0,M10.5.0", '2', 0},
    {"week 6", "CET-1CEST,M3.6.0,M10.5.0", '2', 0},
    {"weekday 7", "CET-1CEST,M3.5.7,M10.5.0", '2', 0},
    {"day 0 of J", "CET-1CEST,J0,M10.5.0", '2', 0},
    {"day 366", "CET-1CEST,366,M10.5.0", '2', 0},
    {"168 hours", "CET-1CEST,M3.5.0/168,M10.5.0", '2', 0},
    {"something behind", "CET-1CEST,M3.5.0,M10.5.0,x", '2', 0},
    {"a quote that is not closed", "<+03-3", '2', 0},
};

static void files_that_say_something_else(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(wrong_files); i++) {
        struct value_at at;
        struct value_fault fault = {0};
        auto_buf struct buf file = {0};
        auto_buf struct buf b = {0};
        put_file(&file, wrong_files[i].version, wrong_files[i].leaps, wrong_files[i].rule);
        ROW_CHECK(wrong_files[i].name,
                  !value_zone_compile_bytes(buf_view(&file), &b, &at, &fault) && fault.text);
    }
}

static bool has_zones(void)
{
    return access(VALUE_ZONES "/Europe/Berlin", R_OK) == 0;
}

static bool compile_zone(const char *name, struct form *out)
{
    struct value_at at;
    struct value_fault fault;
    auto_buf struct buf b = {0};
    if (!value_zone_compile(VALUE_ZONES, str_of(name), &b, &at, &fault))
        return false;
    form_take(&b, at, out);
    assert_true(value_zone_sound(out->s));
    return true;
}

static void agrees_at(const char *name, struct str zone, int64_t utc)
{
    struct tm tm;
    time_t t = (time_t)utc;
    assert_non_null(localtime_r(&t, &tm));
    int32_t got = value_zone_offset(zone, utc);
    if (got != (int32_t)tm.tm_gmtoff)
        fail_msg("%s at %lld: %d instead of %ld", name, (long long)utc, got, tm.tm_gmtoff);
}

/* Random moments from 1800 to 2400, and both sides of whatever change lies behind each. */
static void the_c_library_agrees(void **state)
{
    (void)state;
    static const char *const names[] = {
        "Europe/Berlin",    "Europe/Dublin",       "Europe/London",
        "America/New_York", "America/St_Johns",    "America/Sao_Paulo",
        "America/Nuuk",     "Asia/Kolkata",        "Asia/Kathmandu",
        "Asia/Tehran",      "Asia/Gaza",           "Africa/Casablanca",
        "Africa/Cairo",     "Australia/Lord_Howe", "Australia/Sydney",
        "Pacific/Apia",     "Pacific/Chatham",     "Pacific/Kiritimati",
        "Antarctica/Troll", "Etc/GMT+12",          "America/Santiago",
        "Asia/Jerusalem",   "Africa/Monrovia",     "Asia/Pyongyang",
        "Europe/Moscow",    "America/Juneau",      "Pacific/Norfolk",
        "EST5EDT",          "Asia/Choibalsan",     "UTC"};
    if (!has_zones())
        skip();
    for (size_t i = 0; i < BASE_COUNT(names); i++) {
        struct form zone = {0};
        assert_true(compile_zone(names[i], &zone));
        assert_int_equal(setenv("TZ", names[i], 1), 0);
        tzset();
        uint64_t seed = i + 1;
        for (int k = 0; k < 4000; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            int64_t utc = (int64_t)(seed >> 30) % INT64_C(18934560000) - INT64_C(5364662400);
            agrees_at(names[i], zone.s, utc);
            /* Halve the way to a change, if there is one within the next half year. */
            int64_t low = utc, high = utc + 180 * INT64_C(86400);
            if (value_zone_offset(zone.s, low) == value_zone_offset(zone.s, high))
                continue;
            while (high - low > 1) {
                int64_t middle = low + (high - low) / 2;
                if (value_zone_offset(zone.s, middle) == value_zone_offset(zone.s, utc))
                    low = middle;
                else
                    high = middle;
            }
            agrees_at(names[i], zone.s, low);
            agrees_at(names[i], zone.s, high);
        }
        form_free(&zone);
    }
}

static void names_of_zones(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",       "localtime",      "posixrules", "Factory",       "../passwd", "/etc/passwd",
        "Europe", "Europe/Nowhere", "Europe/Ber", "europe/berlin", "a b",       "CET-1CEST"};
    struct form zone = {0};
    assert_true(compile_zone("UTC", &zone)); /* without any file */
    assert_int_equal(value_zone_offset(zone.s, INT64_MAX), 0);
    assert_int_equal(value_zone_offset(zone.s, INT64_MIN), 0);
    for (size_t i = 0; i < BASE_COUNT(wrong); i++)
        ROW_CHECK(wrong[i], !compile_zone(wrong[i], &zone));
    form_free(&zone);
}

static void ask_zone(struct str form)
{
    static const int64_t moments[] = {INT64_MIN, -1, 0, 1800000000, 5000000000, INT64_MAX};
    for (size_t i = 0; i < BASE_COUNT(moments); i++)
        (void)value_zone_offset(form, moments[i]);
}

static bool file_is_a_zone(struct str file)
{
    struct value_at at;
    struct value_fault fault;
    auto_buf struct buf b = {0};
    bool good = value_zone_compile_bytes(file, &b, &at, &fault);
    if (good) {
        assert_true(value_zone_sound(buf_view(&b)));
        ask_zone(buf_view(&b));
    }
    return good;
}

static void ask_nothing(struct str file)
{
    (void)file;
}

static void changed_files_and_forms_are_refused_or_harmless(void **state)
{
    (void)state;
    struct form zone = {0};
    auto_buf struct buf file = {0};
    put_file(&file, '2', 0, "CET-1CEST,M3.5.0,M10.5.0/3");
    form_mutate(buf_view(&file), file_is_a_zone, ask_nothing);
    if (!has_zones())
        skip();
    assert_true(compile_zone("Pacific/Apia", &zone));
    form_mutate(zone.s, value_zone_sound, ask_zone);
    buf_reset(&file);
    assert_int_equal(fd_slurp(-1, VALUE_ZONES "/Pacific/Apia", 1 << 20, &file, NULL), 0);
    form_mutate(buf_view(&file), file_is_a_zone, ask_nothing);
    form_free(&zone);
}

/* ---- windows ---- */

/* 2026-11-23 is a Monday. `days` and `hours` NULL: not written. */
static const struct {
    const char *name, *days, *hours, *zone;
    int date[6]; /* UTC */
    const char *value;
} windows[] = {
    {"within", NULL, "09:00-17:00", "UTC", {2026, 11, 23, 12, 0, 0}, "true"},
    {"start in", NULL, "09:00-17:00", "UTC", {2026, 11, 23, 9, 0, 0}, "true"},
    {"a second before the start", NULL, "09:00-17:00", "UTC", {2026, 11, 23, 8, 59, 59}, "false"},
    {"end out", NULL, "09:00-17:00", "UTC", {2026, 11, 23, 17, 0, 0}, "false"},
    {"a second before the end", NULL, "09:00-17:00", "UTC", {2026, 11, 23, 16, 59, 59}, "true"},
    {"a day", "mon", NULL, "UTC", {2026, 11, 23, 23, 59, 59}, "true"},
    {"another day", "mon", NULL, "UTC", {2026, 11, 24, 0, 0, 0}, "false"},
    {"a range of days", "mon-fri", NULL, "UTC", {2026, 11, 27, 12, 0, 0}, "true"},
    {"behind a range of days", "mon-fri", NULL, "UTC", {2026, 11, 28, 12, 0, 0}, "false"},
    {"a range over Sunday", "sat-mon", NULL, "UTC", {2026, 11, 23, 12, 0, 0}, "true"},
    {"behind a range over Sunday", "sat-mon", NULL, "UTC", {2026, 11, 24, 12, 0, 0}, "false"},
    {"several days", "tue thu", NULL, "UTC", {2026, 11, 26, 12, 0, 0}, "true"},
    {"days and hours", "mon", "09:00-17:00", "UTC", {2026, 11, 24, 12, 0, 0}, "false"},
    {"over midnight, before", "mon", "22:00-06:00", "UTC", {2026, 11, 23, 22, 0, 0}, "true"},
    {"over midnight the day is the opening's",
     "mon",
     "22:00-06:00",
     "UTC",
     {2026, 11, 24, 5, 59, 59},
     "true"},
    {"over midnight, end out", "mon", "22:00-06:00", "UTC", {2026, 11, 24, 6, 0, 0}, "false"},
    {"over midnight, not the night before",
     "mon",
     "22:00-06:00",
     "UTC",
     {2026, 11, 23, 3, 0, 0},
     "false"},
    {"over midnight, not the next night",
     "mon",
     "22:00-06:00",
     "UTC",
     {2026, 11, 24, 22, 0, 0},
     "false"},
    {"over midnight from Sunday", "sun", "22:00-06:00", "UTC", {2026, 11, 23, 3, 0, 0}, "true"},
    {"until midnight", "mon", "22:00-00:00", "UTC", {2026, 11, 23, 23, 0, 0}, "true"},
    {"until midnight, end out", "mon", "22:00-00:00", "UTC", {2026, 11, 24, 0, 0, 0}, "false"},
    {"until 24:00", "mon", "22:00-24:00", "UTC", {2026, 11, 23, 23, 59, 59}, "true"},
    {"the whole day", "mon", "00:00-24:00", "UTC", {2026, 11, 23, 0, 0, 0}, "true"},
    {"before 1970", "wed", "23:00-24:00", "UTC", {1969, 12, 31, 23, 30, 0}, "true"},
    {"a zone in winter", NULL, "09:00-17:00", "Europe/Berlin", {2026, 11, 23, 8, 0, 0}, "true"},
    {"a zone in winter, before",
     NULL,
     "09:00-17:00",
     "Europe/Berlin",
     {2026, 11, 23, 7, 59, 59},
     "false"},
    {"a zone in summer", NULL, "09:00-17:00", "Europe/Berlin", {2026, 7, 1, 7, 0, 0}, "true"},
    {"a zone beyond its rows", NULL, "09:00-17:00", "Europe/Berlin", {2200, 7, 1, 7, 0, 0}, "true"},
    {"the zone's day", "mon", NULL, "Pacific/Auckland", {2026, 11, 22, 12, 0, 0}, "true"},
    {"the zone's day, west", "sun", NULL, "America/New_York", {2026, 11, 23, 4, 0, 0}, "true"},
    {"an hour that comes twice, first",
     NULL,
     "02:00-03:00",
     "Europe/Berlin",
     {2026, 10, 25, 0, 30, 0},
     "true"},
    {"an hour that comes twice, again",
     NULL,
     "02:00-03:00",
     "Europe/Berlin",
     {2026, 10, 25, 1, 30, 0},
     "true"},
    {"an hour that is left out",
     NULL,
     "02:00-03:00",
     "Europe/Berlin",
     {2026, 3, 29, 1, 0, 0},
     "false"},
    {"half an hour's zone", NULL, "09:00-09:30", "Asia/Kolkata", {2026, 11, 23, 3, 30, 0}, "true"},
};

static void windows_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASE_COUNT(windows); i++) {
        const int *d = windows[i].date;
        struct value_time w = {.to = 1440, .days = VALUE_ALL_DAYS};
        struct words words;
        struct value_fault fault;
        auto_buf struct buf b = {0};
        buf_z(&b, "xyz");
        if (strcmp(windows[i].zone, "UTC") != 0 && !has_zones())
            continue;
        ROW_CHECK(windows[i].name,
                  value_zone_compile(VALUE_ZONES, str_of(windows[i].zone), &b, &w.zone, &fault));
        if (windows[i].days)
            ROW_CHECK(windows[i].name,
                      value_days_parse(words_of(windows[i].days, &words), &w.days, &fault));
        if (windows[i].hours)
            ROW_CHECK(windows[i].name,
                      value_hours_parse(str_of(windows[i].hours), &w.from, &w.to, &fault));
        ROW_CHECK(windows[i].name, value_time_sound(&w, buf_view(&b)));
        int64_t ns = utc_of(d[0], d[1], d[2], d[3], d[4], d[5]) * BASE_NS_PER_S;
        ROW_TRI(windows[i].name, value_time_holds(&w, b.data, ns), windows[i].value);
        ROW_TRI(windows[i].name, value_time_holds(&w, b.data, ns + BASE_NS_PER_S - 1),
                windows[i].value);
    }
}

static void words_that_are_no_window(void **state)
{
    (void)state;
    static const char *const hours[] = {"",
                                        "09:00",
                                        "9:00-17:00",
                                        "09:00-17:60",
                                        "09:00-24:01",
                                        "24:00-06:00",
                                        "09:00-09:00",
                                        "09.00-17.00",
                                        "09:00 17:00",
                                        "25:00-26:00",
                                        "-1:00-17:00",
                                        "09:00-17:00x"};
    static const char *const days[] = {"Mon",  "monday",  "mo",     "mon-",
                                       "-fri", "mon-xyz", "mon fr", NULL};
    struct words words;
    struct value_fault fault;
    uint16_t from, to;
    uint8_t mask;
    for (size_t i = 0; i < BASE_COUNT(hours); i++)
        ROW_CHECK(hours[i], !value_hours_parse(str_of(hours[i]), &from, &to, &fault));
    for (size_t i = 0; i < BASE_COUNT(days); i++)
        ROW_CHECK(days[i] ? days[i] : "none",
                  !value_days_parse(words_of(days[i], &words), &mask, &fault));
}

static void a_window_from_outside_is_checked(void **state)
{
    (void)state;
    struct value_time good = {.to = 1440, .days = VALUE_ALL_DAYS};
    struct value_fault fault;
    auto_buf struct buf b = {0};
    assert_true(value_zone_compile(VALUE_ZONES, STR("UTC"), &b, &good.zone, &fault));
    assert_true(value_time_sound(&good, buf_view(&b)));
    struct value_time bad[6] = {good, good, good, good, good, good};
    bad[0].to = 1441;
    bad[1].to = bad[1].from;
    bad[2].days = 0;
    bad[3].days = 0x80;
    bad[4].zone.at = 1;
    bad[5].zone.n--;
    for (size_t i = 0; i < BASE_COUNT(bad); i++)
        assert_false(value_time_sound(&bad[i], buf_view(&b)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_of_the_future),
        cmocka_unit_test(the_rule_begins_with_the_last_change),
        cmocka_unit_test(files_that_say_something_else),
        cmocka_unit_test(the_c_library_agrees),
        cmocka_unit_test(names_of_zones),
        cmocka_unit_test(changed_files_and_forms_are_refused_or_harmless),
        cmocka_unit_test(windows_hold),
        cmocka_unit_test(words_that_are_no_window),
        cmocka_unit_test(a_window_from_outside_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
