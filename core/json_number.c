/*
 * Numbers between text and double: reading for the JSON reader, and the shortest form that reads
 * back as the same double, laid out as ECMAScript's Number::toString does (RFC 8785
 * section 3.2.2.3), for the writer. Neither depends on the locale that the host program has set.
 */
#include "core/json_number.h"

#include <assert.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>

#include "core/json.h"

#define MAX_DIGITS 17 /* enough for every double to read back as itself */

/* value = 0.d1d2d3... * 10^point */
struct decimal {
    char digit[MAX_DIGITS + 1];
    int n, point;
};

/* The C locale is a constant of the C library: asking for it allocates nothing and cannot fail. */
static double read_c(const char *z)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return strtod_l(z, NULL, c);
}

bool json_number_read(struct str text, double *out)
{
    char z[JSON_MAX_NUMBER + 1];
    if (text.n >= sizeof z)
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    *out = read_c(z);
    return isfinite(*out);
}

bool json_number_is_big(double v)
{
    return fabs(v) > (double)JSON_EXACT_INTEGER && fabs(v) < 1e21;
}

/* The `n` significant digits nearest to v > 0. The radix character is the locale's, so only digits
 * are taken. */
static void to_decimal(double v, int n, struct decimal *out)
{
    char z[64];
    int len = snprintf(z, sizeof z, "%.*e", n - 1, v);
    assert(len > 0 && (size_t)len < sizeof z);
    const char *p = z;
    out->n = 0;
    for (; *p != 'e'; p++)
        if (*p >= '0' && *p <= '9')
            out->digit[out->n++] = *p;
    out->point = (int)strtol(p + 1, NULL, 10) + 1;
}

static double from_decimal(const struct decimal *d)
{
    char z[64];
    int len = snprintf(z, sizeof z, "%.*se%d", d->n, d->digit, d->point - d->n);
    assert(len > 0 && (size_t)len < sizeof z);
    return read_c(z);
}

/* The next larger decimal of as many digits. */
static void increment(struct decimal *d)
{
    int i = d->n - 1;
    while (i >= 0 && d->digit[i] == '9')
        d->digit[i--] = '0';
    if (i >= 0) {
        d->digit[i]++;
        return;
    }
    d->digit[0] = '1';
    d->point++;
}

/*
 * Whether `n` digits suffice. Below a power of two doubles lie closer together than above it, so
 * the nearest decimal may miss while its upper neighbour reads back as v.
 */
static bool fits(double v, int n, struct decimal *out)
{
    to_decimal(v, n, out);
    if (from_decimal(out) == v)
        return true;
    increment(out);
    return from_decimal(out) == v;
}

static void shortest(double v, struct decimal *out)
{
    int low = 1, high = MAX_DIGITS;
    while (low < high) {
        int middle = (low + high) / 2;
        if (fits(v, middle, out))
            high = middle;
        else
            low = middle + 1;
    }
    bool found = fits(v, low, out);
    assert(found);
    while (out->n > 1 && out->digit[out->n - 1] == '0')
        out->n--;
}

static void put_zeros(struct buf *b, int n)
{
    for (int i = 0; i < n; i++)
        buf_byte(b, '0');
}

static void put_digits(struct buf *b, const struct decimal *d, int from, int to)
{
    buf_put(b, d->digit + from, (size_t)(to - from));
}

static void put_exponent(struct buf *b, const struct decimal *d)
{
    put_digits(b, d, 0, 1);
    if (d->n > 1) {
        buf_byte(b, '.');
        put_digits(b, d, 1, d->n);
    }
    buf_printf(b, "e%+d", d->point - 1);
}

static void put_decimal(struct buf *b, const struct decimal *d)
{
    if (d->point > 21 || d->point < -5) {
        put_exponent(b, d);
    } else if (d->point <= 0) {
        buf_z(b, "0.");
        put_zeros(b, -d->point);
        put_digits(b, d, 0, d->n);
    } else if (d->point >= d->n) {
        put_digits(b, d, 0, d->n);
        put_zeros(b, d->point - d->n);
    } else {
        put_digits(b, d, 0, d->point);
        buf_byte(b, '.');
        put_digits(b, d, d->point, d->n);
    }
}

void json_put_double(struct buf *b, double v)
{
    assert(isfinite(v));
    if (v == 0) {
        buf_byte(b, '0'); /* minus zero too */
        return;
    }
    if (v < 0)
        buf_byte(b, '-');
    struct decimal d;
    shortest(fabs(v), &d);
    put_decimal(b, &d);
}
