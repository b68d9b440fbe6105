/*
 * Hosts from text, in one pass over it: characters and labels by tables, lower case on the way.
 */
#include "core/host.h"

#define D(c) [c] = c
#define L(c) [c] = c, [(c)-0x20] = c
/* What may stand in a name, in lower case; the rest is 0. */
static const char name_bytes[256] = {
    D('0'), D('1'), D('2'), D('3'), D('4'), D('5'), D('6'), D('7'), D('8'), D('9'),
    D('-'), D('_'), D('.'), L('a'), L('b'), L('c'), L('d'), L('e'), L('f'), L('g'),
    L('h'), L('i'), L('j'), L('k'), L('l'), L('m'), L('n'), L('o'), L('p'), L('q'),
    L('r'), L('s'), L('t'), L('u'), L('v'), L('w'), L('x'), L('y'), L('z'),
};
#undef D
#undef L

/* Decimal digits alone, or 0x and hexadecimal ones or nothing: what some reader takes for a number
 * and so for (a part of) an IPv4 address. */
static bool is_number(struct str label)
{
    bool based = label.n >= 2 && label.p[0] == '0' && label.p[1] == 'x';
    for (size_t i = based ? 2 : 0; i < label.n; i++) {
        char c = label.p[i];
        if (!(c >= '0' && c <= '9') && !(based && c >= 'a' && c <= 'f'))
            return false;
    }
    return true;
}

/* An A-label has something behind its prefix, and that does not end in a hyphen: it would decode
 * to ASCII, which another label stands for already. */
static bool is_label(struct str label)
{
    if (label.n == 0 || label.n > CORE_LABEL_MAX)
        return false;
    bool ace = label.n >= 4 && memcmp(label.p, "xn--", 4) == 0;
    return !ace || (label.n > 4 && label.p[label.n - 1] != '-');
}

/* Into the store, in lower case; false for a byte or label that no name has. `last`: its last
 * label. */
static bool read_name(struct str text, struct core_host *out, struct str *last)
{
    size_t start = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = name_bytes[(uint8_t)text.p[i]];
        out->store[i] = c;
        if (c == '\0')
            return false;
        if (c == '.') {
            if (!is_label((struct str){out->store + start, i - start}))
                return false;
            start = i + 1;
        }
    }
    out->name = (struct str){out->store, text.n};
    *last = (struct str){out->store + start, text.n - start};
    return is_label(*last);
}

static bool read_v6(struct str text, struct core_host *out)
{
    out->kind = CORE_HOST_ADDRESS;
    return text.n && memchr(text.p, ':', text.n) && core_addr_parse(text, &out->addr);
}

bool core_host_parse(struct str text, struct core_host *out)
{
    out->name = (struct str){"", 0};
    if (text.n == 0)
        return false;
    if (text.p[0] == '[')
        return text.p[text.n - 1] == ']' && read_v6((struct str){text.p + 1, text.n - 2}, out);
    text.n -= text.p[text.n - 1] == '.';
    struct str last;
    if (text.n == 0 || text.n > CORE_HOST_MAX || !read_name(text, out, &last))
        return false;
    out->kind = CORE_HOST_NAME;
    if (last.p[0] < '0' || last.p[0] > '9' || !is_number(last))
        return true;
    out->kind = CORE_HOST_ADDRESS;
    out->name = (struct str){"", 0};
    return core_addr_parse_v4(text, &out->addr);
}

bool core_host_parse_text(struct str text, struct core_host *out)
{
    if (text.n && text.p[0] != '[' && memchr(text.p, ':', text.n)) {
        out->name = (struct str){"", 0};
        return read_v6(text, out);
    }
    return core_host_parse(text, out);
}
