#!/bin/bash
# Files that are missing, unreadable or not what they should be.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
tour=$root/rules/examples/tour.yaml
cd "$work"

gives "the example policy" 0 "1 file: 0 errors, 0 warnings" "$reeve" policy lint "$tour"
refuses "policy that does not exist" 3 "$work/none.yaml: No such file" "$reeve" policy lint "$work/none.yaml"
refuses "policy that is a folder" 3 "$work: Is a directory" "$reeve" policy lint "$work"

printf 'just a text\n' >text.yaml
gives "YAML that is no mapping" 1 '^text.yaml:1:1: error\[P[0-9]{3}\]: ' "$reeve" policy lint text.yaml
printf 'name: [\n' >broken.yaml
gives "YAML that is broken" 1 '^broken.yaml:[0-9]+:[0-9]+: error\[P[0-9]{3}\]: ' "$reeve" policy lint broken.yaml
printf 'a\0b' >nul.yaml
gives "a NUL byte" 1 '^nul.yaml:1:[0-9]+: error\[P[0-9]{3}\]: ' "$reeve" policy lint nul.yaml
printf '\377\376' >bytes.yaml
gives "bytes that are no text" 1 '^bytes.yaml:1:[0-9]+: error\[P[0-9]{3}\]: ' "$reeve" policy lint bytes.yaml
: >empty.yaml
gives "nothing" 1 '^empty.yaml:1:1: error\[P[0-9]{3}\]: ' "$reeve" policy lint empty.yaml
sed 's/effect: allow/efect: allow/' "$tour" >typo.yaml
gives "an unknown key" 1 '^typo.yaml:[0-9]+:[0-9]+: error\[P[0-9]{3}\]: .*efect' "$reeve" policy lint typo.yaml
cat >allowed.yaml <<'EOF'
reeve: policy/v1
rules:
  # reeve: allow no-reason everybody knows
  - {id: r, effect: allow, subject: ["user:ana"], capability: [ccos.echo]}
EOF
gives "a warning that is allowed" 0 '^1 file: 0 errors, 0 warnings, 1 allowed$' "$reeve" policy lint allowed.yaml
gives "what allowed it" 0 '"suppressed": "everybody knows"' "$reeve" policy lint --format json allowed.yaml
gives "its id" 0 '"id": "no-reason"' "$reeve" policy lint --format json allowed.yaml
gives "the place is marked" 1 '^ +\^~~~' "$reeve" policy lint typo.yaml
gives "JSON of findings" 1 '"code": "P[0-9]{3}"' "$reeve" policy lint --format json typo.yaml
printf '\xef\xbb\xbfreeve: policy/v1\nname: marked\nrules: []\n' >marked.yaml
gives "a byte order mark" 0 "1 file: 0 errors" "$reeve" policy lint marked.yaml
printf '\xef\xbb\xbfreve: policy/v1\nname: marked\nrules: []\n' >marked.yaml
gives "places count from behind it" 1 '^marked.yaml:1:1: error.P[0-9]{3}.: .*reve' "$reeve" policy lint marked.yaml
gives "and so do the marks" 1 '^    \^~' "$reeve" policy lint marked.yaml
cp typo.yaml $'b\377.yaml'
gives "JSON of a file whose name is no UTF-8" 1 '"file": "b..xff.yaml"' "$reeve" policy lint --format json $'b\377.yaml'
gives "several files, the worst counts" 1 '^2 files: ' "$reeve" policy lint "$tour" typo.yaml

printf 'nothing of a receipt\n' >r
refuses "receipt that does not exist" 3 "none: No such file" "$reeve" verify none --key a+00000000+AAAA
refuses "key that is neither file nor key" 3 "nokey is neither" "$reeve" verify r --key nokey
refuses "key that is malformed" 2 "key" "$reeve" verify r --key a+b+c
refuses "key file with too much in it" 2 "larger than" "$reeve" verify r --key /dev/zero
refuses "receipt that is too large" 2 "larger than" "$reeve" verify /dev/zero --key a+00000000+AAAA
done_testing
