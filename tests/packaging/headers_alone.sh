#!/usr/bin/env bash
# Compiles each header by itself. usage: headers_alone.sh [--light] COMPILER INCLUDE_FOLDER FLAG…
# With --light only those of the rooms that take no model: the others include nearly everything below them and take four
# fifths of the five minutes.
set -euo pipefail
rooms=()
if [ "$1" = --light ]; then
  rooms=(core midi tokens measure render kernels nn)
  shift
fi
compiler=$1 include=$2
shift 2
check() {
  local header=$1
  shift
  echo "#include \"$header\"" | "$@" -fsyntax-only -x c++ - || {
    echo "does not stand alone: $header" >&2
    exit 1
  }
}
export -f check
[ ${#rooms[@]} -gt 0 ] || rooms=(.)
(cd "$include" && find "${rooms[@]/#/gruve/}" -name '*.hpp') | sort |
  grep -v /mpi.hpp |  # needs MPI
  xargs -P "$(nproc)" -I{} bash -c 'check "$@"' _ {} "$compiler" -std=c++20 -I "$include" "$@"
