/*
 * rules/environment.yaml: names of variables, and prefixes of them, that no request may choose,
 * or not without a warning, each with why. What a name is, is the compiler's of policies; here it
 * is what it may consist of.
 */
#include "core/catalogue.h"

#include "tools/rulesc/rulesc.h"

static struct str check_name(const struct rules_file *f, const yaml_node_t *n, bool *prefix)
{
    struct str s = rules_text(f, n);
    *prefix = s.n > 1 && s.p[s.n - 1] == '*';
    s.n -= *prefix;
    bool good = s.n > 0 && !(s.p[0] >= '0' && s.p[0] <= '9');
    for (size_t i = 0; i < s.n; i++)
        good = good && ((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z') ||
                        (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_');
    if (!good)
        rules_die(f, n, "expected a variable's name, or how names begin and `*`");
    return s;
}

static size_t compile_group(const struct rules_file *f, const yaml_node_t *group, struct buf *out)
{
    static const char *const keys[] = {"why", "request", "names", NULL};
    rules_check_map(f, group, keys);
    const yaml_node_t *request = rules_get(f, group, "request");
    if (request && !str_is(rules_text(f, request), "warned"))
        rules_die(f, request, "expected `warned`");
    const yaml_node_t *names = rules_need(f, group, "names");
    size_t n = rules_count(f, names);
    if (!n)
        rules_die(f, names, "at least one name is wanted");
    for (size_t i = 0; i < n; i++) {
        bool prefix;
        struct str name = check_name(f, rules_item(f, names, i), &prefix);
        buf_printf(out, "    {\"%.*s\", %s, %s, ", (int)name.n, name.p, prefix ? "true" : "false",
                   request ? "true" : "false");
        emit_string(out, f, rules_need(f, group, "why"));
        buf_z(out, "},\n");
    }
    return n;
}

void compile_environment(const struct rules_file *f, struct buf *out)
{
    static const char *const keys[] = {"reeve", "groups", NULL};
    const yaml_node_t *root = rules_root(f, "environment/v1");
    size_t n = 0;
    rules_check_map(f, root, keys);
    const yaml_node_t *groups = rules_need(f, root, "groups");
    buf_z(out, "\nconst struct core_steering core_table_steering[] = {\n");
    for (size_t i = 0; i < rules_count(f, groups); i++)
        n += compile_group(f, rules_item(f, groups, i), out);
    buf_printf(out, "};\nconst size_t core_table_nsteering = %zu;\n", n);
}
