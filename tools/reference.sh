#!/usr/bin/env bash
# Builds the API reference from the headers and the pages of docs/ into build/reference/html/index.html. Installs Doxygen
# if it is missing. A warning, which includes a public name without a comment, ends it.
#   bash tools/reference.sh
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/install_missing.sh
command -v doxygen >/dev/null || install_missing doxygen
mkdir -p build/reference
log=build/reference/warnings.txt
if ! doxygen docs/Doxyfile 2>"$log" || [ -s "$log" ]; then
  sed "s|^$PWD/||" "$log" >&2
  echo "$(wc -l <"$log") warnings: see above and $log" >&2
  exit 1
fi
echo "build/reference/html/index.html"
