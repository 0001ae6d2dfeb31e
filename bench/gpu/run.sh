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

# Each test is a process, those over reference data one for each folder of it: what compiles for minutes does so on all processors.
# The programs are compiled in haste, as each runs a few times only. Left out is what looks at the compiler alone.
packages="internal/quant internal/model internal/lora internal/optimizer internal/generate stages/train"
skip='CUDAMemory|ProgramsCompile|CompiledMemory|AOT'
jobs() {
  local golden=$FETTLE_SHARED/golden/models
  for package in $packages; do
    for test in $("$work/$package/run.test" -test.list . | grep -E '^Test' | grep -v -E "$skip"); do
      case $test in
        TestFamilies | TestGoldenTokens) (cd "$golden/families" && for d in */; do echo "$package ^$test\$/^${d%/}\$"; done) ;;
        TestEqualsPEFT) (cd "$golden" && for d in lora/*/ qlora/*/; do d=${d%/}; echo "$package ^$test\$/^${d##*/}\$"; done) ;;
        TestTrajectoriesEqualTheReference) (cd "$golden" && for f in lora/*/trajectory-*.json qlora/*/trajectory-*.json train/full-*/trajectory.json; do
          f=${f%.json}; echo "$package ^$test\$/^${f//\//\$\/^}\$"; done) ;;
        *) echo "$package ^$test\$" ;;
      esac
    done
  done
}
one() { # package pattern: one process, its log beside the others of the package
  local dir=$logs/$(basename "$1")
  mkdir -p "$dir"
  local log=$dir/$(echo "$2" | tr -c 'A-Za-z0-9_.\n-' '_').log
  (cd "$work/$1" && ./run.test -test.v -test.timeout 20m -test.run "$2") > "$log" 2>&1 || echo "ENDED with $?" >> "$log"
}
export -f one
export work logs=$PWD/logs

failed=0
if [ "$part" != speed ]; then
  began=$SECONDS
  hasty="--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true --xla_gpu_disable_gpuasm_optimizations=true --xla_gpu_autotune_level=0"
  jobs | XLA_FLAGS="${XLA_FLAGS:-} $hasty" xargs -P $(($(nproc) * 3 / 4 + 1)) -L 1 bash -c 'one "$0" "$1"'
  say "## Equal to the reference data"
  say ""
  say "| package | passed | failed | left out |"
  say "|---|---|---|---|"
  for package in $packages; do
    count() { cat "$logs/$(basename "$package")"/*.log | grep -c -E -- "^ *--- $1: "; }
    say "| $package | $(count PASS) | $(count FAIL) | $(count SKIP) |"
    grep -q '^ENDED' "$logs/$(basename "$package")"/*.log && failed=1
  done
  say ""
  ended=$(grep -l "^ENDED" "$logs"/*/*.log | sed "s|$logs/||" | tr "\n" " ")
  say "In $((SECONDS - began)) s; parts of tests are counted too. Ended otherwise than well: ${ended:-none}"
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
