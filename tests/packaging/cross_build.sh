# Sourced by the scripts that build for another system. cross_build TOOLCHAIN BUILD OPTION…: configures gruve for it in the
# folder BUILD, with the header-only packages of this machine and none of its other headers.
skip() {
  echo "SKIPPED: $1"
  exit 77
}
cross_build() {
  local toolchain=$1 build=$2
  shift 2
  [ -f /usr/include/catch2/catch.hpp ] || skip "Catch2 is not the header-only version 2, so there's none for another system"
  mkdir -p "$build/packages/include" "$build/packages/share/cmake"
  local folder
  for folder in catch2 CLI nlohmann eigen3; do ln -sfn "/usr/include/$folder" "$build/packages/include/$folder"; done
  cp -r /usr/lib/cmake/Catch2 /usr/share/cmake/CLI11 /usr/share/cmake/nlohmann_json "$build/packages/share/cmake"
  rm -f "$build"/packages/share/cmake/Catch2/Catch2Targets-*.cmake  # a library for this system
  mkdir -p "$build/packages/share/eigen3" && cp -r /usr/share/eigen3/cmake "$build/packages/share/eigen3"
  cmake -S . -B "$build" -DCMAKE_TOOLCHAIN_FILE="$PWD/cmake/toolchains/$toolchain.cmake" -DCMAKE_PREFIX_PATH="$PWD/$build/packages" \
    -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=NEVER -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O1 -DGRUVE_WARNINGS_AS_ERRORS=ON \
    "$@" >/dev/null
}
