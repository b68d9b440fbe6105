/*
 * `time: {days, hours, zone}`: a weekly window on the wall clock of a zone. The zone's history and
 * its rule for the future are taken from the system's tzdata when the policy is compiled; a
 * decision looks nothing up but the form.
 */
#ifndef POLICY_VALUE_TIME_H
#define POLICY_VALUE_TIME_H

#include "policy/value.h"

#define VALUE_ZONES "/usr/share/zoneinfo"

/**
 * A zone by its tzdata name ("Europe/Berlin", "UTC"): changes of offset as rows, then the rule
 * that holds from the last one on for ever. Names that mean something else on each machine
 * (localtime, posixrules) and zones with leap seconds are faults. `folder`: VALUE_ZONES, or a
 * test's own.
 */
bool value_zone_compile(const char *folder, struct str name, struct buf *bytes,
                        struct value_at *out, struct value_fault *fault);
/** The same from a TZif file's bytes. */
bool value_zone_compile_bytes(struct str tzif, struct buf *bytes, struct value_at *out,
                              struct value_fault *fault);
bool value_zone_sound(struct str form);
/** Seconds east of UTC at a time in seconds since 1970. */
int32_t value_zone_offset(struct str form, int64_t utc);

/** Days since 1970-01-01 of a date of the Gregorian calendar. Month 13 is the next year's January.
 */
int64_t value_date_days(int64_t year, int month, int day);

/** "2026-11-01T00:00:00Z", or with an offset in the place of Z, as nanoseconds since 1970; the
 * years are those that fit them. */
bool value_moment_parse(struct str text, int64_t *ns);

/** Minutes of a day: 0 to 1440. `from` == `to` is no window. Days: bit 0 Monday to bit 6 Sunday. */
struct value_time {
    uint16_t from, to;
    uint8_t days;
    uint8_t reserved[3];
    struct value_at zone; /* in the same bytes */
};
#define VALUE_ALL_DAYS 0x7fu
/** "mon" to "sun", "mon-fri" and the like, in a list's element: a range may go over Sunday. */
bool value_days_parse(struct value_list days, uint8_t *mask, struct value_fault *fault);
/** "09:00-17:00"; "22:00-06:00" goes over midnight; "00:00-24:00" is the whole day. */
bool value_hours_parse(struct str text, uint16_t *from, uint16_t *to, struct value_fault *fault);
bool value_time_sound(const struct value_time *window, struct str bytes);
/** Start in, end out; after midnight the day is that of the opening. `bytes`: what zone.at is an
 * offset into. Never unknown. */
enum tri value_time_holds(const struct value_time *window, const char *bytes, int64_t now_ns);

#endif
