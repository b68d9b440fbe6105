/* Clocks and their text forms. */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { NS_PER_MS = 1000000 };

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;
    if (clock_gettime(id, &ts) != 0)
        abort(); /* both clocks exist on every Linux that this builds for */
    return (int64_t)ts.tv_sec * BASE_NS_PER_S + ts.tv_nsec;
}

int64_t base_now_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t base_boottime_ns(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

int base_ms_until(int64_t boottime_ns)
{
    int64_t left_ns = boottime_ns - base_boottime_ns();
    if (left_ns <= 0)
        return 0;
    int64_t left_ms = (left_ns - 1) / NS_PER_MS + 1;
    return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

void base_pause_ms(int ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * NS_PER_MS};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

void base_rfc3339(int64_t ns, char out[BASE_RFC3339_MAX])
{
    time_t s = (time_t)(ns / BASE_NS_PER_S);
    int64_t fraction = ns % BASE_NS_PER_S;
    if (fraction < 0) {
        fraction += BASE_NS_PER_S;
        s--;
    }
    struct tm tm;
    char date[20] = "";
    if (gmtime_r(&s, &tm))
        (void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(out, BASE_RFC3339_MAX, "%s.%09dZ", date, (int)fraction);
}

void base_boot_id(char out[BASE_BOOT_ID_MAX])
{
    (void)snprintf(out, BASE_BOOT_ID_MAX, "unknown");
    auto_close int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    char text[BASE_BOOT_ID_MAX];
    if (fd < 0 || fd_read_all(fd, text, BASE_BOOT_ID_MAX - 1) != 0)
        return;
    memcpy(out, text, BASE_BOOT_ID_MAX - 1);
    out[BASE_BOOT_ID_MAX - 1] = '\0';
}
