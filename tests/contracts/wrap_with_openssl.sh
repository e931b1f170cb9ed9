#!/bin/sh
# Wraps a key for import with the openssl command alone, or unwraps one with the private key.
#
#   wrap_with_openssl.sh wrap   PUBLIC_KEY_PEM  DIGEST KEY_FILE     WRAPPED_FILE   # RSA-OAEP and AES-KWP
#   wrap_with_openssl.sh bare   PUBLIC_KEY_PEM  DIGEST KEY_FILE     WRAPPED_FILE   # RSA-OAEP alone
#   wrap_with_openssl.sh unwrap PRIVATE_KEY_PEM DIGEST WRAPPED_FILE KEY_FILE
#
# DIGEST is sha1 or sha256, as in the name of the import method. The ephemeral key is on the command line of
# `openssl enc`, which other users of the machine can see: for real keys use `kmsctl import-jobs wrap`.
set -eu
umask 077
verb=$1 rsa_key=$2 digest=$3 input=$4 output=$5

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

oaep() {
    openssl pkeyutl "$@" -inkey "$rsa_key" -pkeyopt rsa_padding_mode:oaep \
        -pkeyopt "rsa_oaep_md:$digest" -pkeyopt "rsa_mgf1_md:$digest"
}

kwp() {
    openssl enc -id-aes256-wrap-pad -iv A65959A6 -K "$(od -An -v -tx1 <"$work/ephemeral" | tr -d ' \n')" "$@"
}

case $verb in
wrap)
    openssl rand -out "$work/ephemeral" 32
    oaep -encrypt -pubin -in "$work/ephemeral" -out "$work/head"
    kwp -in "$input" -out "$work/tail"
    cat "$work/head" "$work/tail" >"$output"
    ;;
bare)
    oaep -encrypt -pubin -in "$input" -out "$output"
    ;;
unwrap)
    bits=$(openssl pkey -in "$rsa_key" -noout -text | sed -n 's/^.*Private-Key: (\([0-9]*\) bit.*$/\1/p')
    head -c "$((bits / 8))" "$input" >"$work/head"
    tail -c "+$((bits / 8 + 1))" "$input" >"$work/tail"
    if [ -s "$work/tail" ]; then
        oaep -decrypt -in "$work/head" -out "$work/ephemeral"
        kwp -d -in "$work/tail" -out "$output"
    else
        oaep -decrypt -in "$work/head" -out "$output"
    fi
    ;;
*)
    exit 2
    ;;
esac
