#!/bin/bash
# `reeve run` and `reeve call` as a caller sees them: whose status, whose output, which program, what is left behind.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$work"
export REEVE_STATE=$work/state
ask --quiet init

cat >policy.yaml <<END
reeve: policy/v1
name: cli-test
defaults: {level: controlled, limits: {wall: 20s, output: 64KiB}}
grants:
  dynamic: {isolation: process, filesystem: {read: [/usr/lib, /usr/lib64, /usr/share/common-licenses]}}
  above: {isolation: process, filesystem: {read: [/usr, $work]}}
  inside: {isolation: process, filesystem: {read: [/usr, $work/link/audit]}}
rules:
  - {id: above, effect: allow, subject: ["agent:above-*"], capability: [program.external], grant: {use: above}, reason: "x"}
  - {id: inside, effect: allow, subject: ["agent:inside-*"], capability: [program.external], grant: {use: inside}, reason: "x"}
  - id: tools
    effect: allow
    subject: ["agent:lab-*"]
    capability: [program.external]
    when: {args.path: {under: /usr/bin}}
    grant: {use: dynamic}
    reason: "Tests run tools"
  - id: gone
    effect: allow
    subject: ["agent:lab-*"]
    capability: [program.external]
    when: {args.path: {under: /opt/none}}
    grant: {use: dynamic}
    reason: "A place where nothing is"
  - id: short
    effect: allow
    subject: ["agent:short-*"]
    capability: [program.external]
    grant: {use: dynamic, limits: {wall: 200ms}}
    reason: "Not for long"
  - {id: add, effect: allow, subject: ["agent:lab-*"], capability: [ccos.math.add, ccos.echo], reason: "Sums and echoes"}
  - id: unheld
    effect: allow
    subject: ["agent:big-*"]
    capability: [program.external]
    grant: {use: dynamic, limits: {memory: 1MiB}}
    reason: "A limit that nothing here holds"
END
run() {
    ask run --policy "$work/policy.yaml" --agent lab-1 "$@"
}
as() {
    local agent=$1
    shift
    ask run --policy "$work/policy.yaml" --agent "$agent" "$@"
}
cd /

gives "a program's output and status 0" 0 '^hello there$' run -- /usr/bin/printf 'hello %s\n' there
gives "a bare name is looked up in PATH" 0 '^3972dc9744' run -- sha256sum /usr/share/common-licenses/GPL-3
gives "PATH is the caller's" 0 '^3972dc9744' \
    env PATH=/nowhere:/usr/bin "$reeve" --helper-dir "$helpers" run --policy "$work/policy.yaml" --agent lab-1 sha256sum /usr/share/common-licenses/GPL-3
gives "options after the program are its own" 0 '^--policy$' run /usr/bin/printf '%s\n' --policy
gives "so is a second --" 0 '^--$' run -- /usr/bin/printf '%s\n' --
gives "nothing is read from standard input" 0 '^0 ?' run -- /usr/bin/wc -c
gives "nothing of the environment reaches it" 0 '^$' run -- /usr/bin/printf '\n'
run_case "its environment is empty" run -- /usr/bin/env
[ "$got" -eq 0 ] && ! [ -s "$work/out" ] || complain "the environment is not empty"

ln -s /usr/bin/sh "$work/other-name"
gives "the program's own name is the path as it was asked for" 0 "^$work/other-name\$" \
    run -- "$work/other-name" -c 'echo "$0"'
run_case "its own status" run -- /usr/bin/sh -c 'exit 7'
[ "$got" -eq 7 ] && ! [ -s "$work/err" ] || complain "status $got instead of 7"
run_case "its own signal" run -- /usr/bin/sh -c 'kill -SEGV $$'
[ "$got" -eq 139 ] || complain "status $got instead of 139"
gives "streams by their names" 0 '^named$' run -- /usr/bin/sh -c 'echo named >/dev/stdout; echo gone >/dev/null'
run_case "both streams" run -- /usr/bin/sh -c 'echo out; echo err >&2'
[ "$(cat "$work/out")" = out ] && [ "$(cat "$work/err")" = err ] || complain "not each on its own"

