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
  more="$more -fsanitize=implicit-integer-truncation,implicit-integer-sign-change"
fi
cmake -S . -B "$build" -DGRUVE_SANITIZE=ON -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE="-O1 -g1 $more" -DGRUVE_BUILD_EXAMPLES=OFF \
  -DGRUVE_TEST_ROOMS="${rooms// /;}" >/dev/null
for room in $rooms; do
  cmake --build "$build" --parallel "$(nproc)" --target "test_$room" | grep -E 'warning|error|Built target test' || true
  echo "$room: $(TMPDIR=$build/temporary "$build/tests/test_$room" | tail -2 | head -1)"
done
