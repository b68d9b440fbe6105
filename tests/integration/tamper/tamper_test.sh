#!/bin/bash
# Each row of the table "Tampering, case by case" of docs/audit.md is done to a log, and must be told in the words of the row;
# each row has its deed here, and each deed its row.
set -euo pipefail
. "$(dirname "$0")/../cli/lib.sh"
sql=$4 whole=$work/whole state=$work/state table=$root/docs/audit.md

# A log of two files, of which one was carried out of before, with a run and a rotation in it.
ask --quiet init --origin example.com/lab "$state"
cat >"$state/policy.yaml" <<'END'
reeve: policy/v1
defaults: {level: controlled, limits: {wall: 5s}}
rules:
  - {id: echo, effect: allow, subject: anyone, capability: [ccos.echo]}
  - {id: run, effect: allow, subject: anyone, capability: [program.external], grant: {filesystem: {read: [/usr/lib, /usr/lib64, /usr/bin, /etc/ld.so.cache]}}}
END
say() { # WORD: a record more, or nothing where the log takes none
    ask --state "$1" call --agent a ccos.echo "[\"$2\"]" >/dev/null 2>&1 || true
}
say "$state" one
ask --state "$state" run --agent a -- /usr/bin/true >/dev/null
say "$state" two
ask --state "$state" audit seal >/dev/null
say "$state" three
end_reeved
cp -r "$state" "$work/early"
ask --quiet --state "$state" audit rotate-key >/dev/null
say "$state" four
say "$state" five
ask --state "$state" audit checkpoint >"$work/kept"
ask --state "$state" audit query --json --type rotation --scan >"$work/out"
rotation=$(sed -n '1s/.*"seq":\([0-9]*\).*/\1/p' "$work/out")
end_reeved
size=$(sed -n 2p "$work/kept")
newest=$((size - 1)) sealed=$(basename "$state"/segments/*.db)
cp "$state/key.vkey" "$work/newest.vkey"
mv "$state" "$whole"

db=$state/log.db
edit() { "$sql" "$1" "$2" >/dev/null; }
sealed_db() { # made writable
    chmod 600 "$state/segments/$sealed"
    echo "$state/segments/$sealed"
}
early() { cp "$work/early/$1" "$state/$1"; }

# What somebody does; what checking is given beside the log stands in `with`.
do_case() {
    case $1 in
    'nothing') ;;
    'a bit of a record') edit "$db" "UPDATE log SET record = CAST(replace(record, 'four', 'fouR') AS BLOB) WHERE CAST(record AS TEXT) LIKE '%four%'" ;;
    'a bit of a leaf hash') edit "$db" "UPDATE log SET leaf = zeroblob(32) WHERE seq = $((newest - 3))" ;;
    'a record in a sealed file') edit "$(sealed_db)" "UPDATE log SET record = CAST(replace(record, 'one', 'onE') AS BLOB) WHERE CAST(record AS TEXT) LIKE '%\"one\"%'" ;;
    'a record together with its leaf hash') edit "$db" "UPDATE log SET record = (SELECT record FROM log WHERE seq = $newest - 1), leaf = (SELECT leaf FROM log WHERE seq = $newest - 1) WHERE seq = $newest" ;;
    'a row taken out') edit "$db" "DELETE FROM log WHERE seq = $((newest - 1))" ;;
    'a row taken out of a sealed file') edit "$(sealed_db)" "DELETE FROM log WHERE seq = 1" ;;
    'two rows swapped') edit "$db" "UPDATE log SET seq = -seq WHERE seq IN ($newest, $((newest - 1))); UPDATE log SET seq = $((2 * newest - 1)) + seq WHERE seq < 0" ;;
    "a record's bytes taken away") edit "$db" "UPDATE log SET record = NULL WHERE seq = $((newest - 3))" ;;
    'the last rows taken out') edit "$db" "DELETE FROM log WHERE seq > $((newest - 2))" ;;
    '`log.db` replaced by an older copy') early log.db ;;
    '`log.db` taken away') rm "$db" ;;
    'a sealed file taken away') rm -f "$state/segments/$sealed" ;;
    'a row added') edit "$db" "INSERT INTO log VALUES($size, CAST('{\"seq\":$size,\"type\":\"decision\"}' AS BLOB), zeroblob(32)), ($((size + 2000)), x'00', zeroblob(32))" ;;
    'a table or trigger added') "$sql" "$db" "CREATE TRIGGER t AFTER INSERT ON log BEGIN DELETE FROM log; END; INSERT INTO log VALUES(-5, NULL, zeroblob(32)); DELETE FROM log WHERE seq = -5" >/dev/null || true ;;
    '`keeper.head` taken away') rm "$state/keeper.head" ;;
    '`keeper.head` replaced by an older one') early keeper.head ;;
    '`keeper.head` and `log.db` put back together') for f in log.db keeper.head key.pem key.vkey; do early "$f"; done ;;
    'the same, and other records since') for f in log.db keeper.head key.pem key.vkey; do early "$f"; done; for word in x y z v w; do say "$state" $word; done ;;
    'another key given') printf 'example.com/lab+00000000+%s\n' "$(head -c 33 /dev/zero | base64 -w0)" >"$work/other.vkey"; with=(--key "$work/other.vkey") ;;
    'the key given that a rotation ended') with=(--key "$work/early/key.vkey") ;;
    'a checkpoint given of which a digit is changed') sed "2s/.*/$((size + 1))/" "$work/kept" >"$work/changed"; with=(--checkpoint "$work/changed") ;;
    'a checkpoint given with a forged signature') sed '$s/.....$/AAAA=/' "$work/kept" >"$work/changed"; with=(--checkpoint "$work/changed") ;;
    'history written again with a stolen old key') for f in log.db keeper.head key.pem key.vkey; do early "$f"; done; for word in x y z v w; do say "$state" $word; done ;;
    'the record of a rotation changed') edit "$db" "UPDATE log SET record = CAST(replace(record, '\"type\"', '\"typE\"') AS BLOB) WHERE seq = $rotation" ;;
    'a plan taken away') edit "$state/plans.db" "DELETE FROM plan" ;;
    'a plan changed') edit "$state/plans.db" "UPDATE plan SET bytes = zeroblob(length(bytes))" ;;
    *) return 1 ;;
    esac
}
# How it is checked: as a stranger does, with the newest key and the checkpoint that was carried out, unless the row is of what
# cannot be seen without it.
check_case() {
    with=(--key "$work/newest.vkey")
    [ "$2" = nothing-else ] || with+=(--checkpoint "$work/kept")
    rm -rf "$state"
    cp -r "$whole" "$state"
    do_case "$1" || { complain "there is no such deed"; return; }
    [ "$1" = 'nothing' ] || ! diff -rq "$whole" "$state" >/dev/null || [ ${#with[@]} -ne 4 ] || [ "${with[1]}" != "$work/newest.vkey" ] ||
        complain "nothing was changed"
    got=0
    ask --state "$state" audit verify "${with[@]}" >"$work/out" 2>"$work/err" || got=$?
    cat "$work/err" >>"$work/out"
    end_reeved
    [ "$got" -eq "$3" ] || complain "status $got instead of $3"
    grep -qF -e "$4" "$work/out" || complain "not told: $4"
}

# | what is done | what tells | words | with the key alone |
rows=0
while IFS='|' read -r _ deed tells _; do
    deed=$(sed 's/^ *//; s/ *$//' <<<"$deed")
    said=$(grep -o '`[^`]*`' <<<"$tells" | head -1 | tr -d '`')
    status=1 only=
    grep -q 'no finding' <<<"$tells" && status=0
    grep -q 'with the key alone' <<<"$tells" && only=nothing-else
    what=$deed
    cases=$((cases + 1)) rows=$((rows + 1))
    check_case "$deed" "$only" "$status" "$said"
done < <(sed -n '/^## Tampering, case by case/,/^## /p' "$table" | grep '^| ' | tail -n +2)
what="the table" cases=$((cases + 1))
deeds=$(sed -n '/^do_case/,/^}/p' "$0" | grep -c '^    .*) .*;;$')
[ "$rows" -eq "$((deeds - 1))" ] || complain "$rows rows, and $((deeds - 1)) deeds"
done_testing