refuses "denied" 125 'denied by reeve/default: .*program.external' as other-1 -- /usr/bin/true
refuses "TYPE:ID is taken whole" 125 'user:lab-1' as user:lab-1 -- /usr/bin/true
refuses "not in PATH" 127 'no-such-program: not found in PATH' run -- no-such-program
refuses "a path where nothing is" 127 '/opt/none/x' run -- /opt/none/x
refuses "a script, whose interpreter nobody approved" 126 'not_runnable: .*script' run -- /usr/bin/ldd
refuses "an argument that is no UTF-8" 126 'argument 1 is not UTF-8' run -- /usr/bin/true $'\377'
cp /usr/bin/true "$work/huge" && truncate -s 300M "$work/huge"
refuses "a program larger than is hashed" 126 'not_runnable: .*huge is larger than 256 MiB' as short-1 -- "$work/huge"
refuses "an unknown level" 2 "level" run --level super -- /usr/bin/true
refuses "an unknown provider" 126 'nosuch' run --provider nosuch -- /usr/bin/true
refuses "a limit that nothing here holds" 126 'no_mechanism.*memory' as big-1 -- /usr/bin/true
refuses "a time limit" 137 "ended by the limit 'wall'" as short-1 -- /usr/bin/sleep 30
refuses "a policy that does not exist" 126 "$work/none: No such file" run --policy "$work/none" -- /usr/bin/true
refuses "a policy that is none" 126 "$root/README.md:[0-9]+:[0-9]+: " run --policy "$root/README.md" -- /usr/bin/true
gives "and it is recorded" 0 '"type":"rejected".*"what":"policy"' ask audit query --json
refuses "a receipt that could not be written" 126 "$work/none/r" run --receipt "$work/none/r" -- /usr/bin/true
mkdir "$work/moved" && cd "$work/moved" && rmdir "$work/moved"
refuses "a working directory that is gone" 126 'working directory' run -- /usr/bin/true
cd /

gives "a receipt" 0 '^$' run --receipt "$work/r" -- /usr/bin/printf '\n'
gives "that holds offline" 0 'the receipt holds' "$reeve" verify "$work/r" --key "$work/state/key.vkey"
sed 's/^\(extra .\{20\}\)./\1_/' "$work/r" >"$work/changed"
run_case "and does not when it was changed" "$reeve" verify "$work/changed" --key "$work/state/key.vkey"
[ "$got" -eq 1 ] || [ "$got" -eq 2 ] || complain "status $got for a changed receipt"
gives "a receipt waits for the record of an answer that does not" 0 '^42$' \
    ask call --receipt "$work/r2" --policy "$work/policy.yaml" --agent lab-1 ccos.math.add '[2, 40]'
gives "and holds" 0 'the receipt holds' "$reeve" verify "$work/r2" --key "$work/state/key.vkey"
gives "of this policy" 0 'the receipt holds' "$reeve" verify "$work/r2" --key "$work/state/key.vkey" --policy "$work/policy.yaml"
printf 'reeve: policy/v1\n' >"$work/other.yaml"
refuses "and of no other" 1 'the record.s policy is sha256:' \
    "$reeve" verify "$work/r2" --key "$work/state/key.vkey" --policy "$work/other.yaml"
gives "of this program" 0 'the receipt holds' "$reeve" verify "$work/r" --key "$work/state/key.vkey" --program /usr/bin/printf
refuses "and of no other program" 1 'the record.s program is sha256:' \
    "$reeve" verify "$work/r" --key "$work/state/key.vkey" --program /usr/bin/true
refuses "a capability has none" 1 'names no program' \
    "$reeve" verify "$work/r2" --key "$work/state/key.vkey" --program /usr/bin/true
refuses "a program that is not there" 3 'none.*No such file' \
    "$reeve" verify "$work/r" --key "$work/state/key.vkey" --program "$work/none"
gives "a proof" 0 '^\{"index":1,"size":3,"proof":\["[A-Za-z0-9+/=]{44}"' ask audit prove 1 --size 3
refuses "of a record that there is not" 1 'no signed record 99999' ask audit prove 99999
gives "a proof of growth" 0 '^\{"index":2,"size":4,"proof":\["' ask audit prove-consistency 2 4
refuses "to where the log is not yet" 1 'no tree of 99999' ask audit prove-consistency 2 99999
gives "a checkpoint" 0 "^— $(cat "$work/state/origin") " ask audit checkpoint
ask audit checkpoint >"$work/kept.checkpoint"
gives "from which the log goes on" 0 '^verified' ask audit verify --checkpoint "$work/kept.checkpoint"
sed '2s/.*/99999/' "$work/kept.checkpoint" >"$work/changed.checkpoint"
refuses "a changed one is none" 1 'changed.checkpoint is no checkpoint of this log' ask audit verify --checkpoint "$work/changed.checkpoint"
mkdir "$work/copy" && cp "$work/state"/log.db* "$work/copy"
sum=$(cat "$work/copy"/log.db* | sha256sum)
gives "a copy, offline" 0 '^verified: [0-9]* records of ' \
    "$reeve" audit verify --copy "$work/copy" --key "$work/state/key.vkey" --checkpoint "$work/kept.checkpoint"
