#!/bin/bash
# A log that has lost its end serves reading alone, until somebody gives the end up, by its first record and with a reason;
# then a new log begins, and tells.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
reeved=$helpers/reeved state=$work/state
ask --quiet init --origin example.com/lab "$state"
cat >"$state/policy.yaml" <<'END'
reeve: policy/v1
defaults: {level: controlled}
rules:
  - {id: echo, effect: allow, subject: anyone, capability: [ccos.echo]}
END
echo_of() { ask --state "$state" call --agent a ccos.echo "[\"$1\"]"; }
echo_of one >/dev/null
end_reeved
cp "$state/log.db" "$work/old.db"
echo_of two >/dev/null
ask --state "$state" audit checkpoint >"$work/checkpoint"
size=$(sed -n 2p "$work/checkpoint")
cp "$state/key.vkey" "$work/old.vkey"
end_reeved
cp "$work/old.db" "$state/log.db"
rm -f "$state/log.db-wal"

# serve ARGS: reeved with these, until it serves or ends.
serve() {
    local i
    "$reeved" --state "$state" --helper-dir "$helpers" "$@" >"$work/out" 2>"$work/err" </dev/null &
    server=$!
    for i in $(seq 200); do
        [ -e "/proc/$server" ] || break
        grep -q serving "$work/err" && return 0
        sleep 0.05
    done
    wait "$server"
}
stops() { # TITLE STATUS PATTERN ARGS
    local title=$1 status=$2 pattern=$3 got=0
    shift 3
    what=$title cases=$((cases + 1))
    serve "$@" || got=$?
    [ "$got" -eq "$status" ] || complain "status $got instead of $status"
    grep -qE -e "$pattern" "$work/err" || complain "standard error does not match: $pattern"
}
run_case "nothing is decided" echo_of three
[ "$got" -ne 0 ] || complain "it is answered"
gives "what it is" 0 '"condition":"tail-lost".*"first_bad":2' ask --json --state "$state" status
end_reeved
stops "another record" 2 'lost its records from 2 on, not from 1' --accept-loss 1 --reason why
stops "no reason" 2 'come together' --accept-loss 2
stops "no number" 2 'the number of a record' --accept-loss two --reason why
gives "nothing has changed" 0 '"condition":"tail-lost".*"first_bad":2' ask --json --state "$state" status
end_reeved

what="it is given up" cases=$((cases + 1))
serve --accept-loss 2 --reason "the old disk died" || complain "it does not serve"
gives "a new log decides" 0 three echo_of three
gives "it has another name" 0 "^example.com/lab/after-$size\$" cat "$state/origin"
gives "it tells" 0 "\"checkpoint\":\"example.com/lab.*\"folder\":\"lost-2-$((size - 1))\",\"from\":2,.*\"reason\":\"the old disk died\",.*\"type\":\"loss\"" \
    ask --json --state "$state" audit query --type loss
gives "it verifies" 0 "verified: .* of example.com/lab/after-$size" ask --state "$state" audit verify
kill "$server"
wait "$server" || true
what="what is left" cases=$((cases + 1))
[ ! -e "$state/loss.json" ] && [ ! -e "$state/lost-2-$((size - 1))/key.pem" ] || complain "loss.json, or the old key"
run_case "the old one is evidence" ask audit verify --copy "$state/lost-2-$((size - 1))" --key "$work/old.vkey" --checkpoint "$work/checkpoint"
[ "$got" -eq 1 ] && grep -q '^tail-lost at sequence 2' "$work/out" || complain "status $got"
gives "its records can be read" 0 '"value":"one"' ask --json audit show 1 --copy "$state/lost-2-$((size - 1))"
stops "nothing is lost any more" 2 'the log has lost nothing' --accept-loss 2 --reason again
gives "and goes on" 0 four echo_of four
gives "told once" 0 '^1$' bash -c "'$reeve' --helper-dir '$helpers' --json --state '$state' audit query --type loss | wc -l"

# Damage is no loss.
end_reeved
printf 'x' | dd of="$state/log.db" bs=1 seek=5000 conv=notrunc status=none
sed -i 's/three/tHree/' "$state/log.db"
stops "damage" 3 'damaged from record' --accept-loss 2 --reason why
done_testing
