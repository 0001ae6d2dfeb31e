#!/bin/sh
# Writes docs/parity.md: the tests that compare with the reference programs note what they find, and the notes become its tables.
set -eu
cd "$(dirname "$0")/.."
notes=$(mktemp)
trap 'rm -f "$notes"' EXIT
FETTLE_PARITY=$notes go test -count=1 -p 1 ./internal/model ./internal/generate ./internal/chat ./internal/tokenizer \
  -run 'TestFamilies|TestPackedRow|TestGoldenTokens|TestGoldenRenders|TestGolden$'
{
  cat docs/parity.head
  for table in family 'chat template' tokenizer; do
    echo
    go run ./internal/shared/paritytable "$table" <"$notes"
  done
} >docs/parity.md
