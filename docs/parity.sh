#!/bin/sh
# Writes docs/parity-training.md: how far training is from transformers, PEFT, TRL and bitsandbytes, as the tests find it.
set -eu
cd "$(dirname "$0")/.."
notes=$(mktemp)
trap 'rm -f "$notes"' EXIT
FETTLE_PARITY=$notes go test -count=1 ./stages/train ./internal/optimizer ./internal/lora ./internal/quant
{
  cat <<'HEAD'
# How far training is from its references

Made by `docs/parity.sh`: what the tests measured on the pure Go backend against recorded runs of transformers, PEFT, TRL, torch and bitsandbytes, as
`largest difference / allowed`. Gradients and gradient norms are relative to the reference's largest value. Where the reference differs from
itself (another attention kernel, float64) by more, ten times that is allowed.
HEAD
  sort -u "$notes" | awk -F '\t' '
    function flush(   c, q, line) {
      if (!cases) return
      line = "| case |"; for (q = 1; q <= quantities; q++) line = line " " quantity[q] " |"
      print "\n## " group "\n\n" line
      line = "|---|"; for (q = 1; q <= quantities; q++) line = line "---:|"
      print line
      for (c = 1; c <= cases; c++) {
        line = "| " name[c] " |"
        for (q = 1; q <= quantities; q++) line = line " " cell[name[c], quantity[q]] " |"
        print line
      }
      delete cell; delete seen; delete known; cases = quantities = 0
    }
    $1 != group { flush(); group = $1 }
    {
      if (!seen[$2]++) name[++cases] = $2
      if (!known[$3]++) quantity[++quantities] = $3
      if (!(($2, $3) in cell) || $4 + 0 > cell[$2, $3] + 0) cell[$2, $3] = $4 " / " $5
    }
    END { flush() }'
} >docs/parity-training.md
