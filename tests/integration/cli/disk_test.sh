#!/bin/bash
# A disk that is full: what waits is told why after a while, and all goes on by itself once there is room.
set -euo pipefail
if [ "${5:-}" != inside ]; then
    if [ "$(id -u)" -ne 0 ] || ! unshare -m true 2>/dev/null; then
        echo "only root can mount a small disk"
        exit 77
    fi
    exec unshare -m "$BASH" "$0" "$1" "$2" "$3" "" inside
fi
. "$(dirname "$0")/lib.sh"
tour=$root/rules/examples/tour.yaml
mkdir "$work/disk"
mount -t tmpfs -o size=1m,mode=0755 none "$work/disk"
add() {
    ask --state "$work/disk" call --policy "$tour" --agent lab-1 ccos.math.add '[2, 40]'
}
run() {
    timeout 60 "$reeve" --helper-dir "$helpers" --state "$work/disk" \
        run --policy "$tour" --agent lab-1 -- /usr/bin/sha256sum /usr/share/common-licenses/GPL-3
}
ask --quiet init "$work/disk"
gives "a record" 0 '^42$' add
gives "a run" 0 'GPL-3' run
dd if=/dev/zero of="$work/disk/ballast" bs=4k status=none 2>/dev/null || true
# The first of them may still find room in the pages that the log has.
for _ in $(seq 60); do
    run_case "a run on a full disk ends" run
    [ "$got" -eq 0 ] || break
done
[ "$got" -eq 126 ] && grep -q 'the log cannot be written (.*make room' "$work/err" || complain "status $got"
refuses "the next is refused at once" 3 'the log cannot be written' add
gives "status says why" 0 '"cannot_decide_because":".*full' ask --json --state "$work/disk" status
rm "$work/disk/ballast"
for _ in $(seq 50); do
    add >"$work/out" 2>"$work/err" && break
    sleep 0.1
done
gives "with room all goes on" 0 '^42$' add
gives "and the log is whole" 0 '^verified' ask --state "$work/disk" audit verify
end_reeved
umount "$work/disk"
done_testing
