/* The network: the host's own listeners, the way out, and families that a network namespace does
 * not hold. */
#include "tests/hostile/attacks/attack.h"

#include <arpa/inet.h>
#include <linux/if_alg.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool connect_ip(int family, const char *port)
{
    struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    a4.sin_port = a6.sin6_port = htons((in_port_t)strtol(port, NULL, 10));
    int fd = socket(family, SOCK_STREAM, 0);
    return fd >= 0 && (family == AF_INET ? connect(fd, (struct sockaddr *)&a4, sizeof a4)
                                         : connect(fd, (struct sockaddr *)&a6, sizeof a6)) == 0;
}

static bool connect_loopback(const char *port)
{
    return connect_ip(AF_INET, port) || connect_ip(AF_INET6, port);
}

static bool connect_abstract(const char *name)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t n = strnlen(name, sizeof a.sun_path - 2);
    memcpy(a.sun_path + 1, name, n);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&a,
                              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)) == 0;
}

static struct sockaddr_un at_path(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    memcpy(a.sun_path, path, strnlen(path, sizeof a.sun_path - 1));
    return a;
}

static bool connect_path(const char *path)
{
    const struct sockaddr_un a = at_path(path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof a) == 0;
}

static bool send_to(int fd, const char *path)
{
    const struct sockaddr_un a = at_path(path);
    return fd >= 0 && sendto(fd, "x", 1, MSG_DONTWAIT, (const struct sockaddr *)&a, sizeof a) == 1;
}

static bool send_to_path(const char *path)
{
    return send_to(socket(AF_UNIX, SOCK_DGRAM, 0), path);
}

/* A pair of datagram sockets is not bound to itself, and its type has two numbers. */
static bool send_to_path_by_pair(const char *path)
{
    int fds[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) < 0)
        (void)socketpair(AF_UNIX, SOCK_RAW, 0, fds);
    return send_to(fds[0], path);
}

/* A datagram that nobody has to answer: sent is out. The address is one for documentation. */
static bool send_out(const char *arg)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(9)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    (void)arg;
    return inet_pton(AF_INET, "192.0.2.1", &a.sin_addr) == 1 && fd >= 0 &&
           sendto(fd, "x", 1, 0, (struct sockaddr *)&a, sizeof a) == 1;
}

static bool has_interface(const char *arg)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    (void)arg;
    return fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0 && send(fd, "x", 1, 0) == 1;
}

static const struct {
    const char *name;
    int family, type, protocol;
} families[] = {
    {"netlink", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE},
    {"packet", AF_PACKET, SOCK_RAW, 0},
    {"raw", AF_INET, SOCK_RAW, IPPROTO_ICMP},
    {"vsock", AF_VSOCK, SOCK_STREAM, 0},
    {"alg", AF_ALG, SOCK_SEQPACKET, 0},
    {"bluetooth", AF_BLUETOOTH, SOCK_RAW, 1},
    {"key", AF_KEY, SOCK_RAW, 2},
    {"sctp", AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP},
    {"dccp", AF_INET, SOCK_DCCP, IPPROTO_DCCP},
    {"mptcp", AF_INET, SOCK_STREAM, IPPROTO_MPTCP},
    {"udp-lite", AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE},
};

static bool open_family(const char *name)
{
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (strcmp(families[i].name, name) == 0)
            return socket(families[i].family, families[i].type, families[i].protocol) >= 0;
    return true; /* a row that names no family is a mistake, and shows as a success */
}

const struct attack network_attacks[] = {
    {"connect-loopback", connect_loopback},
    {"connect-abstract", connect_abstract},
    {"connect-path", connect_path},
    {"send-to-path", send_to_path},
    {"send-to-path-by-pair", send_to_path_by_pair},
    {"send-out", send_out},
    {"has-interface", has_interface},
    {"open-family", open_family},
    {NULL, NULL},
};
