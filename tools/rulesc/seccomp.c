/*
 * rules/seccomp/NAME.yaml: an allow-list of system calls, compiled to BPF by libseccomp. Conditions
 * look at the low 32 bits of an argument, for these are what the kernel reads of a flag word, a
 * domain or an ioctl number: nothing slips by in the high half. Several conditions must all hold.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <unistd.h>

#include "core/plan.h"
#include "tools/rulesc/rulesc.h"

#define MAX_CALL 1024u

struct profile {
    const struct rules_file *f;
    scmp_filter_ctx ctx;
    bool named[MAX_CALL]; /* each call has one rule */
};

/* One condition: the argument equals any of the values, each under its mask. */
#define MAX_CONDITIONS 3u
struct condition {
    unsigned arg;
    struct masked {
        uint32_t mask, value;
    } any[256];
    size_t count;
};

static uint32_t action_of(const struct rules_file *f, const yaml_node_t *n)
{
    static const struct {
        const char *name;
        uint32_t action;
    } actions[] = {
        {"allow", SCMP_ACT_ALLOW},
        {"kill_process", SCMP_ACT_KILL_PROCESS},
        {"EPERM", SCMP_ACT_ERRNO(EPERM)},
        {"ENOSYS", SCMP_ACT_ERRNO(ENOSYS)},
    };
    for (size_t i = 0; i < BASE_COUNT(actions); i++)
        if (str_is(rules_text(f, n), actions[i].name))
            return actions[i].action;
    rules_die(f, n, "expected allow, kill_process, EPERM or ENOSYS");
}

/* ---- conditions ---- */

static void add_masked(const struct rules_file *f, const yaml_node_t *at, struct condition *c,
                       uint32_t mask, uint32_t value)
{
    if (c->count == BASE_COUNT(c->any))
        rules_die(f, at, "too many values");
    c->any[c->count++] = (struct masked){mask, value};
}

static void add_any_of(const struct rules_file *f, const yaml_node_t *list, uint32_t mask,
                       struct condition *c)
{
    if (rules_count(f, list) == 0)
        rules_die(f, list, "at least one value");
    for (size_t i = 0; i < rules_count(f, list); i++) {
        uint32_t value = (uint32_t)rules_number(f, rules_item(f, list, i), UINT32_MAX);
        if (value & ~mask)
            rules_die(f, rules_item(f, list, i), "a value that the mask hides");
        add_masked(f, list, c, mask, value);
    }
}

static bool any_shares(const uint32_t *values, size_t n, uint32_t mask, uint32_t prefix)
{
    for (size_t i = 0; i < n; i++)
        if ((values[i] & mask) == prefix)
            return true;
    return false;
}

/*
 * libseccomp has no "differs under a mask". So the complement of the values is written as prefixes:
 * at each bit of each value, the branch that leaves it there, unless another value lies in that
 * branch or the branch was written already.
 */
static void add_none_of(const struct rules_file *f, const yaml_node_t *list, struct condition *c)
{
    uint32_t values[8];
    size_t n = rules_count(f, list);
    if (n == 0 || n > BASE_COUNT(values))
        rules_die(f, list, "1 to %zu values", BASE_COUNT(values));
    for (size_t i = 0; i < n; i++)
        values[i] = (uint32_t)rules_number(f, rules_item(f, list, i), UINT32_MAX);
    for (size_t i = 0; i < n; i++) {
        for (unsigned bit = 0; bit < 32; bit++) {
            uint32_t mask = UINT32_MAX << bit;
            uint32_t branch = (values[i] ^ UINT32_C(1) << bit) & mask;
            if (!any_shares(values, n, mask, branch) &&
                !any_shares(values, i, mask, values[i] & mask))
                add_masked(f, list, c, mask, branch);
        }
    }
}

