#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What desktops read: the Monitor's entry, its page for software centres, its icons, and the type of audit files, by which a file is
# recognized and the Monitor found.
# usage: desktop.sh SOURCE BUILT
set -eu
source=$1/installer/linux built=$2
fail() { echo "FAILED: $*"; exit 1; }
for program in desktop-file-validate appstreamcli update-mime-database update-desktop-database gio file; do
    command -v $program >/dev/null || {
        echo "skipped: $program is missing; ./dev test installs it"
        [ "${CI:-}" = true ] && exit 1
        exit 77
    }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
desktop-file-validate "$source/watchword-monitor.desktop" || fail "the desktop entry"
appstreamcli validate --no-net "$built/dev.watchword.monitor.metainfo.xml" || fail "the AppStream page"
for size in 16 22 24 32 48 64 128 256 512; do
    file "$built/icons/$size.png" | grep -q "PNG image data, $size x $size, 8-bit/color RGBA" || fail "the icon of $size pixels"
done

mkdir -p "$work/share/mime/packages" "$work/share/applications" "$work/files" "$work/runtime"
cp "$source/watchword-audit.xml" "$work/share/mime/packages/"
cp "$source/watchword-monitor.desktop" "$work/share/applications/"
sed -i "s#^Exec=watchword-monitor#Exec=/bin/true#" "$work/share/applications/watchword-monitor.desktop" # none is installed here
XDG_DATA_HOME="$work/share" update-mime-database "$work/share/mime"
update-desktop-database -q "$work/share/applications"
export XDG_DATA_HOME="$work/share" XDG_CONFIG_HOME="$work" XDG_RUNTIME_DIR="$work/runtime" LC_ALL=C.UTF-8
type=application/vnd.watchword.audit+jsonl
cp "$1/tests/package/audit-sample.jsonl" "$work/files/audit of yesterday" # by what is in it
echo '{"orders": 1}' >"$work/files/orders"
echo "{}" >"$work/files/new.audit.jsonl" # by its name
is_type() { gio info -a standard::content-type "$1" | grep -q "standard::content-type: $type"; }
is_type "$work/files/audit of yesterday" || { gio info -a standard::content-type "$work/files/audit of yesterday"; fail "an audit file is not recognized"; }
is_type "$work/files/new.audit.jsonl" || fail "the name of an audit file is not recognized"
! is_type "$work/files/orders" || fail "any JSON is taken for an audit file"
gio mime "$type" | grep -q watchword-monitor.desktop || fail "the Monitor does not open audit files"
echo "entry, page, icons and file type are good"
