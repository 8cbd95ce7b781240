#!/bin/sh
# CMC with openssl and a shell: writes a signed Full PKI Request (RFC 10002 section 3.2) to standard output.
#
#   cmc.sh enrol    CLIENT.pem CLIENT.key REQUEST.p10
#   cmc.sh revoke   CLIENT.pem CLIENT.key CERTIFICATE.pem REASON
#   cmc.sh get-cert CLIENT.pem CLIENT.key CERTIFICATE.pem
#
# To send it:     curl --data-binary @request.p7m -H 'Content-Type: application/pkcs7-mime' URL >answer.p7m
# To read it:     openssl cms -verify -inform DER -in answer.p7m -CAfile root.pem -binary -certsout chain.pem
# certs-only:     openssl pkcs7 -inform DER -in answer.p7m -print_certs
set -eu

hex() { od -An -v -tx1 | tr -d ' \n'; }
unhex() { perl -e 'print pack "H*", join "", <STDIN>'; }

# Writes one DER value in hexadecimal: der TAG CONTENT
der() {
    size=$((${#2} / 2))
    if [ "$size" -lt 128 ]; then printf '%s%02x%s' "$1" "$size" "$2"
    elif [ "$size" -lt 256 ]; then printf '%s81%02x%s' "$1" "$size" "$2"
    else printf '%s82%04x%s' "$1" "$size" "$2"
    fi
}

# Writes field NUMBER of a certificate's TBSCertificate, counted from 1: 2 is the serial number, 4 the issuer
field() {
    openssl x509 -in "$1" -outform DER -out "$work/certificate.der"
    openssl asn1parse -inform DER -in "$work/certificate.der" | awk -F'[:= ]+' -v wanted="$2" '
        / *[0-9]+:d=2 / { sub(/^ +/, ""); if (++seen == wanted) print $1, $5 + $7 }' >"$work/place"
    read -r offset size <"$work/place"
    tail -c "+$((offset + 1))" "$work/certificate.der" | head -c "$size" | hex
}

control() { der 30 "$(der 02 "$1")$(der 06 "2b060105050707$2")$(der 31 "$3")"; } # ID ARC VALUE, in hexadecimal

pki_data() { # CONTROLS REQUESTS
    nonce=$(control 03e9 06 "$(der 04 "$(openssl rand -hex 16)")")
    der 30 "$(der 30 "$nonce$1")$(der 30 "$2")30003000" | unhex
}

command=$1 client=$2 key=$3 subject=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case $command in
enrol)
    csr=$(openssl req -in "$subject" -inform DER -outform DER | hex)
    pki_data "" "$(der a0 "020101$csr")" >"$work/pki-data.der"
    ;;
revoke)
    reason=$(der 0a "$(printf '%02x' "$5")")
    request=$(der 30 "$(field "$subject" 4)$(field "$subject" 2)$reason")
    pki_data "$(control 03ea 11 "$request")" "" >"$work/pki-data.der"
    ;;
get-cert)
    request=$(der 30 "$(der a4 "$(field "$subject" 4)")$(field "$subject" 2)")
    pki_data "$(control 03ea 0f "$request")" "" >"$work/pki-data.der"
    ;;
*)
    echo "cmc.sh enrol|revoke|get-cert CLIENT.pem CLIENT.key FILE [REASON]" >&2
    exit 2
    ;;
esac
openssl cms -sign -binary -nodetach -econtent_type 1.3.6.1.5.5.7.12.2 -outform DER \
    -signer "$client" -inkey "$key" -in "$work/pki-data.der"
