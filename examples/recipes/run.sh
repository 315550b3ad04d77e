#!/usr/bin/env bash
# Trains a model by a recipe and says what it reaches on the test split, and how long that took.
#   bash examples/recipes/run.sh NAME DATA [FOLDER [OPTION…]]
# NAME is one of the recipes beside this script, DATA a data set in JSON or a folder of MIDI files, of which gruve prepare
# makes a corpus, with OPTIONs of its own. The model and its learning curve go to FOLDER (default: out). A training that was
# broken off goes on where it was. A recipe named NAME_distilled learns from three models of the recipe NAME, which are trained
# before.
set -euo pipefail
[ $# -ge 2 ] || {
  sed -n '2,7s/^# *//p' "$0" >&2
  exit 2
}
recipe=$(realpath "$(dirname "$0")/$1.json") data=$(realpath "$2") out=$(realpath -m "${3:-out}")
name=$1
cd "$(dirname "$0")/../.."
source tools/build_program.sh
mkdir -p "$out"
build_program "$out/build.log"
gruve=build/demo/gruve

if [ -d "$data" ]; then
  "$gruve" prepare "$data" --out "$out/$name.gruve" --drop-too-short --drop-out-of-range "${@:4}"
  data=$out/$name.gruve
fi
begin=$(date +%s)
teachers=()
if [[ $name == *_distilled ]]; then
  for seed in 1 2 3; do
    teacher=$out/${name%_distilled}-$seed
    "$gruve" train "$data" --recipe "${recipe%_distilled.json}.json" --seed $seed --out "$teacher.safetensors" --log "$teacher.csv" --resume
    teachers+=(--teacher "$teacher.safetensors")
  done
fi
"$gruve" train "$data" --recipe "$recipe" "${teachers[@]}" --out "$out/$name.safetensors" --log "$out/$name.csv" --resume
echo "$(($(date +%s) - begin)) s of training"
"$gruve" evaluate --model "$out/$name.safetensors" "$data"
