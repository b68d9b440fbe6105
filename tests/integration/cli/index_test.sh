#!/bin/bash
# Queries by way of the index say what reading the whole log says, also while it lags, is gone, or lies.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
state=$work/state
cat >"$work/policy.yaml" <<'END'
reeve: policy/v1
defaults: {level: controlled}
rules:
  - {id: echo, effect: allow, subject: anyone, capability: [ccos.echo]}
  - {id: sums, effect: allow, subject: ["agent:b"], capability: [ccos.math.add]}
END
ask --quiet init "$state"
cp "$work/policy.yaml" "$state/policy.yaml"
query() {
    ask --json --state "$state" audit query "$@"
}
indexed() { # up to the log's end
    local status
    status=$(ask --json --state "$state" status)
    [ "$(sed 's/.*"log":{[^}]*"size":\([0-9]*\).*/\1/' <<<"$status")" -eq "$(sed 's/.*"through":\([0-9]*\).*/\1/' <<<"$status")" ]
}
until_indexed() {
    for _ in $(seq 200); do
        indexed && return
        sleep 0.05
    done
    complain "the index does not get to the end"
}
same() {
    what="query $*"
    cases=$((cases + 1))
    query "$@" >"$work/out"
    query --scan "$@" >"$work/err"
    cmp -s "$work/out" "$work/err" || complain "the index says something else"
}
for i in 1 2 3 4 5 6; do
    ask --state "$state" call --agent "$([ $((i % 2)) = 0 ] && echo a || echo b)" ccos.echo "[\"word$i common\"]" >"$work/out"
    ask --state "$state" call --agent b ccos.math.add "[1, $i]" >"$work/out"
    ask --state "$state" call --agent a ccos.math.add "[1, $i]" >"$work/out" 2>&1 || true
done
until_indexed
all() {
    same
    same --agent a
    same --agent b --effect allow
    same --effect deny --limit 2
    same --capability ccos.math.add --rule sums
    same --text "WORD3 common"
    same --text "common" --limit 3
    same --type start
    same --since 2026-01-01 --until 2100
    same --until 2026-01-01
    same --from 7 --agent a
}
all
gives "one is found by its words" 0 '"word4 common"' query --text word4
refuses "a time that is none" 2 'yesterday is no time' query --since yesterday

what="an index that lags"
kill -STOP "$(tr -dc 0-9 <"$state/lock")" && kill -CONT "$(tr -dc 0-9 <"$state/lock")"
ask --state "$state" call --agent b ccos.echo '["afterwards"]' >"$work/out"
gives "what is newest is found" 0 '"afterwards"' query --text afterwards
ask --quiet --state "$state" audit reindex || complain "reindex"
all
until_indexed
all

end_reeved
printf 'nothing' >"$state/index.db"
gives "a damaged one is no matter" 0 '"word2 common"' query --text word2
until_indexed
all
end_reeved
rm -f "$state"/index.db*
gives "nor is one that is gone" 0 '"word2 common"' query --text word2
until_indexed
[ "$(stat -c %a "$state/index.db")" = 600 ] || complain "mode of index.db"
end_reeved
# Somebody hides a record by the index: it does not say so, and --scan does without.
if command -v sqlite3 >/dev/null; then
    sqlite3 "$state/index.db" "UPDATE entry SET subject = 'agent:nobody' WHERE subject = 'agent:a'"
    [ "$(query --agent nobody | wc -l)" -eq 0 ] || complain "what the index says is taken for the record"
    [ "$(query --scan --agent a | wc -l)" -gt 5 ] || complain "--scan asks the index"
fi
done_testing
