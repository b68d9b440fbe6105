# The checks of this folder fail when they should. usage: checks_test.sh ROOT BUILD REEVE
set -u
root=$1 build=$2 reeve=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fresh() {
    rm -rf "$work/copy"
    mkdir -p "$work/copy/docs" "$work/copy/tests/unit"
    cp "$root/docs/policy-language.md" "$work/copy/docs"
    cp -R "$root/tests/language" "$work/copy/tests"
    ln -s "$root/tests/unit/policy" "$work/copy/tests/unit/policy"
    ln -s "$root/tests/integration" "$root/tests/hostile" "$work/copy/tests"
    here=$work/copy/tests/language
}

# fails TITLE PATTERN COMMAND...
fails() {
    local title=$1 pattern=$2
    shift 2
    if "$@" >"$work/out" 2>&1; then
        printf 'not ok: %s passed\n' "$title"
    elif ! grep -qE -- "$pattern" "$work/out"; then
        printf 'not ok: %s: nothing says %s\n' "$title" "$pattern"
        sed 's/^/  /' "$work/out"
    else
        return
    fi
    failed=$((failed + 1))
}
ids() {
    bash "$here/check-ids.sh" "$work/copy" "$build"
}

fresh
printf -- '- **[new-one]** Something else.\n' >>"$work/copy/docs/policy-language.md"
fails "a statement without a test" 'new-one has no test' ids
fresh
printf -- '- **[order-deny]** Something else.\n' >>"$work/copy/docs/policy-language.md"
fails "a statement that stands twice" 'order-deny is stated twice' ids
fresh
sed -i 's/"level-default: else pure"/"level-other: else pure"/' "$here/policies/level-none.yaml"
fails "a test of no statement" 'level-other is no statement: .*level-none.yaml' ids
fresh
sed -i 's/"level-default: else pure"/"else pure"/' "$here/policies/level-none.yaml"
fails "a test that names none" 'level-none.yaml: names no statement' ids
fresh
sed -i 's/^=== key-version-word /=== key-version-wort /' "$here/refused.cases"
fails "a case of no statement" 'key-version-wort is no statement: .*refused.cases' ids
fresh
printf 'order-deny policy_nothing_test docs/policy-language.md: Policies\n' >>"$here/elsewhere"
fails "a ctest that is not there" 'there is no test policy_nothing_test' ids
fresh
printf 'order-deny policy_decide_test docs/policy-language.md: no such text\n' >>"$here/elsewhere"
fails "a text that is not there" 'does not have "no such text"' ids
fresh
printf 'order-deny not yet\n' >>"$here/pending"
fails "a statement that is pending and shown" 'order-deny is pending and has a test' ids

printf '=== err-null | ok\nreeve: policy/v1\nname: null\n' >"$work/a.cases"
fails "an error that is not expected" '1 errors, not 0' bash "$here/run-cases.sh" "$reeve" "$work/a.cases"
printf '=== err-null | P010 3\nreeve: policy/v1\nname: null\n' >"$work/a.cases"
fails "an error on another line" 'no P010 3' bash "$here/run-cases.sh" "$reeve" "$work/a.cases"
printf '=== err-null | P010 2\nreeve: policy/v1\nname: lab\n' >"$work/a.cases"
fails "an error that does not come" 'no P010 2' bash "$here/run-cases.sh" "$reeve" "$work/a.cases"
printf '=== warn-empty | ok, no P058\nreeve: policy/v1\ngroups: {g: []}\n' >"$work/a.cases"
fails "a warning that is not to be there" 'P058 is there' bash "$here/run-cases.sh" "$reeve" "$work/a.cases"
: >"$work/a.cases"
fails "no case at all" '^0 cases' bash "$here/run-cases.sh" "$reeve" "$work/a.cases"
sed -i 's/expect: {effect: deny, rule: reeve\/pure, level: pure}/expect: {effect: allow}/' "$here/policies/level-none.yaml"
fails "a policy with a wrong expectation" 'level-none.yaml:.*failed: level-default' bash "$here/run-policies.sh" "$reeve"
[ "$failed" -eq 0 ]
