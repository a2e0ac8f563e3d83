#!/bin/sh
# Makes the certificates of these tests anew: an authority, a server for 127.0.0.1, a client "robot", and a client of a
# stranger's authority. They protect nothing.
set -eu
cd "$(dirname "$0")"
days=36500
authority() {
  openssl req -x509 -newkey ed25519 -nodes -days $days -subj "/CN=$1" -keyout "$1.key" -out "$1.crt" 2>/dev/null
}
signed() {
  openssl req -newkey ed25519 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr" 2>/dev/null
  printf '%s\n' "$3" > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days $days -extfile "$1.ext" -out "$1.crt" 2>/dev/null
  rm "$1.csr" "$1.ext"
}
authority authority
authority stranger
signed server authority "subjectAltName=IP:127.0.0.1,DNS:localhost"
signed robot authority "extendedKeyUsage=clientAuth"
signed intruder stranger "extendedKeyUsage=clientAuth"
rm -f authority.key stranger.key stranger.crt ./*.srl
