#!/usr/bin/env bash
# Disassembles programs built for plain x86-64: an instruction that not every such processor has may stand in no function
# but those of the wide sets of kernels, which are called only where the processor was asked.
# usage: no_wide_code.sh PROGRAM…
set -euo pipefail
wide_sets="avx2 avx512 avx512_vnni avx512_bf16 amx"  # namespaces in gruve::kernels, which has one of the version

if [ "$(uname -m)" != x86_64 ] || ! command -v objdump >/dev/null; then
  echo "SKIPPED: no objdump, or not an x86-64 machine"
  exit 77
fi
# The beginnings of the mangled names of what stands in these namespaces, also of what is local to a function.
allowed=""
for set in $wide_sets; do allowed+="${allowed:+|}N5gruve[0-9]+v[0-9]+_[0-9]+7kernels${#set}$set"; done

for program in "$@"; do
  # All AVX, FMA, F16C and AVX-512 instructions are written with a v; mask and tile registers, and BMI, are not.
  objdump -d --no-show-raw-insn "$program" | awk -v program="$program" -v allowed="^<_Z+($allowed)[0-9L]" '
    /^[0-9a-f]+ <.*>:$/ { name = $2; inside = name ~ allowed; next }
    $2 !~ /^v/ && $2 !~ /^(andn$|bextr|bls|bzhi|mulx|pdep|pext|rorx|sarx|shlx|shrx|tile|ldtile)/ &&
      !/%([yz]mm|tmm|k[0-7])/ { next }
    inside { ++kept; next }
    !(name in seen) { seen[name]; print program ": " name "  " $0; ++leaks }
    END {
      print program ": " kept + 0 " wide instructions in the wide sets, " leaks + 0 " functions elsewhere have some"
      exit leaks > 0 || kept == 0
    }'
done
