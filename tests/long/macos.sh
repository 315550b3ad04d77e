#!/usr/bin/env bash
# gruve for macOS, on Apple's processors and on x86-64: the program and a consumer of the headers alone compiled and linked by zig
# (pip install ziglang), which has Clang, libc++ and the system's declarations. Nothing is run.
#   [ZIG="python3 -m ziglang"] bash tests/long/macos.sh [TARGET…]
set -euo pipefail
cd "$(dirname "$0")/../.."
zig=${ZIG:-python3 -m ziglang}
$zig version >/dev/null 2>&1 || { echo "SKIPPED: no zig (pip install ziglang)" && exit 77; }
work=build/macos
mkdir -p $work/packages
for folder in nlohmann CLI; do ln -sfn /usr/include/$folder $work/packages/$folder; done
printf 'include(cmake/embed.cmake)\ngruve_embed(%s/etudes_model.cpp examples/models/etudes.safetensors kEtudesModel)\n' "$PWD/$work" >$work/embed.cmake
cmake -P $work/embed.cmake
for target in ${*:-aarch64-macos x86_64-macos}; do
  flags=(-target "$target" -std=c++20 -O1 -ffp-contract=off -Iinclude -Iexamples -isystem $work/packages -isystem /usr/include/eigen3)
  $zig c++ "${flags[@]}" examples/generate.cpp -o "$work/generate-$target"
  echo "$target: a consumer of the headers, $(stat -c %s "$work/generate-$target") bytes"
  mkdir -p "$work/$target"
  for source in src/kernels.cpp src/models.cpp src/training.cpp examples/gruve/*.cpp $work/etudes_model.cpp; do
    $zig c++ "${flags[@]}" -DGRUVE_COMPILED_KERNELS -c "$source" -o "$work/$target/$(basename "$source" .cpp)$(dirname "$source" | cksum | cut -c1-3).o"
  done
  $zig c++ -target "$target" "$work/$target"/*.o -o "$work/gruve-$target"
  echo "$target: the program, $(stat -c %s "$work/gruve-$target") bytes"
done
