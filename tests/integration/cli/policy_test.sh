#!/bin/bash
# A policy's tests, and questions to a policy without a state folder: what is printed, and with which status.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
examples=$root/rules/examples
cd "$work"

cat >p.yaml <<'END'
reeve: policy/v1
name: p
defaults: {level: controlled}
capabilities: {"t.*": {class: safe, effects: [compute], args: {path: path}}}
rules:
  - {id: read, effect: allow, subject: ["agent:*"], capability: [t.read], when: {args.path: {under: /srv}}, reason: "Files of /srv"}
tests:
  - {name: below, request: {subject: agent:a, capability: t.read, args: [/srv/x]}, expect: {effect: allow, rule: read}}
  - {name: beside <it>, request: {subject: agent:a, capability: t.read, args: [/etc/x]}, variants: [{args: [/srvx]}], expect: {effect: deny}}
END
# says_nothing TITLE COMMAND...: status 0 and no word.
says_nothing() {
    run_case "$@"
    [ "$got" -eq 0 ] && [ ! -s out ] && [ ! -s err ] || complain "status $got, or a word"
}
below='{"subject": "agent:a", "capability": "t.read", "args": ["/srv/x"]}'
beside='{"subject": "agent:a", "capability": "t.read", "args": ["/etc/x"]}'

# ---- test ----
gives "tests that pass" 0 '^1 file: 2 tests, 0 failed$' "$reeve" policy test p.yaml
gives "some of them" 0 '^1 file: 1 test, 0 failed$' "$reeve" policy test --filter elo p.yaml
says_nothing "quietly" "$reeve" policy test --quiet p.yaml
gives "the shipped examples" 0 '^6 files: 44 tests, 0 failed$' "$reeve" policy test \
    "$examples"/{tour,01-ccos-presets,03-authzen-todo,06-coding-agent,13-data-labels,18-edges-missing-types}.yaml
gives "an organisation's, its teams' included" 0 '^1 file: 11 tests, 0 failed$' "$reeve" policy test "$examples/15-org.yaml"
sed 's/expect: {effect: deny}/expect: {effect: deny, rule: read}/' p.yaml >wrong.yaml
gives "a wrong expectation is named" 1 '^wrong.yaml:9:5: failed: beside <it>: rule is "reeve/default"; expected was "read"$' \
    "$reeve" policy test wrong.yaml
gives "and so is the variant" 1 '^wrong.yaml:9:5: failed: beside <it>, variant 1: rule is "reeve/default"' \
    "$reeve" policy test wrong.yaml
gives "and why it is so" 1 'the nearest is read: args.path must be at or under "/srv", and is "/etc/x"' \
    "$reeve" policy test wrong.yaml
gives "and how many" 1 '^2 files: 4 tests, 1 failed$' "$reeve" policy test p.yaml wrong.yaml
gives "for programs" 1 '"expected": "read",' "$reeve" policy test --json wrong.yaml
sed 's/{subject: agent:a, capability: t.read, args: \[\/srv/{subject: agent, capability: t.read, args: [\/srv/' p.yaml >odd.yaml
gives "a request that cannot be asked fails" 1 '^odd.yaml:8:5: failed: below: the subject must be type:id' "$reeve" policy test odd.yaml
sed 's/rule: read/rule: raed/' p.yaml >typo.yaml
refuses "a rule that there is not" 1 'typo.yaml:8:.*P080.*`raed`' "$reeve" policy test typo.yaml
sed '/^tests:/,$d' p.yaml >none.yaml
run_case "no test at all" "$reeve" policy test none.yaml
[ "$got" -eq 1 ] && grep -q 'there is no test' err || complain "status $got, or no word of it"
run_case "none of that name" "$reeve" policy test --filter nowhere p.yaml
[ "$got" -eq 1 ] && grep -q "no test's name contains 'nowhere'" err || complain "status $got, or no word of it"
refuses "a file that is not there" 3 'nowhere.yaml' "$reeve" policy test nowhere.yaml

