#!/usr/bin/env bash
# All rooms' tests under the address, leak and undefined-behaviour sanitizers, with casts of floating-point numbers that do
# not fit and, with clang++, conversions that change a value. The test command does this for the rooms that read files.
#   [CXX=clang++] bash tests/long/sanitizers.sh [ROOM…]
set -euo pipefail
cd "$(dirname "$0")/../.."
rooms=${*:-core midi tokens corpus kernels nn model train generate render measure judge piece}
name=$(basename "${CXX:-g++}")
build=$PWD/build/sanitize-$name
more="-fsanitize=float-cast-overflow -fno-sanitize-recover=all"
if [[ $name == clang* ]]; then
  # Hashes and counters wrap on purpose; a conversion that loses bits has a cast in the source, or is a fault.
  mkdir -p "$build"
  printf '[implicit-integer-truncation|implicit-integer-sign-change]\nsrc:/usr/*\n' >"$build/others.txt"  # Eigen, the standard library
  more="$more -fsanitize=implicit-integer-truncation,implicit-integer-sign-change -fsanitize-ignorelist=$build/others.txt"
fi
cmake -S . -B "$build" -DGRUVE_SANITIZE=ON -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O1 -g1 $more" -DGRUVE_BUILD_EXAMPLES=OFF \
  -DGRUVE_TEST_ROOMS="${rooms// /;}" >/dev/null
faults=0
mkdir -p "$build/temporary"
for room in $rooms; do
  if ! cmake --build "$build" --parallel "$(nproc)" --target "test_$room" >"$build/$room.log" 2>&1; then
    echo "$room: NOT BUILT, see $build/$room.log"
    faults=1
  elif TMPDIR=$build/temporary "$build/tests/test_$room" >"$build/$room.log" 2>&1; then
    echo "$room: $(tail -2 "$build/$room.log" | head -1)"
  else
    echo "$room: FAILED, see $build/$room.log"
    grep -m 3 -E 'ERROR|runtime error|FAILED' "$build/$room.log" || true
    faults=1
  fi
done
exit $faults
