#!/usr/bin/env bash
# How many bytes does a program take of gruve::kernels? Stripped, linked with --gc-sections, in two build types; with no
# precision named, so that kernels in float alone are linked. And in WebAssembly, where emscripten is installed.
#   bash tests/long/sizes.sh       (some five minutes)
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
size() { strip -s -o "$work/stripped" "$1" && stat -c %s "$work/stripped"; }
model=examples/models/etudes.safetensors
for type in Release MinSizeRel; do
  build=$work/$type
  cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=$type -DGRUVE_BUILD_TESTS=OFF >/dev/null
  cmake --build "$build" --parallel "$(nproc)" --target gruve_kernels gruve_c >/dev/null
  cmake --build "$build" --parallel "$(nproc)" --target companion_lv2 >/dev/null 2>&1 || echo "not built, without lv2-dev: the plug-in"
  flags=-O2
  [ $type = Release ] || flags=-Os
  for program in tests/packaging/sizes/generate_only examples/generate; do
    # shellcheck disable=SC2046
    ${CXX:-g++} $flags -std=gnu++20 -DNDEBUG -DGRUVE_COMPILED_KERNELS -ffunction-sections -fdata-sections -Iinclude \
      $(pkg-config --cflags eigen3) $program.cpp "$build/libgruve_kernels.a" -o "$work/program" -Wl,--gc-sections -pthread
    "$work/program" $model "$work/piece.mid" >/dev/null
    echo "$type: $program $(size "$work/program") bytes"
  done
  plugin=$build/examples/plugin/companion.lv2/companion.so
  [ ! -f "$plugin" ] || echo "$type: the plug-in without its model $(($(size "$plugin") - $(stat -c %s $model))) bytes"
  echo "$type: the C library $(size "$build"/libgruve.so.*.*.*) bytes"
done
if command -v em++ >/dev/null; then
  export NODE_PATH=${NODE_PATH:-/usr/share/nodejs}
  ln -s /usr/include/eigen3 /usr/include/nlohmann "$work"  # of this machine's headers only these
  flags="-std=c++20 -DNDEBUG -fwasm-exceptions -msimd128 -DGRUVE_COMPILED_KERNELS -Iinclude -Isrc -isystem $work/eigen3 -isystem $work"
  # shellcheck disable=SC2086
  em++ -O2 $flags -Wno-pass-failed -c src/kernels.cpp -o "$work/kernels.o"
  # shellcheck disable=SC2086
  em++ -Os $flags -sALLOW_MEMORY_GROWTH=1 -sMALLOC=emmalloc tests/packaging/sizes/generate_only.cpp "$work/kernels.o" src/models.cpp \
    -o "$work/program.js"
  echo "WebAssembly: tests/packaging/sizes/generate_only $(gzip -9 -c "$work/program.wasm" | wc -c) bytes with gzip, $(stat -c %s "$work/program.wasm") without"
else
  echo "not built, without emscripten: WebAssembly"
fi
