#!/bin/sh
# Writes the settings tables of the guide from the code: docs/settings.sh bin/fettle
set -eu
for stage in ingest clean format train eval; do
  { printf '# Settings of %s\n\nMade by `fettle list %s`; `make generate` makes it anew.\n\n' "$stage" "$stage"; "$1" list "$stage"; } \
    >"$(dirname "$0")/guide/settings-$stage.md"
done
