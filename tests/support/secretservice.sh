#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# secretservice.sh unlocked|locked|absent|nobus COMMAND...: runs COMMAND beside a private Secret Service (gnome-keyring) on
# a private session bus, and leaves nothing behind.
#   unlocked  the login keyring is open
#   locked    it exists and is closed, and nobody is there to be asked
#   absent    there is a bus, but no Secret Service
#   nobus     there is no bus
# SECRET_SERVICE_PID is the daemon's process, for the first two.
# KEYRING_DIR keeps the keyring's files over several runs.
set -eu
mode=$1
shift

home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
mkdir -p "$home/run" "$home/cache" "$home/config" "${KEYRING_DIR:-$home/data}/keyrings"
chmod 700 "$home/run" "${KEYRING_DIR:-$home/data}/keyrings"
export HOME="$home" XDG_RUNTIME_DIR="$home/run" XDG_CACHE_HOME="$home/cache" XDG_CONFIG_HOME="$home/config"
export XDG_DATA_HOME="${KEYRING_DIR:-$home/data}"
unset DISPLAY WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS || true

if [ "$mode" = nobus ]; then
    export DBUS_SESSION_BUS_ADDRESS="unix:path=$home/run/nobody-listens-here"
    status=0
    "$@" || status=$?
    exit $status
fi

if [ "$mode" = absent ]; then
    # A bus that knows no service files cannot start a keyring by itself.
    cat >"$home/bus.conf" <<CONFIG
<busconfig>
  <type>session</type><listen>unix:tmpdir=$home/run</listen>
  <policy context="default"><allow send_destination="*"/><allow own="*"/><allow receive_sender="*"/></policy>
</busconfig>
CONFIG
    status=0
    dbus-run-session --config-file="$home/bus.conf" -- "$@" || status=$?
    exit $status
fi

export SECRET_SERVICE_MODE="$mode"
status=0
dbus-run-session -- sh -eu -c '
    call() { dbus-send --session --print-reply --dest="$1" "$2" "$3" ${4:+"$4"} 2>/dev/null; }
    printf test | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
    tries=0
    until call org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets | grep -q true; do
        tries=$((tries + 1))
        [ $tries -lt 100 ] || { echo "the Secret Service does not start" >&2; exit 99; }
        sleep 0.1
    done
    if [ "$SECRET_SERVICE_MODE" = locked ]; then
        call org.freedesktop.secrets /org/freedesktop/secrets org.freedesktop.Secret.Service.Lock \
            array:objpath:/org/freedesktop/secrets/collection/login >/dev/null
    fi
    daemon=$(call org.freedesktop.DBus / org.freedesktop.DBus.GetConnectionUnixProcessID string:org.freedesktop.secrets |
        sed -n "s/.*uint32 //p")
    export SECRET_SERVICE_PID="$daemon"
    status=0
    "$@" || status=$?
    [ -z "$daemon" ] || kill "$daemon"
    exit $status
' secretservice "$@" || status=$?
exit $status
