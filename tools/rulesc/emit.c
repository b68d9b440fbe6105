/* C text for what has no other form: string literals and byte arrays. Called by the compilers of
 * rules. */
#include "tools/rulesc/rulesc.h"

static void put_literal(struct buf *out, const struct rules_file *f, const yaml_node_t *at,
                        bool lines)
{
    struct str s = rules_text(f, at);
    buf_byte(out, '"');
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '\n' && lines) {
            buf_z(out, i + 1 < s.n ? "\\n\"\n     \"" : "\\n");
            continue;
        }
        if (c < 0x20 || c > 0x7E)
            rules_die(f, at, "only printable ASCII can stand here");
        if (c == '"' || c == '\\')
            buf_byte(out, '\\');
        buf_byte(out, (uint8_t)c);
    }
    buf_byte(out, '"');
}

void emit_string(struct buf *out, const struct rules_file *f, const yaml_node_t *at)
{
    put_literal(out, f, at, false);
}

void emit_text(struct buf *out, const struct rules_file *f, const yaml_node_t *at)
{
    put_literal(out, f, at, true);
}

void emit_bytes(struct buf *out, const char *declaration, const void *p, size_t n)
{
    const uint8_t *byte = p;
    buf_printf(out, "%s = {", declaration);
    for (size_t i = 0; i < n; i++)
        buf_printf(out, "%s0x%02x,", i % 16 ? " " : "\n    ", byte[i]);
    buf_z(out, "\n};\n");
}
