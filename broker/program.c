/*
 * What `program.external` needs: the program found and hashed before the decision, and after an
 * allow the plan: mounts from the grant, links that lead into it, working directory, argv. Opens
 * files of the host; runs nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/internal.h"

/* ---- before the decision ---- */

/* Whether it can be executed by descriptor; a script cannot, its interpreter would have nothing to
 * open. */
static int check_program(struct reeve_run *run, int fd, struct reeve_error *err)
{
    struct stat st;
    char magic[2] = {0};
    const char *path = run->program.p;
    if (fstat(fd, &st) != 0)
        return base_fail_errno(err, REEVE_EIO, errno, "%s cannot be examined", path);
    if (!S_ISREG(st.st_mode))
        return base_fail(err, REEVE_EIO, "%s is no regular file", path);
    if (st.st_size > PLAN_MAX_PROGRAM_BYTES)
        return base_fail(err, REEVE_EIO, "%s is larger than %d MiB", path,
                         (int)(PLAN_MAX_PROGRAM_BYTES >> 20));
    if (!(st.st_mode & 0111))
        return base_fail(err, REEVE_EIO, "%s is not executable; run: chmod +x %s", path, path);
    if (pread(fd, magic, 2, 0) == 2 && magic[0] == '#' && magic[1] == '!')
        return base_fail(err, REEVE_EIO,
                         "%s is a script; name its interpreter and give the script as an argument",
                         path);
    return base_sha256_fd_of_size(fd, (uint64_t)st.st_size, run->program_sha256, err);
}

