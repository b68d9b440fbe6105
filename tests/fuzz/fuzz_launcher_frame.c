/*
 * What an owner sends, into the launcher's table of states: the input is a row of frames, each
 * behind a byte with the number of its descriptors and its length as 16 bits. There is one run in
 * each state. Nothing is cloned, because this launcher was told that its host forbids it; what
 * counts is that no row of frames leads out of the tables.
 */
#include <errno.h>
#include <fcntl.h>

#include "providers/process/launcher/launcher.h"

static struct launcher l;

static void set_up(void)
{
    static uint8_t key[TOKEN_KEY_BYTES];
    memset(&l, 0, sizeof l);
    l.userns_errno = EPERM;
    l.key = key;
    for (uint32_t i = 1; i < RUN_STATES; i++)
        l.runs[i] = (struct run){.state = (enum run_state)i,
                                 .id = i,
                                 .pidfd = -1,
                                 .control = -1,
                                 .program = -1,
                                 .deadline_ns = INT64_MAX};
}

/* False at the end of the input, or when the launcher would end itself. */
static bool take_frame(const uint8_t **p, size_t *left)
{
    struct frame f = {.bytes = l.frame};
    if (*left < 3)
        return false;
    f.nfds = (*p)[0] % 4;
    f.n = (size_t)(*p)[1] | (size_t)(*p)[2] << 8;
    *p += 3;
    *left -= 3;
    if (f.n > *left)
        f.n = *left;
    memcpy(l.frame, *p, f.n);
    *p += f.n;
    *left -= f.n;
    for (size_t i = 0; i < f.nfds; i++)
        f.fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    bool ok = runs_frame(&l, &f);
    for (size_t i = 0; i < f.nfds; i++)
        if (f.fds[i] != -1)
            abort();
    if (l.outbox.count > OUTBOX_MAX)
        abort();
    l.outbox.count = 0; /* main.c reads no frame before it is empty */
    return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    set_up();
    while (take_frame(&data, &n))
        continue;
    for (size_t i = 0; i < LAUNCHER_MAX_RUNS; i++) {
        if ((unsigned)l.runs[i].state >= RUN_STATES)
            abort();
        if (l.runs[i].state == RUN_RUNNING && i != RUN_RUNNING)
            abort(); /* no input has the key: no gate opens */
    }
    return 0;
}
