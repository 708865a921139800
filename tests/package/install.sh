#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the .deb packages of this build and installs them into a fresh Debian root over older ones, whose configuration, audit and
# sessions have to stay. Starts the gateway as its service would be started, asks it for its health over TLS, lets the Monitor draw a
# page, and looks at what downgrade, removal, purge and a new installation do. Needs root for the chroot.
# The older packages are those in the folder WATCHWORD_OLDER_PACKAGES, or these under a lower version.
set -eu
[ "$(id -u)" = 0 ] || { echo "skipped: installing into a clean root needs root"; exit 77; }
for program in debootstrap lintian; do
    command -v $program >/dev/null || {
        echo "$program is missing; ./dev test installs it"
        [ "${CI:-}" = true ] && exit 1
        exit 77
    }
done
. /etc/os-release
[ "${VERSION_CODENAME:-}" = bookworm ] || [ "${VERSION_CODENAME:-}" = trixie ] || { echo "skipped: not Debian"; exit 77; }

work=$(mktemp -d)
root=$work/root
state=/var/lib/watchword-gateway
pid=
cleanup() {
    [ -n "$pid" ] && kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    for mount in "$root/proc" "$root/dev"; do mountpoint -q "$mount" && umount -l "$mount"; done
    rm -rf "$work"
}
trap cleanup EXIT
fail() { echo "FAILED: $*"; exit 1; }
step() { echo "== $* ($(date +%T))"; }
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
quietly() { "$@" >"$work/log" 2>&1 || { tail -n 60 "$work/log"; fail "$*"; }; }
# In the background only: the process of the shell becomes the program.
as_service() { exec chroot --userspec=watchword-gateway:watchword-gateway "$root" env -i PATH=/usr/bin:/bin HOME=/nonexistent "$@"; }
version_of() { inside dpkg-query -W -f '${Version} ${db:Status-Status}' "$1"; }
sql() { python3 -c 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); print(c.execute(sys.argv[2]).fetchone()); c.commit()' "$@"; }
# Only the packages with programs: the SDK needs a compiler.
packages_in() { find "$root$1" -name '*.deb' ! -name '*-dev_*' | sed "s#^$root##" | sort; }

start_gateway() {
    as_service /usr/bin/watchword-gateway --config /etc/watchword/gateway.toml >"$work/gateway.log" 2>&1 &
    pid=$!
    curl -sf --retry 30 --retry-connrefused --retry-delay 1 --cacert "$root/etc/watchword/tls.pem" \
        "https://127.0.0.1:$port/healthz" >"$work/health" || { cat "$work/gateway.log"; fail "the gateway does not answer"; }
}
stop_gateway() {
    kill "$pid"
    wait "$pid" || { status=$?; cat "$work/gateway.log"; pid=; fail "the gateway ended with $status"; }
    pid=
}
# People of the demo sign in at an issuer whose sessions are kept.
hold_sessions() { # CLIENTS
    as_service /usr/bin/watchword-gateway --demo --users 5 --state $state/demo >"$work/demo.json" 2>"$work/gateway.log" &
    pid=$!
    timeout 60 sh -c 'until [ -s "$1" ]; do kill -0 "$2" || exit 1; done' sh "$work/demo.json" "$pid" || { cat "$work/gateway.log"; fail "no demo"; }
    if [ "$1" -gt 0 ]; then
        cp "$work/demo.json" "$root/tmp/demo.json"
        quietly inside watchword fleet --demo-info /tmp/demo.json --clients "$1" --duration 3s
    fi
    stop_gateway
}
facts() { # what has to outlive an upgrade
    md5sum <"$root/etc/watchword/gateway.toml"
    md5sum <"$root/etc/watchword/tls.key"
    sql "$root$state/audit.sqlite" "SELECT seq, type, hex(body) FROM event ORDER BY seq LIMIT 1"
    sql "$root$state/demo/issuer.sqlite" "SELECT group_concat(id || hex(family)) FROM (SELECT id, family FROM session ORDER BY auth_time, id LIMIT 3)"
}

step "packing"
(cd "$BUILD" && cpack -G DEB -B "$work/packages" >"$work/cpack.log" 2>&1) || { cat "$work/cpack.log"; fail "cpack"; }
rm -rf "$work/packages/_CPack_Packages"
ls -l "$work"/packages/*.deb
# That of the SDK takes four times as long as the others together; ./dev package looks at it, too.
# shellcheck disable=SC2046
lintian --allow-root --fail-on error --tag-display-limit 0 $(find "$work/packages" -name '*.deb' ! -name '*-dev_*') 2>&1 | tee "$work/lintian" | grep -v '^N:' || true
! grep -q '^E:' "$work/lintian" || fail "lintian finds errors"
mkdir -p "$work/older"
if [ -n "${WATCHWORD_OLDER_PACKAGES:-}" ]; then
    cp "$WATCHWORD_OLDER_PACKAGES"/*.deb "$work/older/"
else
    for package in "$work"/packages/*.deb; do
        case $package in *-dev_*) continue ;; esac
        dpkg-deb -R "$package" "$work/unpacked"
        sed -i 's/^Version: .*/Version: 0.0.1-1/; s/\(libwatchword[0-9]* \)(= [^)]*)/\1(= 0.0.1-1)/' "$work/unpacked/DEBIAN/control"
        dpkg-deb -Zgzip -z1 -b "$work/unpacked" "$work/older/$(basename "$package")" >/dev/null
        rm -rf "$work/unpacked"
    done
fi

step "a fresh root"
# The base is kept for the next run; only the packages of this build are new each time.
base=$BUILD/cleanroot-$VERSION_CODENAME.tar
if [ ! -f "$base" ]; then
    debootstrap --variant=minbase --include=ca-certificates "$VERSION_CODENAME" "$root" >"$work/debootstrap.log" 2>&1 || {
        tail -n 20 "$work/debootstrap.log"
        fail "debootstrap"
    }
    tar -C "$root" -cf "$base.new" . && mv "$base.new" "$base"
