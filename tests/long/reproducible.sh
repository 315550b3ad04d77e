#!/usr/bin/env bash
# Two builds of the same sources in two folders: have the program, the kernels and what is installed one digest?
#   bash tests/long/reproducible.sh [TARGET…]       (gruve_program and gruve_kernels by default, some ten minutes)
set -euo pipefail
cd "$(dirname "$0")/../.."
targets=${*:-gruve_program gruve_kernels}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for copy in one another; do
  mkdir -p "$work/$copy"
  git archive HEAD | tar -x -C "$work/$copy"
  # shellcheck disable=SC2086
  (cd "$work/$copy" && cmake -S . -B build -DGRUVE_BUILD_TESTS=OFF -DCMAKE_INSTALL_PREFIX=/usr >/dev/null &&
    cmake --build build --parallel "$(nproc)" --target $targets >/dev/null)
  (cd "$work/$copy" && find build/gruve build/libgruve_kernels.a build/gruve.spdx.json build/gruve.cps build/*.pc include -type f -exec sha256sum {} + |
    LC_ALL=C sort -k2) >"$work/$copy.sums"
done
diff "$work/one.sums" "$work/another.sums"
sha256sum <"$work/one.sums" | sed "s/-/$(wc -l <"$work/one.sums") files, twice the same/"
