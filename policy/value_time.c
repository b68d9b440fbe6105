/*
 * Weekly windows: their words, and whether a moment is in one. The moment's wall clock comes from
 * the zone's rows by binary search, behind the last row from its rule, by arithmetic on the
 * calendar.
 */
#include "policy/value_zone.h"

#define DAY_S 86400

/* ---- words ---- */

static int day_of(struct str text)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    for (int i = 0; i < 7; i++)
        if (str_is(text, names[i]))
            return i;
    return -1;
}

bool value_days_parse(struct value_list days, uint8_t *mask, struct value_fault *fault)
{
    *mask = 0;
    for (uint32_t i = 0; i < days.n; i++) {
        struct str text = days.v[i];
        bool range = text.n == 7 && text.p[3] == '-';
        int first = day_of((struct str){text.p, range ? 3 : text.n});
        int last = range ? day_of((struct str){text.p + 4, 3}) : first;
        if (first < 0 || last < 0)
            return value_fail(fault, "days", i, "no day of the week",
                              "mon tue wed thu fri sat sun, or "
                              "a range such as mon-fri");
        for (int day = first;; day = (day + 1) % 7) {
            *mask |= (uint8_t)(1 << day);
            if (day == last)
                break;
        }
    }
    return days.n > 0 || value_fail(fault, "days", 0, "no day at all", NULL);
}

static bool read_clock(const char *p, uint16_t *out)
{
    for (int i = 0; i < 5; i++)
        if (i == 2 ? p[i] != ':' : p[i] < '0' || p[i] > '9')
            return false;
    int hour = (p[0] - '0') * 10 + p[1] - '0', minute = (p[3] - '0') * 10 + p[4] - '0';
    *out = (uint16_t)(hour * 60 + minute);
    return hour <= 24 && minute < 60 && *out <= 1440;
}

bool value_hours_parse(struct str text, uint16_t *from, uint16_t *to, struct value_fault *fault)
{
    static const char hint[] = "\"09:00-17:00\"; \"00:00-24:00\" is the whole day";
    if (text.n != 11 || text.p[5] != '-' || !read_clock(text.p, from) ||
        !read_clock(text.p + 6, to) || *from == 1440)
        return value_fail(fault, "hours", 0, "no hours of a day", hint);
    if (*from == *to)
        return value_fail(fault, "hours", 0, "hours that end where they begin", hint);
    return true;
}

/* ---- calendar ---- */

