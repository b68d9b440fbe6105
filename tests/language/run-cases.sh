# What the compiler says of every text in a file of cases (see refused.cases). usage: run-cases.sh REEVE FILE...
set -u
reeve=$1
shift
export LC_ALL=C NO_COLOR=1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
total=0 failed=0

complain() {
    printf 'not ok: %s: %s\n' "$where" "$1"
    sed 's/^/  | /' "$work/case/policy.yaml" "$work/found"
    failed=$((failed + 1))
}

# Each case into a folder of its own: "head" has its first line, "at" the line's number.
split() {
    awk -v to="$1" '
        function begin() { n++; dir = to "/" n; system("mkdir -p " dir "/case"); out = dir "/case/policy.yaml" }
        function long(n,   s) { s = "x"; while (length(s) < n) s = s s; return substr(s, 1, n) }
        /^=== / { begin(); print substr($0, 5) > (dir "/head"); print NR > (dir "/at"); next }
        !n { next }
        /^\+\+\+ / { close(out); out = dir "/case/" $2; next }
        { gsub(/@1000@/, long(1000)); gsub(/@1001@/, long(1001)); print > out }' "$2"
}

# "CODE LINE" of the root, "CODE FILE:LINE" of others; "error" and "warning" stand for any code.
is_found() {
    local code=$1 place=$2
    case $place in *:*) ;; *) place=policy.yaml:$place ;; esac
    case $code in
    error | warning) grep -qF -- "/$place $code" "$work/found" ;;
    *) grep -qE -- "/$place (error|warning) $code( |$)" "$work/found" ;;
    esac
}

judge() {
    local wanted=$1 want errors expected=0
    errors=$(grep -c ' error ' "$work/found")
    while [ -n "$wanted" ]; do
        want=${wanted%%, *}
        case $wanted in *", "*) wanted=${wanted#*, } ;; *) wanted= ;; esac
        case $want in
        ok) ;;
        "no "*) ! grep -qF " ${want#no } " "$work/found" || complain "${want#no } is there" ;;
        "must "*) grep -qF -- "${want#must }" "$work/text" || complain "nothing says \"${want#must }\"" ;;
        *)
            # shellcheck disable=SC2086 # code and place
            is_found $want || complain "no $want"
            # shellcheck disable=SC2086
            set -- $want
            expected=$((expected + $(grep -cE "/[^ ]*:${2##*:} error ${1#error}" "$work/found")))
            ;;
        esac
    done
    [ "$errors" -eq "$expected" ] || complain "$errors errors, not $expected"
    if [ "$errors" -gt 0 ]; then want=1; else want=0; fi
    [ "$got" -eq "$want" ] || [ "$errors" -eq 0 ] || complain "exit status $got"
    [ "$got" -le 1 ] || complain "exit status $got"
}

for file; do
    if grep "^${file##*/}: " "$(dirname "$0")/off"; then
        continue
    fi
    mkdir "$work/all"
    split "$work/all" "$file"
    for dir in $(find "$work/all" -mindepth 1 -maxdepth 1 | sort -V); do
        total=$((total + 1))
        rm -rf "$work/case"
        mv "$dir/case" "$work/case"
        where=$file:$(cat "$dir/at") head=$(cat "$dir/head") got=0
        "$reeve" policy lint "$work/case/policy.yaml" >"$work/text" 2>&1 || got=$?
        sed -nE 's|^([^ ]*):([0-9]+):[0-9]+: (error\|warning)\[(P[0-9]+)\]: (.*)|\1:\2 \3 \4 \5|p' "$work/text" >"$work/found"
        judge "${head#* | }"
    done
    rm -rf "$work/all"
done
printf '%d cases, %d failed\n' "$total" "$failed"
[ "$failed" -eq 0 ] && [ "$total" -gt 0 ]
