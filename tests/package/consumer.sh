#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the SDK, moves it elsewhere, and does with it what README.md, guide.md, providers.md and testing.md say, in folders
# outside of this tree: their CMake, their commands and their programs are copied out of them, built and started.
set -eu
unset LD_LIBRARY_PATH
here=$SOURCE/tests/package
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; exit 1; }
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; fail "$*"; }; }
step() { printf '%s %s\n' "$(date +%T)" "$*"; }

step "installing"
for component in dev runtime tools qml; do # the second is empty unless the libraries are shared
    quietly cmake --install "$BUILD" --component $component --prefix "$work/first"
done
prefix=$work/second
mv "$work/first" "$prefix"
lib=$(dirname "$(find "$prefix" -name 'libWatchwordCore.*' | head -n 1)")

# A header that only works in this tree, or a forgotten export, fails here.
tree=$(printf '%s' "$SOURCE" | sed 's/[][\\.*^$+?(){}|]/\\&/g')
! grep -rnE "(^|[^[:alnum:]_./}-])$tree(/|\"|;|\$)" "$prefix" --include='*.cmake' --include='*.h' --include='*.pc' ||
    fail "the installed files name the source tree"
(cd "$prefix/include" && find watchword -name '*.h' | sort) >"$work/headers"
[ "$(wc -l <"$work/headers")" -gt 20 ] || fail "only $(wc -l <"$work/headers") headers were installed"
(cd "$prefix/include" && xargs sed -nE 's/^ *# *include *[<"](watchword\/[^>"]*)[>"].*/\1/p') <"$work/headers" | sort -u |
    comm -23 - "$work/headers" >"$work/missing"
[ ! -s "$work/missing" ] || fail "installed headers include what is not installed: $(cat "$work/missing")"

step "the documents"
python3 "$here/blocks.py" "$SOURCE" "$work/blocks" || fail "the documents hold no code"
find "$work/blocks" -type f -exec sed -i "s|/opt/watchword|$prefix|g; s|-S watchword |-S $SOURCE |" {} +

configure() { # configure FOLDER [option...]; without a build type, because debug information of Qt costs a fifth of the time
    folder=$1
    shift
    quietly cmake -S "$folder" -B "$folder/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_COMPILER="$CXX" \
        -DCMAKE_CXX_COMPILER_LAUNCHER="$LAUNCHER" "$@"
}

cp -r "$here/consumer" "$work/consumer"
cp "$work/blocks/fragments.cpp" "$work/consumer"
sed 's/.*/#include "&"/' "$work/headers" >"$work/consumer/headers_forwards.cpp"
sort -r "$work/headers" | sed 's/.*/#include "&"/' >"$work/consumer/headers_backwards.cpp"
step "$(wc -l <"$work/headers") headers, and the fragments"
configure "$work/consumer"
quietly cmake --build "$work/consumer/build" --parallel 1
"$work/consumer/build/consumer"

for project in "$work"/blocks/*-*/; do
    grep -q FetchContent "$project/CMakeLists.txt" && continue # see fetchcontent.sh
    step "$(basename "$project")"
    configure "$project"
    quietly cmake --build "$project/build" --parallel 1
    if [ -f "$project/tst_signin.cpp" ]; then
        (cd "$project/build" && QT_QPA_PLATFORM=offscreen quietly ctest --no-tests=error --output-on-failure)
    elif [ -f "$project/signer.cpp" ]; then
        python3 "$here/start.py" 60 "verified: any bytes" "$project/build/signer" || fail "$project does not run"
    elif grep -q QQmlApplicationEngine "$project/main.cpp"; then
        sed '$ s/}$/Component.onCompleted: { console.log("loaded"); Qt.quit() } }/' "$work/blocks/guide.qml" >"$project/main.qml"
        (cd "$project" && python3 "$here/start.py" 60 "loaded" build/orders) || fail "the QML module does not load"
    else
        python3 "$here/start.py" 60 "watchword." "$project/build/orders" || fail "$project does not run"
    fi
done

for script in "$work"/blocks/*.sh; do
    step "$(basename "$script")"
    mkdir "$work/shell"
    cp "$work/blocks/readme-0/main.cpp" "$work/shell" 2>/dev/null || cp "$(find "$work/blocks" -path '*readme*main.cpp')" "$work/shell"
    find "$work/blocks" -name signer.cpp -exec cp {} "$work/shell" \;
    # What is built would take long: its options are what can be wrong.
    sed -i '/^cmake --build/d; /^cmake --install/d' "$script"
    (cd "$work/shell" && quietly sh "$script")
    ! grep "not used by the project" "$work/log" || fail "an option of $script is unknown"
    # Shared libraries outside of the system's folders are the linker's business here; CMake cares for them itself.
    [ ! -e "$work/shell/orders" ] || LD_LIBRARY_PATH=$lib python3 "$here/start.py" 60 "watchword." "$work/shell/orders" || fail "$script makes no program"
    [ ! -e "$work/shell/signer" ] || LD_LIBRARY_PATH=$lib python3 "$here/start.py" 60 "verified: any bytes" "$work/shell/signer" || fail "$script makes no signer"
    rm -rf "$work/shell"
done

step "components"
mkdir "$work/unknown"
printf 'cmake_minimum_required(VERSION 3.25)\nproject(Unknown LANGUAGES NONE)\nfind_package(Watchword REQUIRED COMPONENTS Cleint)\n' \
    >"$work/unknown/CMakeLists.txt"
! cmake -S "$work/unknown" -B "$work/unknown/build" -DCMAKE_PREFIX_PATH="$prefix" >"$work/log" 2>&1 || fail "a component that does not exist is found"
tr -s '\n ' ' ' <"$work/log" | grep -q 'has no component "Cleint". It has Core, Jose' || { cat "$work/log"; fail "no word of the component"; }
"$prefix/bin/watchword" --version || fail "an installed program does not start where it was moved to"
step "done; libraries: $(basename "$(find "$lib" -name 'libWatchwordCore.*' | sort | head -n 1)")"
