#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the SDK into an empty prefix, builds a project outside of this tree against it, and runs it.
# Every installed header is compiled alone, and the README's program is built from its installed form.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix

for component in dev runtime; do # the second is empty unless the libraries are shared
    cmake --install "$BUILD" --component $component --prefix "$prefix" >>"$work/install.log"
done
cp -r "$SOURCE/tests/package/consumer" "$work/consumer"
cp "$SOURCE/sdk/examples/minimal/main.cpp" "$work/consumer/minimal.cpp"
(cd "$prefix/include" && find watchword -name '*.h' | sort) | while read -r header; do
    name=$(echo "$header" | tr './' '__')
    printf '#include "%s"\n#include "%s"\n' "$header" "$header" >"$work/consumer/header_$name.cpp"
done
count=$(find "$work/consumer" -name 'header_*.cpp' | wc -l)
[ "$count" -gt 20 ] || { echo "only $count headers were installed"; exit 1; }

# A header that only works in this tree, or a forgotten export, fails here.
source=$(printf '%s' "$SOURCE" | sed 's/[][\\.*^$+?(){}|]/\\&/g')
if grep -rnE "(^|[^[:alnum:]_./}-])$source(/|\"|;|\$)" "$prefix" --include='*.cmake' --include='*.h'; then
    echo "the installed files name the source tree"
    exit 1
fi
# Without a build type, because debug information of Qt for each header costs a fifth of the time.
cmake -S "$work/consumer" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_CXX_COMPILER_LAUNCHER="$LAUNCHER" >"$work/configure.log" 2>&1 || {
    cat "$work/configure.log"
    exit 1
}
cmake --build "$work/build" --parallel 1
LD_LIBRARY_PATH=$(dirname "$(find "$prefix" -name 'libWatchwordCore.*' | head -n 1)") "$work/build/consumer"
echo "$count headers compiled alone"
