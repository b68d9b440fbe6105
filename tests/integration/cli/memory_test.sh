#!/bin/bash
# JSON that is made element by element, with a call of jansson that fails for want of memory: all of it is there, or none.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
no_memory=$4
cd "$work"

cat >policy.yaml <<'END'
reeve: policy/v1
defaults: {level: controlled}
groups: {none: []}
rules:
  - {id: one, effect: allow, subject: ["user:ana"], capability: [ccos.ehco]} # reeve: allow no-reason it is a test
tests:
  - {name: t, request: {subject: "user:ana", capability: ccos.ehco}, expect: {effect: allow}}
END

# whole STATUS COMMAND...: without a call that fails, that status; with one, the same or a message and nothing else.
whole() {
    local status=$1 function n same
    shift
    "$reeve" "$@" >whole.json || [ $? -eq "$status" ]
    for function in json_string json_array json_array_append_new json_object_set_new json_dumps; do
        same=0
        for ((n = 1; n < 400 && same < 3; n++)); do
            run_case "$* without memory for $function, call $n" \
                env ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 LD_PRELOAD="$no_memory" "NO_MEMORY=$function:$n" "$reeve" "$@"
            if cmp -s out whole.json && [ "$got" -eq "$status" ]; then
                same=$((same + 1)) # it went another way, or there are no more calls
            elif [ "$got" -lt 3 ]; then
                complain "status $got, and not all of it"
            elif [ -s out ]; then
                complain "something on standard output"
            elif ! grep -q 'memory' err; then
                complain "no word of memory"
            fi
        done
    done
}
whole 0 policy lint --format json policy.yaml
whole 0 --json policy codes P052 P053
whole 0 --json policy codes
whole 0 --json policy test policy.yaml
done_testing
