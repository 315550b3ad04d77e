# Sourced by scripts that use the program. build_program LOG: builds it in build/demo, for itself alone.
source tools/install_missing.sh
build_program() {
  local log=$1
  install_missing g++ cmake make libeigen3-dev nlohmann-json3-dev libcli11-dev
  echo "Building (a minute or two) …"
  cmake -S . -B build/demo -DCMAKE_BUILD_TYPE=Release -DGRUVE_BUILD_TESTS=OFF >"$log" 2>&1 &&
    cmake --build build/demo --target gruve_program --parallel "$(nproc)" >>"$log" 2>&1 || {
    tail -n 30 "$log" >&2
    return 1
  }
}
