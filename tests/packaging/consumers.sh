#!/usr/bin/env bash
# A user's project, once with gruve as a subfolder and once with gruve installed. usage: consumers.sh SOURCE WORK COMPILER
set -euo pipefail
source=$1 work=$2
export CXX=$3
rm -rf "$work"
mkdir -p "$work"
cmake -S "$source" -B "$work/gruve" -DGRUVE_BUILD_TESTS=OFF -DGRUVE_BUILD_EXAMPLES=OFF \
  -DCMAKE_INSTALL_PREFIX="$work/prefix"
cmake --install "$work/gruve"
for way in SUBFOLDER PACKAGE; do
  cmake -S "$source/tests/packaging/consumer" -B "$work/$way" -DWAY=$way -DGRUVE_SOURCE="$source" \
    -DCMAKE_PREFIX_PATH="$work/prefix"
  cmake --build "$work/$way"
  "$work/$way/consumer"
done
