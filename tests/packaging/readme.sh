#!/usr/bin/env bash
# Compiles the C++ of the README and of the docs' pages as it is printed, and runs the README's programs on a folder of
# MIDI files. usage: readme.sh SOURCE WORK COMPILER KERNELS_LIBRARY GRUVE FLAGS…
set -euo pipefail
source=$1 work=$2 compiler=$3 library=$4 gruve=$5
shift 5
rm -rf "$work"
mkdir -p "$work"
cd "$work"

# Every ```cpp block becomes a file: programs (those with a main) alone, all else as functions of one file.
{
  echo '#include <gruve/gruve.hpp>'
  echo '#include <cstdio>'
  echo 'using namespace gruve;'
} >pieces.cpp
programs=0 pieces=0
for page in "$source"/README.md "$source"/docs/*.md "$source"/docs/modules/*.md; do
  awk '/^```cpp$/ { n++; inside = 1; next } /^```$/ { inside = 0 } inside { print > sprintf("block-%03d", n) }' "$page"
  for block in block-*; do
    [ -e "$block" ] || continue
    if grep -q '^int main' "$block"; then
      programs=$((programs + 1))
      mv "$block" "program-$programs.cpp"
    else
      pieces=$((pieces + 1))
      {
        echo "namespace piece_$pieces {"
        if grep -qE '^(struct|class|template) ' "$block"; then
          cat "$block"
        else
          echo "[[maybe_unused]] static void f([[maybe_unused]] const TrainedModel& model) {{"
          grep -v '^#include' "$block"
          echo "}}"
        fi
        echo "}  // $page"
      } >>pieces.cpp
      rm "$block"
    fi
  done
done
[ $programs -ge 2 ] && [ $pieces -ge 10 ] || { echo "FAILED: $programs programs and $pieces pieces found"; exit 1; }
"$compiler" -std=c++20 -fsyntax-only "$@" pieces.cpp

for program in program-*.cpp; do
  "$compiler" -std=c++20 -Wall -Wextra -Werror "$@" "$program" "$library" -pthread -o "${program%.cpp}"
done
"$gruve" compose my-midi-folder --pieces 12 >/dev/null
trains=$(grep -l 'trainer.run' program-*.cpp) generates=$(grep -l 'player.generate' program-*.cpp)
./"${trains%.cpp}" >progress.txt
grep -q 'loss' progress.txt
./"${generates%.cpp}"
"$gruve" inspect piece.mid | grep -q note
echo "$programs programs and $pieces pieces of the documentation compile, and the README's programs run"
