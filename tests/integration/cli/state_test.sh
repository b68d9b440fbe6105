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
made half && rm "$work/half/config.yaml" "$work/half/policy.yaml" && rmdir "$work/half/blobs"
gives "init after one that was interrupted" 0 "" ask init "$work/half"
gives "and the folder serves" 0 '^42$' add half
what="two inits at once" cases=$((cases + 1))
for i in 1 2 3 4 5 6 7 8; do
    ask --quiet init "$work/race$i" >"$work/out" 2>"$work/err" &
    ask --quiet init "$work/race$i" >/dev/null 2>&1 || true
    wait $! || true
    ask --state "$work/race$i" status >"$work/out" 2>"$work/err" || complain "race$i cannot be opened"
done
made relative
gives "a relative folder, nobody serving it yet" 0 '^42$' \
    sh -c 'cd "$1" && exec "$2" --helper-dir "$3" --state race1/../relative call --policy "$4" --agent lab-1 ccos.math.add "[2, 40]"' \
    - "$work" "$reeve" "$helpers" "$tour"
refuses "too few descriptors" 3 "may open 300 files .RLIMIT_NOFILE.*ulimit -n" \
    bash -c 'ulimit -n 300; exec "$@"' - "$reeve" --helper-dir "$helpers" --state "$work/twice" status
refuses "helpers that are not there" 3 "reeved" "$reeve" --state "$work/twice" --helper-dir "$work/nohelpers" status

made $'b\377d'
gives "a folder whose name is no UTF-8" 0 '"folder":"[^"]*/b..xffd"' ask --state "$work"/$'b\377d' status --json
made open && chmod 0777 "$work/open"
refuses "folder that others may write" 3 "chmod go-w $work/open" ask --state "$work/open" status

made key && chmod 0644 "$work/key/key.pem"
refuses "key that others may read" 3 "key.pem.*chmod" add key
rm "$work/key/key.pem"
refuses "no key" 3 "$work/key: key.pem cannot be opened .*restore it from a backup" add key
made noblobs && rmdir "$work/noblobs/blobs"
refuses "no folder of policies" 3 "$work/noblobs/blobs cannot be opened .*mkdir -m 0700 $work/noblobs/blobs" add noblobs

# says TITLE STATUS PATTERN COMMAND...: of reeved, whose messages have its own name.
says() {
    local title=$1 status=$2 pattern=$3
    shift 3
    run_case "$title" "$@"
    [ "$got" -eq "$status" ] || complain "status $got instead of $status"
    grep -Eq -e "^reeved: $pattern" "$work/err" || complain "standard error does not match: $pattern"
}
says "reeved names the folder of its environment" 3 "$work/none/x does not exist; make it with: reeve init $work/none/x" \
    env REEVE_STATE="$work/none/x" "$helpers/reeved"
: >"$work/file"
says "a folder that is none" 3 "the state folder $work/file/x cannot be reached: Not a directory" \
    "$helpers/reeved" --state "$work/file/x"

made policy && printf 'rules: 7\n' >"$work/policy/policy.yaml"
refuses "the folder's policy has errors" 3 "policy.yaml:[0-9]+:[0-9]+|policy.yaml.*line" add policy

printf 'reeve: policy/v1\nname: x\nrules: []\n' >"$work/policy/policy.yaml" && chmod g+w "$work/policy/policy.yaml"
refuses "a policy that others may write" 3 "others may write $work/policy/policy.yaml; run: chmod go-w $work/policy/policy.yaml" add policy
mv "$work/policy/policy.yaml" "$work/elsewhere.yaml" && ln -s "$work/elsewhere.yaml" "$work/policy/policy.yaml"
refuses "a policy that is a link" 3 "$work/policy/policy.yaml is a link" add policy
rm "$work/policy/policy.yaml"
refuses "no policy" 3 "$work/policy/policy.yaml is missing; restore it" add policy

made config && printf 'reeve: config/v1\nclients: []\n' >"$work/config/config.yaml"
refuses "a key that the configuration does not have" 3 "$work/config/config.yaml:2:1: an unknown key" add config
: >"$work/config/config.yaml"
refuses "an empty configuration" 3 "$work/config/config.yaml:1:1: " add config
printf 'reeve: config/v2\n' >"$work/config/config.yaml"
refuses "another version's configuration" 3 "config.yaml:1:8: the file must say: reeve: config/v1" add config
printf 'reeve: config/v1\n' >"$work/config/config.yaml" && chmod 0666 "$work/config/config.yaml"
refuses "a configuration that others may write" 3 "others may write $work/config/config.yaml; run: chmod go-w $work/config/config.yaml" add config
for wrong in '2s' '7' 'soon' '-1ms' '{}'; do
    printf 'reeve: config/v1\ndurability: {batch: %s}\n' "$wrong" >"$work/config/config.yaml" && chmod 0600 "$work/config/config.yaml"
    refuses "a batch of $wrong" 3 "config.yaml:2:21: .batch. is a time of at most 1s" add config
