#!/usr/bin/env bash
# Compiles each header by itself. usage: headers_alone.sh COMPILER INCLUDE_FOLDER FLAG…
set -euo pipefail
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
(cd "$include" && find gruve -name '*.hpp') | sort |
  xargs -P "$(nproc)" -I{} bash -c 'check "$@"' _ {} "$compiler" -std=c++20 -I "$include" "$@"
