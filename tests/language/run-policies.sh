# The tests of every policy under tests/language/policies that stands alone. usage: run-policies.sh REEVE
# What a policy includes is run with it, from its own folder: files below a folder `teams` are delegated and not run by themselves.
set -u
case $1 in /*) reeve=$1 ;; *) reeve=$PWD/$1 ;; esac
cd "$(dirname "$0")/policies" || exit 1
export LC_ALL=C NO_COLOR=1
set --
for file in $(find . -name '*.yaml' ! -path '*/teams/*' | sed 's|^\./||' | sort); do
    if grep "^$file: " ../off; then
        continue
    fi
    set -- "$@" "$file"
done
[ $# -gt 0 ] && "$reeve" policy test "$@"