/* Years begin in March, so that leap days end them. */
int64_t value_date_days(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* The year that a day is in. The estimate may be one too high around New Year. */
static int64_t year_of(int64_t days)
{
    int64_t year = 1970 + floor_div(days * 400, 146097);
    while (days < value_date_days(year, 1, 1))
        year--;
    while (days >= value_date_days(year + 1, 1, 1))
        year++;
    return year;
}

static bool is_leap(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* 0 Sunday */
static int weekday_of(int64_t days)
{
    return (int)(days + 4 - floor_div(days + 4, 7) * 7);
}

static int64_t month_day(const struct zone_day *d, int64_t year)
{
    int64_t first = value_date_days(year, d->month, 1),
            next = value_date_days(year, d->month + 1, 1);
    int64_t day = first + (d->weekday - weekday_of(first) + 7) % 7 + 7 * (d->week - 1);
    return day < next ? day : day - 7;
}

/* When a day of the rule comes in a year, on its own wall clock. */
static int64_t moment_of(const struct zone_day *d, int64_t year)
{
    int64_t day = value_date_days(year, 1, 1) + d->day;
    if (d->kind == ZONE_MONTH)
        day = month_day(d, year);
    else if (d->kind == ZONE_JULIAN)
        day -= !(is_leap(year) && d->day >= 60);
    return day * DAY_S + d->second;
}

/* ---- offset ---- */

/* What the rule's latest change says. Years beside are looked at, too: a change may be hours of a
 * week away from its day. A start at the moment of an end wins (summer time all year is written
 * so). */
static int32_t by_rule(const struct zone_head *z, int64_t utc)
{
    if (z->rule == ZONE_FIXED)
        return z->standard;
    int64_t year = year_of(floor_div(utc + z->standard, DAY_S)), latest = INT64_MIN;
    int32_t offset = z->standard;
    for (int64_t y = year - 1; y <= year + 1; y++) {
        int64_t end = moment_of(&z->end, y) - z->summer;
        int64_t start = moment_of(&z->start, y) - z->standard;
        if (end <= utc && end > latest) {
            latest = end;
            offset = z->standard;
        }
        if (start <= utc && start >= latest) {
            latest = start;
            offset = z->summer;
        }
    }
    return offset;
}

static int64_t row_time(const char *times, uint32_t i)
{
    return (int64_t)base_get_u64le(times + 8 * (size_t)i);
}

int32_t value_zone_offset(struct str form, int64_t utc)
{
    const int64_t far = INT64_C(1) << 50;
    struct zone_head z;
    memcpy(&z, form.p, sizeof z);
    const char *times = form.p + sizeof z, *offsets = times + 8 * (size_t)z.rows;
    utc = utc > far ? far : utc < -far ? -far : utc;
    if (z.rule != ZONE_NONE && (z.rows == 0 || utc >= row_time(times, z.rows - 1)))
        return by_rule(&z, utc);
    uint32_t low = 0, high = z.rows; /* the first row behind the moment */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (row_time(times, middle) <= utc)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? (int32_t)base_get_u32le(offsets + 4 * (size_t)(low - 1)) : z.before;
}

static bool offset_sound(int32_t offset)
{
    return offset >= -ZONE_MAX_OFFSET && offset <= ZONE_MAX_OFFSET;
}

bool value_zone_sound(struct str form)
{
    struct zone_head z;
    if (form.n < sizeof z)
        return false;
    memcpy(&z, form.p, sizeof z);
    if (z.rows > ZONE_MAX_ROWS || form.n != sizeof z + 12 * (size_t)z.rows || z.rule > ZONE_TWO ||
        !offset_sound(z.before) || !offset_sound(z.standard) || !offset_sound(z.summer) ||
        (z.rule == ZONE_TWO && (!zone_day_sound(&z.start) || !zone_day_sound(&z.end))))
        return false;
    const char *times = form.p + sizeof z, *offsets = times + 8 * (size_t)z.rows;
    for (uint32_t i = 0; i < z.rows; i++)
        if ((i > 0 && row_time(times, i) <= row_time(times, i - 1)) ||
            !offset_sound((int32_t)base_get_u32le(offsets + 4 * (size_t)i)))
            return false;
    return true;
}

/* ---- window ---- */

bool value_time_sound(const struct value_time *w, struct str bytes)
{
    return w->from < 1440 && w->to <= 1440 && w->from != w->to && w->days &&
           w->days <= VALUE_ALL_DAYS && w->zone.at <= bytes.n &&
           w->zone.n <= bytes.n - w->zone.at &&
           value_zone_sound((struct str){bytes.p + w->zone.at, w->zone.n});
}

static bool has_day(const struct value_time *w, int64_t day)
{
    return w->days >> (weekday_of(day) + 6) % 7 & 1; /* Monday is bit 0 */
}

enum tri value_time_holds(const struct value_time *w, const char *bytes, int64_t now_ns)
{
    int64_t utc = floor_div(now_ns, BASE_NS_PER_S);
    int64_t local = utc + value_zone_offset((struct str){bytes + w->zone.at, w->zone.n}, utc);
    int64_t day = floor_div(local, DAY_S);
    int minute = (int)(local - day * DAY_S) / 60;
    bool in;
    if (w->from < w->to)
        in = minute >= w->from && minute < w->to && has_day(w, day);
    else
        in = minute >= w->from ? has_day(w, day) : minute < w->to && has_day(w, day - 1);
    return tri_of(in);
}

/* ---- moments ---- */

static bool digits_between(struct str s, size_t at, size_t n, int low, int high, int *out)
{
    *out = 0;
    for (size_t i = at; i < at + n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        *out = *out * 10 + (s.p[i] - '0');
    }
    return *out >= low && *out <= high;
}

bool value_moment_parse(struct str s, int64_t *ns)
{
    int year, month, day, hour, minute, second, oh = 0, om = 0;
    if ((s.n != 20 && s.n != 25) || s.p[4] != '-' || s.p[7] != '-' || s.p[10] != 'T' ||
        s.p[13] != ':' || s.p[16] != ':')
        return false;
    if (!digits_between(s, 0, 4, 1970, 2200, &year) || !digits_between(s, 5, 2, 1, 12, &month) ||
        !digits_between(s, 8, 2, 1, 31, &day) || !digits_between(s, 11, 2, 0, 23, &hour) ||
        !digits_between(s, 14, 2, 0, 59, &minute) || !digits_between(s, 17, 2, 0, 59, &second))
        return false;
    int64_t days = value_date_days(year, month, day);
    if (days >= value_date_days(year, month + 1, 1))
        return false;
    bool zulu = s.n == 20 && s.p[19] == 'Z';
    if (!zulu && (s.n != 25 || (s.p[19] != '+' && s.p[19] != '-') || s.p[22] != ':' ||
                  !digits_between(s, 20, 2, 0, 23, &oh) || !digits_between(s, 23, 2, 0, 59, &om)))
        return false;
    int64_t offset = (oh * 60 + om) * (s.p[19] == '-' ? -60 : 60);
    int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second;
    *ns = (seconds - offset) * INT64_C(1000000000);
    return true;
}
