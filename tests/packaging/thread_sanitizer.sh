#!/usr/bin/env bash
# Builds the test of what two threads share without a lock with the thread sanitizer, and runs it.
# usage: thread_sanitizer.sh COMPILER SOURCE WORK CATCH_INCLUDES
set -euo pipefail
compiler=$1 source=$2 work=$3 catch=$4
skip() {
  echo "SKIPPED: $1"
  exit 77
}
[ -f "$catch/catch2/catch.hpp" ] || skip "Catch2 is not the header-only version 2"
rm -rf "$work"
mkdir -p "$work"
cd "$work"
echo 'int main() {}' >probe.cpp
"$compiler" -fsanitize=thread probe.cpp -o probe 2>/dev/null && ./probe || skip "no thread sanitizer"

compile=("$compiler" -std=c++20 -g -fsanitize=thread -I "$source/include" -I "$source/tests" -idirafter "$catch")
"${compile[@]}" -O0 -c "$source/tests/catch_main.cpp"
"${compile[@]}" -O1 -c "$source/tests/core/handover_test.cpp"
"${compile[@]}" ./*.o -o test -pthread
./test

# A check that can't fail is none: the same with a plain pointer in the place of an atomic one must be found.
mkdir -p broken/gruve/core
sed -e 's/std::atomic<T\*> offered_ = nullptr/Plain<T> offered_/; s/std::atomic<T\*> returned_ = nullptr/Plain<T> returned_/' \
  "$source/include/gruve/core/handover.hpp" |
  sed -e 's|^namespace gruve::inline v[0-9_]* {|&\
template <class T>\
struct Plain {\
  T* value = nullptr;\
  T* load(std::memory_order = {}) const { return value; }\
  void store(T* next, std::memory_order = {}) { value = next; }\
  T* exchange(T* next, std::memory_order = {}) { T* was = value; value = next; return was; }\
};|' >broken/gruve/core/handover.hpp
"$compiler" -std=c++20 -g -fsanitize=thread -I broken -I "$source/include" -I "$source/tests" -idirafter "$catch" -O1 \
  -c "$source/tests/core/handover_test.cpp" -o broken.o
"${compile[@]}" broken.o catch_main.o -o test_broken -pthread
if TSAN_OPTIONS=halt_on_error=1 timeout 60 ./test_broken >broken.txt 2>&1; then
  echo "the thread sanitizer finds nothing in a handover without atomics"
  exit 1
fi
grep -q "data race" broken.txt
