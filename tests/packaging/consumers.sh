#!/usr/bin/env bash
# A user's project, once with gruve as a subfolder and once with gruve installed: programs of the headers and of the
# compiled kernels, and two plug-ins that hold the kernels. The headers also by FetchContent and by
# pkg-config. The other ways are tried by tests/long/packages.sh. usage: consumers.sh SOURCE WORK COMPILER
set -euo pipefail
source=$1 work=$(realpath -m "$2")
export CXX=$3
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

cmake -S "$source" -B "$work/gruve" -DGRUVE_BUILD_TESTS=OFF -DGRUVE_BUILD_EXAMPLES=OFF \
  -DCMAKE_INSTALL_PREFIX="$work/prefix" -DCMAKE_INSTALL_LIBDIR=lib
cmake --build "$work/gruve"
cmake --install "$work/gruve"
for way in SUBFOLDER PACKAGE; do
  # The kernels stay a static library, whatever a project says of its own ones.
  cmake -S "$source/tests/packaging/consumer" -B "$work/$way" -DWAY=$way -DGRUVE_SOURCE="$source" \
    -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_INSTALL_PREFIX="$work/consumer_prefix" -DBUILD_SHARED_LIBS=ON
  cmake --build "$work/$way"
  "$work/$way/consumer"
  "$work/$way/steps"
  shows_none "$work/$way/first.so" ' [^T] | T [^p]'
  shows_none "$work/$way/second.so" ' [^T] | T [^p]'
  # Of gruve and Eigen: functions, what is local to them, and tables.
  shows_none "$work/$way/third.so" ' _Z(T[A-Z]|GV|GR|Z)*N[KVRO]*5(gruve|Eigen)'
  "$work/$way/host" "$work/$way/first.so" "$work/$way/second.so"
done

# By FetchContent, of a folder; the rest of it is as with a subfolder.
cmake -S "$source/tests/packaging/consumer" -B "$work/FETCHCONTENT" -DWAY=FETCHCONTENT -DGRUVE_SOURCE="$source"
cmake --build "$work/FETCHCONTENT" --target consumer
"$work/FETCHCONTENT/consumer"

# Without CMake, by pkg-config.
export PKG_CONFIG_PATH="$work/prefix/lib/pkgconfig"
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
for file in lib/cps/gruve.cps share/doc/gruve/gruve.spdx.json; do
  ! command -v python3 >/dev/null || python3 -m json.tool "$work/prefix/$file" >/dev/null
done

# A project that installs itself installs nothing of gruve, unless it asks for it.
cmake --install "$work/SUBFOLDER"
if [ -n "$(find "$work/consumer_prefix" -type f 2>/dev/null)" ]; then
  find "$work/consumer_prefix" -type f | head >&2
  echo "gruve was installed along with a project that didn't ask for it" >&2
  exit 1
fi
