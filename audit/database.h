/*
 * How a database file is opened that somebody else may have written: so that it can do least. Used
 * by the log and by its index.
 */
#ifndef AUDIT_DATABASE_H
#define AUDIT_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>

/** No trigger, view or function of the file's runs, no double-quoted string is taken for a name, no
 * page is mapped or trusted, nothing temporary reaches the disk. */
bool database_defend(sqlite3 *db);

#endif
