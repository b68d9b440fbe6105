/*
 * How a database file is opened that somebody else may have written: so that it can do least. Used
 * by the log, by the plans beside it and by its index.
 */
#ifndef AUDIT_DATABASE_H
#define AUDIT_DATABASE_H

#include <sqlite3.h>

#include "base/base.h"

/** No trigger, view or function of the file's runs, no double-quoted string is taken for a name, no
 * page is mapped or trusted, nothing temporary reaches the disk. */
bool database_defend(sqlite3 *db);

/** A file of one table that one process writes. */
struct database_form {
    const char *name;   /* in the folder */
    const char *whose;  /* its table is, for messages: "the log's" */
    const char *schema; /* the one CREATE TABLE statement that it holds */
    bool sealed;        /* it never changes again: it is read without a lock or a WAL */
    const char *const *statement;
    unsigned nstatements;
};

/* What opening such a file met. */
enum database_found { DATABASE_GOOD, DATABASE_ABSENT, DATABASE_UNREADABLE };

/**
 * Open the file exclusively, with a WAL and `synchronous=FULL`, and prepare its statements into
 * `stmt`, which is all NULL. With `create`, a file that is absent or empty becomes an empty table;
 * without, it is DATABASE_ABSENT. DATABASE_UNREADABLE: not a database, damaged, or not that table
 * alone; `err` then has the sentence. Where it is not DATABASE_GOOD, `*out` is NULL. An error (code
 * other than 0) is the system's, not the file's. One thread at a time may use what is opened.
 */
int database_open(const struct database_form *form, int dir_fd, const char *dir, bool create,
                  sqlite3 **out, sqlite3_stmt **stmt, enum database_found *found,
                  struct reeve_error *err);
/** Sets `*db` and each statement NULL. `keep_wal`: leave the files as they are, for whoever looks
 * into the damage. */
void database_close(const struct database_form *form, sqlite3 **db, sqlite3_stmt **stmt,
                    bool keep_wal);

/** REEVE_EDAMAGED when the last failure is the file's fault, REEVE_EIO when it is the system's and
 * can be tried again; the message begins with the file's name and `what`. */
int database_fail(sqlite3 *db, const char *name, const char *what, struct reeve_error *err);
/** Run a statement that gives no row; whether it did. */
bool database_run(sqlite3_stmt *stmt);

#endif
