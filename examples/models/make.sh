#!/usr/bin/env bash
# Makes the étude model that the program carries: composes études by rule, trains on them, and writes the weights in 8 bits.
# The result has the same bytes on every processor with fused multiply-adds.
#   bash examples/models/make.sh [--check]     --check compares with the file that is here, and changes nothing
set -euo pipefail
cd "$(dirname "$0")/../.."
source tools/build_program.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build_program "$work/build.log"
gruve=build/demo/gruve
"$gruve" compose "$work/etudes" --pieces 3000
"$gruve" prepare "$work/etudes" --out "$work/etudes.gruve" --encoder event --steps-per-quarter 4 --velocities --tempos
"$gruve" train "$work/etudes.gruve" --out "$work/model.safetensors" --recipe examples/recipes/etudes_events.json \
  --hidden 176 --embedding 88 --epochs 4
"$gruve" convert "$work/model.safetensors" --out "$work/etudes.safetensors" --precision int8 "$work/etudes.gruve"
if [ "${1:-}" = --check ]; then
  cmp "$work/etudes.safetensors" examples/models/etudes.safetensors && echo "the same bytes"
else
  cp "$work/etudes.safetensors" examples/models/etudes.safetensors
fi