gives "what the tests have seen" 0 '^p.yaml: 100% of the rules matched, 100% of the conditions' "$reeve" policy test --coverage p.yaml
gives "what they have not" 0 '^    never anything but true: args.path must be at or under "/srv"$' \
    "$reeve" policy test --coverage --filter below p.yaml
gives "enough coverage" 0 '^1 file: 2 tests' "$reeve" policy test --min-coverage 100 p.yaml
run_case "not enough coverage" "$reeve" policy test --min-coverage 1 --filter below p.yaml
[ "$got" -eq 1 ] && grep -q 'p.yaml: 100% of the rules and 0% of the conditions are covered; 1% must be' err ||
    complain "status $got, or no word of it"
refuses "more coverage than there is" 2 'at most 100' "$reeve" policy test --min-coverage 101 p.yaml
gives "coverage for programs" 0 '"conditions_percent": 100' "$reeve" policy test --coverage --json p.yaml

gives "JUnit beside it" 1 '1 failed$' "$reeve" policy test --junit j.xml wrong.yaml
gives "JUnit names the test" 0 'testcase name="beside &lt;it&gt;" classname="wrong.yaml" file="wrong.yaml" line="9"' cat j.xml
gives "and why" 0 '<failure message="rule">variant 1: rule is &quot;reeve/default&quot;' cat j.xml
refuses "JUnit over a device" 3 'no regular file' "$reeve" policy test --junit /dev/null p.yaml

# ---- decide ----
gives "an allow" 0 '^effect: +allow$' "$reeve" policy decide p.yaml "$below"
gives "a deny" 1 '^rule: +reeve/default$' "$reeve" policy decide p.yaml "$beside"
gives "a decision for programs" 0 '^\{"approvals":\[\],.*"rule":"read"\}$' "$reeve" policy decide --json p.yaml "$below"
gives "arguments that do not fit are refused" 1 '^  reason: +bad_arguments$' \
    "$reeve" policy decide p.yaml '{"subject": "agent:a", "capability": "t.read", "args": {"path": "/srv/x", "more": 1}}'
printf '%s\n\n%s\n' "$below" "$beside" >many
gives "many requests" 1 '^allow read$' "$reeve" policy decide --lines p.yaml @many
gives "each with a line" 1 '^deny reeve/default$' "$reeve" policy decide --lines p.yaml @many
gives "each a JSON line" 1 '^\{.*"effect":"deny"' "$reeve" policy decide --lines --json p.yaml @many
printf '%s\n{\n' "$below" >many
run_case "a line that is no request" "$reeve" policy decide --lines p.yaml @many
[ "$got" -eq 2 ] && grep -q 'that was line 2$' err || complain "status $got, or no word of the line"
printf '%s\n{\n\n%s\n' "$below" '{"subject": "agent:a", "capability": "t.read", "args": {"path": "/srv/x", "more": 1}}' >many
run_case "each line has its answer" "$reeve" policy decide --lines p.yaml @many
printf 'allow read\nrefused: not a request\n\nrefused read: bad_arguments\n' | cmp -s - out || complain "$(cat out)"
run_case "each line has its answer in JSON" "$reeve" policy decide --lines --json p.yaml @many
[ "$(wc -l <out)" -eq 4 ] && sed -n 2p out | grep -q '^{"error":"' || complain "$(cat out)"
gives "standard input" 0 '^allow read$' bash -c 'printf %s "$2" | "$0" policy decide --lines "$1" -' "$reeve" p.yaml "$below"
gives "what is given counts" 1 '^  reeve/default$|^rule: +no-egress-after-secret$' \
    "$reeve" policy decide --given '{"labels": ["secret"]}' "$examples/13-data-labels.yaml" \
    '{"subject": "agent:a", "capability": "mail.send", "args": {"to": []}}'
refuses "a request that is no JSON" 2 'no JSON' "$reeve" policy decide p.yaml '{'
refuses "a request of the broker's" 2 'broker' "$reeve" policy decide p.yaml '{"subject": "a:b", "capability": "x", "broker": {}}'
refuses "what cannot be given" 2 'no field lables|lables' "$reeve" policy decide --given '{"lables": []}' p.yaml "$below"
refuses "a request in a file that is not there" 3 'nowhere' "$reeve" policy decide p.yaml @nowhere
refuses "no request" 2 'FILE REQUEST' "$reeve" policy decide p.yaml

