/* A folder with files of a test's own. See tree.h. */
#include "tests/hostile/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/hostile/lab.h"

static char folder[64];

void tree_must(bool ok, const char *what)
{
    if (!ok)
        lab_die("%s: %s", what, strerror(errno));
}

void tree_make(const char *template)
{
    (void)snprintf(folder, sizeof folder, "%s", template);
    tree_must(mkdtemp(folder) && chmod(folder, 0755) == 0, folder);
}

const char *tree_root(void)
{
    return folder;
}

const char *tree_path(const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, 128, "%s%s%s", folder, name[0] ? "/" : "", name);
    return path;
}

void tree_folder(const char *name)
{
    tree_must(mkdir(tree_path(name), 0755) == 0 && chmod(tree_path(name), 0755) == 0, name);
}

void tree_file(const char *name, const char *text)
{
    auto_close int fd = open(tree_path(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    tree_must(fd >= 0 && fd_write_all(fd, text, strlen(text)) == 0 && fchmod(fd, 0644) == 0, name);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

void tree_remove(const char *name)
{
    tree_must(nftw(tree_path(name), remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0, name);
}
