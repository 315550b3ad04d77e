#!/usr/bin/env python3
"""How near pieces are to the seconds that were asked for, and how many end on the tonic.

  python3 benchmarks/lengths.py GRUVE MODEL CORPUS [OPTION OF generate…]

prints a row for each length: how many of 40 pieces are within a bar of it (of the metre and tempo they end in), how
far they are from it, and how many end on the tonic.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

LENGTHS = (30, 60, 61, 64, 67, 120)
COUNT = 40


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def bar_seconds(song):
    metre, tempo = song["time_signatures"][-1], song["tempos"][-1]
    return tempo["microseconds_per_quarter"] / 1e6 * 4 * metre["numerator"] / metre["denominator"]


def main(gruve, model, corpus, *options):
    print("| seconds | within a bar | from it | on the tonic |\n|---|---|---|---|")
    for seconds in LENGTHS:
        with tempfile.TemporaryDirectory() as folder:
            run(gruve, "generate", "--model", model, "--out", f"{folder}/p.mid", "--count", str(COUNT),
                "--seconds", str(seconds), *options)
            files = sorted(str(file) for file in pathlib.Path(folder).glob("*.mid"))
            measured = json.loads(run(gruve, "measure", *files, "--corpus", corpus, "--json"))
            songs = [json.loads(line) for line in run(gruve, "inspect", *files, "--json").splitlines()]
        apart = [song["seconds"] - seconds for song in songs]
        near = sum(abs(far) <= bar_seconds(song) for far, song in zip(apart, songs))
        home = sum(piece["measures"]["ends_on_tonic"] == 1 for piece in measured["pieces"])
        print(f"| {seconds} | {near} of {COUNT} | {min(apart):+.1f} to {max(apart):+.1f} s | {home} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
