#!/bin/sh
# Runs one bench: bench/run.sh train|infer|peft|eval-harness [its flags]. Needs bench/setup.sh and make build, once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
name=$1
shift
export PYTHONPATH="$here/lib" HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 TOKENIZERS_PARALLELISM=false
exec "$here/.venv/bin/python" "$here/$name/run.py" "$@"
