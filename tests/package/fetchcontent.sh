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

# A copy in the tree of the application: add_subdirectory, here with the smallest library, and nothing else is built.
subproject=$work/subproject
mkdir -p "$subproject"
cat >"$work/CMakeLists.new" <<END
cmake_minimum_required(VERSION 3.25)
project(Sub LANGUAGES C CXX)
add_subdirectory("$SOURCE" watchword EXCLUDE_FROM_ALL)
add_executable(sub main.cpp)
target_link_libraries(sub PRIVATE Watchword::Core)
END
cmp -s "$work/CMakeLists.new" "$subproject/CMakeLists.txt" || cp "$work/CMakeLists.new" "$subproject/CMakeLists.txt"
cat >"$work/main.new" <<'END'
#include "watchword/core/version.h"
#include <cstdio>
int main() { std::printf("%s\n", qPrintable(Watchword::versionText())); }
END
cmp -s "$work/main.new" "$subproject/main.cpp" || cp "$work/main.new" "$subproject/main.cpp"
cmake -S "$subproject" -B "$work/subbuild" -G Ninja -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_CXX_COMPILER_LAUNCHER="$LAUNCHER" -DWATCHWORD_UNITY=ON \
    >"$work/configure.log" 2>&1 || { cat "$work/configure.log"; fail "configuring with add_subdirectory"; }
cmake --build "$work/subbuild" --parallel 1 >"$work/build.log" 2>&1 || { tail -n 50 "$work/build.log"; fail "building with add_subdirectory"; }
! find "$work/subbuild" -name 'libWatchwordClient*' | grep -q . || fail "more is built than what the program links"
said=$("$work/subbuild/sub")
grep -q "^project(Watchword VERSION $said " "$SOURCE/CMakeLists.txt" || fail "the program says \"$said\""
echo "added as a folder, built and started"
