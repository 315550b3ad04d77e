#!/usr/bin/env bash
# Compiles each header by itself. usage: headers_alone.sh [--fast] COMPILER INCLUDE_FOLDER FLAG…
# Nearly all of the time is that of Eigen and nlohmann_json. With --fast these are compiled once and come before each header, so
# that a header that misses one of them, or a header of the standard library that they include, is not found: the test
# command does that; without it the check takes five minutes of a core.
set -euo pipefail
fast=no
[ "$1" = --fast ] && fast=yes && shift
compiler=$1 include=$2
shift 2
before=()
if [ $fast = yes ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  printf '#include <Eigen/Core>\n#include <nlohmann/json.hpp>\n' >"$work/others.hpp"
  "$compiler" -std=c++20 "$@" -x c++-header "$work/others.hpp" -o "$work/others.hpp.gch"
  before=(-include "$work/others.hpp")
fi
check() {
  local header=$1
  shift
  echo "#include \"$header\"" | "$@" -fsyntax-only -x c++ - || {
    echo "does not stand alone: $header" >&2
    exit 1
  }
}
export -f check
(cd "$include" && find gruve -name '*.hpp') | sort |
  xargs -P "$(nproc)" -I{} bash -c 'check "$@"' _ {} "$compiler" -std=c++20 "${before[@]}" -I "$include" "$@"
