#!/bin/sh
# Tokenizing side by side with Hugging Face's tokenizers and with fastokens. Fails where any ids differ.
#
#   bench/tokenize/run.sh [-rounds 3] [-out FILE]     from anywhere; needs Go, Python 3.9 or later and, the first time, a network.
#
# About two minutes on a quiet machine. Texts and tokenizers come from FETTLE_SHARED (default: ../shared beside the repository).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
venv=$here/.venv
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import tokenizers, fastokens' 2>/dev/null || "$venv/bin/pip" install -q -r "$here/requirements.txt"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$root" && CGO_ENABLED=0 GOEXPERIMENT=simd go build -trimpath -o "$work/ours" ./bench/tokenize)
FETTLE_SHARED=${FETTLE_SHARED:-$root/../shared} "$venv/bin/python" "$here/run.py" -work "$work" "$@"
