#!/bin/bash
# What the scripts in tools/ share.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$work"

# A child that ends when its parent has become one that never asks: a zombie for as long as that sleeps.
sh -c '(until grep -qx sleep /proc/$$/comm; do sleep 0.02; done) & echo $! >pid; exec sleep 100' &
parent=$!
for _ in $(seq 100); do
    [ -s pid ] && grep -q '^State:[[:space:]]*Z' "/proc/$(cat pid)/status" 2>/dev/null && break
    sleep 0.05
done
gives "a process that has ended and is still there" 0 '^gone$' \
    timeout 4 bash -c '. "$1/tools/lib.sh"; await_end "$2"; echo gone' - "$root" "$(cat pid)"
kill "$parent"
wait "$parent" 2>/dev/null || true
gives "one that is not" 0 '^gone$' timeout 4 bash -c '. "$1/tools/lib.sh"; await_end "$2"; echo gone' - "$root" "$parent"

mkdir bin
cat >bin/dpkg-query <<'END'
#!/bin/sh
for package; do :; done
case $package in
here) echo installed ;;
two) printf 'not-installed\ninstalled\n' ;;
purged) echo not-installed ;;
half) echo half-installed ;;
*) exit 1 ;;
esac
END
chmod 755 bin/dpkg-query
gives "packages that are not there, by whatever word dpkg says so" 0 '^purged half unknown $' \
    env PATH="$work/bin:$PATH" bash -c '. "$1/tools/lib.sh"; missing_packages here two purged half unknown; echo' - "$root"
mkdir -p open/closed/tree && chmod 755 open open/closed/tree && chmod 700 open/closed
gives "the folder that others may not enter" 0 "^$work/open/closed\$" \
    bash -c '. "$1/tools/lib.sh"; closed_folder "$2"' - "$root" "$work/open/closed/tree"
gives "none is closed" 0 '^$' bash -c '. "$1/tools/lib.sh"; closed_folder "$2"; echo' - "$root" "$work/open"
if [ "$(id -u)" -eq 0 ] && unshare --mount true 2>/dev/null; then
    echo shown >open/closed/tree/file && echo not >open/closed/other
    gives "the tree is shown to others, and nothing beside it" 0 '^shown$' bash -c '. "$1/tools/lib.sh"
        repo=$2; show_to_others setpriv --reuid 65534 --clear-groups sh -c "cat file; cat ../other 2>/dev/null || true"' \
        - "$root" "$work/open/closed/tree"
fi
done_testing
