#!/usr/bin/env bash
# Processes that train on "hosts": network namespaces of this machine, each with an address of its own on a bridge, and links of a
# given rate. The model must have the bits of one process; prints the speed for each rate.
#   sudo bash tests/long/mpi_hosts.sh GRUVE CORPUS [HOSTS [RATE…]]      such as 2 100mbit 1gbit 10gbit; GRUVE built with -DGRUVE_MPI=ON
# Needs OpenMPI and iproute2. Latency is not limited: that needs the kernel's netem.
set -euo pipefail
gruve=$(realpath "$1") corpus=$(realpath "$2") hosts=${3:-2}
benchmark=$(realpath "$(dirname "$0")/../../benchmarks/ranks.py")
shift $(($# < 3 ? $# : 3))
[ $# -gt 0 ] || set -- 100mbit 1gbit 10gbit
work=$(mktemp -d)
name=gruve$$
bridge=br$$
clean() {
  for ((i = 1; i <= hosts; ++i)); do ip netns del "$name-$i" 2>/dev/null || true; done
  ip link del "$bridge" 2>/dev/null || true
  rm -rf "$work"
}
trap clean EXIT

ip link add "$bridge" type bridge
ip addr add 10.77.0.254/24 dev "$bridge"
ip link set "$bridge" up
for ((i = 1; i <= hosts; ++i)); do
  ip netns add "$name-$i"
  ip link add "v$$-$i" type veth peer name eth0 netns "$name-$i"
  ip link set "v$$-$i" master "$bridge" up
  ip -n "$name-$i" addr add "10.77.0.$i/24" dev eth0
  ip -n "$name-$i" link set lo up
  ip -n "$name-$i" link set eth0 up
  echo "10.77.0.$i slots=1" >>"$work/hosts"
done
# What mpirun calls instead of ssh: host, then a command.
cat >"$work/agent" <<END
#!/bin/sh
host=\${1##*.}
shift
exec ip netns exec $name-\$host sh -c "\$*"
END
chmod +x "$work/agent"
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mpirun="mpirun --hostfile $work/hosts --mca plm_rsh_agent $work/agent --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24
  --mca oob_tcp_if_include 10.77.0.0/24 --mca mpi_yield_when_idle 1 --mca rtc ^hwloc"

settings=(train "$corpus" --hidden 32 --batch 64 --unroll 128 --shards "$hosts" --epochs 1 --threads 1 --features "" --json)
"$gruve" "${settings[@]}" --out "$work/alone.safetensors" >/dev/null
# shellcheck disable=SC2086
$mpirun -np "$hosts" "$gruve" "${settings[@]}" --out "$work/hosts.safetensors" >/dev/null
cmp "$work/alone.safetensors" "$work/hosts.safetensors"
echo "$hosts hosts: the same model as by one process"

for rate in "$@"; do
  for ((i = 1; i <= hosts; ++i)); do
    for link in "tc qdisc replace dev v$$-$i" "tc -n $name-$i qdisc replace dev eth0"; do
      $link root tbf rate "$rate" burst 256kb latency 20ms
    done
  done
  echo "links of $rate:"
  python3 "$benchmark" "$gruve" "$corpus" --ranks "$hosts" --rounds 3 --seconds 10 --processes-only --mpirun "$mpirun"
done
