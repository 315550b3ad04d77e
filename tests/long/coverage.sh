#!/usr/bin/env bash
# Lines and branches of the headers that the tests reach, by gcovr (pip install gcovr): for each file, and the branches that
# none takes.
#   bash tests/long/coverage.sh [ROOM…]
# Branches that exist only because a function may throw are not counted: tests/memory is about those.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v gcovr >/dev/null || { echo "gcovr is not installed (pip install gcovr)" >&2 && exit 1; }
rooms=${*:-core midi tokens corpus kernels nn model train generate render measure judge piece}
build=$PWD/build/coverage
cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS="--coverage -O0 -g0 -fprofile-abs-path" -DGRUVE_BUILD_EXAMPLES=OFF \
  -DGRUVE_TEST_ROOMS="${rooms// /;}" >/dev/null
find "$build" -name '*.gcda' -delete
for room in $rooms; do
  cmake --build "$build" --parallel "$(nproc)" --target "test_$room" >/dev/null
  echo "$room: $(TMPDIR=$build/temporary "$build/tests/test_$room" | tail -2 | head -1)"
done
gcovr --root . --filter include/gruve/ --exclude-throw-branches --exclude-unreachable-branches --merge-mode-functions=merge-use-line-min \
  --gcov-ignore-parse-errors --branches --txt "$build/branches.txt" --txt-summary "$build" || true
echo "per file: $build/branches.txt"
