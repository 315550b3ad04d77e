#!/usr/bin/env bash
# FixedGru of sizes that are no whole vectors of any set compiles without a warning as a user compiles it, at -O2 and -O3,
# where g++ follows loops whose ends it knows. usage: fixed_sizes.sh COMPILER FLAG…
set -euo pipefail
compiler=$1
shift
for optimisation in -O2 -O3; do
  "$compiler" -std=c++20 "$optimisation" -Werror "$@" -S -o /dev/null -x c++ - <<'END'
#include <array>

#include "gruve/nn/fixed_gru.hpp"

template <int E, int H>
float step() {
  std::array<float, H> h = {};
  const gruve::GruCell<float> cell(E, H);
  gruve::FixedGru<E, H>(cell).step(std::array<float, E>{}, h);
  return h[0];
}

float steps() { return step<1, 1>() + step<2, 3>() + step<5, 7>() + step<1, 9>() + step<3, 17>() + step<8, 33>(); }
END
done
