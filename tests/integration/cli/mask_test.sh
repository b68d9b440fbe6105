#!/bin/bash
# What a policy masks is nowhere on the disk, and one value has one tag from start to start.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cat >"$work/policy.yaml" <<'END'
reeve: policy/v1
defaults: {level: controlled}
rules:
  - {id: echo, effect: allow, subject: anyone, capability: [ccos.echo]}
audit: {mask: [args.value, args.path]}
END
state=$work/state
ask --quiet init "$state"
cp "$work/policy.yaml" "$state/policy.yaml"
echo_back() {
    ask --state "$state" call --agent a-1 ccos.echo "[\"$1\"]"
}
tags() {
    ask --json --state "$state" audit query | grep -o 'hmac-sha256:[0-9a-f]*' >"$work/tags" || true
}
gives "it is answered" 0 'open-sesame-1' echo_back open-sesame-1
gives "another" 0 'open-sesame-2' echo_back open-sesame-2
refuses "what is denied has a record as well" 125 '' \
    ask --state "$state" call --agent a-1 ccos.io.read-file '["/open-sesame-1/x"]'
end_reeved
gives "after a restart" 0 'open-sesame-1' echo_back open-sesame-1
tags
[ "$(wc -l <"$work/tags")" -eq 7 ] || complain "$(wc -l <"$work/tags") tags of 7"
[ "$(sed -n 1p "$work/tags")" = "$(sed -n 6p "$work/tags")" ] || complain "one value has two tags"
[ "$(sort -u "$work/tags" | wc -l)" -eq 3 ] || complain "two values have one tag"
kill -9 "$(tr -dc 0-9 <"$state/lock")" # WAL and all stay as they are
sleep 0.2
grep -rlF open-sesame "$state" >"$work/found" && complain "it is in $(cat "$work/found")"
[ "$(stat -c %a "$state/mask.key")" = 600 ] || complain "mode of mask.key"
chmod 644 "$state/mask.key"
refuses "a key that others can read" 3 'mask.key can be reached by others' echo_back open-sesame-1
chmod 600 "$state/mask.key"
echo x >"$state/mask.key"
refuses "a key that is none" 3 'mask.key does not hold' echo_back open-sesame-1
rm "$state/mask.key"
gives "without it a new one is made" 0 'open-sesame-1' echo_back open-sesame-1
tags
[ "$(sed -n 1p "$work/tags")" != "$(tail -n 1 "$work/tags")" ] || complain "another key gives the same tag"
gives "starts tell which" 0 '^2$' \
    eval 'ask --json --state "$state" audit query | grep -o "\"mask_key\":\"[0-9a-f]*\"" | sort -u | wc -l'

# A plan that is made of what is masked is kept nowhere, its record says so; any other is.
end_reeved
state=$work/plans
cat >"$work/run.yaml" <<'END'
reeve: policy/v1
defaults: {level: controlled, limits: {wall: 10s}}
rules:
  - {id: run, effect: allow, subject: anyone, capability: [program.external], grant: {filesystem: {read: [/usr/lib, /usr/lib64, /usr/bin, /etc/ld.so.cache]}}}
audit: {mask: [args.argv]}
END
sed '/^audit/d' "$work/run.yaml" >"$work/shown.yaml"
ask --quiet init "$state"
cp "$work/run.yaml" "$state/policy.yaml"
gives "a run with a masked argument" 0 'open-sesame-3' ask --state "$state" run --agent a -- /usr/bin/echo open-sesame-3
gives "by a policy that masks nothing" 0 'in-the-open' \
    ask --state "$state" run --policy "$work/shown.yaml" --agent a -- /usr/bin/echo in-the-open
