#!/usr/bin/env bash
# Coverage-guided fuzzing by clang++'s libFuzzer under the address and undefined-behaviour sanitizers: for each target the
# inputs tried and what was found. New inputs stay in build/fuzz/found/TARGET, where the next run goes on.
#   bash tests/long/fuzz.sh [MINUTES [TARGET…]]        (60 minutes of one core for each of all targets by default)
set -euo pipefail
cd "$(dirname "$0")/../.."
minutes=${1:-60}
shift $(($# > 0 ? 1 : 0))
targets=${*:-midi decode model checkpoint json import}
build=$PWD/build/fuzz
faults=0
for target in $targets; do
  mkdir -p "$build/found/$target" "$build/faults"
  ${CXX:-clang++} -std=c++20 -g1 -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -ffp-contract=off -Iinclude \
    -isystem /usr/include/eigen3 "tests/fuzz/fuzz_$target.cpp" tests/fuzz/memory.cpp -o "$build/fuzz_$target"
  seeds=tests/fuzz/$target
  [ "$target" != import ] || seeds=tests/golden/interchange
  log=$build/$target.log
  "$build/fuzz_$target" -max_total_time=$((minutes * 60)) -rss_limit_mb=4096 -timeout=60 -print_final_stats=1 \
    -artifact_prefix="$build/faults/$target-" "$build/found/$target" "$seeds" >"$log" 2>&1 || faults=$((faults + 1))
  count() { sed -n "s/^stat::$1: *//p" "$log"; }
  echo "$target: $(count number_of_executed_units) inputs, $(find "$build/found/$target" -type f | wc -l) kept, $(count peak_rss_mb) MB," \
    "$(find "$build/faults" -name "$target-*" | wc -l) faults"
done
[ $faults -eq 0 ] || { echo "see $build/faults"; exit 1; }