/* Failures are the run's own: they count only after an allow. */
static void find_program(struct reeve_run *run)
{
    char real[PATH_MAX];
    auto_free char *asked = str_dup(run->asked_path);
    if (!asked || run->asked_path.n >= PATH_MAX || !realpath(asked, real)) {
        (void)base_fail_errno(&run->program_error, REEVE_ENOENT, asked ? errno : ENOMEM, "%.*s",
                              (int)(run->asked_path.n < 300 ? run->asked_path.n : 300),
                              run->asked_path.p);
        return;
    }
    if (!str_is_utf8(str_of(real))) { /* it could be neither judged nor recorded as it is */
        base_fail(&run->program_error, REEVE_EIO, "%.*s leads to a path that is not UTF-8",
                  (int)(run->asked_path.n < 300 ? run->asked_path.n : 300), run->asked_path.p);
        return;
    }
    run->program = arena_str(&run->arena, str_of(real));
    auto_close int fd = open(real, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
    if (!run->program.p || fd < 0) {
        (void)base_fail_errno(&run->program_error, REEVE_EIO, errno, "%s cannot be opened", real);
        return;
    }
    run->program_found = check_program(run, fd, &run->program_error) == 0;
}

int program_resolve(struct reeve_run *run, struct reeve_error *err)
{
    struct policy_asked *asked = &run->asked;
    const struct json_node *path = json_get(&asked->args, json_root(&asked->args), "path");
    char hex[2 * BASE_SHA256 + 1];
    if (!asked->fits || !path || path->type != JSON_STRING)
        return 0; /* judged as it stands; an allow is refused bad_arguments */
    run->asked_path = arena_str(&run->arena, path->s);
    if (!run->asked_path.p)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    find_program(run);
    base_hex(run->program_sha256, BASE_SHA256, hex);
    return policy_asked_program(asked, run->program, run->program_found ? str_of(hex) : STR(""),
                                &run->arena, err);
}

/* ---- after an allow: mounts ---- */

struct mounts {
    struct plan_mount_part list[PLAN_MAX_MOUNTS];
    uint32_t n;
    struct arena *arena;
    enum core_refusal refusal; /* why there is no plan, when a grant cannot be carried out */
};

static int add_mount(struct mounts *m, enum plan_mount_kind kind, struct str source,
                     struct str target, struct reeve_error *err)
{
    for (uint32_t i = 0; i < m->n; i++)
        if (str_eq(m->list[i].target, target)) {
            if (kind == PLAN_MOUNT_HIDE) { /* hide wins at equal length */
                m->list[i].kind = kind;
                m->list[i].source = STR("");
            }
            return 0;
        }
    if (m->n == PLAN_MAX_MOUNTS)
        return base_fail(err, REEVE_EINVAL, "a grant shows at most %u paths", PLAN_MAX_MOUNTS);
    m->list[m->n].kind = kind;
    m->list[m->n].source = arena_str(m->arena, source);
    m->list[m->n].target = arena_str(m->arena, target);
    if (!m->list[m->n].source.p || !m->list[m->n].target.p)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    m->n++;
    return 0;
}

/* The way to the first component of `path` that is a link, itself included; empty: there is none.
 */
static struct str first_link(const char *path)
{
    char prefix[PATH_MAX];
    size_t n = strlen(path);
    for (size_t i = 1; i <= n && i < sizeof prefix; i++) {
        struct stat st;
        if (i < n && path[i] != '/')
            continue;
        memcpy(prefix, path, i);
        prefix[i] = '\0';
        if (lstat(prefix, &st) != 0)
            break;
        if (S_ISLNK(st.st_mode))
            return (struct str){path, i};
    }
    return (struct str){path, 0};
}

/*
 * A granted path that leads through links of the host: the first component that is a link is made
 * again, pointing at what it points to here, and the rest is found through it.
 */
static int add_link_on_the_way(struct mounts *m, const char *path, struct reeve_error *err)
{
    char real[PATH_MAX];
    auto_free char *link = str_dup(first_link(path));
    if (!link)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    return *link && realpath(link, real)
               ? add_mount(m, PLAN_MOUNT_LINK, str_of(real), str_of(link), err)
               : 0;
}

static int add_read(struct mounts *m, struct str path, bool literal, struct reeve_error *err)
{
    char real[PATH_MAX];
    auto_free char *z = str_dup(path);
    if (!z)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    if (!realpath(z, real))
        return 0; /* not there: nothing to show */
    if (str_is(path, real))
        return add_mount(m, PLAN_MOUNT_READ, path, path, err);
    if (literal)
        return base_fail(err, REEVE_EPERM,
                         "%s leads through a link; a path of a request is not followed", z);
    int rc = add_mount(m, PLAN_MOUNT_READ, str_of(real), str_of(real), err);
    return rc ? rc : add_link_on_the_way(m, z, err);
}

/* What every sandbox has of its own, also where the host's "/" is shown. */
static bool is_sandbox_own(struct str path)
{
    return core_path_under(path, STR("/dev")) || core_path_under(path, STR("/proc")) ||
           core_path_under(path, STR("/tmp"));
}

/* Whether the host's `path` is: the longest decides. */
static bool is_shown(const struct mounts *m, struct str path)
{
    size_t longest = 0;
    bool shown = false;
    for (uint32_t i = 0; i < m->n; i++) {
        if (m->list[i].kind == PLAN_MOUNT_LINK || m->list[i].target.n < longest ||
            !core_path_under(path, m->list[i].target))
            continue;
        longest = m->list[i].target.n;
        shown = m->list[i].kind == PLAN_MOUNT_READ;
    }
    return shown && !(longest == 1 && is_sandbox_own(path));
}

/* Where the host's own link is shown, none is made in its place. */
static void drop_shown_links(struct mounts *m)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->n; i++)
        if (m->list[i].kind != PLAN_MOUNT_LINK || !is_shown(m, m->list[i].target))
            m->list[kept++] = m->list[i];
    m->n = kept;
}

/* /bin, /lib and their kin, where they are links into what is shown. */
static int add_host_links(struct mounts *m, struct reeve_error *err)
{
    static const char *const names[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};
    char real[PATH_MAX];
    for (size_t i = 0; i < BASE_COUNT(names); i++) {
        struct stat st;
        if (lstat(names[i], &st) != 0 || !S_ISLNK(st.st_mode) || !realpath(names[i], real) ||
            !is_shown(m, str_of(real)) || is_shown(m, str_of(names[i])))
            continue;
        int rc = add_mount(m, PLAN_MOUNT_LINK, str_of(real), str_of(names[i]), err);
        if (rc)
            return rc;
    }
    return 0;
}

/* What is shown is shown where it lies, so that a path of the folder's is also its place in the
 * sandbox. */
