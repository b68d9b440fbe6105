#!/bin/bash
# --help, the man pages and the completion name the same commands and long options.
# usage: options_test.sh REEVE REEVED ROOT
set -euo pipefail
reeve=$1 reeved=$2 root=$3
man=$root/docs/man
failed=0

same() {
    if [ "$2" != "$3" ]; then
        printf '%s differ:\n%s\n' "$1" "$(diff <(printf '%s\n' "$2") <(printf '%s\n' "$3"))"
        failed=1
    fi
}

# The options of a part of a help text: "options:" or "options of every command:".
help_options() {
    awk -v part="$1" '$0 == part { on = 1; next } /^$/ { on = 0 } on && $1 ~ /^--/ { print $1 }' | sort -u
}

# The lines of a man page below a heading that begins with these words, up to the next heading.
man_section() {
    awk -v want="$1" '/^\.S[SH] / { t = $0; sub(/^\.S[SH] "?/, "", t); on = index(t " ", want " ") == 1 || t == want "\""; next } on' "$2"
}

man_options() {
    sed 's/\\-/-/g' | grep -Eo -e '--[a-z][a-z-]*' | sort -u || true
}

without() {
    grep -vxF -e "$1" || true
}

overview=$("$reeve" --help)
common=$(help_options "options of every command:" <<<"$overview")
[ -n "$common" ] || { echo "reeve --help lists no option"; exit 1; }
same "common options of --help and reeve(1)" "$common" \
    "$(man_section "OPTIONS OF EVERY COMMAND" "$man/reeve.1" | man_options)"

commands=$(awk '/^commands:/ { on = 1; next } /^$/ { on = 0 } on' <<<"$overview" | cut -c3-25 | sed 's/ *$//')
same "commands of --help and reeve(1)" "$(sort <<<"$commands")" \
    "$(sed -n 's/^\.SS "\{0,1\}reeve \([a-z -]*[a-z]\).*/\1/p' "$man/reeve.1" | sort)"

. "$root/tools/completions/reeve"
same "common options of --help and completion" "$common" "$(tr ' ' '\n' <<<"$_reeve_common" | sort)"
same "first words of commands and completion" "$(cut -d' ' -f1 <<<"$commands" | sort -u)" \
    "$(tr ' ' '\n' <<<"$_reeve_commands" | sort)"

while read -r command; do
    # shellcheck disable=SC2086 # a command may be two words
    help=$("$reeve" $command --help)
    own=$(help_options "options:" <<<"$help")
    same "options of $command --help and reeve(1)" "$own" \
        "$(man_section "reeve $command" "$man/reeve.1" | man_options | without "$common")"
    same "options of $command --help and completion" "$own" "$(_reeve_options "$command" | tr ' ' '\n' | sed '/^$/d' | sort)"
    grep -q "^  reeve $command" <<<"$(sed -n '/^example:/,$p' <<<"$help")" || {
        echo "$command --help has no example of itself"
        failed=1
    }
done <<<"$commands"

same "options of reeved --help and reeved(8)" "$("$reeved" --help | grep -Eo -e '--[a-z][a-z-]*' | sort -u)" \
    "$(man_section OPTIONS "$man/reeved.8" | man_options)"
exit "$failed"
