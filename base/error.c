/* Filling a caller's struct reeve_error. Used by every part; knows no codes beyond passing them on.
 */
#include "base/base.h"

#include <stdio.h>

static void put(struct reeve_error *err, int code, const char *fmt, va_list ap)
{
    err->code = code;
    err->line = err->column = 0;
    err->file[0] = '\0';
    (void)vsnprintf(err->message, sizeof err->message, fmt, ap);
}

int base_fail(struct reeve_error *err, int code, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        put(err, code, fmt, ap);
        va_end(ap);
    }
    return code;
}

int base_fail_errno(struct reeve_error *err, int code, int errnum, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        put(err, code, fmt, ap);
        va_end(ap);
        char text[128];
        const char *why = strerror_r(errnum, text, sizeof text);
        size_t at = strnlen(err->message, sizeof err->message);
        (void)snprintf(err->message + at, sizeof err->message - at, ": %s", why);
    }
    return code;
}
