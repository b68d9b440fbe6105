#!/bin/bash
# The schema as another program reads it: Python's validator of draft 2020-12, where it is installed.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
cd "$work"

if ! python3 -c 'import yaml, jsonschema; jsonschema.Draft202012Validator' 2>/dev/null; then
    echo "skipped: Python's jsonschema and yaml are not here (Debian: python3-jsonschema, python3-yaml)"
    exit 77
fi

cat >judge.py <<'END'
import json, sys, jsonschema, yaml
schema = json.load(open("schema.json"))
jsonschema.Draft202012Validator.check_schema(schema)
for name in sys.argv[1:]:
    policy = yaml.safe_load(open(name))
    print("fits" if jsonschema.Draft202012Validator(schema).is_valid(policy) else "refused", name)
END
gives "the schema" 0 '^  "title": "reeve: policy/v1"' sh -c '"$1" policy schema | tee schema.json' - "$reeve"

n=0
# wrong TEXT: a rule with this line in it.
wrong() {
    n=$((n + 1))
    printf 'reeve: policy/v1\nrules:\n  - id: r\n    effect: deny\n    capability: [a.b]\n    %s\n' "$1" >"wrong$n.yaml"
}
wrong 'subjects: [agent:a]'
wrong 'mode: shaddow'
wrong 'grant: {isolation: vm}'
wrong 'when: {args.x: {equals: 1}}'
wrong 'when: {arg.x: 1}'
wrong 'effects: network'
wrong 'valid: {from: now}'
gives "none of the wrong ones fits" 0 "^refused wrong$n.yaml" sh -c 'python3 judge.py wrong*.yaml | sort -V | tee all; ! grep ^fits all' -
gives "the examples fit" 0 '^fits' sh -c 'python3 judge.py "$1"/rules/examples/*.yaml | tee all; ! grep ^refused all' - "$root"
done_testing
