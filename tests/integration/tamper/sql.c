/* sql FILE STATEMENTS: what somebody does to a database who can write it. */
#include <sqlite3.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    sqlite3 *db = NULL;
    char *why = NULL;
    if (argc != 3 || sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_exec(db, argv[2], NULL, NULL, &why) != SQLITE_OK) {
        (void)fprintf(stderr, "sql: %s\n", why ? why : "a file and statements are needed");
        return 1;
    }
    int changed = sqlite3_total_changes(db);
    if (sqlite3_close(db) != SQLITE_OK)
        return 1;
    return printf("%d\n", changed) > 0 && changed > 0 ? 0 : 1;
}
