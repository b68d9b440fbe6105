#!/bin/bash
# Every type of record, and every outcome that this machine can bring about, fits docs/schemas/record.schema.json; a record
# with anything changed does not.
set -euo pipefail
. "$(dirname "$0")/../cli/lib.sh"
check=$4 schema=$root/docs/schemas/record.schema.json state=$work/state
long=$(head -c 9000 /dev/zero | tr '\0' x)
cat >"$work/policy.yaml" <<'END'
reeve: policy/v1
defaults: {level: controlled, limits: {wall: 2s, output: 64KiB}, approval: {by: ["user:boss"], need: 1, within: 1h, covers: once}}
subjects: [{match: "agent:p", level: pure}]
labels: [seen]
rules:
  - {id: echo, effect: allow, subject: anyone, capability: [ccos.echo]}
  - {id: run, effect: allow, subject: ["agent:a"], capability: [program.external], grant: {filesystem: {read: [/usr/lib, /usr/lib64, /usr/bin, /etc/ld.so.cache]}}}
  - {id: not-d, effect: deny, subject: ["agent:d"], capability: [ccos.echo], obligations: [{type: notify, properties: {channel: ops}}], reason: "Not d"}
  - {id: asked, effect: ask, subject: ["agent:q"], capability: [ccos.system.get-env]}
  - {id: hold, effect: require, capability: [ccos.math.add], require: {isolation: vm}}
  - {id: sums, effect: allow, subject: anyone, capability: [ccos.math.add]}
  - {id: dry, effect: deny, subject: ["agent:s"], capability: [ccos.echo], mode: shadow}
  - {id: labelled, effect: allow, subject: anyone, capability: [ccos.json.parse], labels: [seen]}
audit: {mask: [args.a]}
END
ask --quiet init "$state"
cp "$work/policy.yaml" "$state/policy.yaml"
do_it() {
    timeout 60 "$reeve" --helper-dir "$helpers" --state "$state" "$@" >"$work/out" 2>"$work/err" </dev/null || true
}
do_it call --agent a ccos.echo '["hello"]'
do_it call --agent a ccos.echo "[\"$long\"]"
do_it call --agent a --resource "doc:1" --context '{"k": [1, {"x": true}]}' --ceiling '{"level": "pure", "capabilities": ["*"]}' ccos.echo '[1]'
do_it call --agent a --level pure ccos.echo '[1]'
do_it call --agent d ccos.echo '["x"]'
do_it call --agent s ccos.echo '["x"]'
do_it call --agent q ccos.system.get-env '["HOME"]'
do_it call --agent a ccos.math.add '[2, 40]'
do_it call --agent a ccos.math.add '["x", 40]'
do_it call --agent a ccos.json.parse '["[1]"]'
do_it call --agent a acme.unknown '{}'
do_it call --agent p ccos.io.read-file '["/etc/hostname"]'
do_it call --agent a ccos.echo '{"value": 1, "value": 2}'
do_it call --agent "$(printf 'a\001')" ccos.echo '[1]'
do_it run --agent a -- /usr/bin/true
do_it run --agent a -- /usr/bin/false
do_it run --agent a -- /usr/bin/sleep 30
do_it run --agent a -- /usr/bin/env sh -c 'kill -9 $$'
do_it run --agent a -- /usr/bin/seq 1000000
do_it run --agent a -- /usr/bin/none-such
do_it run --agent a --explain -- /usr/bin/true
do_it run --agent b -- /usr/bin/true
sed 's/args.a\]/args.a, args.argv]/' "$work/policy.yaml" >"$work/masked.yaml"
do_it run --policy "$work/masked.yaml" --agent a -- /usr/bin/true masked
do_it run --agent a --provider mock -- /usr/bin/true
printf 'reeve: policy/v1\nrules: 7\n' >"$work/wrong.yaml"
do_it call --policy "$work/wrong.yaml" --agent a ccos.echo '[1]'

# A run that an owner's death ends, and rows that a crash leaves.
timeout 60 "$reeve" --helper-dir "$helpers" --state "$state" run --policy "$work/masked.yaml" --agent a -- /usr/bin/sleep 30 >"$work/out" 2>&1 </dev/null &
for _ in $(seq 100); do
    ask --json --state "$state" audit query --type release --scan >"$work/releases"
    [ "$(grep -c '"type":"release"' "$work/releases")" -ge 7 ] && break
    sleep 0.05
