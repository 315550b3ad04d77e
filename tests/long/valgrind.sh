#!/usr/bin/env bash
# A path of each kind under valgrind's memcheck: reads of what was never written, which no sanitizer of g++ sees.
#   bash tests/long/valgrind.sh GRUVE
# GRUVE is the program; valgrind knows no AVX-512, so that the kernels are those of AVX2.
set -euo pipefail
gruve=$(realpath "$1") work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export GRUVE_KERNELS=avx2
run() {
  echo "gruve $*"
  valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite "$gruve" "$@" >out.txt 2>err.txt || {
    tail -30 err.txt
    exit 1
  }
}
"$gruve" compose songs --pieces 8 --seed 3
run inspect songs/*.mid
run prepare songs --out c.gruve --steps-per-quarter 4 --report c.html
run train c.gruve --out m.safetensors --hidden 16 --embedding 8 --batch 4 --unroll 16 --epochs 1 --threads 2
run train c.gruve --out m.safetensors --hidden 16 --embedding 8 --batch 4 --unroll 16 --epochs 2 --threads 2 --resume
run generate --model m.safetensors --out g.mid --svg g.svg --report g.html --wav g.wav --builtin-tone --seconds 5
run generate --model m.safetensors --out p.mid --primer "$(ls songs/*.mid | head -1)" --seconds 10
run evaluate --model m.safetensors c.gruve --split valid
run measure g.mid
run convert m.safetensors --out i.safetensors --precision int8 c.gruve
run generate --model i.safetensors --out g.mid --seconds 3
echo "nothing found"
