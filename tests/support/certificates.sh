#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# certificates.sh FOLDER: a throw-away authority and three server certificates: good, expired, for another host.
set -eu
mkdir -p "$1"
cd "$1"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 30 \
    -subj "/CN=Watchword test authority" -addext basicConstraints=critical,CA:TRUE \
    -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null

# issue NAME SUBJECT_ALT_NAMES DAYS
issue() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" \
        -subj "/CN=$1" 2>/dev/null
    printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\nbasicConstraints=CA:FALSE\n' \
        "$2" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -out "$1.pem" -days "$3" \
        -extfile "$1.ext" 2>/dev/null
}
issue server "DNS:localhost,IP:127.0.0.1,IP:::1" 30
issue wronghost "DNS:other.test" 30
issue expired "DNS:localhost,IP:127.0.0.1" -1
