#!/bin/bash
# The completion as bash calls it: words before the cursor, and what is offered.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
. "$root/tools/completions/reeve"

# offers EXPECTED WORD...: the last word is the one at the cursor; EXPECTED is all that is offered, space-separated.
offers() {
    local expected=$1
    shift
    COMP_WORDS=(reeve "$@") COMP_CWORD=$# COMPREPLY=()
    cases=$((cases + 1))
    _reeve || true
    if [ "${COMPREPLY[*]-}" != "$expected" ]; then
        printf 'not ok: reeve %s\n  offered: %s\n  instead of: %s\n' "$*" "${COMPREPLY[*]-}" "$expected"
        failed=$((failed + 1))
    fi
}

offers "policy provider" p
offers "verify version" v
offers "query reindex erase verify receipt show prove prove-consistency checkpoint keys rotate-key segments seal export --help" audit ""
offers "verify" audit v
offers "decide" policy d
offers "--lines" policy decide --coverage p --l
offers "--min-coverage" policy test --m
offers "--policy --provider" run --p
offers "--raw" audit show --r
offers "--plan" audit show --pl
offers "pure" run --level p
offers "controlled" run --policy x --level c
offers "allow ask" audit query --effect a
offers "--key" audit verify --k
offers "--size" --state /tmp audit prove --si
offers "" run -- true --pol
done_testing