static int keep_out(struct mounts *m, struct str place, struct reeve_error *err)
{
    for (uint32_t i = 0; i < m->n; i++)
        if (m->list[i].kind == PLAN_MOUNT_READ && core_path_under(m->list[i].source, place))
            return base_fail(err, REEVE_ESTATE,
                             "the grant shows %s, which lies in this state folder; no program may "
                             "see that",
                             m->list[i].source.p);
    return is_shown(m, place) ? add_mount(m, PLAN_MOUNT_HIDE, STR(""), place, err) : 0;
}

/* The state folder is nobody's to see. The launcher sees to the same by itself. */
static int keep_state_out(const struct owner *owner, struct mounts *m, struct reeve_error *err)
{
    struct state_places places;
    if (m->n == 0)
        return 0;
    int rc = state_places(owner->dir_fd, &places, m->arena, err);
    for (uint32_t i = 0; !rc && i < places.n; i++)
        rc = keep_out(m, places.list[i], err);
    return rc;
}

static int by_target(const void *a, const void *b)
{
    const struct plan_mount_part *x = a, *y = b;
    return str_cmp(x->target, y->target);
}

/*
 * Whether `path` leads through a link that is shown: a guest goes that way, and would find whatever
 * stands there later. Links outside what is shown are followed, since nobody in the sandbox comes
 * by them.
 */
static bool has_shown_link(const struct mounts *m, struct str path)
{
    char at[PATH_MAX];
    if (path.n >= sizeof at)
        return false; /* realpath says what is wrong with it */
    memcpy(at, path.p, path.n);
    at[path.n] = '\0';
    for (unsigned followed = 0; followed < 40; followed++) {
        struct str link = first_link(at);
        char target[PATH_MAX], whole[2 * PATH_MAX];
        if (!link.n)
            return false;
        if (is_shown(m, link))
            return true;
        char *rest = at + link.n, kept = *rest;
        *rest = '\0';
        bool leads = realpath(at, target) != NULL;
        *rest = kept;
        if (!leads)
            return false;
        int n = snprintf(whole, sizeof whole, "%s%s", strcmp(target, "/") == 0 ? "" : target, rest);
        if (n <= 0 || n >= PATH_MAX)
            return false;
        memcpy(at, whole, (size_t)n + 1);
    }
    return true;
}

/* The deepest folder above `path` that is there, its links resolved. */
static bool existing_parent(char *path, char real[PATH_MAX])
{
    for (char *slash; (slash = strrchr(path, '/')) != NULL;) {
        slash[slash == path] = '\0';
        if (realpath(path, real))
            return true;
        if (slash == path)
            return false;
    }
    return false;
}

/*
 * What is to be hidden is covered where it stands. A path that is not there cannot be: whoever made
 * it during the run would show it to the guest. Outside what is shown there is nothing to hide.
 */
static int add_hide(struct mounts *m, struct str path, struct reeve_error *err)
{
    char real[PATH_MAX];
    auto_free char *z = str_dup(path);
    if (!z)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    if (has_shown_link(m, path)) {
        m->refusal = CORE_REFUSAL_NO_MECHANISM;
        return base_fail(err, REEVE_EINVAL,
                         "%.*s is to be hidden and leads through a link that is shown; name the "
                         "place that it leads to",
                         (int)path.n, path.p);
    }
    if (realpath(z, real))
        return is_shown(m, str_of(real)) ? add_mount(m, PLAN_MOUNT_HIDE, STR(""), str_of(real), err)
                                         : 0;
    int errnum = errno;
    if (errnum == ENOENT && existing_parent(z, real) && !is_shown(m, str_of(real)))
        return 0;
    m->refusal = CORE_REFUSAL_NO_MECHANISM;
    return base_fail(err, REEVE_EINVAL,
                     "%.*s is to be hidden and cannot be: %s; make it, or take it out of the grant",
                     (int)path.n, path.p, strerror(errnum));
}

static int collect_mounts(struct reeve_run *run, struct mounts *m, struct reeve_error *err)
{
    const struct core_grant *g = &run->grant;
    int rc = 0;
    for (uint32_t i = 0; !rc && i < g->nfiles; i++)
        if (g->files[i].access != CORE_ACCESS_HIDE)
            rc = add_read(m, g->files[i].path, g->files[i].literal, err);
    drop_shown_links(m);
    for (uint32_t i = 0; !rc && i < g->nfiles; i++)
        if (g->files[i].access == CORE_ACCESS_HIDE)
            rc = add_hide(m, g->files[i].path, err);
    if (!rc)
        rc = add_host_links(m, err);
    if (!rc)
        rc = keep_state_out(run->owner, m, err);
    qsort(m->list, m->n, sizeof m->list[0], by_target); /* a parent sorts before what is below it */
    return rc;
}

