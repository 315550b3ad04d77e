#!/usr/bin/env bash
# All headers and what the library compiles, for a processor with pointers of 32 bits: nothing is narrowed. Without a link
# or a run, by the headers of this system's C library; 32-bit ARM and WebAssembly are tests/long/other_processors.sh.
# usage: pointers_32.sh COMPILER SOURCE WORK EIGEN_INCLUDES JSON_INCLUDES
set -euo pipefail
compiler=$1 source=$2 work=$3 eigen=$4 json=${5%%;*}  # the first of a list
mkdir -p "$work/gnu"
ln -sfn "$json/nlohmann" "$work/nlohmann"
touch "$work/gnu/stubs-32.h"  # which the C library has for programs that it can link
flags=(-std=c++20 -m32 -msse2 -fsyntax-only -Wall -Wextra -Werror -DGRUVE_COMPILED_KERNELS -I "$source/include" -I "$source/src" -isystem "$work"
  -isystem "$eigen")
# Where this system's headers of 64 bits are.
while read -r folder; do flags+=(-isystem "$folder"); done < <("$compiler" -E -v -x c++ /dev/null 2>&1 | grep -E '^ /.*x86_64-linux-gnu' | grep -v /lib/)
"$compiler" "${flags[@]}" -x c++ - <<<'#include <vector>
#include <filesystem>' 2>"$work/none.txt" || {
  echo "SKIPPED: $compiler compiles nothing for pointers of 32 bits here: $(head -1 "$work/none.txt")"
  exit 77
}
for file in models training; do "$compiler" "${flags[@]}" "$source/src/$file.cpp"; done
