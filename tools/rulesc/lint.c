/*
 * rules/lint.yaml: each code with its id, why it is told, a policy that has it and one that has
 * not. Whether codes and ids are the policy compiler's, and the examples show what they should, its
 * tests say: nothing here knows a policy.
 */
#include "core/catalogue.h"

#include "tools/rulesc/rulesc.h"

static void check_code(const struct rules_file *f, const yaml_node_t *n)
{
    struct str s = rules_text(f, n);
    bool good = s.n == 4 && s.p[0] == 'P';
    for (size_t i = 1; i < s.n; i++)
        good = good && s.p[i] >= '0' && s.p[i] <= '9';
    if (!good)
        rules_die(f, n, "expected a code like P052");
}

static void check_id(const struct rules_file *f, const yaml_node_t *n)
{
    struct str s = rules_text(f, n);
    bool good = s.n > 0;
    for (size_t i = 0; i < s.n; i++)
        good = good && ((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') ||
                        s.p[i] == '-');
    if (!good)
        rules_die(f, n, "an id has lower case letters, digits and `-`");
}

static void compile_rule(const struct rules_file *f, const yaml_node_t *rules, size_t i,
                         struct buf *out)
{
    static const char *const keys[] = {"id", "rationale", "wrong", "right", NULL};
    const yaml_node_t *rule, *before, *code = rules_pair(f, rules, i, &rule);
    check_code(f, code);
    if (i && str_cmp(rules_text(f, rules_pair(f, rules, i - 1, &before)), rules_text(f, code)) >= 0)
        rules_die(f, code, "codes stand in ascending order");
    rules_check_map(f, rule, keys);
    check_id(f, rules_need(f, rule, "id"));
    buf_z(out, "    {");
    emit_string(out, f, code);
    buf_z(out, ", ");
    emit_string(out, f, rules_need(f, rule, "id"));
    for (size_t k = 1; keys[k]; k++) {
        buf_z(out, ",\n     ");
        emit_text(out, f, rules_need(f, rule, keys[k]));
    }
    buf_z(out, "},\n");
}

void compile_lint(const struct rules_file *f, struct buf *out)
{
    static const char *const keys[] = {"reeve", "rules", NULL};
    const yaml_node_t *root = rules_root(f, "lint/v1");
    rules_check_map(f, root, keys);
    const yaml_node_t *rules = rules_need(f, root, "rules");
    rules_check_map(f, rules, NULL);
    buf_z(out, "\nconst struct core_lint core_table_lint[] = {\n");
    for (size_t i = 0; i < rules_count(f, rules); i++)
        compile_rule(f, rules, i, out);
    buf_printf(out, "};\nconst size_t core_table_nlint = %zu;\n", rules_count(f, rules));
}
