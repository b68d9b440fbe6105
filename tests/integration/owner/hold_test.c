/*
 * What a provider holds is not freed beneath it: a run whose release expired is cancelled and waits
 * for its provider's last word, also when the helpers are lost meanwhile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/internal.h"
#include "broker/state.h"
#include "support.h"

#define HELPER_DIR TEST_BINARY_DIR "/libexec"

/* It takes its time to let go. */
struct slow {
    struct reeve_provider ops;
    const struct reeve_provider_host *host;
    struct reeve_run *run;
    const struct reeve_job *job;
    unsigned cancelled;
};

static bool is_available(void *self, char why[256])
{
    (void)self;
    (void)why;
    return true;
}

static int initialize(void *self, const struct reeve_provider_host *host, const char *config,
                      struct reeve_error *err)
{
    struct slow *s = self;
    (void)config;
    (void)err;
    s->host = host;
    return 0;
}

static int prepare(void *self, struct reeve_run *run, const struct reeve_job *job,
                   struct reeve_error *err)
{
    struct slow *s = self;
    (void)err;
    s->run = run;
    s->job = job;
    return 0;
}

static int release(void *self, struct reeve_run *run, const struct reeve_warrant *warrant,
                   struct reeve_error *err)
{
    (void)self;
    (void)run;
    (void)warrant;
    return base_fail(err, REEVE_EINVAL, "nothing is released here");
}

static void cancel(void *self, struct reeve_run *run, const char *limit)
{
    struct slow *s = self;
    (void)run;
    (void)limit;
    s->cancelled++;
}

static void cleanup(void *self)
{
    (void)self;
}

static const char *schema(void *self)
{
    (void)self;
    return "{}";
}

static struct owner *open_owner(char dir[64])
{
    static const char policy[] =
        "reeve: policy/v1\nname: t\ndefaults: {level: controlled}\nrules:\n"
        "  - {id: r, effect: allow, subject: [\"agent:*\"], capability: [program.external], "
        "reason: "
        "x, grant: {isolation: process, filesystem: {read: [/usr]}}}\n";
    struct reeve_error err = {0};
    struct owner *owner = NULL;
    make_state(dir, "hold");
    struct owner_options o = {.dir = dir, .helper_dir = HELPER_DIR, .embedded = true};
    int dir_fd = -1;
    uid_t uid;
    if (state_open(dir, &dir_fd, &uid, &err) != 0 ||
        fd_write_file(dir_fd, STATE_POLICY_NAME, policy, sizeof policy - 1, 0600, &err) != 0 ||
        owner_new(&o, &owner, &err) != 0)
        fail_msg("%s", err.message);
    fd_close(&dir_fd);
    return owner;
}

static void send_frame(int fd, enum wire_type type, struct str payload)
{
    auto_buf struct buf frame = {0};
    wire_put(&frame, type, payload, STR(""));
    assert_int_equal(send(fd, frame.data, frame.len, MSG_NOSIGNAL), (ssize_t)frame.len);
}

/* One request, prepared by `s` and waiting for its batch. */
static int ask(struct owner *owner, struct slow *s)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(fd_set_nonblock(pair[1], true), 0);
    server_adopt(owner, pair[1], true);
    send_frame(pair[0], WIRE_HELLO, STR("{\"protocol\": \"reeve-wire/1\", \"version\": \"0\"}"));
    send_frame(pair[0], WIRE_REQUEST,
               STR("{\"subject\": \"agent:a\", \"capability\": \"program.external\", \"args\": "
                   "{\"path\": \"/usr/bin/true\", \"argv\": []}}"));
    for (int i = 0; i < 100 && !s->run; i++)
        assert_int_equal(loop_once(owner->loop, 10, NULL), 0);
    assert_non_null(s->run);
    assert_int_equal(s->run->state, RUN_QUEUED);
    return pair[0];
}

static void held_by_its_provider(void **state)
{
    (void)state;
    char dir[64];
    struct slow s = {.ops = {.size = sizeof(struct reeve_provider),
                             .name = "slow",
                             .rank = REEVE_RANK_PROCESS,
                             .features = REEVE_FEATURE_PROGRAM,
                             .enforced_by = "in-process",
                             .is_available = is_available,
                             .initialize = initialize,
                             .prepare = prepare,
                             .release = release,
                             .cancel = cancel,
                             .cleanup = cleanup,
                             .get_config_schema = schema,
                             .self = &s}};
    struct owner *owner = open_owner(dir);
    struct reeve_error err = {0};
    assert_int_equal(registry_add(&owner->registry, &s.ops, &owner->host, &err), 0);
    int fd = ask(owner, &s);
    const struct token expired = {.seq = AUDIT_NOT_RELEASED};
    run_release(s.run, &expired);
    assert_int_equal(s.cancelled, 1);
    owner_fall(owner); /* as when a helper is lost */
    assert_ptr_equal(owner->abandoned, s.run);
    assert_string_equal(s.job->capability, "program.external"); /* still there to be read */
    const struct reeve_outcome last = {.size = sizeof last, .how = "killed", .not_started = true};
    s.host->finished(s.host->self, s.run, &last);
    owner_fall(owner); /* takes the message */
    assert_null(owner->abandoned);
    (void)close(fd);
    owner_free(&owner);
    remove_state(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(held_by_its_provider)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
