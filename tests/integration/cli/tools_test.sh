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
done_testing
