#!/usr/bin/env bash
# Library and program with given versions of the dependencies: compiled without a warning, and the tests of the rooms that use
# them. For the oldest and the newest versions that the README names.
#   bash tests/long/dependencies.sh EIGEN NLOHMANN_JSON CLI11
# Each is the folder from which its headers are included, as in /usr/include/eigen3 /usr/include /usr/include.
set -euo pipefail
cd "$(dirname "$0")/../.."
eigen=$1 json=$2 cli=$3 work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags=(-std=c++20 -O1 -Wall -Wextra -Werror -ffp-contract=off -DGRUVE_COMPILED_KERNELS -isystem "$eigen" -Iinclude -Itests -Iexamples
  -DGRUVE_FLOAT_STRIDE=997 "-DGRUVE_TEST_DATA=\"$PWD/tests\"" "-DGRUVE_SHARED_DATA=\"$PWD/tests/none\"")
[ "$json" = /usr/include ] || flags+=(-isystem "$json")  # g++ has it already, in its order
compile() { ${CXX:-g++} "${flags[@]}" "$@"; }
compile -c src/kernels.cpp -o "$work/kernels.o" &
compile -c src/models.cpp -o "$work/models.o"
compile -c src/training.cpp -o "$work/training.o"
compile -c tests/catch_main.cpp -o "$work/catch.o"
wait
for room in tokens corpus model judge; do
  for test in tests/"$room"/*_test.cpp; do echo "#include \"$PWD/$test\""; done | grep -v realtime_test >"$work/$room.cpp"
  compile "$work/$room.cpp" "$work"/{kernels,models,training,catch}.o -pthread -o "$work/$room"
  echo "$room: $("$work/$room" | tail -1)"
done
[ "$cli" = /usr/include ] || flags+=(-isystem "$cli")
for source in examples/gruve/*.cpp; do compile -fsyntax-only "$source"; done
echo "the program compiles"
