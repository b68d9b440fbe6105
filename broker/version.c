/* What this build is and what this kernel offers: `reeve version`. */
#include <errno.h>
#include <linux/landlock.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <openssl/crypto.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include <yaml.h>

#include "core/catalogue.h"
#include "core/json.h"
#include "reeve/reeve.h"

#define STRING_OF(x) #x
#define STRING(x)    STRING_OF(x)
#define VERSION_TEXT                                                                               \
    STRING(REEVE_VERSION_MAJOR) "." STRING(REEVE_VERSION_MINOR) "." STRING(REEVE_VERSION_PATCH)

const char *reeve_version(void)
{
    return VERSION_TEXT;
}

/* Highest Landlock ABI, 0: none. */
static int landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi > 0 ? (int)abi : 0;
}

static bool has_seccomp_notify(void)
{
    const uint32_t action = SECCOMP_RET_USER_NOTIF;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

static const char *cgroup_kind(void)
{
    struct statfs fs;
    if (statfs("/sys/fs/cgroup", &fs) != 0)
        return "none";
    if (fs.f_type == CGROUP2_SUPER_MAGIC)
        return "v2";
    return fs.f_type == TMPFS_MAGIC ? "v1" : "none";
}

static int end_at_once(void *arg)
{
    (void)arg;
    return 0;
}

/* Whether a user namespace can be made here: 0, or the errno that says why not. */
static int userns_errno(void)
{
    enum { STACK = 64 * 1024 };
    /* Tried for real, in a child that shares memory and ends at once: sysctls and containers say
     * less than the kernel. */
    const int flags = CLONE_NEWUSER | CLONE_VM | CLONE_VFORK;
    auto_free char *stack = malloc(STACK);
    if (!stack)
        return ENOMEM;
    int pid = clone(end_at_once, stack + STACK, flags, NULL);
    if (pid < 0)
        return errno;
    (void)waitpid(pid, NULL, (int)__WCLONE);
    return 0;
}

static void put_build(struct json_out *o)
{
    json_key(o, "build");
    json_open_object(o);
    json_kv_str(o, "compiler", STR(__VERSION__));
    json_kv_str(o, "type", STR(REEVE_BUILD_TYPE));
    json_kv_str(o, "sanitizers", STR(REEVE_BUILD_SANITIZE));
    json_kv_str(o, "helper_dir", STR(REEVE_HELPER_DIR));
    json_key(o, "providers");
    json_open_array(o);
    json_str(o, STR("process"));
    json_str(o, STR("mock"));
    json_close_array(o);
    json_close_object(o);
}

static void put_libraries(struct json_out *o)
{
    json_key(o, "libraries");
    json_open_object(o);
    json_kv_str(o, "libyaml", str_of(yaml_get_version_string()));
    json_kv_str(o, "sqlite", str_of(sqlite3_libversion()));
    json_kv_str(o, "openssl", str_of(OpenSSL_version(OPENSSL_VERSION_STRING)));
    json_kv_str(o, "libseccomp (at build time)", STR(REEVE_BUILD_SECCOMP));
    json_kv_str(o, "pcre2 (at build time)", STR(REEVE_BUILD_PCRE2));
    json_kv_str(o, "libidn2 (at build time)",
                sizeof REEVE_BUILD_IDN2 > 1 ? STR(REEVE_BUILD_IDN2) : STR("none"));
    json_kv_str(o, "libunistring (at build time)",
                sizeof REEVE_BUILD_UNISTRING > 1 ? STR(REEVE_BUILD_UNISTRING) : STR("none"));
    json_close_object(o);
}

static void put_kernel(struct json_out *o)
{
    struct utsname uts = {0};
    (void)uname(&uts);
    int userns = userns_errno();
    json_key(o, "kernel");
    json_open_object(o);
    json_kv_str(o, "release", str_of(uts.release));
    json_kv_str(o, "machine", str_of(uts.machine));
    json_kv_int(o, "landlock_abi", landlock_abi());
    json_kv_bool(o, "seccomp_notify", has_seccomp_notify());
    json_kv_str(o, "cgroups", str_of(cgroup_kind()));
    json_kv_bool(o, "user_namespaces", userns == 0);
    json_kv_bool(o, "kvm", access("/dev/kvm", R_OK | W_OK) == 0);
    json_close_object(o);
}

char *reeve_version_json(void)
{
    struct buf out = {0};
    struct json_out o = {.b = &out};
    json_open_object(&o);
    json_kv_str(&o, "version", str_of(reeve_version()));
    json_kv_str(&o, "grade", STR("embedded"));
    json_kv_digest(&o, "rules", core_rules_digest);
    put_build(&o);
    put_libraries(&o);
    put_kernel(&o);
    json_close_object(&o);
    return buf_take(&out, NULL);
}