static void parse_condition(const struct rules_file *f, const yaml_node_t *when,
                            struct condition *c)
{
    static const char *const keys[] = {"arg", "mask", "any_of", "none_of", "clear", NULL};
    rules_check_map(f, when, keys);
    const yaml_node_t *any = rules_get(f, when, "any_of"), *none = rules_get(f, when, "none_of");
    const yaml_node_t *mask = rules_get(f, when, "mask");
    if (rules_count(f, when) != (mask ? 3 : 2) || (mask && !any))
        rules_die(f, when,
                  "expected arg and one of any_of (with a mask or without), none_of, clear");
    c->arg = (unsigned)rules_number(f, rules_need(f, when, "arg"), 5);
    if (any)
        add_any_of(f, any, mask ? (uint32_t)rules_number(f, mask, UINT32_MAX) : UINT32_MAX, c);
    else if (none)
        add_none_of(f, none, c);
    else
        add_masked(f, when, c, (uint32_t)rules_number(f, rules_need(f, when, "clear"), UINT32_MAX),
                   0);
}

/* A condition, or a list of them that look at an argument each. */
static size_t parse_conditions(const struct rules_file *f, const yaml_node_t *when,
                               struct condition c[MAX_CONDITIONS])
{
    if (when->type != YAML_SEQUENCE_NODE) {
        parse_condition(f, when, &c[0]);
        return 1;
    }
    size_t n = rules_count(f, when);
    if (n == 0 || n > MAX_CONDITIONS)
        rules_die(f, when, "1 to %u conditions", MAX_CONDITIONS);
    for (size_t i = 0; i < n; i++) {
        parse_condition(f, rules_item(f, when, i), &c[i]);
        for (size_t k = 0; k < i; k++)
            if (c[k].arg == c[i].arg)
                rules_die(f, rules_item(f, when, i), "an argument a second time");
    }
    return n;
}

/* ---- rules ---- */

static void check_rc(const struct rules_file *f, const yaml_node_t *at, int rc)
{
    if (rc < 0)
        rules_die(f, at, "libseccomp: %s", strerror(-rc));
}

/* Each combination of one value for each condition is a rule of libseccomp's. */
static void add_combinations(struct profile *p, const yaml_node_t *at, uint32_t action, int call,
                             const struct condition *c, size_t n)
{
    size_t pick[MAX_CONDITIONS] = {0}, i = 0;
    while (i < n || n == 0) {
        struct scmp_arg_cmp cmp[MAX_CONDITIONS] = {0};
        for (i = 0; i < n; i++)
            cmp[i] = (struct scmp_arg_cmp){.arg = c[i].arg,
                                           .op = SCMP_CMP_MASKED_EQ,
                                           .datum_a = c[i].any[pick[i]].mask,
                                           .datum_b = c[i].any[pick[i]].value};
        check_rc(p->f, at, seccomp_rule_add_exact_array(p->ctx, action, call, (unsigned)n, cmp));
        if (n == 0)
            return;
        for (i = 0; i < n && ++pick[i] == c[i].count; i++)
            pick[i] = 0;
    }
}

static void add_call(struct profile *p, const yaml_node_t *at, uint32_t action, int call,
                     const struct condition *c, size_t n)
{
    if (call < 0 || (unsigned)call >= MAX_CALL)
        rules_die(p->f, at, "no call of this architecture");
    if (p->named[call])
        rules_die(p->f, at, "a call a second time");
    p->named[call] = true;
    add_combinations(p, at, action, call, c, n);
}

static void add_named(struct profile *p, const yaml_node_t *calls, uint32_t action,
                      const struct condition *c, size_t n_conditions)
{
    for (size_t i = 0; i < rules_count(p->f, calls); i++) {
        const yaml_node_t *n = rules_item(p->f, calls, i);
        const char *name = (const char *)n->data.scalar.value;
        (void)rules_text(p->f, n);
        add_call(p, n, action, seccomp_syscall_resolve_name(name), c, n_conditions);
    }
}

static void add_numbered(struct profile *p, const yaml_node_t *range, uint32_t action,
                         const struct condition *c, size_t n_conditions)
{
    static const char *const keys[] = {"from", "to", NULL};
    rules_check_map(p->f, range, keys);
    uint64_t to = rules_number(p->f, rules_need(p->f, range, "to"), MAX_CALL - 1);
    for (uint64_t i = rules_number(p->f, rules_need(p->f, range, "from"), to); i <= to; i++)
        add_call(p, range, action, (int)i, c, n_conditions);
}

