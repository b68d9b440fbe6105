/* See verify_plans.h. */
#include "audit/verify_plans.h"

#include <inttypes.h>

void verify_plans_fini(struct verify_plans *v)
{
    buf_fini(&v->bytes);
}

static int find(struct verify_plans *v, uint64_t seq, bool missing, const char *why)
{
    if (v->has_bad)
        return 0;
    v->has_bad = true;
    v->missing = missing;
    v->first_bad = seq;
    (void)base_fail(&v->why, REEVE_EVERIFY, "the plan that record %" PRIu64 " names %s", seq, why);
    return 0;
}

static int look(struct verify_plans *v, const struct record_info *info, struct reeve_error *err)
{
    uint8_t own[BASE_SHA256];
    struct reeve_error why = {0};
    buf_reset(&v->bytes);
    int rc = v->source->plan(v->source->self, info->plan, &v->bytes, &why);
    if (rc == REEVE_ENOENT)
        return find(v, info->seq, true, "is not kept, and the record does not say so");
    if (rc == REEVE_EDAMAGED)
        return find(v, info->seq, false, "cannot be read");
    if (rc) {
        *err = why;
        return rc;
    }
    base_sha256(v->bytes.data, v->bytes.len, own);
    if (memcmp(own, info->plan, sizeof own) != 0)
        return find(v, info->seq, false,
                    "is kept with other bytes: they do not hash to its digest");
    v->kept++;
    return 0;
}

int verify_plans_take(struct verify_plans *v, const struct record_info *info,
                      struct reeve_error *err)
{
    if (info->kind != RECORD_DECISION || !info->has_plan)
        return 0;
    if (info->plan_masked) {
        v->masked++;
        return 0;
    }
    if (!v->source->plan) {
        v->unchecked++;
        return 0;
    }
    uint64_t before = v->kept;
    bool *set = &v->seen[info->plan[0]].set;
    uint8_t *seen = v->seen[info->plan[0]].digest;
    if (*set && memcmp(seen, info->plan, BASE_SHA256) == 0) {
        v->kept++;
        return 0;
    }
    int rc = look(v, info, err);
    if (rc == 0 && v->kept > before) {
        *set = true;
        memcpy(seen, info->plan, BASE_SHA256);
    }
    return rc;
}
