#!/usr/bin/env bash
# Processors on which gruve is rarely seen: with pointers of 32 bits it compiles, on big-endian ones it is refused in one sentence.
#   bash tests/long/other_processors.sh
# Each compiler that is missing is named (Debian: g++-arm-linux-gnueabihf, g++-s390x-linux-gnu, emscripten).
set -euo pipefail
cd "$(dirname "$0")/../.."
work=build/other_processors
mkdir -p $work
ln -sfn /usr/include/nlohmann $work/nlohmann
flags=(-std=c++20 -fsyntax-only -x c++ -Iinclude -isystem $work -isystem /usr/include/eigen3)
if command -v arm-linux-gnueabihf-g++ >/dev/null; then
  for option in -mfpu=vfpv3-d16 -mfpu=neon; do
    arm-linux-gnueabihf-g++ "${flags[@]}" $option -Wall -Wextra -Wno-psabi -Werror - <<<'#include "gruve/gruve.hpp"'
    echo "32-bit ARM, $option: all headers compile"
  done
else
  echo "SKIPPED: 32-bit ARM"
fi
if command -v em++ >/dev/null; then
  for option in -mno-simd128 -msimd128; do
    em++ "${flags[@]}" -fexceptions $option -Wall -Wextra -Werror - <<<'#include "gruve/gruve.hpp"'
    echo "WebAssembly, $option: all headers compile"
  done
else
  echo "SKIPPED: WebAssembly"
fi
if command -v s390x-linux-gnu-g++ >/dev/null; then
  for header in gruve.hpp nn/fixed_gru.hpp midi/read_midi.hpp; do
    ! s390x-linux-gnu-g++ "${flags[@]}" - <<<"#include \"gruve/$header\"" 2>$work/s390x.txt || { echo "s390x: $header is not refused" && exit 1; }
    grep -o "gruve needs a little-endian processor.*" $work/s390x.txt
    [ "$(grep -c 'error:' $work/s390x.txt)" -eq 1 ] || { grep 'error:' $work/s390x.txt && exit 1; }
  done
else
  echo "SKIPPED: big-endian (s390x)"
fi
