#!/usr/bin/env bash
# gruve for Windows: the program and the tests of some rooms, compiled by MinGW-w64 and run under Wine; the digest
# of a piece is that of Linux. Takes some ten minutes on two cores.
#   bash tests/packaging/windows.sh [GRUVE]
# GRUVE is the program of this system: then both must write the same corpus, and the same piece from one model.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=$([ $# -eq 0 ] || realpath "$1")
source tests/packaging/cross_build.sh
command -v x86_64-w64-mingw32-g++ >/dev/null || skip "no cross compiler (g++-mingw-w64-x86-64)"
command -v wine >/dev/null || skip "no Wine (wine, wine64)"
rooms="core midi tokens kernels model generate"
build=build/windows
cross_build x86_64-w64-mingw32 $build -DGRUVE_TEST_ROOMS="${rooms// /;}" -DGRUVE_INSTALL=OFF "-DCMAKE_CXX_FLAGS=-DGRUVE_FLOAT_STRIDE=997"
# shellcheck disable=SC2046
cmake --build $build --parallel "${JOBS:-$(nproc)}" --target gruve_program $(printf 'test_%s ' $rooms) | grep -E 'warning|error|Built target' || true

# Of a function that saves vectors of more than 16 bytes on the stack, Windows aligns the stack to 16 bytes alone: the compiler must
# have taken unaligned stores (https://gcc.gnu.org/bugzilla/show_bug.cgi?id=54412).
on_stack=$(x86_64-w64-mingw32-objdump -d --no-show-raw-insn $build/libgruve_kernels.a |
  grep -E 'vmov(ap[sd]|dqa(32|64)?) ' | grep -E '%[yz]mm' | grep -cE '\(%r[sb]p' || true)
echo "$on_stack aligned accesses of wide vectors to the stack"
[ "$on_stack" -eq 0 ]

export WINEPREFIX=$PWD/$build/wine WINEDEBUG=-all WINEDLLOVERRIDES="mscoree,mshtml=" LC_ALL=C.UTF-8
unset DISPLAY
for room in $rooms; do
  wine "$build/tests/test_$room.exe" >"$build/$room.txt" 2>&1 || { tail -n 40 "$build/$room.txt" && exit 1; }
  echo "$room: $(tr -d '\r' <"$build/$room.txt" | grep -E '^All tests passed')"
done
x86_64-w64-mingw32-g++-posix -std=c++20 -O1 -ffp-contract=off -Wa,-mbig-obj -DGRUVE_COMPILED_KERNELS -Iinclude -Itests -isystem $build/packages/include \
  -isystem $build/packages/include/eigen3 tests/train/digest_test.cpp $build/tests/libgruve_catch_main.a $build/libgruve_kernels.a -static \
  -o $build/test_digest.exe
wine $build/test_digest.exe

# The program: names in UTF-8 and longer than 260 characters, the same bytes as here.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
run() {
  local gruve=$1 folder=$2 long
  long=$(printf 'ordner-%0100d/%0100d' 1 2)
  mkdir -p "$folder/$long"
  cd "$folder"
  $gruve compose "Lieder für Zoë" --pieces 12 --seed 3 >/dev/null
  $gruve prepare "Lieder für Zoë" --out 曲.gruve --steps-per-quarter 4 >/dev/null 2>&1
  $gruve train 曲.gruve --out "$long/Modell é.safetensors" --hidden 16 --embedding 8 --batch 4 --unroll 16 --epochs 1 --threads 2 >/dev/null 2>&1
  $gruve generate --model "$long/Modell é.safetensors" --out "stück.mid" --seed 5 --seconds 10 >/dev/null
  $gruve generate --model "$long/Modell é.safetensors" --out - --seed 5 --seconds 10 2>/dev/null >piped.mid
  cmp "stück.mid" piped.mid  # a name that this system sees too
  cd - >/dev/null
}
run "wine $PWD/$build/gruve.exe" "$work/windows"
find "$work/windows" -type f -printf '%P %s bytes\n' | sort
if [ -n "$here" ]; then
  cd "$work/windows"
  "$here" generate --model "$(echo ordner-*/*/*.safetensors)" --out here.mid --seed 5 --seconds 10 >/dev/null
  cmp here.mid "stück.mid"
  "$here" prepare "Lieder für Zoë" --out here.gruve --steps-per-quarter 4 >/dev/null 2>&1
  cmp here.gruve 曲.gruve
  echo "the same bytes as from $here"
fi
