#!/usr/bin/env bash
# Builds the kernels and their tests for 64-bit ARM with the cross compiler, and runs them under qemu: there the baseline
# kernels are NEON code. Of the exhaustive tests it takes a sample, and none of instructions that ARM has not, which arm.sh
# runs emulated.
# usage: neon.sh SOURCE WORK EIGEN_INCLUDES CATCH_INCLUDES JSON_INCLUDES
set -euo pipefail
source=$1 work=$2 eigen=$3 catch=$4 json=${5%%;*}  # the first of a list
skip() {
  echo "SKIPPED: $1"
  exit 77
}
command -v aarch64-linux-gnu-g++ >/dev/null || skip "no cross compiler (g++-aarch64-linux-gnu)"
emulator=$(command -v qemu-aarch64 || command -v qemu-aarch64-static) || skip "no emulator (qemu-user)"
[ -f "$catch/catch2/catch.hpp" ] || skip "Catch2 is not the header-only version 2, so there's none for ARM"

rm -rf "$work"
mkdir -p "$work/include"
# They often lie beside the headers of this machine's own C library, which must not be seen.
ln -s "$catch/catch2" "$work/include/catch2"
ln -s "$json/nlohmann" "$work/include/nlohmann"
compile=(aarch64-linux-gnu-g++ -std=c++20 -Wall -Wextra -Wconversion -Wshadow -Werror -ffp-contract=off -DGRUVE_COMPILED_KERNELS
  -DGRUVE_FLOAT_STRIDE=99991 -I "$source/include" -I "$source/tests" -isystem "$work/include" -isystem "$eigen")
cd "$work"
"${compile[@]}" -O2 -c "$source/src/kernels.cpp"
"${compile[@]}" -O0 -c "$source/tests/catch_main.cpp"
for test in "$source"/tests/kernels/*.cpp; do
  case $test in
    */realtime_test.cpp) ;;  # puts itself in the place of malloc, which a static program can't have twice
    */bf16_test.cpp | */int8_test.cpp) ;;
    *) "${compile[@]}" -O1 -c "$test" ;;
  esac
done
aarch64-linux-gnu-g++ -static ./*.o -o test_kernels

# The products' chains of multiply-adds must have become fused ones on vectors.
fused=$(aarch64-linux-gnu-objdump -d --no-show-raw-insn kernels.o |
  awk '/^[0-9a-f]+ <.*>:$/ { inside = $2 ~ /8baseline/ } inside && $2 == "fmla" && /\.4s/ { ++n } END { print n + 0 }')
echo "$fused fused multiply-adds on vectors in the baseline kernels"
[ "$fused" -gt 100 ] || exit 1
"$emulator" ./test_kernels "~A state that fits no buffer*"

# The same training and piece as on x86, to the last bit.
"${compile[@]}" -O1 -c "$source/src/models.cpp"
"${compile[@]}" -O1 -c "$source/src/training.cpp"
"${compile[@]}" -O1 -c "$source/tests/train/digest_test.cpp"
aarch64-linux-gnu-g++ -static catch_main.o kernels.o models.o training.o digest_test.o -o test_digest
"$emulator" ./test_digest
