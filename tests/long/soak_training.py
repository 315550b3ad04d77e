#!/usr/bin/env python3
"""Does a training's memory stay flat?

    python3 tests/long/soak_training.py GRUVE [MINUTES]      (60 by default)

Trains on built-in études, with a checkpoint every 100 steps, and reads the resident memory of the process every
five seconds. After the first tenth it may grow by 2 % at most.
"""
import pathlib
import subprocess
import sys
import tempfile
import time

gruve = pathlib.Path(sys.argv[1]).resolve()
minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 60
here = tempfile.mkdtemp(prefix="gruve-soak-")
training = subprocess.Popen([gruve, "train", "--out", "m.safetensors", "--minutes", str(minutes), "--epochs", "100000", "--patience", "0",
                             "--hidden", "128", "--checkpoint-every", "100", "--log", "log.csv"],
                            cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
begin = time.monotonic()
seen = []
while training.poll() is None:
    try:
        for line in pathlib.Path(f"/proc/{training.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                seen.append((time.monotonic() - begin, int(line.split()[1])))
    except OSError:
        break
    time.sleep(min(5, minutes))
early = max(size for at, size in seen if at <= 60 * minutes / 10 + 10)
late = max(size for _, size in seen)
growth = 100 * (late - early) / early
print(f"{minutes:g} minutes, {len(seen)} looks: {early} kB at most in the first tenth, {late} kB in all: {growth:.1f} % more; "
      f"exit code {training.wait()}")
sys.exit(0 if growth <= 2 and training.returncode == 0 else 1)
