/*
 * A provider's last word on a run, taken over on whatever thread it comes from. A provider may be a
 * third party's: what it says goes into records, so it is held to the words and forms that those
 * have, and what does not fit becomes an error that says so.
 */
#include <stdio.h>

#include "broker/internal.h"

static void copy_text(char *out, size_t n, const char *in)
{
    (void)snprintf(out, n, "%s", in ? in : "");
}

static bool is_known(const char *how)
{
    for (int i = 0; i < CORE_HOW_COUNT; i++)
        if (str_is(str_of(how), core_how_name((enum core_how)i)))
            return true;
    return false;
}

static void make_error(struct outcome *to, const char *detail)
{
    copy_text(to->how, sizeof to->how, core_how_name(CORE_HOW_ERROR));
    copy_text(to->detail, sizeof to->detail, detail);
    to->limit[0] = '\0';
}

static void take_how(const char *how, struct outcome *to)
{
    char detail[sizeof to->detail];
    if (how && is_known(how)) {
        copy_text(to->how, sizeof to->how, how);
        return;
    }
    (void)snprintf(detail, sizeof detail,
                   "the provider gave no known word for how the run ended%s%.32s", how ? ": " : "",
                   how ? how : "");
    make_error(to, detail);
}

/* `value` in canonical form, with room for the levels that records and results put around it; NULL
 * and one clause of why. */
static char *take_value(struct str value, char *why, size_t n)
{
    auto_buf struct buf text = {.max = OUTCOME_MAX_VALUE}, around = {.max = OUTCOME_MAX_VALUE + 16};
    struct reeve_error err = {0};
    if (json_canonicalise(value, &text, &err) != 0 && !text.failed) {
        (void)snprintf(why, n, "is no JSON (%.100s)", err.message);
        return NULL;
    }
    buf_z(&around, "[[[");
    buf_str(&around, buf_view(&text));
    buf_z(&around, "]]]");
    auto_json struct json_text t = {0};
    if (text.failed)
        (void)snprintf(why, n, "is longer than %u bytes", OUTCOME_MAX_VALUE);
    else if (around.failed || json_text_parse(buf_view(&around), &t, &err) != 0)
        (void)snprintf(why, n, "cannot stand in a record (%.100s)", err.message);
    else
        return buf_take(&text, NULL);
    return NULL;
}

void outcome_take(const struct reeve_outcome *from, struct outcome *to)
{
    struct reeve_outcome o = {0}; /* a provider may be of an older or a newer version */
    memcpy(&o, from, from->size < sizeof o ? from->size : sizeof o);
    *to = (struct outcome){.not_started = o.not_started,
                           .not_found = o.not_found,
                           .status = o.status,
                           .signal = o.signal,
                           .wall_ns = o.wall_ns,
                           .user_ns = o.user_ns,
                           .system_ns = o.system_ns,
                           .max_rss_bytes = o.max_rss_bytes};
    copy_text(to->limit, sizeof to->limit, o.limit);
    copy_text(to->detail, sizeof to->detail, o.detail);
    take_how(o.how, to);
    char why[160], detail[sizeof to->detail];
    if (o.value && !(to->value = take_value(str_of(o.value), why, sizeof why))) {
        (void)snprintf(detail, sizeof detail, "the value that the provider gave %s", why);
        make_error(to, detail);
    }
}