gives "and only explained" 0 'open-sesame-4' ask --state "$state" run --explain --agent a -- /usr/bin/echo open-sesame-4
ask --json --state "$state" audit query --scan >"$work/records"
plan_of() {
    sed -n "s/.*$1.*\"plan\":\"sha256:\([0-9a-f]*\)\".*\"type\":\"decision\".*/\1/p" "$work/records" | head -n 1
}
[ "$(grep -c '"plan_kept":false' "$work/records")" -eq 3 ] || complain "two decisions and an end say that a plan is not kept"
seq_of() {
    grep "\"type\":\"$1\"" "$work/records" | grep -F "$2" | sed -n 's/.*"seq":\([0-9]*\).*/\1/p' | head -n 1
}
masked=$(seq_of decision '"plan_kept":false')
shown=$(seq_of decision in-the-open)
refuses "a plan that is not kept" 1 "plan of record $masked is not kept, since the policy masks" \
    ask --state "$state" audit show "$masked" --plan
refuses "nor is it by its release" 1 'no plan of this digest' ask --state "$state" audit show "$((masked + 1))" --plan
gives "one that is" 0 'in-the-open' ask --state "$state" audit show "$shown" --plan
gives "by its release" 0 'in-the-open' ask --state "$state" audit show "$((shown + 1))" --plan
gives "and its end, as JSON" 0 '^\{"argv":\["/usr/bin/echo","in-the-open"\]' ask --json --state "$state" audit show "$((shown + 2))" --plan
gives "its bytes are what the digest is of" 0 "^$(plan_of in-the-open)" \
    eval 'ask --state "$state" audit show "$shown" --plan --raw | sha256sum'
gives "verifying counts both" 0 '"plans_kept":1,"plans_masked":2,"plans_unchecked":0' ask --json --state "$state" audit verify
refuses "a record that names none" 1 'record 0 names no plan' ask --state "$state" audit show 0 --plan
refuses "no record" 1 'no record 99' ask --state "$state" audit show 99 --plan
ask --state "$state" audit checkpoint >"$work/checkpoint"
kill -9 "$(tr -dc 0-9 <"$state/lock")"
sleep 0.2
grep -rlF open-sesame "$state" >"$work/found" && complain "it is in $(cat "$work/found")"
grep -qF in-the-open "$state"/plans.db* || complain "what is not masked is not in plans.db or its WAL"

# A copy, with no owner.
copy_verifies() {
    ask --json audit verify --copy "$work/copy" --key "$state/key.vkey" --checkpoint "$work/checkpoint"
}
mkdir "$work/copy"
cp "$state"/log.db* "$state"/plans.db* "$work/copy"
gives "a record of a copy" 0 'in-the-open' ask audit show "$shown" --copy "$work/copy"
gives "its plan" 0 'in-the-open' ask audit show "$shown" --plan --copy "$work/copy"
refuses "that is not kept there either" 1 'is not kept' ask audit show "$masked" --plan --copy "$work/copy"
refuses "no record there" 1 'no record 99' ask audit show 99 --copy "$work/copy"
refuses "no folder" 3 'none-such' ask audit show 1 --copy "$work/none-such"
gives "it verifies" 0 '"plans_kept":1,"plans_masked":2,"plans_unchecked":0' copy_verifies
if command -v sqlite3 >/dev/null; then
    sqlite3 "$work/copy/plans.db" "UPDATE plan SET bytes = x'00'"
    gives "with other bytes it does not" 1 '"finding":"plan-changed".*"first_bad":'"$shown" copy_verifies
    refuses "and they are not shown" 1 'does not hash to its digest' ask audit show "$shown" --plan --copy "$work/copy"
    sqlite3 "$work/copy/plans.db" "DELETE FROM plan"
    gives "nor without" 1 '"finding":"plan-missing".*"first_bad":'"$shown" copy_verifies
fi
rm "$work/copy"/plans.db*
gives "a copy of the log alone says so" 0 '"plans_unchecked":1' copy_verifies
refuses "and has none to show" 1 'no plans.db' ask audit show "$shown" --plan --copy "$work/copy"
done_testing
