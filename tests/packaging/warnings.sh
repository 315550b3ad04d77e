#!/usr/bin/env bash
# Compiles all headers, with the kernels' and the models' bodies, as a strict program does that has them in its own
# include path: they must give no warning. usage: warnings.sh SOURCE COMPILER FLAG…
set -euo pipefail
source=$1 compiler=$2
shift 2
strict=(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wold-style-cast -Weffc++)
echo '#include <gruve/gruve.hpp>' |
  "$compiler" -std=c++20 -fsyntax-only -Werror "${strict[@]}" -I "$source/include" "$@" -x c++ -
echo "no warning of ${strict[*]}"