[ "$(cat "$work/copy"/log.db* | sha256sum)" = "$sum" ] || complain "the copy was written to"
ask call --policy "$work/policy.yaml" --agent lab-1 ccos.math.add '[2, 40]' >"$work/out"
ask status >"$work/out" && ask audit query --limit 1 >"$work/out"
cp "$work/state"/log.db* "$work/copy"
gives "rows after the checkpoint are counted" 0 'more came after the checkpoint' \
    "$reeve" audit verify --copy "$work/copy" --key "$work/state/key.vkey" --checkpoint "$work/kept.checkpoint"
refuses "a copy needs what it is checked with" 2 'needs --key and --checkpoint' "$reeve" audit verify --copy "$work/copy"
refuses "an owner's folder is no copy" 3 'locked' \
    "$reeve" audit verify --copy "$work/state" --key "$work/state/key.vkey" --checkpoint "$work/kept.checkpoint"
refuses "no log" 3 'has no log.db' \
    "$reeve" audit verify --copy "$work" --key "$work/state/key.vkey" --checkpoint "$work/kept.checkpoint"
if command -v python3 >/dev/null; then
    python3 - "$work/copy/log.db" <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE log SET record = CAST(replace(CAST(record AS TEXT), 'lab-1', 'lab-2') AS BLOB) WHERE seq = 1")
db.commit()
END
    run_case "a changed copy" "$reeve" audit verify --copy "$work/copy" --key "$work/state/key.vkey" --checkpoint "$work/kept.checkpoint"
    [ "$got" -eq 1 ] && grep -q '^record-changed at sequence 1:' "$work/out" || complain "status $got"
