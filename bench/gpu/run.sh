#!/usr/bin/env bash
# All that waits for a GPU: the tests against the reference data, then speed and memory beside PEFT. Needs no Go and no network:
#
#   gpu-bundle/run.sh [parity|speed]        writes RESULTS.md and logs/ into the folder where it is started
#
# The plugin is the one that FETTLE_PJRT_CUDA names, else that of jax[cuda13] in the packages of the python3 on PATH.
# FETTLE_TEST_BACKEND=xla:cpu tries the bundle itself where there is no GPU.
set -uo pipefail
bundle=$(cd "$(dirname "$0")" && pwd)
part=${1:-all}
export FETTLE_TEST_BACKEND=${FETTLE_TEST_BACKEND:-xla:cuda}
work=$PWD/work
mkdir -p logs "$work"

if [ ! -x "$work/bin/fettle" ]; then
  if command -v xz > /dev/null; then xz -dc "$bundle/bundle.tar.xz"; else
    python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), sys.stdout.buffer)' "$bundle/bundle.tar.xz"
  fi | tar -C "$work" -xf - || { echo "cannot unpack bundle.tar.xz: xz or python3 is needed, and 400 MB of disk"; exit 1; }
fi
export FETTLE_SHARED=$work/shared
say() { echo "$*"; echo "$*" >> RESULTS.md; }

: > RESULTS.md
say "# fettle $(cat "$bundle/VERSION") on $FETTLE_TEST_BACKEND"
say ""
say "- $(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2> /dev/null || echo 'no GPU is visible'); $(nproc) processors; $(date -u +%F)"
"$work/bin/fettle" backend list > logs/backend.log 2>&1
say "- $(grep "^$FETTLE_TEST_BACKEND " logs/backend.log || echo "backend $FETTLE_TEST_BACKEND is not known: see logs/backend.log")"
say ""

failed=0
if [ "$part" != speed ]; then
  say "## Equal to the reference data"
  say ""
  say "| package | passed | failed | left out | seconds |"
  say "|---|---|---|---|---|"
  for package in internal/quant internal/model internal/lora internal/optimizer internal/generate stages/train; do
    log=$PWD/logs/$(basename "$package").log
    began=$SECONDS
    # One test at a time: a GPU is no place to run several.
    (cd "$work/$package" && ./run.test -test.v -test.parallel 1 -test.timeout 60m) > "$log" 2>&1 || failed=1
    count() { grep -c -E -- "^ *--- $1: " "$log"; }
    say "| $package | $(count PASS) | $(count FAIL) | $(count SKIP) | $((SECONDS - began)) |"
    grep -q -E '^(PASS|FAIL)$' "$log" || { failed=1; say "| | the program ended early: see logs/$(basename "$log") | | | |"; }
  done
  say ""
fi
if [ "$part" != parity ]; then
  if command -v python3 > /dev/null; then
    python3 "$bundle/gpu.py" "$work" >> RESULTS.md 2> >(tee logs/speed.log >&2) || failed=1
  else
    say "Speed and memory are left out: they need python3."
  fi
fi
cat RESULTS.md
exit $failed
