#!/usr/bin/env bash
# Runs a program that trains with each set of kernels that GRUVE_KERNELS can name, and, where qemu-user is installed, on
# processors without the wider instructions. The right set must be chosen, and all must come to the same loss.
# usage: dispatch.sh PROGRAM
set -euo pipefail
program=$1

# check WANTED_NAMES COMMAND…: the command must choose one of the sets, and reach the reference's loss to 1e-4.
check() {
  local wanted=$1 name loss
  shift
  read -r name loss <<<"$("$@")"
  echo "$name $loss   ${*/#$program/program}"
  if [[ " $wanted " != *" $name "* ]]; then
    echo "wanted $wanted, but $name was chosen" >&2
    exit 1
  fi
  awk -v a="$loss" -v b="$reference" 'BEGIN { exit !(a > b - 1e-4 && a < b + 1e-4) }' || {
    echo "the loss is $loss, but the reference's is $reference" >&2
    exit 1
  }
}
reference=$(GRUVE_KERNELS=reference "$program" | cut -d' ' -f2)

read -r fastest _ <<<"$("$program")"
check baseline env GRUVE_KERNELS=baseline "$program"
check "$fastest" env GRUVE_KERNELS=no-such-set "$program"
[ "$(uname -m)" = x86_64 ] || exit 0
# A set that the processor lacks is passed over.
grep -q ' avx2 .*' /proc/cpuinfo && check avx2 env GRUVE_KERNELS=avx2 "$program"
grep -q ' avx512f .*' /proc/cpuinfo && check avx512 env GRUVE_KERNELS=avx512 "$program"

emulator=$(command -v qemu-x86_64 || command -v qemu-x86_64-static) || {
  echo "SKIPPED: processors without the wider instructions, since qemu-user (qemu-x86_64) isn't installed"
  exit 77
}
check baseline "$emulator" -cpu Nehalem "$program"
check baseline env GRUVE_KERNELS=avx2 "$emulator" -cpu Nehalem "$program"
# qemu has known AVX2 since 7.2; before it, its Haswell has none.
check "avx2 baseline" "$emulator" -cpu Haswell "$program"
