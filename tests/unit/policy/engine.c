/* The engine's answer in the form in which naive_answer gives its own: see engine.h. */
#include "engine.h"

#include "support.h"

#include "naive.h"
#include "policy/endpoint.h"

static void put_rule(const struct policy_image *image, uint32_t rule, struct buf *out)
{
    struct str id = policy_image_rule(image, rule).id;
    buf_str(out, id);
}

/* ---- grants, probed ---- */

static bool at_or_below(struct str path, struct str folder)
{
    return str_is(folder, "/") ||
           (str_starts(path, folder) && (path.n == folder.n || path.p[folder.n] == '/'));
}

static int access_of(const struct core_grant *g, struct str path)
{
    const struct core_path *best = NULL;
    for (uint32_t i = 0; i < g->nfiles; i++)
        if (at_or_below(path, g->files[i].path) && (!best || g->files[i].path.n > best->path.n))
            best = &g->files[i];
    if (g->all_files)
        return 4;
    if (!best || best->access == CORE_ACCESS_HIDE)
        return 0;
    return (best->access == CORE_ACCESS_WRITE ? 3 : 1) + best->execute;
}

static bool reaches(const struct core_grant *g, const char *host, uint32_t port)
{
    struct core_endpoint wanted = {str_of(host), port}, both;
    for (uint32_t i = 0; i < g->nnetwork; i++)
        if (policy_endpoint_meet(&g->network[i], &wanted, &both) && str_is(both.host, host))
            return true;
    return g->all_network;
}

static bool lists(const struct str *v, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++)
        if (str_is(v[i], name))
            return true;
    return false;
}

static struct str variable(const struct core_grant *g, const char *name, char *state)
{
    for (uint32_t i = 0; i < g->nenvironment; i++)
        if (str_is(g->environment[i].name, name)) {
            *state = g->environment[i].set ? '=' : '?';
            return g->environment[i].set ? g->environment[i].value : STR("");
        }
    *state = g->all_environment ? '?' : '-';
    return STR("");
}

void engine_probe(const struct core_grant *g, struct engine_probe *out)
{
    for (size_t i = 0; i < naive_npaths; i++)
        out->access[i] = access_of(g, str_of(naive_paths[i]));
    for (size_t i = 0; i < naive_nhosts; i++)
        for (size_t k = 0; k < BASE_COUNT(naive_ports); k++)
            out->reached[BASE_COUNT(naive_ports) * i + k] =
                reaches(g, naive_hosts[i], naive_ports[k]);
    for (size_t i = 0; i < naive_nnames; i++) {
        out->value[i] = variable(g, naive_names[i], &out->variable[i]);
        out->secret[i] = g->any_secret || lists(g->secrets, g->nsecrets, naive_names[i]);
        out->provider[i] = g->any_provider || lists(g->providers, g->nproviders, naive_names[i]);
    }
    out->limits = g->limits;
}

static void put_grant(const struct core_grant *g, struct buf *out)
{
    struct engine_probe p;
    engine_probe(g, &p);
    buf_z(out, " files ");
    for (size_t i = 0; i < naive_npaths; i++)
        buf_printf(out, "%d", p.access[i]);
    buf_z(out, " network ");
    for (size_t i = 0; i < BASE_COUNT(naive_ports) * naive_nhosts; i++)
        buf_byte(out, p.reached[i] ? '1' : '0');
    buf_z(out, " environment ");
    for (size_t i = 0; i < naive_nnames; i++) {
        buf_byte(out, (uint8_t)p.variable[i]);
        buf_str(out, p.value[i]);
    }
    buf_z(out, " names ");
    for (size_t i = 0; i < naive_nnames; i++)
        buf_printf(out, "%d%d", p.secret[i], p.provider[i]);
    buf_z(out, " limits");
    for (unsigned i = 0; i < CORE_LIMIT_COUNT; i++)
        if (p.limits.set >> i & 1)
            buf_printf(out, " %u:%llu%s", i, (unsigned long long)p.limits.value[i],
                       p.limits.best_effort >> i & 1 ? "!" : "");
}

/* Whether more can be done by access `b` than by `a`: they are 0, 1 or 2, 3 or 4 (see access_of).
 */
static bool is_more(int a, int b)
{
    bool write = b > 2 && a <= 2, execute = b && b % 2 == 0 && !(a && a % 2 == 0);
    return (b && !a) || write || execute;
}

