#!/usr/bin/env python3
"""How fast several processes train, beside threads: the same training in turns, medians of rounds.

    python3 benchmarks/ranks.py GRUVE CORPUS [--ranks 2] [--seconds 10] [--rounds 3] [--hidden 512] [--batch 64]

GRUVE is built with -DGRUVE_MPI=ON. Prints tokens a second of the training's own steps, and the ratio to as many threads
of one process. A rank has one thread.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile

parser = argparse.ArgumentParser()
parser.add_argument("gruve")
parser.add_argument("corpus")
parser.add_argument("--ranks", type=int, default=2)
parser.add_argument("--seconds", type=float, default=10)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--hidden", type=int, default=512)
parser.add_argument("--batch", type=int, default=64)
parser.add_argument("--processes-only", action="store_true", help="no threads beside them")
parser.add_argument("--mpirun", default="mpirun", help="with its options, such as 'mpirun --hostfile hosts'")
arguments = parser.parse_args()

UNROLL = 128
N = arguments.ranks
environment = os.environ | {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
                            "OMPI_MCA_mpi_yield_when_idle": "1"}


def speed(launcher, shards, threads):
    with tempfile.TemporaryDirectory() as folder:
        command = [*launcher, arguments.gruve, "train", arguments.corpus, "--out", f"{folder}/model.safetensors", "--json",
                   "--hidden", arguments.hidden, "--batch", arguments.batch, "--unroll", UNROLL, "--features", "", "--dropout", 0,
                   "--minutes", arguments.seconds / 60, "--patience", 0, "--shards", shards, "--threads", threads, "--checkpoint-every", 1000000]
        done = subprocess.run([str(each) for each in command], capture_output=True, text=True, env=environment)
        for line in done.stdout.splitlines():
            if line.startswith("{"):
                result = json.loads(line)
                # Less than an epoch, so that the time has no validation but the last, which comes after it.
            return result["steps"] * arguments.batch * UNROLL / arguments.seconds, result["parameters"]
        raise SystemExit(done.stderr)


ways = {"1 thread": ([], 1, 1), f"{N} threads": ([], 1, N), f"{N} threads, {N} shards": ([], N, N),
        f"{N} processes, {N} shards": ([*arguments.mpirun.split(), "-np", N], N, 1)}
if arguments.processes_only:
    ways = {name: way for name, way in ways.items() if way[0]}
speeds = {name: [] for name in ways}
parameters = 0
for _ in range(arguments.rounds):
    for name, way in ways.items():
        tokens, parameters = speed(*way)
        speeds[name].append(tokens)
print(f"H = {arguments.hidden}, B = {arguments.batch}, T = {UNROLL}; {parameters} parameters: a process sends and receives "
      f"{2 * (N - 1) / N * 4 * parameters / 1e6:.1f} MB a step")
for name, found in speeds.items():
    middle = statistics.median(found)
    line = f"{name:24} {middle:9,.0f} tokens/s ({min(found):,.0f} to {max(found):,.0f})"
    if not arguments.processes_only:
        line += f", {middle / statistics.median(speeds[f'{N} threads']):.2f} of {N} threads"
    print(line)
