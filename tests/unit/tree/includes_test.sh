#!/bin/sh
# Includes follow the arrows between folders; and the checker finds those that do not.
# usage: includes_test.sh ROOT
set -eu
root=$1
here=$root/tests/unit/tree

check() {
    (cd "$1" && find base core policy audit providers broker tools include -name '*.[ch]' | sort |
        xargs awk -f "$here/includes.awk")
}

check "$root" || { echo "includes go against the arrows (above)"; exit 1; }

found=$(check "$here/fixture") && { echo "the checker finds nothing in the planted violations"; exit 1; }
if [ "$found" != "$(cat "$here/fixture/expected")" ]; then
    printf 'the checker found in the fixture:\n%s\ninstead of:\n' "$found"
    cat "$here/fixture/expected"
    exit 1
fi
