#!/usr/bin/env bash
# Installs what is missing, builds everything with warnings as errors, and runs all tests: those of the rooms that read
# untrusted input under the address and undefined-behaviour sanitizers. All rooms under them: tests/long/sanitizers.sh.
#   bash tests/run.sh                  with the default compiler; CXX=clang++ bash tests/run.sh with another
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/install_missing.sh
install_missing g++ cmake make libeigen3-dev nlohmann-json3-dev libcli11-dev catch2

build=build/test${CXX:+-$(basename "$CXX")}
mpi=OFF
if command -v mpirun >/dev/null && command -v mpicxx >/dev/null; then mpi=ON; fi
# -O1, with assertions: compiles fast and runs fast enough.
cmake -S . -B "$build" -DGRUVE_MPI=$mpi -DGRUVE_WARNINGS_AS_ERRORS=ON -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O1 \
  -DGRUVE_TEST_ROOMS="kernels;nn;model;train;generate;measure;render;piece;program;packaging;judge;memory"
cmake --build "$build" --parallel "$(nproc)"
ctest --test-dir "$build" --output-on-failure --parallel "$(nproc)"

cmake -S . -B "$build-sanitize" -DGRUVE_WARNINGS_AS_ERRORS=ON -DGRUVE_SANITIZE=ON -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-g1 \
  -DGRUVE_BUILD_EXAMPLES=OFF -DGRUVE_BUILD_C_LIBRARY=OFF -DGRUVE_TEST_ROOMS="core;midi;tokens;corpus"
cmake --build "$build-sanitize" --parallel "$(nproc)"
ctest --test-dir "$build-sanitize" --output-on-failure --parallel "$(nproc)"
