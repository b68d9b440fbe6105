#!/bin/sh
# Install into a folder of our own, build a program against what is there with pkg-config alone, and run it and the command.
# Arguments: build folder, C compiler, source folder of this test, flags that a sanitized build needs.
set -eu
build=$1 cc=$2 here=$3 flags=$4
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT
cmake --install "$build" --prefix "$prefix" >/dev/null
pc=$(find "$prefix" -name reeve.pc)
# The file names the configured prefix; a package that is moved says so to pkg-config.
PKG_CONFIG_PATH=$(dirname "$pc")
export PKG_CONFIG_PATH
libdir=$(dirname "$(find "$prefix" -name libreeve.so)")
includedir=$prefix/include
version=$(pkg-config --modversion reeve)
# shellcheck disable=SC2046,SC2086
"$cc" -Wall -Wextra -Werror $flags -o "$prefix/use" "$here/use.c" \
    $(pkg-config --define-variable=includedir="$includedir" --define-variable=libdir="$libdir" --cflags --libs reeve) \
    -Wl,-rpath,"$libdir"
out=$("$prefix/use")
[ "$out" = "$version" ] || { echo "the program says $out, pkg-config $version"; exit 1; }
case $("$prefix/bin/reeve" --version) in
*"$version"*) ;;
*) echo "the installed command does not say $version"; exit 1 ;;
esac
for file in libexec/reeve/reeved libexec/reeve/reeve-keeper libexec/reeve/reeve-launcher libexec/reeve/reeve-init \
    libexec/reeve/reeve-start include/reeve/reeve.h include/reeve/provider.h include/reeve/tooling.h share/man/man1/reeve.1 \
    share/reeve/policy.schema.json; do
    [ -e "$prefix/$file" ] || { echo "$file was not installed"; exit 1; }
done
# Nothing leaves the library but what the public headers declare.
nm -D --defined-only "$libdir/libreeve.so" | awk '$2 ~ /[TDBR]/ { sub(/@.*/, "", $3); print $3 }' |
    grep -v '^REEVE_0$' | sort -u > "$prefix/exported"
grep -ho 'reeve_[a-z_]*(' "$includedir"/reeve/*.h | tr -d '(' | sort -u > "$prefix/declared"
extra=$(grep -vxFf "$prefix/declared" "$prefix/exported" | grep -v '^__' || true)
[ -z "$extra" ] || { echo "exported and not declared: $extra"; exit 1; }
echo "installed, built against, run: $version"
