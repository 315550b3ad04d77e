#!/usr/bin/env bash
# Measures gruve and its peers alternately: prints a table, writes build/benchmarks/results.json and, after a whole
# run, this machine's section of docs/benchmarks.md and its chart. Installs what it can; peers that can't be installed are skipped, and named.
#   bash benchmarks/run.sh                     all rows, some 15 minutes
#   bash benchmarks/run.sh --quick             a first look, under 5 minutes
#   bash benchmarks/run.sh --only train,step   rows with these prefixes; --help lists the other options
# GRUVE_BENCH_PYTHON names an interpreter that has the Python peers (requirements.txt); otherwise one is created in build/.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "${1:-}" != --help ] || exec python3 benchmarks/run.py --help
source tools/install_missing.sh
install_missing g++ cmake make libeigen3-dev nlohmann-json3-dev libcli11-dev
install_missing libdnnl-dev || echo "skipped: oneDNN can't be installed here" >&2

build=build/benchmarks
mkdir -p "$build"
python=${GRUVE_BENCH_PYTHON:-}
if [ -z "$python" ]; then
  python=$build/venv/bin/python
  install_missing python3-venv || true
  [ -x "$python" ] || python3 -m venv "$build/venv" || python=python3
  while read -r package; do
    "$python" -m pip show -q "${package%%=*}" 2>/dev/null || {
      echo "Installing $package"
      "$python" -m pip install -q "$package" || echo "skipped: $package can't be installed here" >&2
    }
  done <benchmarks/requirements.txt
fi

cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DGRUVE_BUILD_TESTS=OFF -DGRUVE_BUILD_BENCHMARKS=ON >/dev/null
cmake --build "$build" --parallel "$(nproc)" --target gruve_program gruve_benchmarks
exec "$python" benchmarks/run.py "$@"
