# Sourced by the set-up commands. install_missing PACKAGE…: installs the Debian or Ubuntu packages that are missing, after
# it has asked where there is a terminal (not with GRUVE_YES=1), or says what is needed where there is no apt-get.
install_missing() {
  local missing=() package
  for package in "$@"; do
    if command -v dpkg-query >/dev/null; then
      dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
    fi
  done
  if ! command -v apt-get >/dev/null; then
    echo "Not Debian or Ubuntu: a C++20 compiler (g++ 11 or clang++ 14), CMake 3.22, Eigen 3.4, nlohmann_json 3.10," \
      "CLI11 2.1 and (for the tests) Catch2 2.13 or 3 must be installed where CMake finds them." >&2
    return 0
  fi
  [ ${#missing[@]} -eq 0 ] && return 0
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "Missing packages, and no right to install them. As root: apt-get install ${missing[*]}" >&2
      return 1
    fi
    sudo=(sudo)
  fi
  echo "Will be installed with apt-get: ${missing[*]}"
  # On a terminal nothing is changed without a word; a script that runs without one is to go on.
  if [ -t 0 ] && [ -t 1 ] && [ "${GRUVE_YES:-}" = "" ]; then
    local answer
    read -r -p "Go on? [Y/n] " answer
    case $answer in [nN]*) echo "Nothing was installed." >&2 && return 1 ;; esac
  fi
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
