/*
 * A zone's form, shared by the file that makes it from TZif and the one that reads it: rows of
 * changes, and the rule for all time after the last (a POSIX TZ string, taken apart).
 *
 * The form: this head, then the time of each change (64 bits), then the offset from each on (32
 * bits).
 */
#ifndef POLICY_VALUE_ZONE_H
#define POLICY_VALUE_ZONE_H

#include "policy/value_time.h"

/* A day of the year and a second of that day, on the wall clock that holds before. */
struct zone_day {
    uint8_t kind;                 /* enum zone_day_kind */
    uint8_t month, week, weekday; /* of MONTH: week 5 is the last, weekday 0 Sunday */
    uint16_t day; /* of the others: JULIAN 1 to 365 never 29 February, ZERO 0 to 365 */
    uint16_t reserved;
    int32_t second;
};
enum zone_day_kind { ZONE_MONTH, ZONE_JULIAN, ZONE_ZERO };

struct zone_head {
    uint32_t rows;
    int32_t before; /* offset in front of the first row */
    uint32_t rule;  /* enum zone_rule */
    int32_t standard, summer;
    struct zone_day start, end;
};
enum zone_rule { ZONE_NONE, ZONE_FIXED, ZONE_TWO };

#define ZONE_MAX_ROWS   4096u
#define ZONE_MAX_OFFSET (26 * 3600)
#define ZONE_MAX_SECOND (168 * 3600) /* RFC 8536: up to a week */

/** A POSIX TZ string into the head's rule (value_tz.c). */
bool zone_rule_parse(struct str tz, struct zone_head *out);
bool zone_day_sound(const struct zone_day *day);

#endif
