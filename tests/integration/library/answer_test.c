/*
 * An owner, played by this test, whose answers say less than they must: what cannot be told is an
 * error of the protocol and never a verdict.
 */
#include "frames.h"
#include "support.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { READ = 5, ROW = 68, ROWS_END = 69 };

struct stage {
    int listener;
    const char *head; /* what is said of the log */
};

/* A row whose record's bytes are not kept, then the end of all rows. */
static void say_rows(int fd)
{
    unsigned char row[5 + 41] = {42, 0, 0, 0, ROW, 7}, end[5 + 8] = {9, 0, 0, 0, ROWS_END, 8};
    memset(row + 13, 0xab, 32);
    assert_int_equal(send(fd, row, sizeof row, MSG_NOSIGNAL), sizeof row);
    assert_int_equal(send(fd, end, sizeof end, MSG_NOSIGNAL), sizeof end);
}

static void *play(void *arg)
{
    struct stage *s = arg;
    unsigned char head[5], text[1024];
    int fd = accept(s->listener, NULL, NULL);
    assert_true(fd >= 0);
    while (recv(fd, head, sizeof head, MSG_WAITALL) == sizeof head) {
        size_t n = (head[0] | (size_t)head[1] << 8) - 1;
        assert_true(n < sizeof text);
        assert_int_equal(recv(fd, text, n, MSG_WAITALL), (ssize_t)n);
        if (head[4] == READ)
            say_rows(fd);
        else if (head[4] == FRAME_HELLO)
            frames_send(fd, FRAME_WELCOME, "{}", 2);
        else
            frames_send(fd, FRAME_ANSWER, s->head, strlen(s->head));
    }
    (void)close(fd);
    return NULL;
}

static int listen_at(const char *dir)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%s/reeve.sock", dir);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void heads_that_say_too_little(void **state)
{
    (void)state;
    static const char *const heads[] = {"{}", "{\"size\":3}", "{\"condition\":\"fine\"}"};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        char *dir = support_state();
        struct stage s = {.listener = listen_at(dir), .head = heads[i]};
        struct reeve_error err = {0};
        struct reeve_verify_report report = {.size = sizeof report};
        pthread_t t;
        assert_int_equal(pthread_create(&t, NULL, play, &s), 0);
        struct reeve *r = support_open(dir, REEVE_OPEN_NOSTART);
        assert_int_equal(reeve_verify(r, NULL, &report, &err), REEVE_EPROTO);
        reeve_close(&r);
        assert_int_equal(pthread_join(t, NULL), 0);
        (void)close(s.listener);
        support_remove(dir);
    }
}

#ifdef REEVE_COMMAND
/* The command does not hide what it cannot show. */
static void rows_without_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *option, *part;
    } rows[] = {{"", "7                            its bytes are not kept"},
                {"--json", "{\"kept\":false,\"leaf\":\"sha256:abababab"}};
    for (size_t i = 0; i < 2; i++) {
        char *dir = support_state(), command[8192], out[4096] = "";
        struct stage s = {.listener = listen_at(dir)};
        pthread_t t;
        assert_int_equal(pthread_create(&t, NULL, play, &s), 0);
        (void)snprintf(command, sizeof command, REEVE_COMMAND " --state %s audit query %s", dir,
                       rows[i].option);
        FILE *f = popen(command, "r");
        assert_non_null(f);
        (void)!fread(out, 1, sizeof out - 1, f);
        assert_int_equal(pclose(f), 0);
        if (!strstr(out, rows[i].part))
            fail_msg("%s", out);
        assert_int_equal(pthread_join(t, NULL), 0);
        (void)close(s.listener);
        support_remove(dir);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_that_say_too_little),
#ifdef REEVE_COMMAND
        cmocka_unit_test(rows_without_bytes),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
