#!/usr/bin/env bash
# The C interface: from C, from Python, and what the library shows. usage: c_interface.sh SOURCE WORK LIBRARY GRUVE
set -euo pipefail
source=$1 work=$2 library=$3 gruve=$4
model=$source/examples/models/etudes.safetensors
rm -rf "$work"
mkdir -p "$work"
if ! command -v cc >/dev/null; then
  echo "skipped: no C compiler" && exit 77
fi

cc -std=c99 -pedantic -Wall -Wextra -Werror -Wconversion -I "$source/include" "$source/tests/c_interface/program.c" \
  "$library" -Wl,-rpath,"$(dirname "$library")" -lm -o "$work/program"
"$work/program" "$model" "$work/c.mid"

# The same piece as the program's, byte for byte.
"$gruve" generate --model "$model" --out "$work/program.mid" --bars 8 --seed 7 --temperature 0.8 --best-of 1 --threads 1 >/dev/null
cmp "$work/program.mid" "$work/c.mid"
if command -v python3 >/dev/null; then
  python3 "$source/tests/c_interface/program.py" "$library" "$model" "$work/python.mid"
  cmp "$work/program.mid" "$work/python.mid"
else
  echo "skipped: no python3, the interface is tried from C alone"
fi

# The header's functions are what the library shows, each of them and nothing else.
if command -v nm >/dev/null; then
  nm -D --defined-only "$library" | awk '{ print $3 }' | sort >"$work/shown"
  grep -oE 'gruve_[a-z_]+\(' "$source/include/gruve/gruve.h" | tr -d '(' | sort -u >"$work/declared"
  diff "$work/declared" "$work/shown"
fi
