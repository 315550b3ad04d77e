#!/usr/bin/env bash
# From nothing to a new piece: builds gruve, composes études by rule, trains a model on them (under three minutes), and
# generates a piece as MIDI, sound, picture and web page.
#   bash examples/demo.sh [FOLDER]     the results go to FOLDER (default: out)
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/build_program.sh

out=${1:-out}
mkdir -p "$out"
build_program "$out/build.log"
gruve=build/demo/gruve

"$gruve" compose "$out/etudes" --pieces 3000
"$gruve" prepare "$out/etudes" --out "$out/etudes.gruve" --encoder event --steps-per-quarter 4 --velocities --tempos
"$gruve" train "$out/etudes.gruve" --out "$out/etudes.safetensors" --recipe examples/recipes/etudes_events.json \
  --epochs 100 --minutes 2.5 --log "$out/training.csv"
"$gruve" evaluate --model "$out/etudes.safetensors" "$out/etudes.gruve"
"$gruve" generate --model "$out/etudes.safetensors" --out "$out/piece.mid" --seconds 75 --seed 1 \
  --temperature 0.7 --max-repeats 3 --within --wav "$out/piece.wav" --svg "$out/piece.svg" --report "$out/piece.html"
echo
echo "Listen: $out/piece.wav (or the MIDI file $out/piece.mid)"
echo "See:    $out/piece.html in a browser, with sound, picture and training curves; the picture alone is $out/piece.svg"
