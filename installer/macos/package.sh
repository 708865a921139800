#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes "Watchword Monitor.app" with the gateway and the command line in it, and a .dmg of that. It has never been run: no Mac was at hand.
# Needs the command line tools of Xcode, CMake, Ninja, Qt 6.4 or later with its macdeployqt, OpenSSL 3, QtKeychain, libqrencode, Boost,
# toml++, simdjson and zstd, as Homebrew has them:
#   brew install cmake ninja qt qtkeychain openssl@3 qrencode boost tomlplusplus simdjson zstd librsvg
#
# From the environment:
#   WATCHWORD_SIGN_IDENTITY    "Developer ID Application: Name (TEAM)". Without it the bundle is signed ad hoc: it runs on this Mac only.
#   WATCHWORD_NOTARY_PROFILE   what "xcrun notarytool store-credentials" saved in the keychain. With it the .dmg is notarized.
#   WATCHWORD_ARCHITECTURES    "arm64", or "arm64;x86_64" with a Qt that has both. Without it: this Mac's.
#   CMAKE_PREFIX_PATH          where Qt and the libraries are; else those of Homebrew.
set -eu
say() { printf '== %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

[ "$(uname -s)" = Darwin ] || fail "a .dmg can be made on macOS only: codesign, notarytool and hdiutil are Apple's"
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/build/macos
packages=$build/packages
app="$build/stage/Watchword Monitor.app"
minimum=12.0
version=$(sed -n 's/^project(Watchword VERSION \([0-9.]*\) .*/\1/p' "$root/CMakeLists.txt")
if [ -z "${CMAKE_PREFIX_PATH:-}" ]; then
    command -v brew >/dev/null || fail "name Qt and the libraries in CMAKE_PREFIX_PATH, or install Homebrew"
    CMAKE_PREFIX_PATH="$(brew --prefix);$(brew --prefix qt);$(brew --prefix openssl@3)"
    export CMAKE_PREFIX_PATH
fi
for tool in cmake ninja macdeployqt codesign hdiutil xcrun iconutil rsvg-convert; do
    command -v $tool >/dev/null || fail "$tool is missing; the head of this script says what to install"
done
if [ -n "${WATCHWORD_NOTARY_PROFILE:-}" ] && [ -z "${WATCHWORD_SIGN_IDENTITY:-}" ]; then
    fail "Apple notarizes only what is signed: give WATCHWORD_SIGN_IDENTITY, too"
fi

say "building"
cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_OSX_DEPLOYMENT_TARGET=$minimum \
    ${WATCHWORD_ARCHITECTURES:+"-DCMAKE_OSX_ARCHITECTURES=$WATCHWORD_ARCHITECTURES"} \
    -DWATCHWORD_BUILD_TESTS=OFF -DWATCHWORD_BUILD_QML=OFF -DWATCHWORD_BUILD_EXAMPLES=OFF
cmake --build "$build"

say "bundling"
rm -rf "$build/stage" "$build/install"
mkdir -p "$app/Contents/MacOS" "$app/Contents/Resources" "$packages"
for component in monitor gateway tools; do cmake --install "$build" --prefix "$build/install" --component $component --strip; done
# The Monitor starts the gateway of its demo from beside itself.
cp "$build/install/bin/watchword-monitor" "$build/install/bin/watchword-gateway" "$build/install/bin/watchword" "$app/Contents/MacOS/"
sed "s/@VERSION@/$version/; s/@MINIMUM@/$minimum/" "$root/installer/macos/Info.plist.in" >"$app/Contents/Info.plist"
plutil -lint "$app/Contents/Info.plist"
cp "$root/LICENSE" "$app/Contents/Resources/"
iconset=$build/watchword-monitor.iconset
rm -rf "$iconset" && mkdir "$iconset"
for size in 16 32 128 256 512; do
    rsvg-convert -w $size -h $size -o "$iconset/icon_${size}x$size.png" "$root/monitor_app/resources/app.svg"
    rsvg-convert -w $((size * 2)) -h $((size * 2)) -o "$iconset/icon_${size}x$size@2x.png" "$root/monitor_app/resources/app.svg"
done
iconutil --convert icns --output "$app/Contents/Resources/watchword-monitor.icns" "$iconset"
# Qt's libraries and plugins go into the bundle; what it signs is signed anew below, from the inside out.
macdeployqt "$app" -always-overwrite -executable="$app/Contents/MacOS/watchword-gateway" -executable="$app/Contents/MacOS/watchword"

say "signing"
identity=${WATCHWORD_SIGN_IDENTITY:--}
timestamp=--timestamp
[ "$identity" != - ] || timestamp=--timestamp=none
# The hardened runtime is what Apple asks for; no entitlement is needed: no code is made at run time, and nothing else is loaded.
sign() { codesign --force --options runtime $timestamp --sign "$identity" "$@"; }
find "$app/Contents/Frameworks" "$app/Contents/PlugIns" -type f \( -name '*.dylib' -o -name '*.so' \) | while IFS= read -r file; do sign "$file"; done
find "$app/Contents/Frameworks" -maxdepth 1 -type d -name '*.framework' | while IFS= read -r file; do sign "$file"; done
for program in watchword-gateway watchword; do sign --identifier "dev.watchword.$program" "$app/Contents/MacOS/$program"; done
sign "$app"
codesign --verify --deep --strict --verbose=2 "$app"

say "trying it"
for program in watchword watchword-gateway watchword-monitor; do "$app/Contents/MacOS/$program" --version; done
# Nothing may come from this Mac alone.
if otool -L "$app"/Contents/MacOS/* | grep -E '^\s+/(opt|usr/local)/'; then fail "the programs name libraries outside of the bundle"; fi

say "making the disk image"
dmg=$packages/watchword-$version-macos-$(uname -m).dmg
image=$build/image
rm -rf "$image" "$dmg"
mkdir "$image"
cp -R "$app" "$image/"
ln -s /Applications "$image/Applications"
hdiutil create -volname "Watchword Monitor $version" -srcfolder "$image" -fs HFS+ -format UDZO -ov "$dmg"
if [ "$identity" != - ]; then codesign --force --timestamp --sign "$identity" "$dmg"; fi
if [ -n "${WATCHWORD_NOTARY_PROFILE:-}" ]; then
    say "notarizing"
    xcrun notarytool submit "$dmg" --keychain-profile "$WATCHWORD_NOTARY_PROFILE" --wait
    xcrun stapler staple "$dmg"
    xcrun stapler validate "$dmg"
    spctl --assess --type open --context context:primary-signature --verbose=2 "$dmg"
fi
ls -l "$dmg"
