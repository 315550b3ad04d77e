#!/usr/bin/env python3
"""The speedrun: wall time from a data set in JSON to a model that was evaluated on its test split, for likelihoods that a paper or
a first version reached. docs/speedrun.md is the board.

    python3 benchmarks/speedrun.py GRUVE DATA [LINE…] [--seeds 1 2 3] [--threads 2]

DATA has jsb_chorales_quarter.json and the others. A line is a data set and a target in nats per timestep; for each seed it is run
once, and each run must reach the target. Prints the fastest, median and slowest seconds of its two commands, gruve
train and gruve evaluate. All choices were made on the valid split.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

NOTES = "index,held,intervals,repeat,outer,relative"
SHARED = {"--transpose": 6, "--transpose-share": 0.5, "--overwrite": None}
LINES = {  # name: data, target, options of gruve train
    "JSB 5.56": ("jsb_chorales_quarter", 5.56, {"--features": NOTES, "--hidden": 64, "--embedding": 32, "--batch": 8, "--unroll": 32,
                                                "--lr": 0.01, "--epochs": 3, "--dropout": 0.1, "--steps-per-quarter": 1}),
    "JSB 4.35": ("jsb_chorales_quarter", 4.35, {"--features": NOTES, "--hidden": 192, "--embedding": 64, "--batch": 16, "--unroll": 64,
                                                "--lr": 0.006, "--epochs": 28, "--dropout": 0.5, "--embedding-dropout": 0.2,
                                                "--average": 0.99, "--weight-decay": 0.3, "--steps-per-quarter": 1}),
    "Nottingham 2.31": ("nottingham", 2.31, {"--features": NOTES + ",bar=24", "--hidden": 32, "--embedding": 16, "--batch": 32, "--unroll": 64,
                                             "--lr": 0.02, "--epochs": 1, "--steps-per-quarter": 4}),
    "Nottingham 1.00": ("nottingham", 1.00, {"--features": NOTES + ",bar=24", "--hidden": 160, "--embedding": 64, "--batch": 32, "--unroll": 128,
                                             "--lr": 0.006, "--epochs": 8, "--dropout": 0.2, "--average": 0.99, "--steps-per-quarter": 4}),
    "MuseData 5.60": ("musedata", 5.60, {"--features": NOTES, "--hidden": 64, "--embedding": 32, "--batch": 32, "--unroll": 64,
                                         "--lr": 0.01, "--epochs": 1, "--steps-per-quarter": 1}),
    "Piano-midi.de 7.05": ("piano_midi_de", 7.05, {"--features": NOTES, "--hidden": 96, "--embedding": 48, "--batch": 16, "--unroll": 64,
                                                   "--lr": 0.008, "--epochs": 2, "--dropout": 0.1, "--steps-per-quarter": 1}),
}

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("gruve")
parser.add_argument("data", type=pathlib.Path)
parser.add_argument("lines", nargs="*")
parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--split", default="test", help="valid, to choose options")
arguments = parser.parse_args()

total = 0.0
print("| line | target | reached, seeds " + ", ".join(map(str, arguments.seeds)) + " | seconds: fastest, median, slowest | command |")
print("|---|---|---|---|---|")
for name, (data, target, options) in LINES.items():
    if arguments.lines and name not in arguments.lines:
        continue
    losses, seconds = [], []
    words = [str(word) for option, value in (options | SHARED).items() for word in ([option] if value is None else [option, value])]
    for seed in arguments.seeds:
        with tempfile.TemporaryDirectory() as folder:
            begin = time.monotonic()
            common = [arguments.data / f"{data}.json", "--threads", arguments.threads, "--json"]
            train = [arguments.gruve, "train", *common, "--out", f"{folder}/model.safetensors", "--seed", seed, *words]
            subprocess.run([str(word) for word in train], check=True, capture_output=True)
            evaluate = [arguments.gruve, "evaluate", *common, "--model", f"{folder}/model.safetensors", "--split", arguments.split]
            found = json.loads(subprocess.run([str(word) for word in evaluate], check=True, capture_output=True, text=True).stdout)
            seconds.append(time.monotonic() - begin)
            losses.append(found["nats_per_timestep"])
    missed = "" if max(losses) <= target else " **missed**"
    median = statistics.median(seconds)
    total += median
    print(f"| {name} | {target:.2f} | {', '.join(f'{loss:.3f}' for loss in losses)}{missed} | {min(seconds):.1f}, {median:.1f}, {max(seconds):.1f} "
          f"| `gruve train {data}.json {' '.join(words)}` |", flush=True)
print(f"\nall lines together: {total:.1f} s (medians)")
