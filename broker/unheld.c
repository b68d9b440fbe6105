/*
 * What a decision permits and nothing here can give and hold. It is refused after an allow, never
 * left out: without it the run would be another than the one that was decided.
 */
#include "broker/internal.h"

/* A limit that is set and held by nothing here, and that policy does not let go: -1 when there is
 * none. */
static int unheld_limit(const struct core_limits *limits)
{
    for (unsigned i = 0; i < CORE_LIMIT_COUNT; i++)
        if (core_limits_unheld(limits, (enum core_limit)i) &&
            !(limits->best_effort & (UINT32_C(1) << i)))
            return (int)i;
    return -1;
}

/* What a grant gives that nothing here can give and hold; NULL when there is none. A run without it
 * would be another than the one that was decided. */
static const char *unheld_reach(const struct core_grant *g)
{
    if (g->nnetwork)
        return "network";
    if (g->nenvironment)
        return "environment";
    if (g->nsecrets)
        return "secrets";
    if (g->nmasks)
        return "patterns in hide";
    for (uint32_t i = 0; i < g->nfiles; i++)
        if (g->files[i].access == CORE_ACCESS_WRITE)
            return "filesystem write";
        else if (g->files[i].access == CORE_ACCESS_READ && !g->files[i].execute)
            return "files that are read and not executed";
    return NULL;
}

/* What a decision would have the owner remember, and it cannot yet: what comes later would be
 * judged as if this had not been. */
const char *run_unheld_memory(const struct reeve_run *run)
{
    const struct policy_decision *d = &run->decision;
    return d->labels ? "labels of a session" : d->budgets ? "budgets" : NULL;
}

bool run_refuse_unheld(struct reeve_run *run)
{
    int limit = unheld_limit(&run->grant.limits);
    const char *reach = unheld_reach(&run->grant);
    if (limit >= 0) {
        const char *name = core_limit_name((enum core_limit)limit);
        run_refuse(run, CORE_REFUSAL_NO_MECHANISM,
                   "nothing here can hold the limit %s; leave it out of the grant or write "
                   "best_effort: [%s]",
                   name, name);
    } else if (reach) {
        run_refuse(run, CORE_REFUSAL_NO_MECHANISM, "nothing here can give and hold: %s", reach);
    }
    return run->refusal != CORE_REFUSAL_NONE;
}
