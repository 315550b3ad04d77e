#!/usr/bin/env bash
# Runs each example as its first line says, on a timestep, an event and a text model.
# usage: examples.sh GRUVE EXAMPLES_DIR WORK
set -euo pipefail
gruve=$1 examples=$2 work=$3
rm -rf "$work"
mkdir -p "$work/texts"
cd "$work"
"$gruve" compose etudes --pieces 12 >/dev/null
for i in $(seq 400); do echo "line $i says that the quick brown fox jumps over the lazy dog."; [ $((i % 40)) -ne 0 ] || echo; done >texts/a.txt

# says PATTERN COMMAND…: the command must succeed and print the pattern; refuses: it must fail with it.
says() {
  local pattern=$1 output
  shift
  output=$("$@" 2>&1) || { echo "FAILED: $*"; echo "$output"; exit 1; }
  grep -qE "$pattern" <<<"$output" || { echo "FAILED: $* does not say $pattern"; echo "$output"; exit 1; }
}
refuses() {
  local pattern=$1 output
  shift
  if output=$("$@" 2>&1); then echo "FAILED: $* succeeds"; exit 1; fi
  grep -qE "$pattern" <<<"$output" || { echo "FAILED: $* does not say $pattern"; echo "$output"; exit 1; }
}

for format in timestep event text; do
  folder=etudes
  [ $format != text ] || folder=texts
  says "^$format.safetensors: [0-9.]+ nats per token" "$examples/example_train" $folder $format.safetensors $format
  says "^piece-$format: [0-9]+ (notes|characters)" "$examples/example_generate" $format.safetensors piece-$format 3
  [ -s piece-$format ]
  if [ $format = text ]; then
    refuses 'type "char" can.t be played live' "$examples/example_audio_callback" text.safetensors
  else
    says "[0-9]+ notes; a block of 5333 us takes" "$examples/example_audio_callback" $format.safetensors
    says "^piece-$format" "$gruve" inspect piece-$format
  fi
done
says "bytes to train on" "$examples/example_text" texts/a.txt 0.02
says "^([ACGT]{3})+$" "$examples/example_custom_encoder" dna.safetensors
says "fault 2: " "$examples/example_anomalies"
refuses "usage: " "$examples/example_generate"
refuses "no such file" "$examples/example_train" nowhere model
echo "all examples run"