done
printf 'reeve: config/v1\ndurability: {sync: none}\n' >"$work/config/config.yaml"
refuses "less than durable is not to be had" 3 "config.yaml:2:14: .durability. has .batch., nothing else" add config
made batch && printf 'reeve: config/v1\ndurability: {batch: 1s}\n' >"$work/batch/config.yaml"
gives "answers do not wait for it" 0 '^42$' add batch
gives "and who reads does not either" 0 '"type":"decision"' ask --json --state "$work/batch" audit query
rm "$work/config/config.yaml" && mkfifo "$work/config/config.yaml"
refuses "a configuration that is no file" 3 "config.yaml" add config
refuses "a name that no log can have" 2 "a log's name has" ask init --origin 'a+b' "$work/noname"
[ ! -e "$work/noname" ] || { what="and nothing is made" && complain "a folder is there"; }

made swept && : >"$work/swept/key.pem.0123456789abcdef.tmp" && : >"$work/swept/blobs/ab.0123456789abcdef.tmp"
gives "an owner starts" 0 '^42$' add swept
[ -z "$(find "$work/swept" -name '*.tmp')" ] || complain "what a writer left half-written is still there"

made gone && gives "a record" 0 '^42$' add gone && end_reeved
rm "$work/gone"/log.db*
refuses "records that were taken away" 3 "tail-lost from record 0" add gone
run_case "and verify says from where" ask --state "$work/gone" audit verify
[ "$got" -eq 1 ] && grep -Eq '^tail-lost at sequence 0' "$work/out" || complain "no finding with the first sequence"

made headless && gives "a record" 0 '^42$' add headless && end_reeved
rm "$work/headless/keeper.head"
refuses "a folder without the keeper's head takes no record" 3 "damaged from record 0.*keeper.head" add headless
gives "and shows those that it has" 0 '"type":"decision"' ask --json --state "$work/headless" audit query
run_case "and verify says so" ask --state "$work/headless" audit verify
[ "$got" -eq 1 ] && grep -q 'keeper.head' "$work/out" || complain "no finding that names keeper.head"

made torn && gives "a record" 0 '^42$' add torn && end_reeved
printf 'this is no database any more, whatever its name may say' | dd of="$work/torn/log.db" conv=notrunc status=none
rm -f "$work/torn"/log.db-*
refuses "a database that is none" 3 "damaged from record 0" add torn
run_case "and verify says so" ask --state "$work/torn" audit verify
[ "$got" -eq 1 ] && grep -Eq 'at sequence [0-9]+' "$work/out" || complain "no finding with the first sequence"

if [ "$(id -u)" -eq 0 ]; then
    mkdir -m 0700 "$work/closed" && mkdir "$work/closed/x"
    says "a folder that may not be reached" 3 "the state folder $work/closed/x cannot be reached: Permission denied" \
        setpriv --reuid 65534 --regid 65534 --clear-groups "$helpers/reeved" --state "$work/closed/x"
    says "no folder that can be told" 3 "no state folder is named" \
        env -u HOME -u XDG_STATE_HOME setpriv --reuid 65534 --clear-groups "$helpers/reeved"
    made foreign
    refuses "folder of somebody else" 3 "$work/foreign belongs to .*--state" \
        setpriv --reuid 65534 --regid 65534 --clear-groups "$reeve" --helper-dir "$helpers" --state "$work/foreign" status
    made theirs && chown 65534 "$work/theirs/policy.yaml"
    refuses "policy of somebody else" 3 "$work/theirs/policy.yaml belongs to .*; run: chown 0 $work/theirs/policy.yaml" add theirs
    chown 0 "$work/theirs/policy.yaml" && chown 65534 "$work/theirs/config.yaml"
    refuses "configuration of somebody else" 3 "$work/theirs/config.yaml belongs to .*; run: chown 0 $work/theirs/config.yaml" add theirs
    made stolen && chown 65534 "$work/stolen/key.pem"
    refuses "key of somebody else" 3 "key.pem.*chown" add stolen
    refuses "no folder can be told" 2 "REEVE_STATE" \
        env -u HOME -u XDG_STATE_HOME setpriv --reuid 65534 --clear-groups "$reeve" init
else
    echo "not root: nothing of somebody else's was tried"
fi
done_testing