/* ---- the plan ---- */

static int collect_argv(struct reeve_run *run, struct str *argv, uint32_t *n,
                        struct reeve_error *err)
{
    const struct json_doc *doc = &run->asked.args;
    const struct json_node *list = json_get(doc, json_root(doc), "argv");
    const struct json_node *at = list && list->type == JSON_ARRAY ? json_first(doc, list) : NULL;
    uint32_t count = at ? list->count : 0;
    if (count >= PLAN_MAX_ARGS)
        return base_fail(err, REEVE_EINVAL, "at most %u arguments", PLAN_MAX_ARGS - 1);
    argv[(*n)++] = run->asked_path;
    for (uint32_t i = 0; i < count; i++, at = json_next(doc, at)) {
        if (at->type != JSON_STRING || memchr(at->s.p, 0, at->s.n))
            return base_fail(err, REEVE_EINVAL, "argument %u cannot be given to a program", i + 1);
        argv[(*n)++] = at->s;
    }
    return 0;
}

static struct str working_directory(struct reeve_run *run, const struct mounts *m)
{
    const struct json_doc *doc = &run->asked.args;
    struct str cwd = json_string_or(json_get(doc, json_root(doc), "cwd"), STR("/"));
    struct buf normal = {.max = PATH_MAX};
    struct str found = STR("/");
    if (core_path_normal(cwd, &normal) && is_shown(m, buf_view(&normal)))
        found = arena_str(&run->arena, buf_view(&normal));
    buf_fini(&normal);
    return found.p ? found : STR("/");
}

static int build(struct reeve_run *run, struct mounts *m, struct reeve_error *err)
{
    const struct core_profile *profile = core_profile_find(STR("default"));
    struct str *argv = arena_array(&run->arena, PLAN_MAX_ARGS, sizeof *argv);
    struct plan_parts parts = {.limits = run->grant.limits,
                               .tmp_bytes = OWNER_TMP_BYTES,
                               .program = run->program,
                               .hostname = STR("reeve"),
                               .argv = argv};
    if (!argv || !profile)
        return base_fail(err, profile ? REEVE_ENOMEM : REEVE_EINTERNAL, "no room for a plan");
    parts.cwd = working_directory(run, m);
    parts.profile = str_of(profile->name);
    parts.filter = profile->filter;
    parts.filter_bytes = profile->filter_bytes;
    parts.mounts = m->list;
    parts.nmounts = m->n;
    memcpy(parts.program_sha256, run->program_sha256, BASE_SHA256);
    int rc = collect_argv(run, argv, &parts.nargv, err);
    return rc ? rc : plan_build(&parts, &run->plan, err);
}

int program_plan(struct reeve_run *run, struct reeve_error *err)
{
    struct reeve_error why = {0};
    if (!run->program_found) {
        run_refuse(run,
                   run->program_error.code == REEVE_ENOENT ? CORE_REFUSAL_NOT_FOUND
                                                           : CORE_REFUSAL_NOT_RUNNABLE,
                   "%s", run->program_error.message);
        return 0;
    }
    struct mounts *m = arena_alloc(&run->arena, sizeof *m);
    if (!m)
        return base_fail(err, REEVE_ENOMEM, "out of memory");
    m->arena = &run->arena;
    m->refusal = CORE_REFUSAL_BAD_ARGUMENTS;
    int rc = collect_mounts(run, m, &why);
    if (!rc)
        rc = build(run, m, &why);
    if (rc == REEVE_ESTATE)
        m->refusal = CORE_REFUSAL_NOT_RUNNABLE;
    if (rc == REEVE_EINVAL || rc == REEVE_EPERM || rc == REEVE_ESTATE) {
        run_refuse(run, m->refusal, "%s", why.message);
        return 0;
    }
    if (rc) {
        *err = why;
        return rc;
    }
    base_sha256(run->plan.data, run->plan.len, run->plan_sha256);
    return 0;
}
