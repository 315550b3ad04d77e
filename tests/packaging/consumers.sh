#!/usr/bin/env bash
# A user's project with gruve installed, from a build, and moved: programs of the headers and of the compiled kernels, and
# plug-ins that hold the kernels. The headers also with gruve as a subfolder, by FetchContent and by pkg-config. With
# --all the subfolder's kernels too, which are then compiled again. The other ways are tried by tests/long/packages.sh.
# usage: consumers.sh SOURCE BUILD WORK COMPILER [--all]
set -euo pipefail
source=$1 build=$2 work=$(realpath -m "$3")
export CXX=$4
all=${5:-}
rm -rf "$work"
mkdir -p "$work"

# Ends the test if a shared object shows a symbol whose mangled name matches the pattern, or no entry point.
shows_none() {
  local symbols
  symbols=$(nm -D --defined-only "$1")
  grep -q ' T plugin_run$' <<<"$symbols"
  if grep -E "$2" <<<"$symbols" >&2; then
    echo "$1 shows these symbols" >&2
    exit 1
  fi
}

# consumer WAY [TARGET]: the project configured and built
consumer() {
  # The kernels stay a static library, whatever a project says of its own ones.
  cmake -S "$source/tests/packaging/consumer" -B "$work/$1" -DWAY="$1" -DGRUVE_SOURCE="$source" \
    -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_INSTALL_PREFIX="$work/consumer_prefix" -DBUILD_SHARED_LIBS=ON
  cmake --build "$work/$1" --target "${2:-all}"
  "$work/$1/consumer"
}

# Runs what holds the kernels.
with_kernels() {
  "$work/$1/steps"
  shows_none "$work/$1/first.so" ' [^T] | T [^p]'
  shows_none "$work/$1/second.so" ' [^T] | T [^p]'
  # Of gruve and Eigen: functions, what is local to them, and tables.
  shows_none "$work/$1/third.so" ' _Z(T[A-Z]|GV|GR|Z)*N[KVRO]*5(gruve|Eigen)'
  "$work/$1/host" "$work/$1/first.so" "$work/$1/second.so"
}

cmake --install "$build" --prefix "$work/elsewhere"
mv "$work/elsewhere" "$work/prefix"
consumer PACKAGE
with_kernels PACKAGE
consumer FETCHCONTENT consumer
if [ "$all" = --all ]; then
  consumer SUBFOLDER
  with_kernels SUBFOLDER
else
  consumer SUBFOLDER consumer
fi

# Without CMake, by pkg-config.
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name gruve.pc)")
export PKG_CONFIG_PATH
if command -v pkg-config >/dev/null; then
  consumer=$source/tests/packaging/consumer
  # shellcheck disable=SC2046
  "$CXX" -std=c++20 "$consumer/one.cpp" "$consumer/two.cpp" $(pkg-config --cflags --libs gruve) -o "$work/by_pkg_config"
  # shellcheck disable=SC2046
  "$CXX" -std=c++20 "$consumer/steps.cpp" $(pkg-config --cflags --libs gruve-kernels) -o "$work/steps_by_pkg_config"
  "$work/by_pkg_config"
  "$work/steps_by_pkg_config"
else
  echo "pkg-config is not installed: not tried"
fi
find "$work/prefix" -name '*.cps' -o -name '*.spdx.json' | while read -r file; do
  ! command -v python3 >/dev/null || python3 -m json.tool "$file" >/dev/null
done

# A project that installs itself installs nothing of gruve, unless it asks for it.
cmake --install "$work/SUBFOLDER"
if [ -n "$(find "$work/consumer_prefix" -type f 2>/dev/null)" ]; then
  find "$work/consumer_prefix" -type f | head >&2
  echo "gruve was installed along with a project that didn't ask for it" >&2
  exit 1
fi
