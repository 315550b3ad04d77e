# Sourced by scripts that use the program. build_program LOG: builds it in build/demo, for itself alone.
source tools/install_missing.sh
build_program() {
  local log=$1
  install_missing g++ cmake make libeigen3-dev nlohmann-json3-dev libcli11-dev
  echo "Building in build/demo (a minute or two) …"
  cmake -S . -B build/demo -DCMAKE_BUILD_TYPE=Release -DGRUVE_BUILD_TESTS=OFF >"$log" 2>&1 &&
    cmake --build build/demo --target gruve_program --parallel "$(nproc)" 2>&1 | tee -a "$log" | show_percent || {
    tail -n 30 "$log" >&2
    return 1
  }
}
# The percentages of a build, in one line that is redrawn; nothing where there is no terminal.
show_percent() {
  local line
  while IFS= read -r line; do
    if [ -t 1 ] && [[ $line =~ ^\[\ *([0-9]+)%\] ]]; then printf '\r%3d%%' "${BASH_REMATCH[1]}"; fi
  done
  if [ -t 1 ]; then printf '\r      \r'; fi
}
