/* See oracle.h. */
#include "oracle.h"

#include <stdio.h>

#include <jansson.h>

void oracle_tell_int(struct buf *out, int64_t v)
{
    buf_printf(out, "i%lld ", (long long)v);
}

void oracle_tell_double(struct buf *out, double v)
{
    buf_printf(out, "d%a ", v);
}

void oracle_tell_string(struct buf *out, struct str s)
{
    buf_byte(out, 's');
    buf_hex(out, s.p, s.n);
    buf_byte(out, ' ');
}

void oracle_tell_open(struct buf *out, bool object, size_t count)
{
    buf_printf(out, "%c%zu ", object ? '{' : '[', count);
}

static void tell(json_t *j, struct buf *out);

static void tell_array(json_t *j, struct buf *out)
{
    oracle_tell_open(out, false, json_array_size(j));
    for (size_t i = 0; i < json_array_size(j); i++)
        tell(json_array_get(j, i), out);
}

static void tell_object(json_t *j, struct buf *out)
{
    oracle_tell_open(out, true, json_object_size(j));
    for (void *i = json_object_iter(j); i; i = json_object_iter_next(j, i)) {
        oracle_tell_string(out, str_of(json_object_iter_key(i)));
        tell(json_object_iter_value(i), out);
    }
}

static void tell(json_t *j, struct buf *out)
{
    switch (json_typeof(j)) {
    case JSON_OBJECT:
        tell_object(j, out);
        break;
    case JSON_ARRAY:
        tell_array(j, out);
        break;
    case JSON_STRING:
        oracle_tell_string(out, (struct str){json_string_value(j), json_string_length(j)});
        break;
    case JSON_INTEGER:
        oracle_tell_int(out, json_integer_value(j));
        break;
    case JSON_REAL:
        oracle_tell_double(out, json_real_value(j));
        break;
    default:
        buf_z(out, json_is_null(j) ? "null " : json_is_true(j) ? "true " : "false ");
    }
}

bool oracle_read(const char *text, size_t n, bool nul, struct buf *out, char *why)
{
    json_error_t error;
    size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | (nul ? JSON_ALLOW_NUL : 0);
    json_t *j = json_loadb(text, n, flags, &error);
    if (!j) {
        (void)snprintf(why, 256, "%s", error.text);
        return false;
    }
    tell(j, out);
    json_decref(j);
    return true;
}
