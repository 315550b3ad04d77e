#!/usr/bin/env bash
# One training by 1, 2 and 4 processes of mpirun: the same model, to the byte, as by one process without MPI; also where a
# process was killed, and where other numbers of processes go on.
# usage: mpi.sh PROGRAM WORK MPIRUN EXAMPLE
set -euo pipefail
program=$1 work=$2 mpirun=$3 example=$4
rm -rf "$work"
mkdir -p "$work"
cd "$work"

fail() {
  echo "$1" >&2
  exit 1
}
# On one machine, as root in a container too, with more processes than cores.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_btl=self,vader,tcp
export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1
ranks() {
  local count=$1
  shift
  timeout 300 "$mpirun" -np "$count" "$program" "$@"
}
"$program" compose songs --pieces 30 --seed 3 >/dev/null 2>&1
"$program" prepare songs --out songs.gruve >/dev/null 2>&1
settings=(train songs.gruve --hidden 48 --layers 2 --batch 16 --unroll 32 --shards 4 --epochs 2 --dropout 0.1 --threads 1
  --checkpoint-every 5 --overwrite)

"$program" "${settings[@]}" --out alone.safetensors >alone.log 2>&1
for count in 1 2 3 4; do
  ranks "$count" "${settings[@]}" --out "$count.safetensors" --log "$count.csv" >"$count.log" 2>&1 || fail "mpirun -np $count: $(cat "$count.log")"
  cmp alone.safetensors "$count.safetensors" || fail "$count processes have other bits"
  lines=$(grep -c "best validation loss" "$count.log")
  [ "$lines" = 1 ] || fail "$count processes said $lines times what was reached"
done
cut -d, -f1-4 1.csv | cmp - <(cut -d, -f1-4 4.csv) || fail "the logs of 1 and 4 processes differ"

# A process that dies ends all of them, and the training goes on from the checkpoint.
touch killed.csv
ranks 4 "${settings[@]}" --out killed.safetensors --log killed.csv >killed.log 2>&1 &
job=$!
until [ "$(wc -l <killed.csv)" -gt 8 ]; do sleep 0.05; done
pkill -9 -n -f -- "--out killed.safetensors" || fail "there was none to kill"
if wait $job; then fail "mpirun did not notice a process that was killed"; fi
if pgrep -f -- "--out killed.safetensors" >/dev/null; then fail "processes outlive the one that was killed"; fi
ranks 2 "${settings[@]}" --out killed.safetensors --resume >resumed.log 2>&1 || fail "$(cat resumed.log)"
grep -q "resumed after step" resumed.log || fail "it did not resume: $(cat resumed.log)"
cmp alone.safetensors killed.safetensors || fail "what 2 processes went on with has other bits"

# An error of all, or of one, is one line and the end.
if ranks 8 "${settings[@]}" --out none.safetensors >none.log 2>&1; then fail "8 processes shared 4 shards"; fi
grep -q "8 processes for 4 shards: each needs at least one" none.log || fail "$(cat none.log)"
[ ! -e none.safetensors ] || fail "a refused training wrote a model"

# A program of the user's own.
mpi() { timeout 300 "$mpirun" -np "$1" "$example" songs.gruve "$2" 2; }
mpi 1 one.safetensors && mpi 2 two.safetensors | grep -q "by 2 processes" || fail "the example failed"
cmp one.safetensors two.safetensors || fail "the example's model depends on the number of processes"
if mpi 3 none.safetensors 2>none.log; then fail "3 processes shared 2 shards"; fi
grep -q "3 processes for 2 shards" none.log || fail "$(cat none.log)"
echo "the same model by 1, 2, 3 and 4 processes, and after one was killed"