# ---- explain ----
gives "who decided" 0 '^allow by read \(p.yaml:6\)$' "$reeve" policy explain p.yaml "$below"
gives "where the level is from" 1 '^agent:a: level controlled; no entry of `subjects` names it' "$reeve" policy explain p.yaml "$beside"
gives "and the file" 0 'group:staff_agents on line [0-9]+ of 15-org-base.yaml$' "$reeve" policy explain "$root/rules/examples/15-org.yaml" \
    '{"subject": "agent:web-1", "capability": "ccos.network.http-fetch", "args": ["https://docs.example.com/a"]}'
gives "how a rule was judged" 1 '^  - allow read \(p.yaml:6\): does not match, its condition is false$' "$reeve" policy explain p.yaml "$beside"
gives "what the nearest lacks" 1 '^nearest: read \(p.yaml:6\), which would need:$' "$reeve" policy explain p.yaml "$beside"
gives "what could not be judged" 1 '^      cannot be judged: args.path must be at or under "/srv", and is missing$' \
    "$reeve" policy explain p.yaml '{"subject": "agent:a", "capability": "t.read"}'
gives "the story for programs" 1 '"nearest":\{"fails":\[\{"unknown":false,"wanted":"args.path must' "$reeve" policy explain --json p.yaml "$beside"

# ---- compile ----
gives "an image" 0 '^[0-9]+ bytes$' "$reeve" policy compile p.yaml --out p.rvp
gives "decides as its text does" 0 '^allow read$' "$reeve" policy decide --lines p.rvp "$below"
gives "as other compilers are told it" 0 '^[0-9]+ bytes$' "$reeve" policy compile p.yaml -o p.rvp
says_nothing "the same bytes again" "$reeve" policy compile p.yaml --check p.rvp
refuses "not those of another policy" 1 'p.rvp is not what none.yaml compiles to' "$reeve" policy compile none.yaml --check p.rvp
openssl genpkey -algorithm ed25519 -out key.pem 2>/dev/null
gives "a signed image" 0 '^[0-9]+ bytes, signed$' "$reeve" policy compile p.yaml --out p.rvp --sign key.pem
says_nothing "is the same image" "$reeve" policy compile p.yaml --check p.rvp
printf x >>p.rvp
refuses "bytes that are too many" 1 'is not what' "$reeve" policy compile p.yaml --check p.rvp
refuses "an image that is damaged" 2 'p.rvp' "$reeve" policy decide p.rvp "$below"
refuses "no key" 3 'p.yaml: no .*Ed25519 private key' "$reeve" policy compile p.yaml --out p.rvp --sign p.yaml
refuses "an image over a device" 3 'no regular file' "$reeve" policy compile p.yaml --out /dev/null
refuses "neither written nor checked" 2 'one of --out and --check' "$reeve" policy compile p.yaml
cp typo.yaml q.yaml
rm -f q.rvp
refuses "a policy with an error" 1 'q.yaml:8:.*P080' "$reeve" policy compile q.yaml --out q.rvp
run_case "leaves nothing" find . -name 'q.rvp*'
[ ! -s out ] || complain "something was left"

# ---- the README ----
# What its blocks of `reeve policy` show is what the commands say, as far as they show it.
readme_shows() {
    local command want
    while IFS= read -r command; do
        want=$(awk -v c="\$ $command" 'index($0, c) == 1 { on = 1; next } /^(\$|```)/ { on = 0 } on' "$root/README.md" | sed '/^$/d')
        [ -n "$want" ] || { what="README: $command" && complain "nothing is shown"; continue; }
        run_case "README: $command" env -C "$root" bash -c "reeve() { $reeve \"\$@\"; }; $command"
        sed '/^$/d' out | head -n "$(wc -l <<<"$want")" | diff - <(printf '%s\n' "$want") >diff || complain "$(cat diff)"
    done < <(sed -n 's/^\$ \(reeve policy [te].*\)/\1/p' "$root/README.md")
}
readme_shows
done_testing
