#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the .deb packages of this build, installs them into a fresh Debian root, starts the gateway as its service would
# be started, asks it for its health over TLS, and lets the Monitor draw a page. Needs root for the chroot.
set -eu
[ "$(id -u)" = 0 ] || { echo "skipped: installing into a clean root needs root"; exit 77; }
command -v debootstrap >/dev/null || {
    echo "debootstrap is missing; ./dev test installs it"
    [ "${CI:-}" = true ] && exit 1
    exit 77
}
. /etc/os-release
[ "${VERSION_CODENAME:-}" = bookworm ] || [ "${VERSION_CODENAME:-}" = trixie ] || { echo "skipped: not Debian"; exit 77; }

work=$(mktemp -d)
root=$work/root
pid=
cleanup() {
    [ -n "$pid" ] && kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    for mount in "$root/proc" "$root/dev"; do mountpoint -q "$mount" && umount -l "$mount"; done
    rm -rf "$work"
}
trap cleanup EXIT
fail() { echo "FAILED: $*"; exit 1; }
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"; }

(cd "$BUILD" && cpack -G DEB -B "$work/packages" >"$work/cpack.log" 2>&1) || { cat "$work/cpack.log"; fail "cpack"; }
ls "$work"/packages/*.deb

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
mkdir "$root/packages"
cp "$work"/packages/*.deb "$root/packages/"

inside sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    $(ls /packages/*.deb | grep -v -e -dev_)' >"$work/apt.log" 2>&1 || {
    tail -n 30 "$work/apt.log"
    fail "the packages do not install"
}

inside watchword-gateway --check-config /etc/watchword/gateway.toml || fail "the installed configuration is refused"
grep -q '^ExecStart=/usr/bin/watchword-gateway --config /etc/watchword/gateway.toml$' \
    "$root/lib/systemd/system/watchword-gateway.service" || fail "the unit does not start what was installed"
# A port of our own, since the one of the configuration may be taken on this machine.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
sed -i "s/^address = .*/address = \"127.0.0.1:$port\"/" "$root/etc/watchword/gateway.toml"
chroot --userspec=watchword-gateway:watchword-gateway "$root" /usr/bin/watchword-gateway \
    --config /etc/watchword/gateway.toml >"$work/gateway.log" 2>&1 &
pid=$!
curl -sf --retry 30 --retry-connrefused --retry-delay 1 --cacert "$root/etc/watchword/tls.pem" \
    "https://127.0.0.1:$port/healthz" >"$work/health" || { cat "$work/gateway.log"; fail "the gateway does not answer"; }
echo "gateway: $(cat "$work/health")"
status=$(curl -s -o /dev/null -w '%{http_code}' --cacert "$root/etc/watchword/tls.pem" --http1.1 \
    -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
    -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' "https://127.0.0.1:$port/v1/stream")
[ "$status" = 401 ] || fail "an upgrade without a token got $status instead of 401"
kill "$pid"
wait "$pid" || fail "the gateway did not end cleanly"
pid=

cp "$SOURCE/tests/package/audit-sample.jsonl" "$root/tmp/"
inside env QT_QPA_PLATFORM=offscreen XDG_RUNTIME_DIR=/tmp watchword-monitor --open /tmp/audit-sample.jsonl --page audit \
    --size 1024x700 --screenshot /tmp/page.png || fail "the Monitor did not draw"
head -c 8 "$root/tmp/page.png" | grep -q PNG || fail "the Monitor's picture is none"
inside watchword --help >/dev/null || fail "the command line does not start"
inside sh -c 'DEBIAN_FRONTEND=noninteractive apt-get purge -y -qq watchword-gateway watchword-monitor' >/dev/null 2>&1 \
    || fail "the packages do not go"
[ ! -e "$root/usr/bin/watchword-gateway" ] || fail "something is left behind"
echo "installed, started, asked, drawn and removed"
