#!/bin/bash
# `reeve audit export` and proofs of what it wrote, as an auditor sees them whose folder outlives a log that was put back.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$work"
export REEVE_STATE=$work/state
key=$work/state/key.vkey
ask --quiet init
cat >policy.yaml <<END
reeve: policy/v1
name: tiles-test
defaults: {level: controlled}
rules:
  - {id: add, effect: allow, subject: ["agent:lab-*"], capability: [ccos.math.add], reason: "Sums"}
END
grow() { # NUMBER ARGUMENTS
    for ((i = 0; i < $1; i++)); do
        ask call --policy policy.yaml --agent lab-1 ccos.math.add "$2" >/dev/null
    done
}

grow 3 '[2, 40]'
end_reeved
cp -a state kept
grow 3 '[2, 40]'
gives "an export" 0 '^exported: [0-9]+ records, 0 of them' ask audit export --tiles tiles
gives "once more" 0 '^exported: [0-9]+ records, 0 of them' ask audit export --tiles tiles --key "$key"
gives "that only its owner can read" 0 '^700$' stat -c %a tiles
gives "nor its files" 0 '^600$' stat -c %a tiles/checkpoint
ask audit prove 2 --size 4 >live.json
gives "a proof without the log" 0 '^\{"index":2,"size":4,"proof":\["' "$reeve" audit prove 2 --size 4 --tiles tiles --key "$key"
cp out tiles.json
gives "that is the log's own" 0 'identical' diff -s live.json tiles.json
cp -a tiles before

end_reeved
rm -r state
cp -a kept state
refuses "a log that was put back, and is shorter" 1 'does not begin with: it was put back' ask audit export --tiles tiles
grow 9 '[3, 39]'
refuses "the same, when it is longer again" 1 'does not begin with: it was put back' ask audit export --tiles tiles
gives "nothing was replaced" 0 'identical' diff -rs before tiles
refuses "a file for a folder" 3 'policy.yaml' ask audit export --tiles policy.yaml
mkdir other
ln -s /tmp other/tile
refuses "a link on the way" 3 'folder of tile/' ask audit export --tiles other
printf 'x' >>before/checkpoint
refuses "a checkpoint that is none" 1 "folder.s checkpoint" ask audit export --tiles before
done_testing
