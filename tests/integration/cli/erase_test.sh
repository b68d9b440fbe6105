#!/bin/bash
# What was erased is in no file, its owner living or not; the log says by whom and why, and verifies.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cat >"$work/policy.yaml" <<'END'
reeve: policy/v1
defaults: {level: controlled}
rules:
  - {id: echo, effect: allow, subject: anyone, capability: [ccos.echo]}
  - {id: run, effect: allow, subject: anyone, capability: [program.external], grant: {filesystem: {read: [/usr/lib, /usr/lib64, /usr/bin, /etc/ld.so.cache]}}}
END
state=$work/state
ask --quiet init "$state"
cp "$work/policy.yaml" "$state/policy.yaml"
short=person-one long=$(printf 'person-two %.0s' $(seq 600)) other=person-three
for text in "$short" "$long" "$other"; do
    gives "it is answered" 0 person ask --state "$state" call --agent a ccos.echo "[\"$text\"]"
done
seq_of() {
    ask --json --state "$state" audit query --scan --text "$1" | grep -o '"seq":[0-9]*' | head -1 | tr -dc 0-9
}
found() { # NAME: whether it stands in a file of the folder
    grep -rqF "$1" "$state"
}
for name in one two; do
    found "person-$name" || { what="person-$name"; complain "it is not there to be erased"; }
    seq=$(seq_of "$([ "$name" = one ] && echo one || echo two)")
    gives "record $seq is erased" 0 "^erased: +$seq\$" ask --state "$state" audit erase "$seq" --reason "asked by person $name"
    ! found "person-$name" || complain "it is in $(grep -rlF "person-$name" "$state")"
done
# The plan of a run has its arguments too.
run_case "a run" ask --state "$state" run --agent a -- /usr/bin/true person-four
[ "$got" -eq 0 ] || complain "status $got"
seq_of_run=$(ask --json --state "$state" audit query --scan --type decision --text four | grep -o '"seq":[0-9]*' | head -1 | tr -dc 0-9)
gives "its plan" 0 person-four ask --state "$state" audit show "$seq_of_run" --plan
gives "a run is erased" 0 "^erased: +$seq_of_run\$" ask --state "$state" audit erase "$seq_of_run" --reason fourth
for _ in $(seq 100); do
    found person-four || break
    sleep 0.05
done
! found person-four || complain "it is in $(grep -rlF person-four "$state")"
gives "JSON for programs" 0 '^\{"erased":[0-9]+,"recorded":[0-9]+\}$' \
    ask --json --state "$state" audit erase "$(seq_of three)" --reason third
refuses "twice" 3 'kept as its hash alone already' ask --state "$state" audit erase "$seq" --reason again
refuses "what tells of the log" 2 'of type start and tells of the log itself: it stays' \
    ask --state "$state" audit erase 0 --reason x
refuses "what is not there" 3 'the log has no record 9999' ask --state "$state" audit erase 9999 --reason x
refuses "no reason" 2 "say why, with --reason" ask --state "$state" audit erase 1
refuses "a long reason" 2 'at most 512 bytes' ask --state "$state" audit erase 1 --reason "$(printf '%0600d' 1)"
gives "who and why" 0 '"reason":"asked by person two".*"was":"decision"' ask --json --state "$state" audit query --type erased
gives "it verifies" 0 '4 .*erased' ask --state "$state" audit verify
gives "verifying counts them" 0 '"erased":4' ask --json --state "$state" audit verify
refuses "it is not shown" 1 'kept as its hash alone' ask --state "$state" audit show "$seq"
refuses "it has no receipt" 3 '' ask --state "$state" audit receipt "$seq"
gives "it has its proof" 0 '"index":' ask --state "$state" audit prove "$seq"
gives "and the others have receipts" 0 'tlog-proof' ask --state "$state" audit receipt 0
for _ in $(seq 100); do
    ask --json --state "$state" audit query --type erased >"$work/out"
    [ "$(wc -l <"$work/out")" -eq 4 ] && break
    sleep 0.05
done
[ "$(wc -l <"$work/out")" -eq 4 ] || complain "the index does not come back"
kill -9 "$(tr -dc 0-9 <"$state/lock")"
sleep 0.2
! found person-one || complain "after the owner's death it is in $(grep -rlF person-one "$state")"
gives "after a restart" 0 '4 .*erased' ask --state "$state" audit verify
done_testing
