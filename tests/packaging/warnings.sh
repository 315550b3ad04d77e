#!/usr/bin/env bash
# Compiles all headers, with the bodies that else are compiled once, as a strict program does that has them in its own
# include path, among the macros of <windows.h>: they must give no warning. usage: warnings.sh SOURCE COMPILER FLAG…
set -euo pipefail
source=$1 compiler=$2
shift 2
strict=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast -Weffc++)
"$compiler" -std=c++20 -fsyntax-only -Werror "${strict[@]}" -I "$source/include" -I "$source/src" "$@" \
  "$source/tests/packaging/platforms/macros.cpp"
echo "no warning of ${strict[*]}"
