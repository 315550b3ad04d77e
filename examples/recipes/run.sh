#!/usr/bin/env bash
# Trains a model by a recipe, and prints its score on the test split and the training time.
#   bash examples/recipes/run.sh NAME DATA [FOLDER [OPTION…]]
# NAME is one of the recipes in this folder. DATA is a data set in JSON, or a folder of MIDI files, from which gruve prepare
# builds a corpus, with the given OPTIONs. The model and its learning curve are written to FOLDER (default: out). A training
# that was interrupted resumes. A recipe named NAME_distilled distils three models of the recipe NAME, which are trained
# first.
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
  encoder=timestep
  [[ $name == *_events ]] && encoder= # chosen by the files: events, with the velocities and tempos that they have
  [[ " ${*:4} " == *" --encoder "* ]] && encoder=
  "$gruve" prepare "$data" --out "$out/$name.gruve" ${encoder:+--encoder $encoder} "${@:4}"
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
