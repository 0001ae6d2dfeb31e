#!/bin/sh
# Refuses (exit 1) when the machine is at work already: times would mean nothing. FORCE=1 lets it pass.
if [ "${FORCE:-}" != 1 ] && awk '{exit !($1 > 0.5)}' /proc/loadavg; then
  echo "load average $(cut -d' ' -f1 /proc/loadavg): wait until it is below 0.5, or set FORCE=1" >&2
  exit 1
fi
