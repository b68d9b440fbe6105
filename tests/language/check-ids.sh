# Every statement of docs/policy-language.md has a test that names it, and no test names another. usage: check-ids.sh ROOT BUILD
# Statements begin with "- **[ID]**". Tests name them in the names of policies' tests, "ID ID: ...", in the heads of cases, and in
# the file elsewhere; what cannot be shown yet is in the file pending, with a reason.
set -u
root=$1 build=$2
here=$root/tests/language
export LC_ALL=C
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

fault() {
    printf 'not ok: %s\n' "$1"
    failed=$((failed + 1))
}

# Lines of a file that are neither comments nor empty.
rows() {
    grep -vE '^(#|$)' "$1"
}

# "ID WHERE" of each.
from_policies() {
    find "$here/policies" -name '*.yaml' | while read -r file; do
        sed -nE 's/^ *- (\{ *)?name: "([a-z0-9 -]+): .*/\2/p' "$file" | tr ' ' '\n' | sed "s|\$| ${file#"$root"/}|"
    done
}
from_cases() {
    for file in "$here"/*.cases; do
        sed -nE 's/^=== ([a-z0-9 -]+) \| .*/\1/p' "$file" | tr ' ' '\n' | sed "s|\$| ${file#"$root"/}|"
    done
}

every_test_names_one() {
    local file
    find "$here/policies" -name '*.yaml' | while read -r file; do
        sed -n '/^tests:/,$p' "$file" | grep -nE '^  - ' | grep -vE 'name: "[a-z0-9 -]+: ' | sed "s|^|${file#"$root"/}: names no statement: |"
    done
    grep -nE '^===' "$here"/*.cases | grep -vE '=== [a-z0-9 -]+ \| ' | sed 's/^/names no statement: /'
}

# The ctest exists, and the text is where it is said to be.
check_elsewhere() {
    local id test place text
    ctest --test-dir "$build" -N | sed -nE 's/^ *Test +#[0-9]+: //p' >"$work/tests"
    while read -r id test place; do
        text=${place#*: } place=${place%%: *}
        grep -qxF -- "$test" "$work/tests" || fault "elsewhere: $id: there is no test $test"
        grep -qF -- "$text" "$root/$place" 2>/dev/null || fault "elsewhere: $id: $place does not have \"$text\""
    done <<END
$(rows "$here/elsewhere")
END
}

sed -nE 's/^- \*\*\[([a-z0-9-]+)\]\*\*.*/\1/p' "$root/docs/policy-language.md" | sort >"$work/stated"
rows "$here/pending" | cut -d' ' -f1 | sort >"$work/pending"
{
    from_policies
    from_cases
    rows "$here/elsewhere" | sed -E 's/^([a-z0-9-]+) .*/\1 tests\/language\/elsewhere/'
} | sort -u >"$work/shown"
cut -d' ' -f1 "$work/shown" | sort -u >"$work/ids"

for id in $(uniq -d "$work/stated"); do fault "$id is stated twice"; done
for id in $(sort -u "$work/stated" | comm -23 - "$work/ids" | comm -23 - "$work/pending"); do fault "$id has no test"; done
for id in $(comm -13 "$work/stated" "$work/ids"); do fault "$id is no statement: $(grep "^$id " "$work/shown" | cut -d' ' -f2 | tr '\n' ' ')"; done
for id in $(comm -13 "$work/stated" "$work/pending"); do fault "$id is pending and no statement"; done
for id in $(comm -12 "$work/ids" "$work/pending"); do fault "$id is pending and has a test"; done
every_test_names_one >"$work/nameless"
while read -r line; do fault "$line"; done <"$work/nameless"
check_elsewhere
rows "$here/pending" | sed 's/^/pending: /'
# Shown only by what is not run yet.
rows "$here/off" | cut -d: -f1 >"$work/off"
grep -vFf "$work/off" "$work/shown" | cut -d' ' -f1 | sort -u | comm -13 - "$work/ids" | tr '\n' ' ' | sed 's/^./off: &/; s/ $/\n/'
printf '%d statements, %d shown, %d pending, %d faults\n' "$(wc -l <"$work/stated")" "$(comm -12 "$work/stated" "$work/ids" | wc -l)" \
    "$(wc -l <"$work/pending")" "$failed"
[ "$failed" -eq 0 ] && [ -s "$work/stated" ]
