#!/usr/bin/env bash
# Runs clang-tidy, with the checks of .clang-tidy, on all headers, or on the given source files. Installs it if it is
# missing. Half a minute.
#   bash tools/tidy.sh [FILE…]
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/install_missing.sh
command -v clang-tidy >/dev/null || install_missing clang-tidy
install_missing g++ libeigen3-dev nlohmann-json3-dev libcli11-dev

files=("$@")
if [ ${#files[@]} -eq 0 ]; then
  all=$(mktemp --suffix=.cpp)
  trap 'rm -f "$all"' EXIT
  echo '#include "gruve/gruve.hpp"' >"$all"
  files=("$all")
fi
clang-tidy --quiet --config-file=.clang-tidy "${files[@]}" -- -std=c++20 -DGRUVE_COMPILED_KERNELS \
  -Iinclude -Iexamples -Iexamples/gruve -isystem "${EIGEN_INCLUDE:-/usr/include/eigen3}"
