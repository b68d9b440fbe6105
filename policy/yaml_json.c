/*
 * The marked tree as JSON: what a policy carries for others to read (properties of obligations,
 * defaults of arguments, requests of tests). Called by build_hold.c and test_take.c.
 */
#include "core/json.h"
#include "policy/yaml.h"

static void put_container(const struct ynode *n, struct buf *out)
{
    const char *comma = "";
    buf_byte(out, n->type == Y_MAP ? '{' : '[');
    for (const struct ynode *c = n->first; c; c = c->next) {
        buf_z(out, comma);
        comma = ",";
        if (n->type == Y_MAP) {
            json_put_string(out, c->text);
            buf_byte(out, ':');
            c = c->next;
        }
        policy_yaml_json(c, out);
    }
    buf_byte(out, n->type == Y_MAP ? '}' : ']');
}

/* So that it can be read again. */
static void put_double(double d, struct buf *out)
{
    const struct json_node n = {.type = JSON_DOUBLE, .d = d};
    json_exact(&(struct json_doc){.nodes = &n, .count = 1}, &n, out);
}

void policy_yaml_json(const struct ynode *n, struct buf *out)
{
    switch (n->type) {
    case Y_TEXT:
        json_put_string(out, n->text);
        break;
    case Y_INT:
        buf_printf(out, "%lld", (long long)n->i);
        break;
    case Y_DOUBLE:
        put_double(n->d, out);
        break;
    case Y_BOOL:
        buf_z(out, n->boolean ? "true" : "false");
        break;
    case Y_NULL:
        buf_z(out, "null");
        break;
    default:
        put_container(n, out);
    }
}