const char *engine_wider(const struct engine_probe *a, const struct engine_probe *b)
{
    for (size_t i = 0; i < naive_npaths; i++)
        if (is_more(a->access[i], b->access[i]))
            return naive_paths[i];
    for (size_t i = 0; i < BASE_COUNT(naive_ports) * naive_nhosts; i++)
        if (b->reached[i] && !a->reached[i])
            return naive_hosts[i / BASE_COUNT(naive_ports)];
    for (size_t i = 0; i < naive_nnames; i++) {
        bool same = a->variable[i] == b->variable[i] && str_eq(a->value[i], b->value[i]);
        if (b->secret[i] > a->secret[i] || b->provider[i] > a->provider[i] ||
            (b->variable[i] != '-' && a->variable[i] != '?' && !same))
            return naive_names[i];
    }
    for (unsigned i = 0; i < CORE_LIMIT_COUNT; i++)
        if (a->limits.set >> i & 1 &&
            (!(b->limits.set >> i & 1) || b->limits.value[i] > a->limits.value[i] ||
             (b->limits.best_effort & ~a->limits.best_effort) >> i & 1))
            return "a limit";
    return NULL;
}

/* ---- the decision ---- */

static void put_bits(const char *what, uint64_t bits, struct buf *out)
{
    buf_z(out, what);
    for (unsigned i = 0; i < 64; i++)
        if (bits >> i & 1)
            buf_printf(out, " %u", i);
}

static void put_permitted(const struct policy_image *image, const struct policy_request *req,
                          const struct reeve_inputs_view *inputs, const struct policy_decision *d,
                          struct buf *out)
{
    buf_printf(out, " isolation %d requires", (int)d->isolation);
    for (uint32_t i = 0; i < d->requires.n; i++) {
        buf_byte(out, ' ');
        put_rule(image, d->requires.v[i], out);
    }
    buf_z(out, " approvals ");
    for (uint32_t i = 0; i < d->approvals.n; i++) {
        struct policy_approval a;
        assert_true(policy_image_approval(image, d->approvals.v[i], &a));
        buf_printf(out, "%s%u %lld %d %.*s", i ? "; " : "", a.need, (long long)a.within_ns,
                   (int)a.covers, (int)a.by.n, a.by.p);
    }
    buf_z(out, " labels");
    for (uint32_t i = 0; i < 64; i++)
        if (d->labels >> i & 1) {
            buf_byte(out, ' ');
            buf_str(out, policy_image_label(image, i));
        }
    put_bits(" budgets", d->budgets, out);
    put_bits(" warned", d->warned, out);
    struct arena arena auto_arena;
    arena_init(&arena, 0);
    struct core_grant g;
    struct reeve_error err = {0};
    if (policy_grant(image, req, inputs, d, &arena, &g, &err) != 0)
        fail_msg("no grant: %s", err.message);
    assert_int_equal(g.isolation, d->isolation);
    put_grant(&g, out);
}

void engine_answer(const struct policy_image *image, const struct policy_request *req,
                   const struct reeve_inputs_view *inputs, struct policy_decision *d,
                   struct buf *out)
{
    assert_int_equal(policy_decide(image, req, inputs, d), 0);
    buf_printf(out, "%s ", core_effect_name(d->effect));
    put_rule(image, d->rule, out);
    buf_printf(out, " level %d%s class %d", (int)d->level, d->level_capped ? " capped" : "",
               (int)d->klass);
    if (d->effect != CORE_EFFECT_DENY)
        put_permitted(image, req, inputs, d, out);
    buf_z(out, " obligations ");
    for (uint32_t i = 0; i < d->obligations.n; i++) {
        struct policy_obligation o;
        assert_true(policy_image_obligation(image, d->obligations.v[i], &o));
        buf_printf(out, "%s%.*s", i ? "; " : "", (int)o.type.n, o.type.p);
    }
    buf_printf(out, " shadow %s ", core_effect_name(d->shadow.effect));
    put_rule(image, d->shadow.rule, out);
    struct policy_miss miss;
    if (policy_nearest_miss(image, req, inputs, d, &miss)) {
        buf_z(out, " nearest ");
        put_rule(image, miss.rule, out);
        buf_printf(out, " %u %u", miss.failing, miss.unknown);
    }
}
