#!/usr/bin/env bash
# Without a link or a run: the headers as by clang-cl, where clang++ is installed, and, where MinGW-w64 is, for Windows, after
# <windows.h> and before it. The whole of it, under Wine, is tests/packaging/windows.sh.
# usage: windows_syntax.sh SOURCE WORK EIGEN_INCLUDES JSON_INCLUDES
set -euo pipefail
source=$1 work=$2 eigen=$3 json=${4%%;*}  # the first of a list
mkdir -p "$work"
# They often lie beside the headers of this system's C library, which must not be seen.
ln -sfn "$json/nlohmann" "$work/nlohmann"
flags=(-std=c++20 -fsyntax-only -DGRUVE_COMPILED_KERNELS -I "$source/include" -I "$source/src" -isystem "$work" -isystem "$eigen")
if command -v clang++ >/dev/null; then
  clang++ "${flags[@]}" -Wall -Wextra -Werror "$source/tests/packaging/platforms/clang_cl.cpp"
else
  echo "no clang++: not compiled as by clang-cl"
fi
mingw=$(command -v x86_64-w64-mingw32-g++-posix || command -v x86_64-w64-mingw32-g++) || {
  echo "no MinGW-w64 (g++-mingw-w64-x86-64): not compiled for Windows"
  exit 0
}
for order in macros after; do
  "$mingw" "${flags[@]}" -Wall -Wextra -Werror "$source/tests/packaging/platforms/$order.cpp"
done
