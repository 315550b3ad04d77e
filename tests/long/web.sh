#!/usr/bin/env bash
# The page that plays (examples/web), in a real browser without a network: builds it, opens it from the disk in headless Chromium,
# plays, writes a piece and compares its bytes with the program's, drops MIDI files, models and files that are neither, learns a
# style, and looks at 375 and 1280 pixels in light and dark. Prints sizes and speeds. Some minutes.
#   bash tests/long/web.sh [FOLDER]     FOLDER for the page and the pictures, default build/web
# GRUVE=PROGRAM for a program that is built already, PAGE=FILE and PLAIN=FILE for pages, CHROMIUM=PROGRAM for another browser.
set -euo pipefail
cd "$(dirname "$0")/../.."
skip() { echo "SKIPPED: $1"; exit 77; }
folder=$(realpath -m "${1:-build/web}")
chromium=${CHROMIUM:-$(command -v chromium || true)}
[ -n "$chromium" ] || skip "chromium is not installed"
[ -n "${PAGE:-}" ] && [ -n "${PLAIN:-}" ] || command -v em++ >/dev/null || skip "emscripten is not installed"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=${PYTHON:-$work/venv/bin/python}
if [ -z "${PYTHON:-}" ]; then
  { python3 -m venv "$work/venv" && "$python" -m pip install -q playwright; } >"$work/pip.log" 2>&1 || skip "playwright can't be installed"
fi
mkdir -p "$folder"
page=${PAGE:-$folder/gruve.html}
[ -n "${PAGE:-}" ] || bash examples/web/build.sh "$page"
plain=${PLAIN:-$folder/gruve-plain.html}
[ -n "${PLAIN:-}" ] || KINDS=plain bash examples/web/build.sh "$plain"
if [ -z "${GRUVE:-}" ]; then
  source tools/build_program.sh
  build_program "$work/build.log"
  GRUVE=build/demo/gruve
fi
model=${MODEL:-examples/models/etudes.safetensors}

# Songs to learn from, a model of 256 units to measure, one of text, and the pieces that the page is to write.
"$GRUVE" compose "$work/songs" --pieces 24 --seed 5 >/dev/null
"$GRUVE" prepare "$work/songs" --out "$work/songs.gruve" --encoder event --steps-per-quarter 4 --velocities --tempos >/dev/null
"$GRUVE" train "$work/songs.gruve" --out "$work/h256.safetensors" --hidden 256 --embedding 64 --epochs 1 >/dev/null
"$GRUVE" prepare "$work/songs" --out "$work/steps.gruve" --encoder timestep --steps-per-quarter 4 >/dev/null
"$GRUVE" train "$work/steps.gruve" --out "$work/steps.safetensors" --hidden 48 --embedding 16 --epochs 4 >/dev/null
printf 'la la li lu la la li lu %.0s' {1..400} >"$work/text.txt"
"$GRUVE" prepare "$work/text.txt" --out "$work/text.gruve" >/dev/null
"$GRUVE" train "$work/text.gruve" --out "$work/text.safetensors" --hidden 16 --embedding 8 --epochs 1 >/dev/null
written="--best-of 1 --seed 7 --temperature 0.8 --return-temperature 0.8"
"$GRUVE" generate --model "$model" --out "$work/plain.mid" $written --bars 8 >/dev/null
"$GRUVE" generate --model "$model" --out "$work/form.mid" $written --bars 32 --form AABA >/dev/null
"$python" tests/long/web_test.py "$page" "$plain" "$GRUVE" "$chromium" "$work" "$folder"
