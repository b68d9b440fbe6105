/*
 * Stands in front of jansson (LD_PRELOAD): the function that NO_MEMORY names fails as it does
 * without memory, at its N-th call: "json_string:3".
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static int fails(const char *name)
{
    static long calls;
    const char *wanted = getenv("NO_MEMORY");
    size_t n = strlen(name);
    if (!wanted || strncmp(wanted, name, n) != 0 || wanted[n] != ':')
        return 0;
    return ++calls == strtol(wanted + n + 1, NULL, 10);
}

/* The one behind this. */
static void *behind(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        abort();
    return found;
}

json_t *json_string(const char *value)
{
    json_t *(*real)(const char *);
    *(void **)&real = behind("json_string");
    return fails("json_string") ? NULL : real(value);
}

json_t *json_array(void)
{
    json_t *(*real)(void);
    *(void **)&real = behind("json_array");
    return fails("json_array") ? NULL : real();
}

int json_array_append_new(json_t *array, json_t *value)
{
    int (*real)(json_t *, json_t *);
    *(void **)&real = behind("json_array_append_new");
    if (!fails("json_array_append_new"))
        return real(array, value);
    json_decref(value);
    return -1;
}

int json_object_set_new(json_t *object, const char *key, json_t *value)
{
    int (*real)(json_t *, const char *, json_t *);
    *(void **)&real = behind("json_object_set_new");
    if (!fails("json_object_set_new"))
        return real(object, key, value);
    json_decref(value);
    return -1;
}

char *json_dumps(const json_t *json, size_t flags)
{
    char *(*real)(const json_t *, size_t);
    *(void **)&real = behind("json_dumps");
    return fails("json_dumps") ? NULL : real(json, flags);
}
