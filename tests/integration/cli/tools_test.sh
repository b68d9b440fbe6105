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
done_testing
