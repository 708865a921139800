#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the .rpm of a relocatable folder: the folder as /opt/watchword, with links, service, manual and menu entry where systems look for them.
# usage: rpm.sh BUILD_FOLDER BUNDLE OUT [RELEASE]
set -eu
build=$1 bundle=$2 out=$3 release=${4:-1}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
mkdir -p "$root/opt" "$root/usr/bin" "$root/usr/share/zsh/site-functions" "$root/etc/watchword" "$root/usr/lib/systemd/system" \
    "$root/usr/lib/sysusers.d" "$root/usr/lib/tmpfiles.d" "$out"
cp -a "$bundle" "$root/opt/watchword"
for program in "$root"/opt/watchword/bin/watchword*; do
    ln -s "../../opt/watchword/bin/$(basename "$program")" "$root/usr/bin/$(basename "$program")"
done
share=$root/opt/watchword/share
for folder in man applications metainfo icons mime bash-completion fish; do mv "$share/$folder" "$root/usr/share/"; done
mv "$share"/zsh/*/* "$root/usr/share/zsh/site-functions/"
rm -r "$share/zsh" "$root/opt/watchword/README"
find "$root/usr/share/man" -type f -exec gzip -9n {} +
install -m 644 "$here/../watchword-gateway.service" "$root/usr/lib/systemd/system/"
install -m 644 "$here/sysusers.conf" "$root/usr/lib/sysusers.d/watchword.conf"
install -m 644 "$here/tmpfiles.conf" "$root/usr/lib/tmpfiles.d/watchword.conf"
install -m 640 "$here/../gateway.toml" "$root/etc/watchword/"
# How it is compressed: small for a release, quick for a test.
export WATCHWORD_RPM_PAYLOAD="${WATCHWORD_RPM_PAYLOAD:-w19.zstdio}"
WATCHWORD_RPM_ROOT=$root WATCHWORD_RPM_RELEASE=$release cpack --config "$build/installer/linux/rpm/CPackConfig.cmake" -B "$work/packed" >"$work/log" 2>&1 || {
    cat "$work/log" "$work"/packed/_CPack_Packages/*/RPM/rpmbuild*.err 2>/dev/null
    exit 1
}
mv "$work"/packed/*.rpm "$out/"
