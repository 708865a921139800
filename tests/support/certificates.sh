#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# certificates.sh FOLDER: a throw-away authority and server certificates: good, expired, for another host, of no authority;
# and two for clients.
set -eu
mkdir -p "$1"
cd "$1"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 30 \
    -subj "/CN=Watchword test authority" -addext basicConstraints=critical,CA:TRUE \
    -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null

# issue NAME SUBJECT_ALT_NAMES VALIDITY...
issue() {
    name=$1 names=$2
    shift 2
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$name.key" -out "$name.csr" \
        -subj "/CN=$name" 2>/dev/null
    printf 'subjectAltName=%s\nextendedKeyUsage=%s\nkeyUsage=digitalSignature\nbasicConstraints=CA:FALSE\n' \
        "$names" "$usage" >"$name.ext"
    openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -out "$name.pem" "$@" \
        -extfile "$name.ext" 2>/dev/null
}
usage=serverAuth
issue server "DNS:localhost,IP:127.0.0.1,IP:::1" -days 30
issue wronghost "DNS:other.test" -days 30
# OpenSSL before 3.4 knows no dates here, and later ones no negative days.
issue expired "DNS:localhost,IP:127.0.0.1" -not_before 20200101000000Z -not_after 20200201000000Z \
    || issue expired "DNS:localhost,IP:127.0.0.1" -days -1

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout selfsigned.key -out selfsigned.pem -days 30 \
    -subj "/CN=localhost" -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" 2>/dev/null

usage=clientAuth
issue client "DNS:gateway.test" -days 30
issue client2 "DNS:gateway.test" -days 30
