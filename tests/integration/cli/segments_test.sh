#!/bin/bash
# The log in files: ended by command, by size and by age; records go when their time is over, from log and index; all of it
# verifies, with an owner and as a copy.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
state=$work/state
ask --quiet init "$state"
cat >"$state/policy.yaml" <<'END'
reeve: policy/v1
defaults: {level: controlled}
rules:
  - {id: echo, effect: allow, subject: anyone, capability: [ccos.echo]}
END
echo_of() { ask --state "$state" call --agent a ccos.echo "[\"$1\"]" >/dev/null; }
restart() {
    end_reeved
    printf 'reeve: config/v1\n%s\n' "$1" >"$state/config.yaml"
}
files() { ask --json --state "$state" audit segments; }
pruned() { files | grep -o '"pruned":true' | wc -l; }

echo_of first-word
gives "one file" 0 '^\[\{"first":0,"records":2,"bytes":[0-9]+,"sealed":false,"pruned":false\}\]$' files
gives "it is sealed" 0 '^seq: +2$' ask --state "$state" audit seal
gives "two files" 0 '"first":0,"records":2,.*"sealed":true.*"first":2,"records":1,.*"sealed":false' files
refuses "nothing to seal" 2 'the newest file has no record yet' ask --state "$state" audit seal
gives "a table" 0 '^first +records +bytes +sealed +pruned' ask --state "$state" audit segments
gives "what begins a file" 0 '"checkpoint":".*"edge":\[.*"first":0,.*"last":1,.*"type":"segment"' \
    ask --json --state "$state" audit query --type segment
what="a sealed file" cases=$((cases + 1))
[ "$(stat -c %a "$state/segments/000000000000-000000000001.db")" = 400 ] || complain "its mode is another"
gives "it verifies" 0 'verified: 3 records' ask --state "$state" audit verify
gives "a record of a sealed file" 0 'first-word' ask --state "$state" audit show 1
gives "and its receipt" 0 tlog-proof ask --state "$state" audit receipt 1
gives "a query over files" 0 first-word ask --json --state "$state" audit query --text first-word

gives "a file alone" 0 'verified: 2 records' ask --state "$state" audit verify --segment 0
gives "the newest alone" 0 'verified: 1 records' ask --state "$state" audit verify --segment 2
gives "some records" 0 'verified: 2 records' ask --state "$state" audit verify --from 1 --to 2
gives "from one on" 0 '"ok":true,"records":1,' ask --json --state "$state" audit verify --from 2
refuses "no such file" 2 'no file of the log begins with record 1' ask --state "$state" audit verify --segment 1
refuses "no such records" 2 'the log has signed 3 records' ask --state "$state" audit verify --from 9
refuses "no range" 2 'before --from' ask --state "$state" audit verify --from 2 --to 1
refuses "both" 2 'no --from or --to' ask --state "$state" audit verify --segment 0 --to 1

# A copy, without its owner.
ask --state "$state" audit checkpoint >"$work/checkpoint"
end_reeved
mkdir "$work/copy"
cp -r "$state/segments" "$state/log.db" "$work/copy/"
gives "a copy verifies" 0 'verified: 3 records' \
    ask audit verify --copy "$work/copy" --key "$state/key.vkey" --checkpoint "$work/checkpoint"
for part in "--segment 0" "--segment 2" "--from 1 --to 1"; do
    # shellcheck disable=SC2086
    gives "a copy's $part" 0 'verified: [12] records' \
        ask audit verify --copy "$work/copy" --key "$state/key.vkey" --checkpoint "$work/checkpoint" $part
done
chmod 600 "$work/copy/segments/"*
rm "$work/copy/segments/"*
run_case "a copy without a file" ask audit verify --copy "$work/copy" --key "$state/key.vkey" --checkpoint "$work/checkpoint"
[ "$got" -eq 1 ] && grep -q 'missing at sequence 0' "$work/out" || complain "status $got"

# By size.
restart 'log: {segment: {size: 64KiB}}'
long=$(head -c 3000 /dev/zero | tr '\0' x)
for i in $(seq 40); do echo_of "$long"; done
what="by size" cases=$((cases + 1))
[ "$(files | grep -o '"sealed":true' | wc -l)" -ge 2 ] || complain "no file ended"
gives "it verifies, by size" 0 verified ask --state "$state" audit verify

# By age, and kept for a time.
echo_of goes-with-its-time
restart 'log: {segment: {age: 1s}, keep: 2s}'
echo_of last-word
what="records go" cases=$((cases + 1))
for _ in $(seq 200); do
    grep -rqF goes-with-its-time "$state" || break
    sleep 0.1
done
! grep -rqF goes-with-its-time "$state" || complain "it is in $(grep -rlF goes-with-its-time "$state")"
! grep -rqF first-word "$state" || complain "it is in $(grep -rlF first-word "$state")"
[ "$(pruned)" -ge 4 ] || complain "$(pruned) files are pruned"
gives "it verifies, pruned" 0 'since the time is over for which they were kept' ask --state "$state" audit verify
gives "what was kept is told" 0 '"kept_s":2.*"type":"expired"' ask --json --state "$state" audit query --type expired
gives "starts are kept" 0 '"seq":0,.*"type":"start"' ask --json --state "$state" audit query --type start
gives "a proof of what is gone" 0 '"index":1,' ask --state "$state" audit prove 1
refuses "and no receipt" 3 '' ask --state "$state" audit receipt 1

# Killed again and again while files end and go.
for i in $(seq 6); do
    for k in $(seq 4); do echo_of "word $i $k"; done
    sleep "0.$((i * 3))"
    kill -9 "$(tr -dc 0-9 <"$state/lock")" 2>/dev/null || true
    sleep 0.1
done
gives "it verifies, killed" 0 verified ask --state "$state" audit verify

for bad in 'log: {keep: 5}' 'log: {segment: {size: 1KiB}}' 'log: {segment: {age: 10ms}}' 'log: {segments: {}}' 'log: {segment: {days: 1}}'; do
    restart "$bad"
    run_case "config: $bad" ask --state "$state" status
    [ "$got" -ne 0 ] && grep -q 'config.yaml:2:' "$work/err" || complain "it is taken"
done
done_testing
