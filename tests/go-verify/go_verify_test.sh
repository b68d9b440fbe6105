#!/bin/bash
# A log that reeve wrote, checked by Go's sumdb/note and tlog alone: notes, proofs, tiles; and that the fixtures beside are
# what Go makes. Nothing is fetched: the module is in Go's own cache (`go mod download` here), or comes from Debian's
# golang-golang-x-mod-dev.
set -euo pipefail
. "$3/tests/integration/cli/lib.sh"
here=$root/tests/go-verify
export GOFLAGS=-mod=readonly GOPROXY=off GOTOOLCHAIN=local GOWORK=off

skip() {
    printf 'skipped: %s\n' "$1"
    exit 77
}

build() {
    (cd "$here" && go build -buildvcs=false -o "$work/go-verify" .) >"$work/build" 2>&1 && return
    [ -d /usr/share/gocode/src/golang.org/x/mod ] || return 1
    (cd "$here" && GOFLAGS='' GO111MODULE=off GOPATH=/usr/share/gocode go build -o "$work/go-verify" .) >"$work/build" 2>&1
}

command -v go >/dev/null || skip "there is no go (Debian: golang-go golang-golang-x-mod-dev)"
if ! build; then
    grep -q 'golang.org/x/mod' "$work/build" || { cat "$work/build"; exit 1; }
    skip "golang.org/x/mod is not here (Debian: golang-golang-x-mod-dev)"
fi
verify() { "$work/go-verify" "$@"; }

mkdir "$work/made"
gives "fixtures" 0 '^fixtures: ok' verify fixtures "$work/made"
gives "are those that are kept" 0 'identical' diff -rs "$work/made" "$here/fixtures"

export REEVE_STATE=$work/state
key=$work/state/key.vkey
cd "$work"
ask --quiet init --origin go.example/reeve
cat >policy.yaml <<END
reeve: policy/v1
name: go-verify
defaults: {level: controlled}
rules:
  - {id: add, effect: allow, subject: ["agent:lab-*"], capability: [ccos.math.add], reason: "Sums"}
END
grow() {
    for ((i = 0; i < $1; i++)); do
        ask call --policy policy.yaml --agent lab-1 ccos.math.add '[2, 40]' >/dev/null
    done
}
grow 5
ask audit checkpoint >old.note
old=$(sed -n 2p old.note)
ask audit export --tiles tiles >/dev/null
gives "a checkpoint" 0 'ok' verify checkpoint "$key" old.note
gives "tiles, all partial" 0 'ok' verify tiles "$key" tiles

grow 260
ask audit checkpoint >now.note
now=$(sed -n 2p now.note)
[ "$now" -gt 256 ] || { echo "the log has $now records"; exit 1; }
for seq in 0 3 255 256 $((now - 1)); do
    ask audit show "$seq" --raw >record
    ask audit prove "$seq" --size "$now" >proof.json
    gives "the inclusion of $seq" 0 'ok' verify inclusion "$key" now.note record proof.json
done
printf ' ' >>record
refuses_go() {
    run_case "$@"
    [ "$got" -eq 1 ] || complain "status $got instead of 1"
}
refuses_go "another record" verify inclusion "$key" now.note record proof.json
ask audit prove-consistency "$old" "$now" >grown.json
gives "growth" 0 'ok' verify consistency "$key" old.note now.note grown.json
refuses_go "and no other" verify consistency "$key" now.note now.note grown.json
ask audit export --tiles tiles >/dev/null
gives "tiles, added to" 0 'ok' verify tiles "$key" tiles
cp -a tiles copied
for seq in 0 255 $((now - 1)); do
    ask audit show "$seq" --raw >record
    "$reeve" audit prove "$seq" --tiles copied --key "$key" >proof.json
    gives "the inclusion of $seq, from tiles" 0 'ok' verify inclusion "$key" now.note record proof.json
done
"$reeve" audit prove-consistency "$old" "$now" --tiles copied --key "$key" >grown.json
gives "growth, from tiles" 0 'ok' verify consistency "$key" old.note now.note grown.json
refuses "no such record in tiles" 1 'no record 99999' "$reeve" audit prove 99999 --tiles copied --key "$key"
printf 'xx' | dd of=copied/tile/0/000 bs=1 seek=40 conv=notrunc status=none
refuses "tiles that were changed" 1 'do not lead to the signed root' "$reeve" audit prove 0 --tiles copied --key "$key"
sed -i 's/^[0-9][0-9]*$/99999/' copied/checkpoint
refuses "a checkpoint that was changed" 1 'signature' "$reeve" audit prove 3 --tiles copied --key "$key"
printf 'x' | dd of=tiles/tile/entries/000 bs=1 seek=40 conv=notrunc status=none
refuses_go "a record of them changed" verify tiles "$key" tiles
refuses "and not silently replaced" 1 'tile/entries/000 is there with other bytes' ask audit export --tiles tiles

# A witness, which lives as long as the other end of its standard input is open here.
witness_key=$here/fixtures/witness.vkey
with_witness() { ask audit checkpoint --witness "$(cat url)" --witness-key "$witness_key" "$@"; }
printf 'http://127.0.0.1:9/\n' >url
run_case "whether it can ask one" with_witness
if grep -q 'without libcurl' err; then
    [ "$got" -eq 3 ] || complain "status $got without libcurl"
    echo "left out: the witness, since reeve was built without libcurl"
    done_testing
    exit
fi
refuses "a witness that is not there" 3 'http://127.0.0.1:9/add-checkpoint' with_witness
rm url
mkfifo life
"$work/go-verify" witness "$key" url <life >/dev/null &
exec 9>life
until [ -s url ]; do kill -0 $!; sleep 0.05; done
cosigned() {
    with_witness >cosigned.note && verify cosigned "$key" cosigned.note "$witness_key"
}
gives "a cosignature" 0 'ok' cosigned
gives "of the same once more" 0 'ok' cosigned
end_reeved
cp -a state kept
grow 3
gives "of what it saw grow" 0 'ok' cosigned
[ "$(sed -n 2p cosigned.note)" -gt "$now" ] || complain "an old checkpoint"
gives "for programs" 0 '^\{"checkpoint":".*go.example/witness' with_witness --json
refuses "no answer of a witness" 4 'status 405' ask audit checkpoint --witness "$(cat url)elsewhere" --witness-key "$witness_key"
end_reeved
rm -r state
cp -a kept state
refuses "a log that was put back" 1 'saw [0-9]+ records and the log has signed [0-9]+: it was put back' with_witness
exec 9>&-
wait
done_testing
