#!/bin/sh
# Makes bench/.venv (6 GB: torch brings its CUDA half along) and the packages of Node. Once; needs Python 3.11 and npm.
set -eu
cd "$(dirname "$0")"
[ -x .venv/bin/python ] || python3.11 -m venv .venv
.venv/bin/pip install -q -r requirements.txt -c constraints.txt
for folder in gguf clients; do
  (cd "$folder" && npm install --ignore-scripts --no-audit --no-fund --silent)
done
