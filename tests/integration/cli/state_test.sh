#!/bin/bash
# State folders that are missing, foreign, damaged or left open: each an error that names the thing and the way out.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
tour=$root/rules/examples/tour.yaml
cd "$work"

made() {
    ask --quiet init "$work/$1"
}
add() {
    ask --state "$work/$1" call --policy "$tour" --agent lab-1 ccos.math.add '[2, 40]'
}

refuses "folder that does not exist" 3 "$work/none does not exist.*reeve init" ask --state "$work/none" status
mkdir other && : >other/file && chmod 755 other
refuses "folder that holds other things" 3 "$work/other is no state folder.*reeve init" ask --state "$work/other" status
refuses "init over other things" 3 "$work/other holds other files" ask init "$work/other"
made twice
refuses "init over a state folder" 3 "$work/twice is a state folder already" ask init "$work/twice"
refuses "helpers that are not there" 3 "reeved" "$reeve" --state "$work/twice" --helper-dir "$work/nohelpers" status

made open && chmod 0777 "$work/open"
refuses "folder that others may write" 3 "chmod go-w $work/open" ask --state "$work/open" status

made key && chmod 0644 "$work/key/key.pem"
refuses "key that others may read" 3 "key.pem.*chmod" add key
rm "$work/key/key.pem"
refuses "no key" 3 "key.pem" add key

made policy && printf 'rules: 7\n' >"$work/policy/policy.yaml"
refuses "the folder's policy has errors" 1 "policy.yaml:[0-9]+:[0-9]+|policy.yaml.*line" add policy

made swept && : >"$work/swept/key.pem.0123456789abcdef.tmp" && : >"$work/swept/blobs/ab.0123456789abcdef.tmp"
gives "an owner starts" 0 '^42$' add swept
[ -z "$(find "$work/swept" -name '*.tmp')" ] || complain "what a writer left half-written is still there"

made gone && gives "a record" 0 '^42$' add gone && end_reeved
rm "$work/gone"/log.db*
refuses "records that were taken away" 3 "tail-lost from record 0" add gone
run_case "and verify says from where" ask --state "$work/gone" audit verify
[ "$got" -eq 1 ] && grep -Eq '^tail-lost at sequence 0' "$work/out" || complain "no finding with the first sequence"

made torn && gives "a record" 0 '^42$' add torn && end_reeved
printf 'this is no database any more, whatever its name may say' | dd of="$work/torn/log.db" conv=notrunc status=none
rm -f "$work/torn"/log.db-*
refuses "a database that is none" 3 "damaged from record 0" add torn
run_case "and verify says so" ask --state "$work/torn" audit verify
[ "$got" -eq 1 ] && grep -Eq 'at sequence [0-9]+' "$work/out" || complain "no finding with the first sequence"

if [ "$(id -u)" -eq 0 ]; then
    made foreign
    refuses "folder of somebody else" 3 "$work/foreign belongs to .*--state" \
        setpriv --reuid 65534 --regid 65534 --clear-groups "$reeve" --helper-dir "$helpers" --state "$work/foreign" status
    made stolen && chown 65534 "$work/stolen/key.pem"
    refuses "key of somebody else" 3 "key.pem.*chown" add stolen
    refuses "no folder can be told" 2 "REEVE_STATE" \
        env -u HOME -u XDG_STATE_HOME setpriv --reuid 65534 --clear-groups "$reeve" init
else
    echo "not root: nothing of somebody else's was tried"
fi
done_testing
