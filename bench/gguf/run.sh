#!/bin/sh
# Exports a model directory as GGUF and holds it against a real llama.cpp: ids of texts, and an answer to a chat.
#
#   bench/gguf/run.sh [MODEL_DIR] [DTYPE]      from the root of the repository; needs bin/fettle, node and npm
set -eu
model=${1:-pipelines/quickstart/base} dtype=${2:-f32}
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$here" && npm install --ignore-scripts --no-audit --no-fund --silent)
bin/fettle export -model "$model" -format gguf -dtype "$dtype" -name bench -to "$work" >"$work/report.json"
bin/fettle tokens -tokenizer "$model" -in "$here/texts.jsonl" -ids >"$work/ids.jsonl"
node "$here/check.mjs" "$work/bench-$dtype.gguf" "$here/texts.jsonl" "$work/ids.jsonl"
