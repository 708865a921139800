#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the project of guide.md that fetches Watchword, with this tree in place of the download, and starts it. Only the
# libraries that it links may be there. The folder is kept, so that the next run builds what changed.
set -eu
here=$SOURCE/tests/package
work=$BUILD/fetchcontent
fail() { echo "FAILED: $*"; exit 1; }
mkdir -p "$work"
rm -rf "$work/blocks"
python3 "$here/blocks.py" "$SOURCE" "$work/blocks" || fail "the documents hold no code"
project=$(dirname "$(grep -l FetchContent "$work"/blocks/*/CMakeLists.txt)")
mkdir -p "$work/project"
for file in "$project"/*; do cmp -s "$file" "$work/project/$(basename "$file")" || cp "$file" "$work/project/"; done
cmake -S "$work/project" -B "$work/build" -G Ninja -DFETCHCONTENT_SOURCE_DIR_WATCHWORD="$SOURCE" -DCMAKE_CXX_COMPILER="$CXX" \
    -DCMAKE_CXX_COMPILER_LAUNCHER="$LAUNCHER" -DWATCHWORD_UNITY=ON >"$work/configure.log" 2>&1 || { cat "$work/configure.log"; fail "configuring"; }
cmake --build "$work/build" --target help >"$work/targets"
for target in watchword-gateway watchword-monitor watchword_qml watchword-example-minimal watchword_translations WatchwordGateway; do
    ! grep -q "^$target:" "$work/targets" || fail "$target is built inside of another project"
done
cmake --build "$work/build" --parallel 1 --target orders >"$work/build.log" 2>&1 || { tail -n 50 "$work/build.log"; fail "building"; }
python3 "$here/start.py" 60 "watchword." "$work/build/orders" || fail "the program does not start"
cmake --install "$work/build" --prefix "$work/installed" >/dev/null
! find "$work/installed" -name 'libWatchword*' 2>/dev/null | grep -q . || fail "the libraries are installed with the application"
echo "fetched, built and started"
