#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What can be known of the script for macOS without a Mac: it refuses other systems with a word, and makes a bundle, signs and notarizes in
# the right order when Apple's tools are replaced by some that note how they are called. That they do what they should is not shown here.
# usage: macos.sh SOURCE
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; exit 1; }
if [ "$(uname -s)" = Darwin ]; then echo "skipped: the real tools are here"; exit 77; fi
! sh "$1/installer/macos/package.sh" 2>"$work/refused" || fail "it runs on another system"
grep -q "on macOS only" "$work/refused" || fail "no word of why"

# A copy, so that what is built goes elsewhere.
mkdir -p "$work/source/installer" "$work/source/monitor_app/resources" "$work/bin" "$work/prefix"
cp -R "$1/installer/macos" "$work/source/installer/"
cp "$1/LICENSE" "$1/CMakeLists.txt" "$work/source/"
cp "$1/monitor_app/resources/app.svg" "$work/source/monitor_app/resources/"
for tool in cmake ninja macdeployqt codesign hdiutil xcrun iconutil rsvg-convert plutil otool spctl uname; do
    cat >"$work/bin/$tool" <<'END'
#!/bin/sh
name=$(basename "$0")
echo "$name $*" >>"$CALLS"
case $name in
    uname) [ "$1" = -m ] && echo arm64 || echo Darwin ;;
    hdiutil) for last in "$@"; do :; done; : >"$last" ;;
    rsvg-convert) while [ "$1" != -o ]; do shift; done; : >"$2" ;;
    iconutil) [ "$(ls "$5" | wc -l)" = 10 ] || exit 1; : >"$4" ;;
    macdeployqt)
        mkdir -p "$1/Contents/Frameworks/QtCore.framework" "$1/Contents/PlugIns/platforms"
        : >"$1/Contents/Frameworks/libcrypto.3.dylib"
        : >"$1/Contents/PlugIns/platforms/libqcocoa.dylib" ;;
    cmake)
        if [ "$1" = --install ]; then
            mkdir -p "$4/bin"
            for program in watchword watchword-gateway watchword-monitor; do
                printf '#!/bin/sh\necho program\n' >"$4/bin/$program" && chmod +x "$4/bin/$program"
            done
        fi ;;
esac
END
    chmod +x "$work/bin/$tool"
done
run() { env CALLS="$work/calls" PATH="$work/bin:$PATH" CMAKE_PREFIX_PATH="$work/prefix" "$@" sh "$work/source/installer/macos/package.sh" >"$work/log" 2>&1; }
place_of() { grep -n -- "$1" "$work/calls" | head -n 1 | cut -d: -f1; }

! run WATCHWORD_NOTARY_PROFILE=p || fail "it notarizes what nobody signed"
: >"$work/calls"
run WATCHWORD_SIGN_IDENTITY="Developer ID Application: Nobody (TEAM)" WATCHWORD_NOTARY_PROFILE=profile || { cat "$work/log"; fail "it does not end"; }
before=0
for call in '^macdeployqt .*-executable=' 'codesign .*--options runtime --timestamp .*libcrypto' 'codesign .*QtCore.framework' \
    'codesign .*MacOS/watchword-gateway' 'codesign .*Monitor.app$' 'codesign --verify --deep --strict' 'hdiutil create .*UDZO' 'codesign .*dmg$' \
    'xcrun notarytool submit .*dmg --keychain-profile profile --wait' 'xcrun stapler staple .*dmg'; do
    place=$(place_of "$call")
    [ -n "$place" ] || { cat "$work/calls"; fail "no $call"; }
    [ "$place" -gt "$before" ] || { cat "$work/calls"; fail "$call comes too early"; }
    before=$place
done
: >"$work/calls"
run || { cat "$work/log"; fail "it does not end without an identity"; }
grep -q 'codesign .*--sign - ' "$work/calls" || fail "it does not sign ad hoc"
! grep -q notarytool "$work/calls" || fail "it notarizes without a profile"
python3 - "$work/source/build/macos/stage/Watchword Monitor.app/Contents/Info.plist" <<'END'
import plistlib, sys
plist = plistlib.load(open(sys.argv[1], "rb"))
assert plist["CFBundleExecutable"] == "watchword-monitor" and plist["CFBundleShortVersionString"].count(".") == 2, plist
END
echo "refused elsewhere; bundled, signed from the inside out, imaged and notarized in order"