static void add_rule(struct profile *p, const yaml_node_t *rule)
{
    static const char *const keys[] = {"do", "calls", "numbers", "when", NULL};
    rules_check_map(p->f, rule, keys);
    uint32_t action = action_of(p->f, rules_need(p->f, rule, "do"));
    struct condition c[MAX_CONDITIONS] = {0};
    const yaml_node_t *when = rules_get(p->f, rule, "when");
    size_t n = when ? parse_conditions(p->f, when, c) : 0;
    const yaml_node_t *numbers = rules_get(p->f, rule, "numbers");
    if (numbers)
        add_numbered(p, numbers, action, c, n);
    else
        add_named(p, rules_need(p->f, rule, "calls"), action, c, n);
}

/* ---- the profile ---- */

static void open_filter(struct profile *p, const yaml_node_t *root)
{
    const yaml_node_t *arch = rules_need(p->f, root, "architecture");
    uint32_t token = seccomp_arch_resolve_name((const char *)arch->data.scalar.value);
    if (token == 0 || token != seccomp_arch_native())
        rules_die(p->f, arch,
                  "this build is for another architecture, and there is no profile for it");
    /* What the building machine's kernel can do must not change the result. */
    check_rc(p->f, root, seccomp_api_set(3));
    const yaml_node_t *otherwise = rules_need(p->f, root, "otherwise");
    p->ctx = seccomp_init(action_of(p->f, otherwise));
    if (!p->ctx)
        rules_die(p->f, otherwise, "libseccomp does not start");
    const yaml_node_t *foreign = rules_need(p->f, root, "foreign");
    check_rc(p->f, foreign,
             seccomp_attr_set(p->ctx, SCMP_FLTATR_ACT_BADARCH, action_of(p->f, foreign)));
    check_rc(p->f, root, seccomp_attr_set(p->ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2));
}

static void export_filter(struct profile *p, const yaml_node_t *root, struct buf *bpf)
{
    FILE *file = tmpfile();
    if (!file)
        rules_die(p->f, root, "no temporary file: %s", strerror(errno));
    check_rc(p->f, root, seccomp_export_bpf(p->ctx, fileno(file)));
    rewind(file);
    uint8_t block[4096];
    for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;)
        buf_put(bpf, block, n);
    (void)fclose(file);
    seccomp_release(p->ctx);
    if (bpf->failed || bpf->len == 0 || bpf->len / 8 > PLAN_MAX_FILTER)
        rules_die(p->f, root, "a filter of %zu bytes", bpf->len);
}

void compile_seccomp(const struct rules_file *f, struct buf *out, struct buf *row)
{
    static const char *const keys[] = {"reeve", "name", "architecture", "foreign", "otherwise",
                                       "rules", NULL};
    struct profile p = {.f = f};
    const yaml_node_t *root = rules_root(f, "seccomp/v1");
    rules_check_map(f, root, keys);
    const yaml_node_t *name = rules_need(f, root, "name"), *rules = rules_need(f, root, "rules");
    if (!plan_name_is_valid(rules_text(f, name).p, rules_text(f, name).n))
        rules_die(f, name, "no name for a profile");
    open_filter(&p, root);
    for (size_t i = 0; i < rules_count(f, rules); i++)
        add_rule(&p, rules_item(f, rules, i));
    auto_buf struct buf bpf = {0};
    export_filter(&p, root, &bpf);
    auto_buf struct buf symbol = {0};
    buf_printf(&symbol, "filter_%zu", out->len);
    auto_buf struct buf declaration = {0};
    buf_printf(&declaration, "\n_Alignas(8) static const uint8_t %s[]", symbol.data);
    emit_bytes(out, declaration.data, bpf.data, bpf.len);
    buf_z(row, "    {");
    emit_string(row, f, name);
    buf_printf(row, ", %s, %zu},\n", symbol.data, bpf.len);
}
