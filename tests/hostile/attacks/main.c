/* attacks NAME ARG: exits with 0 only if the attack worked, 1 when it was held off, 2 when there is
 * no such attack. */
#include "tests/hostile/attacks/attack.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static bool worked(pid_t pid)
{
    int status;
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

bool attack_in_child(bool (*run)(void))
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(run() ? 0 : 1);
    return worked(pid);
}

bool attack_by_exec(const char *program, const char *name, const char *arg)
{
    pid_t pid = fork();
    if (pid == 0) {
        (void)execl(program, "attacks", name, arg, (char *)NULL);
        _exit(1);
    }
    return worked(pid);
}

static const struct attack *find(const char *name)
{
    static const struct attack *const all[] = {file_attacks, network_attacks, kernel_attacks,
                                               process_attacks, leak_attacks};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        for (const struct attack *a = all[i]; a->name; a++)
            if (strcmp(a->name, name) == 0)
                return a;
    return NULL;
}

int main(int argc, char **argv)
{
    const struct attack *a = argc == 3 ? find(argv[1]) : NULL;
    if (!a)
        return 2;
    return a->run(argv[2]) ? 0 : 1;
}
