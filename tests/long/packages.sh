#!/usr/bin/env bash
# Tries the ways to have gruve that need tools which a machine may lack: each builds a small program from nothing, in a
# folder of its own. One line a way. usage: packages.sh WORK [WAY…]; the ways are cmake, vcpkg, conan, meson, module,
# single, noexceptions and debian. Newer tools than the system's (CMake, Conan) may be before it on the PATH.
set -euo pipefail
source=$(realpath "$(dirname "$0")/../..")
[ $# -ge 1 ] || { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
mkdir -p "$1"
work=$(realpath "$1")
shift
[ $# -ge 1 ] || set -- cmake vcpkg conan meson module single noexceptions debian
consumer=$source/tests/packaging/consumer
export CXX=${CXX:-g++}
jobs=$(nproc)

# A way's function ends with 0, or with 77 after it has said what is not installed.
lacks() {
  echo "$1 is not installed"
  exit 77
}
needs() {
  local tool
  for tool in "$@"; do command -v "$tool" >/dev/null || lacks "$tool"; done
}
# needs_version LEAST FOUND NAME
needs_version() {
  [ "$(printf '%s\n' "$1" "$2" | sort -V | head -1)" = "$1" ] || lacks "$3 $1 (only $2)"
}
eigen() {
  pkg-config --cflags eigen3
}

# Installed, as a subfolder, by FetchContent and by pkg-config.
way_cmake() {
  needs cmake
  cmake -S "$source" -B build -DGRUVE_BUILD_TESTS=OFF -DGRUVE_BUILD_EXAMPLES=OFF
  cmake --build build -j "$jobs"
  bash "$source/tests/packaging/consumers.sh" "$source" "$PWD/build" "$PWD/consumers" "$CXX" --all
}

# The port's own script, with vcpkg's functions replaced by what they do in CMake.
way_vcpkg() {
  needs cmake python3
  python3 - "$source/packaging/vcpkg/gruve/vcpkg.json" <<'END'
import json, re, sys
port = json.load(open(sys.argv[1]))
assert re.fullmatch(r"[a-z0-9-]+", port["name"]) and re.fullmatch(r"\d+\.\d+\.\d+", port["version"]), port
names = [d if isinstance(d, str) else d["name"] for d in port["dependencies"]]
assert names == sorted(names) and {"eigen3", "nlohmann-json"} <= set(names), names
END
  cmake -DPORT_FILE="$source/packaging/vcpkg/gruve/portfile.cmake" -DWORK="$PWD" \
    -P "$source/tests/long/vcpkg_functions.cmake"
  [ -f packages/share/gruve/copyright ] && [ -f packages/share/gruve/usage ] && [ ! -e packages/debug/include ]
  cmake -S "$consumer" -B consumer -DWAY=PACKAGE -DCMAKE_PREFIX_PATH="$PWD/packages"
  cmake --build consumer --target consumer steps -j "$jobs"
  consumer/consumer
  consumer/steps
}

# Eigen and nlohmann_json are the system's: ConanCenter is not asked.
way_conan() {
  needs conan cmake
  export CONAN_HOME=$PWD/home
  env -u CXX conan profile detect --force  # by the names of compilers
  cat >>home/profiles/default <<'END'
[replace_requires]
eigen/*: eigen/system
nlohmann_json/*: nlohmann_json/system
END
  sed -i 's/^compiler.cppstd=.*/compiler.cppstd=20/' home/profiles/default
  local name
  for name in eigen:Eigen3:Eigen3::Eigen nlohmann_json:nlohmann_json:nlohmann_json::nlohmann_json; do
    IFS=: read -r package file target <<<"$name"
    mkdir -p "$package"
    # A package without files whose headers are where the compiler finds the system's.
    cat >"$package/conanfile.py" <<END
from conan import ConanFile


class System(ConanFile):
    name = "$package"
    version = "system"
    package_type = "header-library"

    def package_info(self):
        self.cpp_info.bindirs = self.cpp_info.libdirs = []
        self.cpp_info.includedirs = ["/usr/include/eigen3"] if self.name == "eigen" else []
        self.cpp_info.set_property("cmake_file_name", "$file")
        self.cpp_info.set_property("cmake_target_name", "${target%%::*}::${target##*::}")
        self.cpp_info.set_property("system_package_version", "3.11" if self.name == "nlohmann_json" else "3.4")
END
    conan create "$package"
  done
  mkdir gruve  # since the test package is built beside its recipe
  cp -r "$source"/{conanfile.py,CMakeLists.txt,LICENSE,cmake,include,src,test_package} gruve
  conan create gruve --build=missing --no-remote
}

way_meson() {
  needs meson ninja
  meson_version=$(meson --version)
  needs_version 0.63 "$meson_version" meson
  mkdir -p project/subprojects
  ln -s "$source" project/subprojects/gruve
  cp "$consumer"/{one,two,steps}.cpp project
  cat >project/meson.build <<'END'
project('consumer', 'cpp', default_options: ['cpp_std=c++20'])
executable('consumer', 'one.cpp', 'two.cpp', dependencies: dependency('gruve', fallback: 'gruve'))
executable('steps', 'steps.cpp', dependencies: dependency('gruve-kernels', fallback: 'gruve'))
END
  meson setup build project
  ninja -C build
  build/consumer
  build/steps
  DESTDIR=$PWD/installed meson install -C build --no-rebuild
  [ -z "$(find installed -type f 2>/dev/null)" ]
}

way_module() {
  needs cmake ninja
  cmake_version=$(cmake --version | sed -n '1s/[^0-9]*\([0-9.]*\).*/\1/p')
  needs_version 3.28 "$cmake_version" cmake
  local version clang=
  for version in 22 21 20 19 18 17 16; do
    command -v "clang++-$version" >/dev/null && clang=clang++-$version && break
  done
  [ -n "$clang" ] || lacks "clang 16"
  command -v "clang-scan-deps-$version" >/dev/null || lacks "clang-scan-deps-$version"
  cmake -S "$source/tests/packaging/module" -B build -G Ninja -DGRUVE_SOURCE="$source" -DCMAKE_CXX_COMPILER="$clang" \
    -DCMAKE_BUILD_TYPE=Debug
  cmake --build build -j "$jobs"
  build/imports
}

# The amalgamated header, and the amalgamated sources of what is compiled once.
way_single() {
  needs python3 pkg-config
  local file
  python3 "$source/tools/amalgamate.py" "$source/include/gruve/gruve.hpp" >gruve-single.hpp
  for file in kernels models training; do
    python3 "$source/tools/amalgamate.py" "$source/src/$file.cpp" >"$file.cpp"
    # shellcheck disable=SC2046
    "$CXX" -std=c++20 -O1 -DGRUVE_COMPILED_KERNELS $(eigen) -c "$file.cpp"
  done
  sed 's|^#include <gruve/.*||' "$consumer/steps.cpp" >steps.cpp
  # shellcheck disable=SC2046
  "$CXX" -std=c++20 -O0 -DGRUVE_COMPILED_KERNELS -include gruve-single.hpp $(eigen) steps.cpp kernels.o models.o training.o -pthread -o steps
  ./steps
  # All from the header.
  # shellcheck disable=SC2046
  "$CXX" -std=c++20 -O0 -include gruve-single.hpp $(eigen) steps.cpp -pthread -o headers_only
  ./headers_only
}

# Without exceptions and run-time types, all from the headers.
way_noexceptions() {
  needs pkg-config
  # shellcheck disable=SC2046
  "$CXX" -std=c++20 -O1 -fno-exceptions -fno-rtti -I "$source/include" $(eigen) \
    "$source/tests/packaging/no_exceptions/program.cpp" -pthread -o program
  bash "$source/tests/packaging/no_exceptions.sh" "$PWD/program" "$PWD/work"
}

way_debian() {
  needs dpkg-buildpackage dh lintian git
  local version
  version=$(sed -n '1s/gruve (\(.*\)-.*/\1/p' "$source/debian/changelog")
  dpkg-checkbuilddeps "$source/debian/control" || lacks "$(dpkg-checkbuilddeps "$source/debian/control" 2>&1 | tail -1)"
  (cd "$source" && git ls-files -z | tar -c --exclude=debian --transform "s|^|gruve-$version/|" --null -T -) |
    gzip -n >"gruve_$version.orig.tar.gz"
  tar -xf "gruve_$version.orig.tar.gz"
  cp -r "$source/debian" "gruve-$version/"
  (cd "gruve-$version" && DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:-parallel=$jobs}" dpkg-buildpackage -us -uc)
  lintian --fail-on error,warning --tag-display-limit 0 ./*.changes
  mkdir root
  local package
  for package in ./*.deb; do [[ $package == *dbgsym* ]] || dpkg-deb -x "$package" root; done
  root/usr/bin/gruve --version
  test -s root/usr/share/man/man1/gruve.1.gz
  test -s root/usr/share/bash-completion/completions/gruve
  cmake -S "$consumer" -B consumer -DWAY=PACKAGE -Dgruve_DIR="$(echo "$PWD"/root/usr/lib/*/cmake/gruve)"
  cmake --build consumer --target consumer steps -j "$jobs"
  consumer/consumer
  consumer/steps
}

failed=0
for way in "$@"; do
  declare -F "way_$way" >/dev/null || { echo "$way is none of the ways" >&2; exit 2; }
  rm -rf "${work:?}/$way"
  mkdir "$work/$way"
  set +e  # not in a condition, where bash would not heed -e within the way either
  (
    set -e
    cd "$work/$way"
    "way_$way"
  ) >"$work/$way.log" 2>&1
  code=$?
  set -e
  case $code in
    0) echo "$way: works" ;;
    77) echo "$way: skipped, $(tail -1 "$work/$way.log")" ;;
    *) echo "$way: FAILED, see $work/$way.log"; failed=1 ;;
  esac
done
exit $failed
