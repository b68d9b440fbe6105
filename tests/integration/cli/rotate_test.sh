#!/bin/bash
# A new key for the log by command: what was kept before goes on to hold, and who stole the old key gets nowhere with it.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$work"
export REEVE_STATE=$work/state
ask --quiet init
cat >policy.yaml <<END
reeve: policy/v1
name: rotate-test
defaults: {level: controlled}
rules:
  - {id: add, effect: allow, subject: ["agent:lab-*"], capability: [ccos.math.add], reason: "Sums"}
END
grow() { # NUMBER
    for ((i = 0; i < $1; i++)); do
        ask call --policy policy.yaml --agent lab-1 ccos.math.add '[2, 40]' >/dev/null
    done
}
vkey='[^ +]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}'

grow 3
ask audit keys --newest >first.vkey
ask audit checkpoint >first.checkpoint
ask audit receipt 2 >first.receipt
gives "one key" 0 "^0 +(null|-)? *$vkey *$" sh -c '"$@" | tail -n 1' - "$reeve" --helper-dir "$helpers" audit keys
gives "an export" 0 '^exported: ' ask audit export --tiles tiles
cp -a state stolen
gives "a rotation" 0 "^\{\"seq\":[0-9]+,\"vkey\":\"$vkey\"\}$" ask --json --quiet audit rotate-key
ask audit keys --newest >second.vkey
seq=$(ask --json --quiet audit query --type rotation | sed 's/.*"seq":\([0-9]*\).*/\1/')
gives "two keys" 0 "^\{\"keys\":\[\{\"from\":0,\"to\":$seq,\"vkey\":\"$vkey\"\},\{\"from\":$seq,\"to\":null,\"vkey\":\"$vkey\"\}\],\"vkey\":\"$vkey\"\}$" ask --json audit keys
gives "as a table" 0 "^$seq " ask audit keys
gives "the record" 0 '"type":"rotation"' ask --json audit show "$seq"
gives "the log verifies" 0 '^verified: ' ask audit verify
grow 2
gives "with the new key" 0 '^verified: ' ask audit verify --key second.vkey
gives "from what was kept under the old one" 0 '^verified: ' ask audit verify --key second.vkey --checkpoint first.checkpoint
run_case "checked with the old key" ask audit verify --key first.vkey
[ "$got" -eq 1 ] && grep -q "^bad-signature: this verifier key was replaced, as record $seq says" "$work/out" || complain "status $got"
gives "an old receipt under the old key" 0 '' ask verify first.receipt --key first.vkey
refuses "but not under the new one" 1 'not signed' ask verify first.receipt --key second.vkey
gives "the export goes on" 0 '^exported: ' ask audit export --tiles tiles
gives "once more under the new key" 0 '^exported: ' ask audit export --tiles tiles
gives "a second rotation" 0 "\"seq\":" ask --json --quiet audit rotate-key
end_reeved
gives "after a restart" 0 '^verified: ' ask audit verify --checkpoint first.checkpoint
gives "three keys" 0 "(\"vkey\":.*){4}" ask --json audit keys
what="no key that waits" cases=$((cases + 1))
[ ! -e state/key.next.pem ] || complain "key.next.pem is there"

# The state folder as it was, with its key, goes on as if nothing had been: whoever has the new key sees that.
end_reeved
mv state true-state
cp -a stolen state
rm -f state/lock state/reeve.sock
grow 9
run_case "a log that the old key signed on" ask audit verify --key second.vkey
[ "$got" -eq 1 ] && grep -q "^bad-signature" "$work/out" || complain "status $got"
refuses "an export of it" 1 '.' ask audit export --tiles tiles
end_reeved
rm -r state
mv true-state state
sqlite=$(command -v python3 || true)
if [ -n "$sqlite" ]; then
    python3 - "$work/state/log.db" "$seq" <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE log SET record = CAST(replace(CAST(record AS TEXT), 'reeve log key', 'reeve log Key') AS BLOB) WHERE seq = ?", (sys.argv[2],))
db.commit()
END
    run_case "a changed rotation" ask audit verify
    [ "$got" -eq 1 ] && grep -q "sequence $seq" "$work/out" || complain "status $got"
    refuses "no new key for it" 3 'damaged' ask audit rotate-key
fi
done_testing
