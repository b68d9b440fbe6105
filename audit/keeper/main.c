/*
 * reeve-keeper: holds the log's signing key in a process of its own. It is exec'ed with the owner's
 * socket as descriptor 3, the launcher's as 4, the ownership lock as 5 and the state folder as 6,
 * and lives as long as all of them: when owner or launcher ends, so does it.
 */
#include "audit/audit.h"
#include "audit/keeper/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OWNER_FD = 3, LAUNCHER_FD = 4, STATE_FD = 6 };

/* Everything that the keeper has; in one piece, so that it can be locked into memory and wiped. */
struct holdings {
    struct keeper keeper;
    struct buf origin;
    union {
        struct keeper_batch batch;
        uint8_t bytes[sizeof(struct keeper_batch) + 8]; /* one more than any frame has */
    } frame;
};

static void harden(void)
{
    struct rlimit none = {0, 0};
    (void)umask(077);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        setrlimit(RLIMIT_CORE, &none) != 0)
        _exit(1); /* a key that others can read out is no key */
}

/*
 * Owner and keeper speak in turn, so a socket that is full has an owner behind it that does not
 * read its answers: not waiting for it keeps the launcher's end in sight.
 */
static bool send_owner(void *arg, const void *frame, size_t n)
{
    (void)arg;
    ssize_t done;
    do
        done = send(OWNER_FD, frame, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (done < 0 && errno == EINTR);
    return done >= 0 && (size_t)done == n;
}

static bool load_origin(struct holdings *h, struct reeve_error *err)
{
    buf_init(&h->origin, NOTE_MAX_NAME + 1);
    if (fd_slurp(STATE_FD, AUDIT_ORIGIN_NAME, NOTE_MAX_NAME + 1, &h->origin, err) != 0)
        return false;
    struct str rest = buf_view(&h->origin);
    if (note_line(&rest, &h->keeper.origin) && rest.n == 0 && note_name_ok(h->keeper.origin))
        return true;
    (void)base_fail(err, REEVE_ESTATE, AUDIT_ORIGIN_NAME " must hold the log's name on one line");
    return false;
}

static bool open_head(struct holdings *h, struct reeve_error *err)
{
    int fd = openat(STATE_FD, AUDIT_HEAD_NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        (void)base_fail_errno(err, REEVE_ESTATE, errno,
                              AUDIT_HEAD_NAME " cannot be opened, so "
                                              "nothing tells what was signed");
        return false;
    }
    h->keeper.head_fd = fd;
    return true;
}

/* False: the owner was told why. */
static bool load(struct holdings *h)
{
    struct reeve_error err = {0};
    struct keeper *k = &h->keeper;
    k->dir_fd = STATE_FD;
    if (!load_origin(h, &err))
        return keeper_refuse(k, KEEPER_REFUSAL_KEY, &err);
    enum keeper_refusal why = keeper_load_keys(k, &err);
    if (why == KEEPER_REFUSAL_NONE)
        why = open_head(h, &err) ? keeper_load_head(k, &err) : KEEPER_REFUSAL_HEAD;
    if (why != KEEPER_REFUSAL_NONE)
        return keeper_refuse(k, why, &err);
    base_boot_id(h->keeper.boot);
    return true;
}

/* The launcher gets the key of the tokens before anything else happens, and never writes back. */
static bool share_token_key(struct keeper *k)
{
    base_random(k->token_key, sizeof k->token_key);
    return fd_send_with(LAUNCHER_FD, k->token_key, sizeof k->token_key, NULL, 0) == 0;
}

/* One frame of the owner. Descriptors that come with it are discarded by the kernel. */
static bool take_frame(struct holdings *h)
{
    ssize_t n = recv(OWNER_FD, h->frame.bytes, sizeof h->frame.bytes, MSG_DONTWAIT);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    if (n == 0)
        return false;
    return keeper_take(&h->keeper, &h->frame, (size_t)n, base_boottime_ns());
}

static void serve(struct holdings *h)
{
    struct pollfd watched[] = {{.fd = OWNER_FD, .events = POLLIN},
                               {.fd = LAUNCHER_FD, .events = POLLIN}};
    for (;;) {
        if (poll(watched, BASE_COUNT(watched), -1) < 0 && errno != EINTR)
            return;
        /* Whatever the launcher's socket has to say is its end. */
        if (watched[1].revents)
            return;
        if (watched[0].revents && !take_frame(h))
            return;
    }
}

int main(void)
{
    static struct holdings h;
    harden();
    h.keeper.send = send_owner;
    if (share_token_key(&h.keeper) && load(&h)) {
        /* Best effort: without the right to lock, pages may be swapped to the host's own disk. */
        (void)mlockall(MCL_CURRENT | MCL_ONFAULT);
        if (keeper_begin(&h.keeper))
            serve(&h);
    }
    OPENSSL_cleanse(h.keeper.token_key, sizeof h.keeper.token_key);
    OPENSSL_cleanse(&h.keeper.head_key, sizeof h.keeper.head_key);
    audit_key_free(&h.keeper.key);
    audit_key_free(&h.keeper.next);
    buf_fini(&h.origin);
    return 0;
}
