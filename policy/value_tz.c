/*
 * POSIX TZ strings as TZif files end with them: "CET-1CEST,M3.5.0,M10.5.0/3". The whole grammar of
 * RFC 8536 section 3.3, hours up to a week among it.
 */
#include "policy/value_zone.h"

struct cursor {
    const char *p, *end;
    bool failed;
};

static bool next_is(struct cursor *c, char wanted)
{
    if (c->p == c->end || *c->p != wanted)
        return false;
    c->p++;
    return true;
}

static int32_t number(struct cursor *c, int32_t least, int32_t most)
{
    const char *start = c->p;
    int32_t v = 0;
    while (c->p < c->end && c->p - start < 4 && *c->p >= '0' && *c->p <= '9')
        v = v * 10 + (*c->p++ - '0');
    c->failed |= c->p == start || v < least || v > most;
    return v;
}

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Three letters or more, or anything between < and >. What it is called is not kept. */
static void name(struct cursor *c)
{
    const char *start = c->p;
    bool quoted = next_is(c, '<');
    while (c->p < c->end && (quoted ? *c->p != '>' : is_letter(*c->p)))
        c->p++;
    c->failed |= c->p - start < 3 || (quoted && !next_is(c, '>'));
}

static int32_t clock_time(struct cursor *c, int32_t most_hours)
{
    bool negative = next_is(c, '-');
    if (!negative)
        (void)next_is(c, '+');
    int32_t v = number(c, 0, most_hours) * 3600;
    for (int32_t unit = 60; unit && next_is(c, ':'); unit /= 60)
        v += number(c, 0, 59) * unit;
    return negative ? -v : v;
}

static struct zone_day day(struct cursor *c)
{
    struct zone_day d = {.kind = ZONE_ZERO, .second = 2 * 3600};
    c->failed |= !next_is(c, ',');
    if (next_is(c, 'M')) {
        d.kind = ZONE_MONTH;
        d.month = (uint8_t)number(c, 1, 12);
        c->failed |= !next_is(c, '.');
        d.week = (uint8_t)number(c, 1, 5);
        c->failed |= !next_is(c, '.');
        d.weekday = (uint8_t)number(c, 0, 6);
    } else if (next_is(c, 'J')) {
        d.kind = ZONE_JULIAN;
        d.day = (uint16_t)number(c, 1, 365);
    } else {
        d.day = (uint16_t)number(c, 0, 365);
    }
    if (next_is(c, '/'))
        d.second = clock_time(c, 167);
    return d;
}

bool zone_rule_parse(struct str tz, struct zone_head *out)
{
    struct cursor c = {tz.p, tz.p + tz.n, false};
    out->rule = ZONE_NONE;
    if (tz.n == 0)
        return true;
    name(&c);
    out->standard = out->summer = -clock_time(&c, 24);
    out->rule = ZONE_FIXED;
    if (c.failed || c.p == c.end)
        return !c.failed;
    name(&c);
    out->summer = out->standard + 3600;
    if (c.p < c.end && *c.p != ',')
        out->summer = -clock_time(&c, 24);
    out->start = day(&c);
    out->end = day(&c);
    out->rule = ZONE_TWO;
    return !c.failed && c.p == c.end;
}

bool zone_day_sound(const struct zone_day *d)
{
    bool month = d->month >= 1 && d->month <= 12 && d->week >= 1 && d->week <= 5 && d->weekday <= 6;
    return d->kind <= ZONE_ZERO && (d->kind != ZONE_MONTH || month) &&
           d->day >= (d->kind == ZONE_JULIAN) && d->day <= 365 && d->second >= -ZONE_MAX_SECOND &&
           d->second <= ZONE_MAX_SECOND;
}
