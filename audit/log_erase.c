/*
 * Taking the bytes of a record away for good. That it was done is recorded first, so a crash in
 * between leaves a record that says more than was done, and the next start does the rest. The leaf
 * stays, and with it every proof.
 */
#include "audit/log.h"

int audit_log_erase(struct audit_log *log, uint64_t seq, struct reeve_error *err)
{
    log_rows_change(log);
    int rc = log->condition != AUDIT_OK
                 ? base_fail(err, REEVE_EDAMAGED, "the log is %s: %s",
                             audit_condition_name(log->condition), log->detail)
                 : log_db_erase(&log->db, seq, seq, err);
    log_rows_leave(log);
    return rc;
}

int log_finish_erasures(struct audit_log *log, struct audit_found *found, struct reeve_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < found->nunerased; i++)
        rc = log_db_erase(&log->db, found->unerased[i].first, found->unerased[i].last, err);
    return rc;
}
