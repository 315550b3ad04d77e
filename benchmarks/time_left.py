#!/usr/bin/env python3
"""How wrong the time left is that a command of gruve shows, such as `gruve train`.

    python3 benchmarks/time_left.py build/gruve train corpus.gruve --out model.safetensors

runs the command and prints, for each tenth of its task that it shows, the greatest error of (time so far + time left) in % of the
time that the task took.
"""
import re
import subprocess
import sys
import time

LINE = re.compile(r"^(\S+)  ?(\d+)%.*?  ((?:\d+:)?\d+:\d\d) left")


def seconds(text):
    total = 0
    for part in text.split(":"):
        total = 60 * total + int(part)
    return total


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    shown = {}  # of each task: (share in %, time, time left)
    ends = {}
    begin = {}
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        now = time.monotonic()
        task = line.split(" ")[0]
        if found := LINE.match(line):
            shown.setdefault(task, []).append((int(found[2]), now, seconds(found[3])))
            begin.setdefault(task, now)
        elif "%  " in line and "  in " in line:
            ends[task] = now
    if process.wait() != 0:
        sys.exit(f"{' '.join(sys.argv[1:])}: exit code {process.returncode}")
    for task, lines in shown.items():
        if task not in ends:
            continue
        total = ends[task] - begin[task]
        tenths = {}
        for share, now, left in lines:
            error = abs(now + left - ends[task]) / total * 100
            tenths[share // 10] = max(error, tenths.get(share // 10, 0))
        print(f"{task}: {total:.0f} s; error in the tenths from the first: " +
              ", ".join(f"{tenths[t]:.0f} %" if t in tenths else "-" for t in range(10)))


if __name__ == "__main__":
    main()
