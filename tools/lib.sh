# Shared by tools/quickstart and tools/check: messages, packages, and what this machine must offer. Sourced with `repo`
# set to the repository's folder.

build_packages="gcc libc6-dev cmake ninja-build pkg-config libyaml-dev libpcre2-dev libidn2-dev libunistring-dev libseccomp-dev libsqlite3-dev libssl-dev libjansson-dev"
test_packages="libcmocka-dev libcap-ng-dev libcurl4-openssl-dev golang-golang-x-mod-dev"
# Go checks what reeve signs; any will do.
command -v go >/dev/null || test_packages="$test_packages golang-go"

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%s: %s\n' "${0##*/}" "$1" >&2
    shift
    for line; do
        printf '  %s\n' "$line" >&2
    done
    exit 3
}

# Until the process has ended; one that nobody waits for keeps its place in /proc.
await_end() {
    while [ -e "/proc/$1" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$1/status" 2>/dev/null; do
        sleep 0.1
    done
}

is_debian_like() {
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null
}

# Those of "$@" that dpkg does not know as installed.
missing_packages() {
    for package; do
        # One line for each architecture; "not-installed" stays after a package was purged.
        dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || printf '%s ' "$package"
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

install_packages() {
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    say "installing packages: $missing"
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        die "these packages are missing, and only root can install them: $missing" \
            "as root: apt-get install --no-install-recommends $missing"
    fi
    # An update that fails is told by the installation, which may not need it.
    as_root apt-get -qq update || say "the package lists could not be renewed; trying with those that are here"
    # shellcheck disable=SC2086 # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends \
        $missing >/dev/null || die "could not install: $missing" \
        "Is there a network, and does apt reach its mirror (apt-get update)?" \
        "Without a network, install these packages in another way and start again."
}

# name of a tool or pkg-config module, and the Debian package that has it
needs="tool:cc:gcc tool:cmake:cmake tool:ninja:ninja-build tool:pkg-config:pkg-config
module:yaml-0.1:libyaml-dev module:libpcre2-8:libpcre2-dev module:libseccomp:libseccomp-dev module:sqlite3:libsqlite3-dev
module:libcrypto:libssl-dev module:jansson:libjansson-dev"
test_needs="module:cmocka:libcmocka-dev module:libcap-ng:libcap-ng-dev"

is_found() {
    case $1 in
    tool) command -v "$2" >/dev/null ;;
    module) pkg-config --exists "$2" 2>/dev/null ;;
    esac
}

# Elsewhere than on Debian: nothing is installed, but what is not there is named.
require_found() {
    missing=
    for need; do
        kind=${need%%:*} rest=${need#*:}
        is_found "$kind" "${rest%%:*}" || missing="$missing ${rest%%:*} (Debian: ${rest#*:})"
    done
    [ -z "$missing" ] || die "this is not Debian, and these are missing:$missing" \
        "Install what your distribution calls them, with their headers, and start again."
    say "this is not Debian: no package is installed, and all that is needed was found"
}

# "build", or "build test".
require_packages() {
    case $1 in
    test) set -- "$build_packages $test_packages" "$needs $test_needs" ;;
    *) set -- "$build_packages" "$needs" ;;
    esac
    # shellcheck disable=SC2086 # lists of words
    if is_debian_like; then
        install_packages $1
    else
        require_found $2
    fi
}

sysctl_is() {
    [ "$(cat "/proc/sys/$1" 2>/dev/null)" = "$2" ]
}

# A process sees no mount at / when its root is a folder somewhere below; where it is a mount, init's root is another.
is_chroot() {
    awk '$5 == "/" { found = 1 } END { exit found }' /proc/self/mountinfo 2>/dev/null && return 0
    first=$(stat -L -c %d:%i /proc/1/root/ 2>/dev/null) || return 1
    [ "$(stat -L -c %d:%i /)" != "$first" ]
}

# Why this machine gives no user namespace, and what would.
namespace_cure() {
    if [ ! -e /proc/self/ns/user ]; then
        say "/proc is not mounted here, or the kernel was built without user namespaces (CONFIG_USER_NS)"
    elif is_chroot; then
        say "this is a chroot, where the kernel gives none: use the machine itself, a virtual machine, or a container"
    elif sysctl_is user/max_user_namespaces 0; then
        say "user.max_user_namespaces is 0: as root, sysctl -w user.max_user_namespaces=15000"
    elif sysctl_is kernel/unprivileged_userns_clone 0; then
        say "as root: sysctl -w kernel.unprivileged_userns_clone=1"
    elif sysctl_is kernel/apparmor_restrict_unprivileged_userns 1; then
        say "as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    else
        say "perhaps a container whose runtime forbids them: start it with --security-opt seccomp=unconfined" \
            "--security-opt apparmor=unconfined --security-opt systempaths=unconfined"
    fi
}

has_namespaces() {
    unshare --user --map-root-user --mount --pid --fork true 2>/dev/null
}

# A build folder of somebody else's would fail somewhere in the middle.
require_own_folder() {
    for folder; do
        if [ -e "$folder" ] && { [ ! -O "$folder" ] || [ ! -w "$folder" ]; }; then
            die "$folder belongs to another user" "Remove it, or start as that user."
        fi
    done
}

# The topmost folder on the way to "$1", itself included, that others may not enter; nothing when they may.
closed_folder() {
    way=
    rest=${1#/}/
    while [ -n "$rest" ]; do
        way=$way/${rest%%/*}
        rest=${rest#*/}
        case $(stat -c %A "$way") in
        *[xt]) ;;
        *)
            printf '%s\n' "$way"
            return
            ;;
        esac
    done
}

# Tests that root runs act as other users too, who must get at what was built. Where a folder above the tree is closed to
# them (as /root is), "$@" goes on in a mount namespace of its own in which that folder holds the tree and nothing else.
show_to_others() {
    closed=$(closed_folder "$repo")
    { [ "$(id -u)" -eq 0 ] && [ -n "$closed" ]; } || return 0
    [ "$closed" != "$repo" ] || die "other users cannot enter $repo, and tests act as other users" "run: chmod go+x $repo"
    say "other users cannot enter $closed, and tests act as other users: they are shown this tree there, and nothing else"
    # shellcheck disable=SC2016 # for the inner shell
    exec unshare --mount sh -c '
        set -e
        held=$(mktemp -d)
        mount --make-rprivate /
        mount --bind "$1" "$held"
        mount -t tmpfs -o mode=0755 none "$2"
        mkdir -p "$1"
        mount --move "$held" "$1"
        rmdir "$held"
        cd "$1"
        shift 2
        exec "$@"' - "$repo" "$closed" "$@"
}