fi
gives "a checkpoint for programs" 0 '^\{"checkpoint":"' ask audit checkpoint --json
gives "a verifier key" 0 "^$(cat "$work/state/origin")\+[0-9a-f]{8}\+" ask audit keys --newest
gives "an export" 0 '^exported: [0-9]+ records, 0 of them' ask audit export --tiles "$work/tiles"
gives "with the checkpoint" 0 "^— $(cat "$work/state/origin") " cat "$work/tiles/checkpoint"
gives "with records" 0 '"type":"start"' cat "$work"/tiles/tile/entries/000.p/*
gives "of a log that grew" 0 '^42$' ask call --policy "$work/policy.yaml" --agent lab-1 ccos.math.add '[2, 40]'
gives "one more" 0 '^\{"records":[0-9]+,"without_bytes":0\}$' ask audit export --tiles "$work/tiles" --json
sed -i 's/^[0-9][0-9]*$/99999/' "$work/tiles/checkpoint"
refuses "beside a checkpoint that the log did not sign" 1 "folder.s checkpoint: the signature" ask audit export --tiles "$work/tiles"
printf 'nothing of a receipt\n' >"$work/none.receipt"
refuses "a receipt that is none" 1 "none.receipt does not hold" \
    "$reeve" verify "$work/none.receipt" --key "$work/state/key.vkey"
mkfifo "$work/fifo"
refuses "a receipt in place of what is no file" 126 "$work/fifo is no regular file" run --receipt "$work/fifo" -- /usr/bin/true
ln -s "$work/none" "$work/nowhere"
refuses "a receipt through a link that leads nowhere" 126 "leads nowhere" run --receipt "$work/nowhere" -- /usr/bin/true
[ -p "$work/fifo" ] && [ -L "$work/nowhere" ] || { what="and both are as they were" && complain "replaced"; }
ask --quiet init "$work/foreign"
refuses "nor under another log's key" 1 'does not hold' "$reeve" verify "$work/r" --key "$work/foreign/key.vkey"

# The state folder is not to be seen, whatever a grant shows.
mkdir "$work/state/audit" && ln -s state "$work/link"
gives "what lies beside the state folder" 0 '^name: cli-test$' as above-1 -- /usr/bin/grep name: "$work/policy.yaml"
gives "the state folder is covered" 0 '^0$' as above-1 -- /usr/bin/stat -c %a "$work/state"
refuses "a grant that lies in it" 126 "not_runnable: the grant shows $work/state/audit" as inside-1 -- /usr/bin/true
rmdir "$work/state/audit"
if [ "$(id -u)" -eq 0 ]; then
    mkdir "$work/own" && chown 65534:65534 "$work/own"
    own() {
        setpriv --reuid 65534 --regid 65534 --clear-groups "$reeve" --helper-dir "$helpers" --state "$work/own" "$@"
    }
    own --quiet init
    run_case "a guest with the folder's own user" own run --policy "$work/policy.yaml" --agent above-1 -- \
        /usr/bin/cat "$work/own/key.pem"
    [ "$got" -eq 1 ] && ! [ -s "$work/out" ] && grep -q 'Permission denied' "$work/err" || complain "it read the key"
    # Another mount may show it a second time. "a b" is written as a\\040b in the table of mounts.
    end_reeved
    mkdir "$work/a b"
    run_case "the same by another mount" unshare --mount bash -c 'mount --bind "$1" "$1/a b" && shift && exec "$@"' - "$work" \
        setpriv --reuid 65534 --regid 65534 --clear-groups "$reeve" --helper-dir "$helpers" --state "$work/own" \
        run --policy "$work/policy.yaml" --agent above-1 -- /usr/bin/cat "$work/a b/own/key.pem"
    [ "$got" -eq 1 ] && ! [ -s "$work/out" ] && grep -q 'Permission denied' "$work/err" || complain "it read the key"
    end_reeved
fi

# Root of a user namespace that has no ids for guests, as in a container without root.
if unshare -Ur true 2>/dev/null; then
    unshare -Ur "$reeve" --helper-dir "$helpers" --state "$work/rootless" --quiet init
    gives "root without ids for guests" 0 '^1000$' unshare -Ur "$reeve" --helper-dir "$helpers" --state "$work/rootless" \
        run --policy "$work/policy.yaml" --agent lab-1 -- /usr/bin/id -u
    end_reeved
else
    echo "skipped: root without ids for guests (this host gives nobody a user namespace)"
fi

refuses "a ceiling that does not permit it" 125 'denied by reeve/ceiling: .*permits only ccos' run --ceiling '{"capabilities": ["ccos.*"]}' -- /usr/bin/true
gives "and is recorded" 0 '"ceiling":[{]"capabilities":\["ccos' ask audit query --limit 1 --type decision --json
refuses "a ceiling's time" 137 "ended by the limit 'wall'" run --ceiling '{"limits": {"wall": "200ms"}}' -- /usr/bin/sleep 30
refuses "a ceiling's limit that nothing here holds" 126 'no_mechanism.*memory' run --ceiling '{"limits": {"memory": "1MiB"}}' -- /usr/bin/true
refuses "a ceiling that is none" 2 'no field wall' run --ceiling '{"wall": "1s"}' -- /usr/bin/true
refuses "a ceiling that is no JSON" 2 'ceiling: this is no JSON' run --ceiling '{' -- /usr/bin/true
gives "resource and context" 0 '"context":[{]"ticket":7},.*"resource":"doc:7"' \
    ask audit query --limit 1 --json --rule "$(ask --json call --policy "$work/policy.yaml" --agent lab-1 --resource doc:7 --context '{"ticket": 7}' \
    ccos.math.add '[2, 40]' | sed -n 's/.*"rule":"\([a-z]*\)".*/\1/p')"

before=$(ask audit query --json | wc -l)
gives "explain" 0 'checksum|tools' run --explain -- /usr/bin/sha256sum x
gives "explain for programs" 0 '^\{.*"plan_text":' run --json --explain -- /usr/bin/sha256sum x
after=$(ask audit query --json | wc -l)
[ "$after" -eq $((before + 2)) ] || { what="explain is recorded, once each" && complain "$before records, then $after"; }

run_case "a request that is none" ask call --agent 'no-colon:' ccos.math.add
gives "is recorded too" 0 '"message":"the subject must be.*"type":"rejected".*"what":"request"' ask audit query --json
gives "a capability" 0 '^42$' ask call --policy "$work/policy.yaml" --agent lab-1 ccos.math.add '{"a": 2, "b": 40}'
gives "a capability for programs" 0 '"value":42' ask --json call --policy "$work/policy.yaml" --agent lab-1 ccos.math.add '[2, 40]'
long=$(head -c 20000 /dev/zero | tr '\0' a)
gives "a long value" 0 '^"aaaa' ask call --policy "$work/policy.yaml" --agent lab-1 ccos.echo "[\"$long\"]"
gives "is recorded by its digest" 0 '"value":[{]"bytes":20002,"digest":"sha256:' ask audit query --json
gives "a program by its capability" 0 '^hello$' \
    ask call --policy "$work/policy.yaml" --agent lab-1 program.external '{"path": "/usr/bin/printf", "argv": ["hello\n"]}'
