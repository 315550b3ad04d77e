#!/usr/bin/env bash
# FixedGru of sizes that are no whole vectors of any set compiles without a warning as a user compiles it, at -O3, where g++
# follows loops whose ends it knows; with --all more sizes, and at -O2 too. usage: fixed_sizes.sh [--all] COMPILER FLAG…
set -euo pipefail
sizes='step<1, 1>() + step<5, 7>() + step<3, 17>()' optimisations=-O3
if [ "$1" = --all ]; then
  sizes="$sizes + step<2, 3>() + step<1, 9>() + step<8, 33>()" optimisations='-O3 -O2'
  shift
fi
compiler=$1
shift
for optimisation in $optimisations; do
  "$compiler" -std=c++20 "$optimisation" -Werror "$@" -S -o /dev/null -x c++ - <<END
#include <array>

#include "gruve/nn/fixed_gru.hpp"

template <int E, int H>
float step() {
  std::array<float, H> h = {};
  const gruve::GruCell<float> cell(E, H);
  gruve::FixedGru<E, H>(cell).step(std::array<float, E>{}, h);
  return h[0];
}

float steps() { return $sizes; }
END
done
