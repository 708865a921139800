#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the relocatable folder of this build, and the .rpm of it. Unpacks the one into a root that has the C library and nothing else,
# below a path with blanks, and installs the other into such a root by rpm; starts all programs there, with clients and a picture.
# Needs root for the chroot. PICTURES is a folder that the pictures go to, if somebody wants to look at them.
set -eu
[ "$(id -u)" = 0 ] || { echo "skipped: a bare root needs root"; exit 77; }
for program in patchelf rpmbuild; do
    command -v $program >/dev/null || {
        echo "$program is missing; ./dev test installs it"
        [ "${CI:-}" = true ] && exit 1
        exit 77
    }
done
work=$(mktemp -d)
cleanup() {
    for root in "$work"/*/; do
        if mountpoint -q "$root/proc"; then umount -l "$root/proc"; fi
    done
    rm -rf "$work"
}
trap cleanup EXIT
fail() { echo "FAILED: $*"; exit 1; }
step() { echo "== $* ($(date +%T))"; }

# bare_root FOLDER: the files of the C library. No shell, no tools, no fonts, no certificates.
bare_root() {
    mkdir -p "$1/usr/lib" "$1/usr/lib64"
    ln -s usr/lib "$1/lib"
    ln -s usr/lib64 "$1/lib64"
    dpkg -L libc6 | grep -E '^(/usr)?/lib(64)?/.*\.so' | while read -r file; do
        target=$1/usr/${file#/usr}
        mkdir -p "$(dirname "$target")"
        cp -a "$file" "$target"
    done
    ! [ -L "$1/usr/lib64/ld-linux-x86-64.so.2" ] || ln -sf ../lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 "$1/usr/lib64/ld-linux-x86-64.so.2"
}
# mounted FOLDER: what the kernel gives.
mounted() {
    mkdir -p "$1/proc" "$1/dev" "$1/tmp" "$1/etc"
    for device in null:3 zero:5 random:8 urandom:9; do mknod -m 666 "$1/dev/${device%:*}" c 1 "${device#*:}"; done
    echo "127.0.0.1 localhost" >"$1/etc/hosts"
    mount -t proc proc "$1/proc"
}
# bare ROOT PROGRAM...: without anything of the environment here.
clean="env -i HOME=/tmp XDG_RUNTIME_DIR=/tmp/runtime QT_QPA_PLATFORM=offscreen LC_ALL=C.UTF-8 $(command -v chroot)"
bare() { timeout 120 $clean "$@"; }
# In the background only: the process of the shell becomes the program.
bare_instead() { exec $clean "$@"; }
starts() { # ROOT BIN NAME: all programs that are in BIN of ROOT
    mkdir -m 700 "$1/tmp/runtime"
    for program in watchword watchword-gateway watchword-monitor; do
        version=$(bare "$1" "$2/$program" --version) || fail "$program does not start"
        [ "$version" = "$program $RELEASE" ] || fail "$program says it is $version"
    done
    begin=$(date +%s%N)
    # The Monitor starts gateway and clients of its own, signs in, connects over TLS and draws.
    bare "$1" "$2/watchword-monitor" --demo --size 1280x800 --screenshot /tmp/pages >"$work/log" 2>&1 || { cat "$work/log"; fail "the Monitor does not draw"; }
    echo "pictures of a demo after $((($(date +%s%N) - begin) / 1000000)) ms"
    ! grep -i -e fontconfig -e "cannot load" -e "plugin" "$work/log" || fail "something is missing"
    pictures=$(find "$1/tmp/pages" -name '*.png' -size +20k | wc -l)
    [ "$pictures" -ge 3 ] || fail "there are $pictures pictures that show something"
    [ -z "${PICTURES:-}" ] || { mkdir -p "$PICTURES/$3" && cp "$1"/tmp/pages/*.png "$PICTURES/$3/"; }
    bare_instead "$1" "$2/watchword-gateway" --demo --users 2 >"$1/tmp/demo.json" 2>"$work/log" &
    gateway=$!
    timeout 60 sh -c 'until [ -s "$1" ]; do kill -0 "$2" || exit 1; done' sh "$1/tmp/demo.json" $gateway || { cat "$work/log"; fail "no demo"; }
    bare "$1" "$2/watchword" fleet --demo-info /tmp/demo.json --clients 2 --duration 2s >"$work/log" 2>&1 || { cat "$work/log"; fail "no client"; }
    kill $gateway
    wait $gateway || fail "the gateway did not end cleanly"
}

step "the folder"
python3 "$SOURCE/installer/linux/bundle/bundle.py" "$BUILD" "$work/watchword-$RELEASE" || fail "bundle.py"
for file in "$work/watchword-$RELEASE"/bin/watchword* "$work/watchword-$RELEASE"/lib/*.so* "$work/watchword-$RELEASE"/plugins/*/*.so; do
    path=$(patchelf --print-rpath "$file")
    case $path in '$ORIGIN'*) ;; *) fail "$file looks for libraries in \"$path\"" ;; esac
    objdump -T "$file" | grep -o 'GLIBC_2\.[0-9]*' >>"$work/versions" || true