run_case "and its result for programs" \
    ask --json call --policy "$work/policy.yaml" --agent lab-1 program.external '{"path": "/usr/bin/printf", "argv": ["hello\n"]}'
[ "$(cat "$work/out")" = hello ] && grep -q '^{"seq":' "$work/err" || complain "not as it should be"

# on_terminal COMMAND...: with a terminal as standard output.
on_terminal() {
    script -qec "$(printf '%q ' "$@")" /dev/null
}
unsafe='["a\u0085b\u202ec\u2066d\u009b31m"]'
visible='a.u0085b.u202ec.u2066d.u009b31m'
gives "a value that would steer a terminal, for programs" 0 $'a\xc2\x85b' \
    ask call --policy "$work/policy.yaml" --agent lab-1 ccos.echo "$unsafe"
if command -v script >/dev/null; then
    gives "and on one" 0 "$visible" on_terminal "$reeve" --helper-dir "$helpers" \
        call --policy "$work/policy.yaml" --agent lab-1 ccos.echo "$unsafe"
    gives "in its record" 0 "$visible" on_terminal "$reeve" --helper-dir "$helpers" audit query --limit 1 --json
    seq=$(ask audit query --limit 1 --json | sed -n 's/.*"seq":\([0-9]*\).*/\1/p')
    gives "byte for byte" 0 "$visible" on_terminal "$reeve" --helper-dir "$helpers" audit show "$seq" --raw
else
    echo "no script(1): no output was tried on a terminal"
fi
refuses "a capability without a rule" 125 'denied by reeve/pure: .*level pure' ask call --agent lab-1 ccos.math.add '[2, 40]'
refuses "arguments that do not fit" 126 'bad_arguments' \
    ask call --policy "$work/policy.yaml" --agent lab-1 ccos.math.add '["x", 40]'

run_case "the result for programs is on standard error" run --json -- /usr/bin/printf 'x\n'
[ "$(cat "$work/out")" = x ] && grep -q '^{"seq":' "$work/err" || complain "not as it should be"

gives "a table of records" 0 '^SEQ +TIME' ask audit query --agent lab-1
gives "filters" 0 '"rule":"add"' ask audit query --rule add --effect allow --capability ccos.math.add --type decision --json --limit 1
gives "a record" 0 '^type: +start' ask audit show 0
ask audit show 0 --raw >"$work/raw"
[ "$(head -c 1 "$work/raw")" = '{' ] && [ "$(tail -c 1 "$work/raw")" = '}' ] || { what="raw bytes" && complain "not exact"; }
refuses "a record beyond the end" 1 'no record 999999' ask audit show 999999
gives "status" 0 '^can_decide: +yes' ask status
gives "providers" 0 '^process +process +yes' ask provider list
gives "verify" 0 '^verified: ' ask audit verify
gives "verify for programs" 0 '^\{"ok":true' ask audit verify --json
run_case "verify under another log's key" ask audit verify --key "$work/foreign/key.vkey"
[ "$got" -eq 1 ] && grep -q '^bad-signature' "$work/out" || complain "not a finding"

# A signal ends the run, is recorded, and is what the caller sees.
for signal in INT TERM HUP; do
    case $signal in INT) number=2 ;; TERM) number=15 ;; HUP) number=1 ;; esac
    mkfifo "$work/started"
    # The shell ignores INT for what it puts into the background; env gives it back.
    env --default-signal "$reeve" --helper-dir "$helpers" run --policy "$work/policy.yaml" --agent lab-2 -- \
        /usr/bin/sh -c 'echo started; kill -STOP $$' >"$work/started" 2>"$work/err" </dev/null &
    pid=$!
    read -r _ <"$work/started"
    kill -"$signal" "$pid"
    run_case "$signal ends a run" wait "$pid"
    [ "$got" -eq $((128 + number)) ] || complain "status $got"
    end=$(ask audit query --agent lab-2 --type end --limit 1 --json)
    grep -q '"how":"killed"' <<<"$end" || complain "its end is not recorded as killed: $end"
    rm "$work/started"
done
done_testing
