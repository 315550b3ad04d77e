#!/usr/bin/env python3
"""Random SIGKILLs over train, prepare, generate and convert: is any file torn, any step lost, any bit changed?

    python3 tests/long/kills.py GRUVE [KILLS]      (1,000 by default: some ten minutes)

What a command had written when it was killed is absent, as before, or whole. A training that is killed again and again and
resumed ends with the bytes of the one that was not.
"""
import hashlib
import pathlib
import random
import subprocess
import sys
import tempfile
import time

gruve = pathlib.Path(sys.argv[1]).resolve()
wanted = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
chance = random.Random(7)
here = pathlib.Path(tempfile.mkdtemp(prefix="gruve-kills-"))


def run(*command):
    subprocess.run([gruve, *command], check=True, cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def digest(path):
    return hashlib.sha256((here / path).read_bytes()).hexdigest() if (here / path).exists() else None


run("compose", "songs", "--pieces", "40", "--seed", "3")
run("prepare", "songs", "--out", "c.gruve", "--encoder", "timestep", "--steps-per-quarter", "4")
run("train", "c.gruve", "--out", "m.safetensors", "--hidden", "64", "--epochs", "2")
jobs = {
    "prepare": (["prepare", "songs", "--out", "p.gruve", "--report", "p.html"], ["p.gruve"]),
    "generate": (["generate", "--model", "m.safetensors", "--out", "g.mid", "--wav", "g.wav", "--builtin-tone", "--seconds", "30",
                  "--seed", "1"], ["g.mid", "g.wav"]),
    "convert": (["convert", "m.safetensors", "--precision", "int8", "--out", "i.safetensors", "c.gruve"], ["i.safetensors"]),
    "train": (["train", "c.gruve", "--out", "t.safetensors", "--hidden", "24", "--embedding", "8", "--batch", "8", "--unroll", "32",
               "--dropout", "0.1", "--epochs", "6", "--checkpoint-every", "7", "--resume"], ["t.safetensors"]),
}
right, length = {}, {}
for name, (command, files) in jobs.items():
    begin = time.monotonic()
    run(*command)
    length[name] = time.monotonic() - begin
    right[name] = [digest(file) for file in files]


def remove(name):
    for path in here.iterdir():
        if any(path.name.startswith(file) for file in jobs[name][1]):
            path.unlink()


remove("train")
kills = dict.fromkeys(jobs, 0)
torn = wrong = finished = 0
while sum(kills.values()) < wanted:
    name = chance.choice(["train", "train", *jobs])
    command, files = jobs[name]
    if name != "train" and chance.random() < 0.5:
        remove(name)
    job = subprocess.Popen([gruve, *command], cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    time.sleep(chance.uniform(0, 1.1 * length[name]))
    job.kill()
    said = job.communicate()[1].decode(errors="replace")
    if job.returncode == -9:
        kills[name] += 1
    elif job.returncode != 0:
        wrong += 1
        print(f"{name}: exit {job.returncode}: {said.strip().splitlines()[-1] if said.strip() else ''}")
    if name == "train":
        if job.returncode == 0:
            finished += 1
            wrong += [digest(file) for file in files] != right[name]
            remove(name)
        continue
    for file, was in zip(files, right[name]):
        if digest(file) not in (None, was):
            torn += 1
            print(f"{file}: {(here / file).stat().st_size} bytes, other than expected")
while job.returncode != 0 or name != "train":  # to the end of a last training
    name = "train"
    job = subprocess.run([gruve, *jobs[name][0]], cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    finished += job.returncode == 0
    wrong += job.returncode != 0 or [digest(file) for file in jobs[name][1]] != right[name]
for name, (command, files) in jobs.items():
    run(*command, *(["--overwrite"] if name == "train" else []))
left = [path.name for path in here.iterdir() if ".partial" in path.name or "gruve-lock" in path.name]
print(f"{sum(kills.values())} kills ({', '.join(f'{name} {count}' for name, count in kills.items())}): {torn} files torn, "
      f"{finished} trainings ended, {wrong} with other bytes or an error, {len(left)} files left over")
sys.exit(torn or wrong or len(left) > 0)