else
    mkdir -p "$root" && tar -C "$root" -xf "$base"
fi
cp /etc/resolv.conf "$root/etc/" 2>/dev/null || true
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io" # nothing to keep there
mkdir "$root/packages" "$root/older"
cp "$work"/packages/*.deb "$root/packages/"
cp "$work"/older/*.deb "$root/older/"

step "the older packages"
quietly inside apt-get update -qq
# shellcheck disable=SC2046 # no blank in a name
quietly inside apt-get install -y -qq --no-install-recommends $(packages_in /older)
# A port of our own, since the one of the configuration may be taken on this machine.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
sed -i "s/^address = .*/address = \"127.0.0.1:$port\" # of the administrator/" "$root/etc/watchword/gateway.toml"
start_gateway
stop_gateway
hold_sessions 3
facts >"$work/before"
older=$(version_of watchword-gateway)

step "upgrade"
# shellcheck disable=SC2046
quietly inside dpkg -i $(packages_in /packages)
newer=$(version_of watchword-gateway)
[ "$older" != "$newer" ] || fail "the version is still $older"
quietly inside watchword-gateway --check-config /etc/watchword/gateway.toml
[ "$(stat -c %a "$root$state")" = 700 ] || fail "others can look into $state"
grep -q '^ExecStart=/usr/bin/watchword-gateway --config /etc/watchword/gateway.toml$' \
    "$root/lib/systemd/system/watchword-gateway.service" || fail "the unit does not start what was installed"
start_gateway
echo "gateway: $(cat "$work/health")"
status=$(curl -s -o /dev/null -w '%{http_code}' --cacert "$root/etc/watchword/tls.pem" --http1.1 \
    -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
    -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "https://127.0.0.1:$port/v1/stream")
[ "$status" = 401 ] || fail "an upgrade without a token got $status instead of 401"
stop_gateway
hold_sessions 0
facts >"$work/after"
cmp "$work/before" "$work/after" || fail "configuration, audit or sessions did not outlive the upgrade"
echo "$older -> $newer: configuration, key, audit and sessions are the same"

step "the programs"
cp "$SOURCE/tests/package/audit-sample.jsonl" "$root/tmp/"
inside env QT_QPA_PLATFORM=offscreen XDG_RUNTIME_DIR=/tmp watchword-monitor --open /tmp/audit-sample.jsonl --page audit \
    --size 1024x700 --screenshot /tmp/page.png || fail "the Monitor did not draw"
head -c 8 "$root/tmp/page.png" | grep -q PNG || fail "the Monitor's picture is none"
inside watchword --help >/dev/null || fail "the command line does not start"

step "downgrade"
mkdir "$root/oldest" # the package that is here, under a lower version: it knows the formats of today
dpkg-deb -R "$work"/packages/watchword-gateway_*.deb "$work/unpacked"
sed -i 's/^Version: .*/Version: 0.0.1-1/' "$work/unpacked/DEBIAN/control"
dpkg-deb -Zgzip -z1 -b "$work/unpacked" "$root/oldest/watchword-gateway.deb" >/dev/null
for file in "$state/audit.sqlite" "$state/demo/issuer.sqlite"; do
    cp -a "$root$file" "$work/kept"
    cp -a "$root/etc/watchword/gateway.toml" "$work/gateway.toml"
    printf '\n[issuer_embedded]\nstate = "%s"\naudience = "x"\n' "$state/demo" >>"$root/etc/watchword/gateway.toml"
    sql "$root$file" "PRAGMA user_version = 99" >/dev/null
    ! inside dpkg -i /oldest/watchword-gateway.deb >"$work/refused" 2>&1 || fail "an older package is installed over a newer $file"
    grep "$file has format 99; this version knows" "$work/refused" || { cat "$work/refused"; fail "no word of why"; }
    [ "$(version_of watchword-gateway)" = "$newer" ] || fail "after the refusal there is $(version_of watchword-gateway)"
    cp -a "$work/kept" "$root$file"
    cp -a "$work/gateway.toml" "$root/etc/watchword/gateway.toml"
done
quietly inside dpkg -i /oldest/watchword-gateway.deb # nothing on the disk is newer
facts | cmp "$work/before" - || fail "the downgrade lost something"
# shellcheck disable=SC2046
quietly inside dpkg -i $(packages_in /packages)

step "remove, install again, purge"
quietly inside dpkg --remove watchword-gateway watchword-monitor
[ ! -e "$root/usr/bin/watchword-gateway" ] && [ ! -e "$root/usr/bin/watchword-monitor" ] || fail "a program is left behind"
facts | cmp "$work/before" - || fail "removal lost something"
# shellcheck disable=SC2046
quietly inside dpkg -i $(packages_in /packages)
facts | cmp "$work/before" - || fail "the new installation lost something"
# shellcheck disable=SC2046
quietly inside dpkg --purge watchword-gateway watchword-monitor watchword-tools $(inside dpkg-query -W -f '${Package} ' 'libwatchword[0-9]*' 2>/dev/null || true)
rm -rf "${root:?}/packages" "${root:?}/older" "${root:?}/oldest"
left=$(find "$root" -xdev -ipath '*watchword*' ! -path "$root/proc/*" ! -path "$root$state/*" ! -name '*.deb' | sed "s#^$root##")
echo "left after purge: $left, with $(find "$root$state" -type f | wc -l) files of evidence"
[ "$left" = "$state" ] || fail "more is left than the evidence"
echo "installed, upgraded, asked, drawn, refused, removed and purged"
