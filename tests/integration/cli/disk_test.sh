#!/bin/bash
# A disk that is full: what runs is recorded from the room that is kept for it, and nothing new begins; where that is gone
# too, what waits is told why after a while. All goes on by itself once there is room.
set -euo pipefail
if [ "${5:-}" != inside ]; then
    if [ "$(id -u)" -ne 0 ] || ! unshare -m true 2>/dev/null; then
        echo "only root can mount a small disk"
        exit 77
    fi
    exec unshare -m "$BASH" "$0" "$1" "$2" "$3" "" inside
fi
. "$(dirname "$0")/lib.sh"
cat >"$work/policy.yaml" <<EOF
reeve: policy/v1
defaults: {level: controlled, limits: {wall: 1m}}
rules:
  - {id: sums, effect: allow, subject: anyone, capability: [ccos.math.add]}
  - id: checksums
    effect: allow
    subject: anyone
    capability: [program.external]
    when: {args.path: /usr/bin/sha256sum}
    grant: {filesystem: {read: [/usr/lib, /usr/lib64, /usr/share/common-licenses, $work/pipes]}}
EOF
mkdir "$work/disk"
mount -t tmpfs -o size=8m,mode=0755 none "$work/disk"
add() {
    ask --state "$work/disk" call --policy "$work/policy.yaml" --agent lab-1 ccos.math.add '[2, 40]'
}
run() {
    timeout 60 "$reeve" --helper-dir "$helpers" --state "$work/disk" \
        run --policy "$work/policy.yaml" --agent lab-1 -- /usr/bin/sha256sum "$@"
}
fill() {
    cat /dev/zero >>"$work/disk/filler" 2>/dev/null || true
}
until_it_holds() {
    for _ in $(seq 100); do
        "$@" >"$work/out" 2>"$work/err" && return
        sleep 0.1
    done
    complain "not in time: $*"
}
ask --quiet init "$work/disk"
gives "a record" 0 '^42$' add
gives "a run" 0 'GPL-3' run /usr/share/common-licenses/GPL-3
[ "$(stat -c %s "$work/disk/ballast")" -eq $((64 * 32768 + 2 * 1048576)) ] || complain "no ballast"

# Two runs read what nobody writes, and the disk gets full.
mkdir "$work/pipes"
mkfifo "$work/pipes/first" "$work/pipes/second"
run "$work/pipes/first" >"$work/first.out" 2>&1 &
first=$!
run "$work/pipes/second" >"$work/second.out" 2>&1 &
second=$!
exec 8>"$work/pipes/first" 9>"$work/pipes/second"
releases() { ask --json --state "$work/disk" audit query | grep -c '"type":"release"'; }
until_it_holds eval '[ "$(releases)" -eq 3 ]'
fill
exec 8>&-
wait "$first" || complain "a run on a full disk: status $?"
# Small records may find room in pages that the log has: sooner or later one does not.
for _ in $(seq 200); do
    add >"$work/out" 2>"$work/err" || break
done
refuses "with a full disk nothing new begins" 3 'the disk of .* is full but for what is kept' add
gives "status says why" 0 '"cannot_decide_because":"the disk' ask --json --state "$work/disk" status
[ ! -e "$work/disk/ballast" ] || complain "the ballast was not given up"
gives "what ended is recorded" 0 '"type":"end"' ask --json --state "$work/disk" audit query
rm "$work/disk/filler"
until_it_holds add
until_it_holds test -e "$work/disk/ballast"

# Somebody takes the room that was kept as well.
fill
rm -f "$work/disk/ballast"
fill
for _ in $(seq 200); do
    add >"$work/out" 2>"$work/err" || break
    sleep 0.02
done
exec 9>&-
wait "$second" && complain "a run whose end cannot be recorded ended well"
grep -q 'the log cannot be written (.*make room' "$work/second.out" || complain "$(cat "$work/second.out")"
refuses "the next is refused at once" 3 'the log cannot be written' add
gives "status says why" 0 '"cannot_decide_because":".*full' ask --json --state "$work/disk" status
rm "$work/disk/filler"
until_it_holds add
ends() { ask --json --state "$work/disk" audit query | grep -c '"type":"end"'; }
[ "$(ends)" -eq 3 ] || complain "$(ends) ends of 3 runs"
gives "and the log is whole" 0 '^verified' ask --state "$work/disk" audit verify
end_reeved
umount "$work/disk"
done_testing
