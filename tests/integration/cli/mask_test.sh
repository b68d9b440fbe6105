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
done_testing
