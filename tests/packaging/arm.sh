#!/usr/bin/env bash
# gruve for Linux on 64-bit ARM: program and the tests of all rooms, compiled by the cross compiler and run by qemu. Takes
# half an hour on two cores; neon.sh, in the test command, is the short form.
#   [JOBS=N] bash tests/packaging/arm.sh [ROOM…]
# What counts system calls by a filter of the kernel finds none in the emulator, which says so, and of the exhaustive tests
# there's a sample.
set -euo pipefail
cd "$(dirname "$0")/../.."
source tests/packaging/cross_build.sh
command -v aarch64-linux-gnu-g++ >/dev/null || skip "no cross compiler (g++-aarch64-linux-gnu)"
command -v qemu-aarch64 >/dev/null || skip "no emulator (qemu-user)"
rooms=${*:-core midi tokens corpus kernels nn model train generate render measure judge piece program}
build=build/arm
cross_build aarch64-linux-gnu $build -DGRUVE_TEST_ROOMS="${rooms// /;}" -DGRUVE_INSTALL=OFF "-DCMAKE_CXX_FLAGS=-DGRUVE_FLOAT_STRIDE=99991"
# shellcheck disable=SC2046
cmake --build $build --parallel "${JOBS:-$(nproc)}" --target gruve_program $(printf 'test_%s ' $rooms) | grep -E 'warning|error|Built target' || true
failed=0
for room in $rooms; do
  SECONDS=0
  result=$(qemu-aarch64 -L /usr/aarch64-linux-gnu "$build/tests/test_$room" 2>&1) || failed=1
  echo "$room, $SECONDS s: $(tail -n 2 <<<"$result" | tr -s '\n' ' ')"
done
qemu-aarch64 -L /usr/aarch64-linux-gnu $build/gruve compose $build/songs --pieces 2 --seed 1
exit $failed
