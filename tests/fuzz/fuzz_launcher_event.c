/*
 * What a launcher sends, into the owner's side: the input is one frame. Whatever it is, at most one
 * run is reported, and the texts in the report end.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "providers/process/process.h"

static void on_finished(void *self, struct reeve_run *run, const struct reeve_outcome *out)
{
    int *calls = self;
    (void)run;
    if (++*calls > 1 || !out->how || (out->detail && strnlen(out->detail, 512) == 512))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    int ends[2], calls = 0;
    static uint64_t plan[16];
    static uint8_t sent[4096];
    struct process_provider *p;
    const struct reeve_provider_host host = {
        .size = sizeof host, .self = &calls, .finished = on_finished};
    const struct reeve_job job = {.size = sizeof job,
                                  .plan = plan,
                                  .plan_len = sizeof plan,
                                  .stdin_fd = -1,
                                  .stdout_fd = -1,
                                  .stderr_fd = -1};
    const struct launcher_hello hello = {.privileged = 1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return 0;
    if (process_provider_new(&p) != 0)
        abort();
    const struct reeve_provider *ops = process_provider_ops(p);
    if (ops->initialize(ops->self, &host, "{}", NULL) != 0)
        abort();
    process_provider_attach(p, ends[0], &hello);
    if (ops->prepare(ops->self, (struct reeve_run *)&calls, &job, NULL) != 0)
        abort();
    /* A socket that is closed over unread frames resets the other end. */
    if (recv(ends[1], sent, sizeof sent, 0) <= 0)
        abort();
    (void)!send(ends[1], data, n, MSG_NOSIGNAL);
    (void)close(ends[1]);
    if (process_provider_dispatch(p) == 0)
        abort(); /* it has gone, so there is something to say */
    process_provider_free(&p);
    (void)close(ends[0]);
    return 0;
}
