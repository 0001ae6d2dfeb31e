#!/bin/sh
# Asks a `fettle serve` of the bundled base with OpenAI's two clients; bench/setup.sh and make build first.
set -eu
cd "$(dirname "$0")/../.."
port=${1:-8123}
bin/fettle serve -model pipelines/quickstart/base -listen "127.0.0.1:$port" &
server=$!
trap 'kill $server' EXIT
for _ in $(seq 100); do curl -fs "http://127.0.0.1:$port/healthz" >/dev/null && break; sleep 0.1; done
bench/.venv/bin/python bench/clients/openai_client.py "http://127.0.0.1:$port"
node bench/clients/openai_client.mjs "http://127.0.0.1:$port"
