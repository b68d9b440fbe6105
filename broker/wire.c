/* Frames of the wire. See wire.h. */
#include "broker/wire.h"

void wire_put(struct buf *out, enum wire_type type, struct str a, struct str b)
{
    buf_u32le(out, (uint32_t)(1 + a.n + b.n));
    buf_byte(out, (uint8_t)type);
    buf_str(out, a);
    buf_str(out, b);
}

int wire_peek(struct str in, uint8_t *type, struct str *payload, size_t *taken)
{
    if (in.n < 4)
        return 0;
    uint32_t length = base_get_u32le(in.p);
    if (length < 1 || length > WIRE_MAX_FRAME)
        return -1;
    if (in.n < 4u + length)
        return 0;
    *type = (uint8_t)in.p[4];
    *payload = (struct str){in.p + WIRE_HEAD_BYTES, length - 1};
    *taken = 4u + length;
    return 1;
}