done
kill -9 "$(tr -dc 0-9 <"$state/lock")"
wait
sleep 0.3
do_it status
do_it audit rotate-key
do_it audit seal
do_it audit erase "$(ask --json --state "$state" audit query --type end --scan | grep -o '"seq":[0-9]*' | head -1 | tr -dc 0-9)" --reason 'a test'
do_it audit erase "$(ask --json --state "$state" audit query --type decision --scan | grep -o '"seq":[0-9]*' | head -1 | tr -dc 0-9)" --reason 'a test'
ask --json --state "$state" audit query --scan | grep -v '"kept":false' >"$work/records"
what="records of a real log"
cases=$((cases + 1))
"$check" "$schema" <"$work/records" >"$work/out" 2>"$work/err" || complain "a record does not fit"
for type in start decision release end rejected rotation erased segment; do
    grep -q "^$type [0-9]" "$work/out" || complain "no record of type $type"
done
for what in '"how":"ok"' '"how":"limit"' '"how":"lost"' '"plan_kept":false' '"signal":9' '"refusal"' '"masked"' '"shadow"' '"requires"' '"approvals"' \
    '"obligations"' '"bytes":' '"ceiling"' '"resource"' '"context"' '"effect":"ask"' '"level":"pure"' '"what":"policy"'; do
    cases=$((cases + 1))
    grep -qF "$what" "$work/records" || complain "no record has it"
done
# Of a log whose records are kept for a second.
expired() {
    local i
    ask --quiet init "$work/short" >&2
    printf 'reeve: config/v1\nlog: {keep: 1s, segment: {age: 1s}}\n' >"$work/short/config.yaml"
    for i in $(seq 100); do
        ask --state "$work/short" call --agent a ccos.echo '[1]' >/dev/null || true
        ask --json --state "$work/short" audit query --type expired --limit 1 --scan >"$work/expired"
        [ -s "$work/expired" ] && break
        sleep 0.1
    done
    cat "$work/expired"
}
# What only a crash or a forger brings about, in the form that the owner writes.
head=$(grep -m 1 '"type":"start"' "$work/records" | sed 's/.*\("grade":"[^"]*"\).*\("owner":"[^"]*"\).*\("time":"[^"]*"\).*/"boot_ns":1,\1,\2,\3/')
for record in "{$head,\"from\":3,\"seq\":9,\"to\":4,\"type\":\"unacknowledged\"}" \
    "{$head,\"from\":3,\"seq\":9,\"to\":4,\"type\":\"unsigned\"}" \
    "{\"beyond_crash\":true,$head,\"from\":3,\"seq\":9,\"to\":4,\"type\":\"unsigned\"}" "$(expired)" \
    "{\"checkpoint\":\"c\",\"folder\":\"lost-3-4\",$head,\"from\":3,\"reason\":\"r\",\"seq\":1,\"to\":4,\"type\":\"loss\",\"uid\":0,\"vkey\":\"v\"}"; do
    what=$record
    cases=$((cases + 1))
    "$check" "$schema" <<<"$record" >"$work/out" 2>"$work/err" || complain "it does not fit"
done
# The schema says no.
while IFS= read -r change; do
    what="a record after $change"
    cases=$((cases + 1))
    grep -m 1 '"how":"ok".*"mode":"execute"' "$work/records" | sed "$change" >"$work/changed"
    "$check" "$schema" <"$work/changed" >"$work/out" 2>"$work/err" && complain "it fits"
done <<'END'
s/"type":"decision"/"type":"decided"/
s/"seq":[0-9]*,//
s/"effect":"allow"/"effect":"maybe"/
s/"time":"[^"]*"/"time":"yesterday"/
s/"policy":"sha256:[0-9a-f]/"policy":"sha256:g/
s/"how":"ok"/"how":"fine"/
s/"subject":"[^"]*"/"subject":7/
s/"inputs":{/"inputs":{"more":1,/
s/^{/{"more":1,/
s/"pid":[0-9]*,/"pid":"1",/
s/^{/{"plan_kept":true,/
END
done_testing