done
sort -u -t. -k2 -n "$work/versions" | tail -n 1 >"$work/glibc"
echo "needs $(cat "$work/glibc")"
. /etc/os-release
[ "${VERSION_ID:-}" != 12 ] || [ "$(sed 's/.*\.//' "$work/glibc")" -le 36 ] || fail "it needs a newer C library than Debian 12 has"
for package in $(python3 -c 'import json, sys; print(*[each["package"] for each in json.load(open(sys.argv[1]))])' "$work/watchword-$RELEASE/share/watchword/components.json"); do
    [ -s "$work/watchword-$RELEASE/share/licenses/$package/copyright" ] || fail "no licence text of $package"
done

step "a bare root"
bare_root "$work/bare"
mounted "$work/bare"
mkdir -p "$work/bare/home/An na/pro grams"
cp -a "$work/watchword-$RELEASE" "$work/bare/home/An na/pro grams/"
starts "$work/bare" "/home/An na/pro grams/watchword-$RELEASE/bin" tarball
echo "started where there is nothing but the C library"

step "the .rpm"
export WATCHWORD_RPM_PAYLOAD=w1.zstdio
for release in 1 2; do
    sh "$SOURCE/installer/linux/rpm/rpm.sh" "$BUILD" "$work/watchword-$RELEASE" "$work/rpms" $release || fail "rpm.sh"
done
ls -l "$work/rpms"
first=$(find "$work/rpms" -name "*-1.*.rpm")
second=$(find "$work/rpms" -name "*-2.*.rpm")
# Its one need is the C library, which is that of this machine, in a package of its own: nothing is installed by force.
bare_root "$work/glibc-files"
cat >"$work/glibc.spec" <<END
Name: glibc
Version: $(dpkg-query -W -f '${source:Upstream-Version}' libc6)
Release: 1
Summary: The C library of this machine
License: LGPL-2.1-or-later
AutoReqProv: no
%define _build_id_links none
%define debug_package %{nil}
%define _binary_payload w1.zstdio
%description
%{summary}
%install
cp -a $work/glibc-files/. %{buildroot}/
%files
/*
END
rpmbuild -bb --define "_topdir $work/topdir" --define "__os_install_post %{nil}" "$work/glibc.spec" >"$work/log" 2>&1 || { tail "$work/log"; fail "no package of the C library"; }
root=$work/rpm-root
mkdir -p "$root"
in_root() { rpm --root "$root" --dbpath /var/lib/rpm "$@"; }
! in_root -i "$first" 2>"$work/log" || fail "it is installed without a C library"
grep "glibc >= 2.36 is needed" "$work/log" || { cat "$work/log"; fail "no word of what is missing"; }
in_root -i "$work"/topdir/RPMS/*/glibc-*.rpm
begin=$(date +%s%N)
in_root -i "$first" || fail "the .rpm is not installed"
echo "installed in $((($(date +%s%N) - begin) / 1000000)) ms"
mounted "$root"
in_root -V watchword || fail "files differ from those that were packed"
starts "$root" /usr/bin rpm
echo "# of the administrator" >>"$root/etc/watchword/gateway.toml"
mkdir -p "$root/var/lib/watchword-gateway" && echo evidence >"$root/var/lib/watchword-gateway/audit.sqlite"
in_root -U "$second" || fail "no upgrade"
grep -q "of the administrator" "$root/etc/watchword/gateway.toml" || fail "the upgrade lost the configuration"
! in_root -U "$first" 2>"$work/log" || fail "an older one is installed over a newer one"
cat "$work/log"
in_root -e watchword || fail "it is not removed"
left=$(find "$root" -xdev -ipath '*watchword*' ! -type d | sed "s#^$root##" | sort | tr '\n' ' ')
echo "left: $left"
[ "$left" = "/etc/watchword/gateway.toml.rpmsave /var/lib/watchword-gateway/audit.sqlite " ] || fail "something else is left, or lost"
in_root -i "$first" || fail "it is not installed again"
echo "installed, started, upgraded, removed and installed again"
