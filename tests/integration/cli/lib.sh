# Shared by the tests of the command. usage of each: TEST REEVE HELPER_DIR ROOT
# Makes a folder of its own that is removed at the end, together with the reeved's that were started for state folders in
# it.

reeve=$1 helpers=$2 root=$3
unset REEVE_STATE NO_COLOR
export LC_ALL=C
work=$(mktemp -d)
chmod 755 "$work"
cases=0 failed=0

end_reeved() {
    local lock pid
    for lock in "$work"/*/lock; do
        pid=$(tr -dc 0-9 2>/dev/null <"$lock") || continue
        if [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = reeved ]; then
            kill "$pid" 2>/dev/null || true
            while [ -e "/proc/$pid" ] && [ "$(cut -d' ' -f3 "/proc/$pid/stat" 2>/dev/null)" != Z ]; do
                sleep 0.02
            done
        fi
    done
}

finish() {
    end_reeved
    rm -rf "$work"
}
trap finish EXIT

ask() {
    "$reeve" --helper-dir "$helpers" "$@"
}

complain() {
    printf 'not ok: %s\n  %s\n' "$what" "$1"
    sed 's/^/  stdout: /' "$work/out"
    sed 's/^/  stderr: /' "$work/err"
    failed=$((failed + 1))
}

run_case() {
    what=$1
    cases=$((cases + 1))
    shift
    got=0
    "$@" >"$work/out" 2>"$work/err" </dev/null || got=$?
}

# refuses TITLE STATUS PATTERN COMMAND...: that status, nothing on standard output, one line on standard error that matches.
refuses() {
    local title=$1 status=$2 pattern=$3
    shift 3
    run_case "$title" "$@"
    if [ "$got" -ne "$status" ]; then
        complain "status $got instead of $status"
    elif [ -s "$work/out" ]; then
        complain "something on standard output"
    elif [ "$(wc -l <"$work/err")" -ne 1 ]; then
        complain "not one line on standard error"
    elif ! grep -Eq -e "^reeve: .*$pattern" "$work/err"; then
        complain "standard error does not match: $pattern"
    fi
}

# gives TITLE STATUS PATTERN COMMAND...: that status, standard output that matches, and nothing on standard error.
gives() {
    local title=$1 status=$2 pattern=$3
    shift 3
    run_case "$title" "$@"
    if [ "$got" -ne "$status" ]; then
        complain "status $got instead of $status"
    elif [ -s "$work/err" ]; then
        complain "something on standard error"
    elif ! grep -Eq -e "$pattern" "$work/out"; then
        complain "standard output does not match: $pattern"
    fi
}

done_testing() {
    printf '%s cases, %s failed\n' "$cases" "$failed"
    [ "$cases" -gt 0 ] && [ "$failed" -eq 0 ]
}
