#!/bin/bash
# What the command line itself can get wrong: one line that names it and says where help is, and status 2.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

refuses "no command" 2 "no command.*'reeve --help'" "$reeve"
refuses "unknown command" 2 "'foo'.*'reeve --help'" "$reeve" foo
refuses "a command's name in part" 2 "'versio'" "$reeve" versio
refuses "group without command" 2 "query, reindex, erase, verify, receipt, show, prove.*'reeve audit --help'" "$reeve" audit
refuses "group with unknown command" 2 "'foo' is none of lint, test, decide, explain, compile, codes" "$reeve" policy foo
refuses "unknown option before the command" 2 "--foo" "$reeve" --foo run
refuses "unknown option of the command" 2 "--polcy; see 'reeve run --help'" "$reeve" run --polcy x -- true
refuses "another command's option" 2 "--raw" "$reeve" run --raw -- true
refuses "an abbreviated option" 2 "--pol;" "$reeve" run --pol x -- true
refuses "short option" 2 "-x" "$reeve" run -x true
refuses "short option of another command" 2 "-o" "$reeve" run -o x true
refuses "option without its value" 2 "--policy wants FILE" "$reeve" run --policy
refuses "option with an empty value" 2 "--agent wants NAME" "$reeve" run --agent= -- true
refuses "flag with a value" 2 "--explain takes no value" "$reeve" run --explain=yes -- true
refuses "number with letters" 2 "--limit wants a number, not '3x'" "$reeve" audit query --limit 3x
refuses "number with a sign" 2 "'-1'" "$reeve" audit query --from -1
refuses "number beyond 64 bits" 2 "'18446744073709551616'" "$reeve" audit query --from 18446744073709551616
refuses "the last none" 2 "--limit wants a number from 1 on, not '0'" "$reeve" audit query --limit 0
refuses "an effect that there is not" 2 "--effect is allow, deny or ask, not 'maybe'" "$reeve" audit query --effect maybe
refuses "a type that no record has" 2 "--type is start, .*, not 'foo'" "$reeve" audit query --type foo
refuses "run without a program" 2 "PROG" "$reeve" run --agent lab-1
refuses "run with nothing after --" 2 "PROG" "$reeve" run --
refuses "call without a capability" 2 "CAPABILITY" "$reeve" call
refuses "call with too much" 2 "'c' is one argument too many" "$reeve" call a '[]' c
refuses "arguments that are no JSON" 2 "no JSON" "$reeve" call ccos.math.add '[1,'
refuses "arguments with a duplicate key" 2 "no JSON" "$reeve" call ccos.math.add '{"a":1,"a":2}'
refuses "arguments that are a scalar" 2 "list|array|object" "$reeve" call ccos.math.add 7
refuses "lint without a file" 2 "FILE" "$reeve" policy lint
refuses "lint in an unknown format" 2 "text or json, not 'xml'" "$reeve" policy lint --format xml x.yaml
refuses "receipt without a sequence" 2 "SEQ" "$reeve" audit receipt
refuses "receipt of no number" 2 "'x'" "$reeve" audit receipt x
refuses "verify without a key" 2 "--key" "$reeve" verify x
refuses "verify without a receipt" 2 "RECEIPT" "$reeve" verify --key y
refuses "a proof of no number" 2 "'x'" "$reeve" audit prove x
refuses "a proof of no tree" 2 "from 1 on" "$reeve" audit prove 3 --size 0
refuses "a consistency proof backwards" 2 "the smaller" "$reeve" audit prove-consistency 5 4
refuses "a consistency proof of one size" 2 "A B" "$reeve" audit prove-consistency 5
refuses "a witness without a key" 2 "together" "$reeve" audit checkpoint --witness https://w.example
refuses "a witness's key alone" 2 "together" "$reeve" audit checkpoint --witness-key x
refuses "a witness that is no URL" 2 "not 'file:///x'" "$reeve" audit checkpoint --witness file:///x --witness-key x
refuses "tiles without a key" 2 "go together" "$reeve" audit prove 5 --tiles x
refuses "a key without tiles" 2 "go together" "$reeve" audit prove-consistency 5 6 --key x
refuses "an export to nowhere" 2 "--tiles DIR" "$reeve" audit export
refuses "show without a sequence" 2 "SEQ" "$reeve" audit show
refuses "too many folders" 2 "'b'" "$reeve" init a b
refuses "control characters do not reach the terminal" 2 'x1b\[31m' "$reeve" $'\033[31mfoo'
refuses "standard output that cannot be written" 3 "standard output" bash -c '"$0" version >/dev/full' "$reeve"

gives "help" 0 "^example:" "$reeve" --help
gives "help of a group" 0 "audit verify" "$reeve" audit --help
gives "help of a command" 0 "^example:" "$reeve" run --help
gives "-h" 0 "^example:" "$reeve" audit query -h
gives "version" 0 "^reeve [0-9]+\.[0-9]+\.[0-9]+$" "$reeve" --version
gives "version with its parts" 0 "^version: +[0-9]" "$reeve" version
gives "version for programs" 0 '^\{"version":"[0-9.]+",' "$reeve" version --json
gives "with what the command itself links" 0 '"libcurl":"([0-9.]+|none)"' "$reeve" version --json
gives "the schema of policies" 0 '"\$schema": "https://json-schema.org/draft/2020-12/schema"' "$reeve" policy schema
gives "the reference page" 0 '^# Policy reference$' "$reeve" policy schema --reference
gives "codes of policies" 0 "^P[0-9]{3} +[a-z-]+ +[a-z]" "$reeve" policy codes
gives "a code" 0 "^P052 no-reason: an allow" "$reeve" policy codes P052
gives "its examples, by id" 0 "^    reeve: policy/v1" "$reeve" policy codes no-reason P050
gives "a code for programs" 0 '"rationale": "An allow' "$reeve" policy codes P052 --json
gives "a code of an error" 0 "^P012 unknown-key: a key" "$reeve" policy codes P012
refuses "a code that is none" 2 "'P999' is no code" "$reeve" policy codes P999
done_testing
