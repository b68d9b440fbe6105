/*
 * The plans beside a log: queued with records, written in front of the batch that the keeper is
 * told of, read under the lock of the rows. The file is plans.c's.
 */
#include "audit/log.h"

int audit_log_plan(struct audit_log *log, const uint8_t digest[BASE_SHA256], struct str plan,
                   struct reeve_error *err)
{
    pthread_mutex_lock(&log->queue);
    int rc = plans_queue_add(&log->filling->plans, digest, plan, err);
    pthread_mutex_unlock(&log->queue);
    return rc;
}

int audit_log_read_plan(struct audit_log *log, const uint8_t digest[BASE_SHA256], struct buf *out,
                        struct reeve_error *err)
{
    log_rows_read(log);
    int rc = plans_read(&log->plans, digest, out, err);
    log_rows_leave(log);
    return rc;
}

int log_open_plans(struct audit_log *log, int dir_fd, const char *dir, struct reeve_error *err)
{
    enum database_found found;
    struct reeve_error why = {0};
    int rc = plans_open(&log->plans, dir_fd, dir, log->condition == AUDIT_OK, &found, &why);
    if (rc && err)
        *err = why;
    if (rc == 0 && found == DATABASE_UNREADABLE && log->condition == AUDIT_OK)
        log_condemn(log, AUDIT_DAMAGED, log->edge.size, "%s", why.message);
    return rc;
}

int log_write_plans(struct audit_log *log, struct reeve_error *err)
{
    const struct plans_queue *plans = &log->flight.queue->plans;
    if (!plans->n)
        return 0;
    log_rows_change(log);
    int rc = plans_write(&log->plans, plans, err);
    if (rc == REEVE_EDAMAGED)
        log_condemn(log, AUDIT_DAMAGED, log->edge.size, "%s", err->message);
    log_rows_leave(log);
    return rc;
}
