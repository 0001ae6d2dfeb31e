#!/usr/bin/env bash
# make gpu-bundle: one folder, gpu-bundle/, with all that a machine with a GPU needs to try what waits for one: no Go, no network.
set -euo pipefail
cd "$(dirname "$0")/../.."
shared=${FETTLE_SHARED:-../shared}
[ -d "$shared/golden/models" ] || { echo "no reference data at $shared (FETTLE_SHARED names it)"; exit 1; }
out=$PWD/gpu-bundle
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

export CGO_ENABLED=1 GOFLAGS=-trimpath
version=$(git describe --tags --always --dirty 2>/dev/null || echo unknown)
mkdir -p "$stage/bin" "$stage/shared/data/weights"
go build -tags xla -ldflags "-s -w -X main.version=$version" -o "$stage/bin/fettle" .
for package in internal/model internal/lora internal/quant internal/optimizer internal/generate stages/train; do
  mkdir -p "$stage/$package"
  go test -c -tags xla -ldflags "-s -w" -o "$stage/$package/run.test" "./$package"
  [ ! -d "$package/testdata" ] || cp -r "$package/testdata" "$stage/$package/"
done
mkdir -p "$stage/shared/golden"
cp -r "$shared/golden/models" "$stage/shared/golden/"
cp -r "$shared/data/weights/stories260K_golden" "$stage/shared/data/weights/"
mkdir -p "$stage/docs" && cp docs/cuda-memory.md "$stage/docs/"

rm -rf "$out"
mkdir -p "$out"
# The programs are alike: a window over all of them takes two thirds off.
tar -C "$stage" --sort=name --owner=0 --group=0 --mtime=@0 -cf - . | xz -T1 --lzma2=preset=3,dict=128MiB > "$out/bundle.tar.xz"
cp bench/gpu/run.sh bench/gpu/gpu.py bench/gpu/peft_side.py "$out/"
echo "$version" > "$out/VERSION"
size=$(du -sm "$out" | cut -f1)
echo "gpu-bundle/: $size MiB, fettle $version"
[ "$size" -lt 60 ] || { echo "it must stay below 60 MiB"; exit 1; }
