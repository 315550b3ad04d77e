#!/usr/bin/env python3
"""Random command lines, recipes, configurations and primers: does each end with a defined exit code and one line?

    python3 tests/long/command_lines.py GRUVE [SECONDS [SEED]]      (60 by default)

Command lines are made of the program's own options, as its help lists them, with values that are likely, extreme or damaged;
recipes and configuration files of the same options; primers of MIDI files with changed, inserted and missing bytes. Each command
runs in a folder of its own, with 4 GiB of address space and 20 seconds. What ends by a signal, runs on, writes several lines of error or
none, or leaves a file in part is printed with its command, and the exit code is 1.
"""
import json
import pathlib
import random
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time

gruve = pathlib.Path(sys.argv[1]).resolve()
seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60
chance = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
COMMANDS = ["compose", "inspect", "prepare", "train", "tune", "generate", "evaluate", "measure", "judge", "listen", "convert", "import", "export"]
NUMBERS = ["0", "1", "2", "3", "-1", "7", "1e9", "1e308", "nan", "inf", "-inf", "0x10", "1.5", "", " ", "99999999999999999999", "2147483648",
           "-2147483649", "1e-30", "0.5", "4294967296", "NaN", "1,2", "1;2", "--", "=", "%s%n", "\u00e9", "\x01"]
TEXTS = ["a", "", "x" * 5000, "\u0000".replace("\u0000", "?"), "../..", "-", "AABA", "of:song.mid", "none", "C minor", "3/4", "0/0", "(", "[a-z", "fp32", "bf16",
         "int8", "event", "timestep", "text", "ids", "place,sounding", "relative,", ",", "m.safetensors", "c.gruve", "song.mid", "songs", "r.json", "\n", "\x7f"]
base = pathlib.Path(tempfile.mkdtemp(prefix="gruve-lines-"))


def run(command, folder, limit=20, stdin=b""):
    def limits():
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 20, 64 << 20))
    return subprocess.run([gruve, *command], cwd=folder, input=stdin, capture_output=True, timeout=limit, preexec_fn=limits)


whole = base / "whole"
whole.mkdir()
for command in (["compose", "songs", "--pieces", "3", "--seed", "3"],
                ["prepare", "songs", "--out", "c.gruve", "--steps-per-quarter", "4"],
                ["train", "c.gruve", "--out", "m.safetensors", "--hidden", "16", "--embedding", "8", "--epochs", "1"],
                ["generate", "--model", "m.safetensors", "--out", "song.mid", "--seconds", "4"]):
    done = run(command, whole, 120)
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stderr.decode()}")
midi = (whole / "song.mid").read_bytes()
options = {}
for command in COMMANDS:
    text = run([command, "--help"], whole).stdout.decode()
    options[command] = sorted(set(re.findall(r"--[a-z][a-z0-9-]*", text)) - {"--help", "--help-all"})
USUAL = {
    "compose": ["out", "--pieces", "1"],
    "inspect": ["song.mid"],
    "prepare": ["songs", "--out", "o.gruve"],
    "train": ["c.gruve", "--out", "o.safetensors", "--hidden", "8", "--embedding", "4", "--epochs", "1", "--minutes", "0.02"],
    "tune": ["songs", "--model", "m.safetensors", "--out", "o.safetensors"],
    "generate": ["--model", "m.safetensors", "--out", "o.mid", "--seconds", "2"],
    "evaluate": ["c.gruve", "--model", "m.safetensors"],
    "measure": ["song.mid"],
    "judge": ["--corpus", "c.gruve", "--model", "m.safetensors"],
    "listen": ["--corpus", "c.gruve", "--model", "m.safetensors", "--out", "o.html"],
    "convert": ["m.safetensors", "--out", "o.safetensors", "--precision", "int8"],
    "import": ["m.safetensors", "--out", "o.safetensors"],
    "export": ["m.safetensors", "--c-header", "o.h"],
}


def value():
    return chance.choice(NUMBERS if chance.random() < 0.7 else TEXTS).replace("\0", "?")


def changed(data):
    data = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data)) if data else 0
        kind = chance.randrange(5)
        if kind == 0 and data:
            data[at] = chance.randrange(256)
        elif kind == 1 and data:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 2:
            del data[at:at + chance.randint(1, 16)]
        elif kind == 3:
            data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 8)))
        else:
            del data[at:]
    return bytes(data)


def some_options(command):
    return [(name, value()) for name in chance.sample(options[command], chance.randint(0, min(4, len(options[command]))))]


def recipe(command):
    values = [0, -1, 1.5, True, False, None, "a", [], [1, "b"], {}, 1e308, 10**30, "event"]
    text = json.dumps({name[2:] if chance.random() < 0.9 else "nothing": chance.choice(values) for name, _ in some_options(command)})
    return changed(text.encode()) if chance.random() < 0.4 else text.encode()


def configuration(command):
    lines = [f"[{command if chance.random() < 0.8 else 'nothing'}]"] + [f"{name[2:]} = {each}" for name, each in some_options(command)]
    text = "\n".join(lines).encode()
    return changed(text) if chance.random() < 0.4 else text


runs = faults = 0
codes = {}
end = time.monotonic() + seconds
folder = base / "here"
while time.monotonic() < end:
    if runs % 50 == 0:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(whole, folder)
    name = chance.choice(COMMANDS)
    line = [name] + (USUAL[name] if chance.random() < 0.9 else [])
    for option, each in some_options(name):
        line += [option] if chance.random() < 0.2 else [f"{option}={each}"] if chance.random() < 0.5 else [option, each]
    kind = chance.randrange(5)
    if kind == 0 and name == "train":
        (folder / "r.json").write_bytes(recipe(name))
        line += ["--recipe", "r.json"]
    elif kind == 1:
        (folder / "c.toml").write_bytes(configuration(name))
        line = ["--config", "c.toml"] + line
    elif kind == 2 and name in ("generate", "inspect", "measure"):
        (folder / "p.mid").write_bytes(changed(midi))
        line += ["--primer", "p.mid"] if name == "generate" else ["p.mid"]
    if chance.random() < 0.1:
        chance.shuffle(line)
    line = [each.replace("\0", "?") for each in line]
    runs += 1
    wrong = ""
    try:
        done = run(line, folder, 60 if name in ("judge", "listen") else 20, midi)
        codes[done.returncode] = codes.get(done.returncode, 0) + 1
        errors = done.stderr.decode("utf-8", "replace")
        last = [each for each in re.split(r"[\r\n]", errors) if each.startswith("gruve: ")]
        if done.returncode not in (0, 1, 2, 3):
            wrong = f"exit code {done.returncode}"
        elif done.returncode != 0 and len(last) != 1:
            wrong = f"{len(last)} lines of error"
        elif re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]", errors):
            wrong = "a control character"
        elif done.returncode == 0 and "Sanitizer" in errors:
            wrong = "a sanitizer's report"
        elif list(folder.glob("**/*.partial*")) or list(folder.glob("**/*.tmp*")):
            wrong = "a file in part"
    except subprocess.TimeoutExpired:
        # Long work is no fault where it was asked for.
        codes["long"] = codes.get("long", 0) + 1
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(whole, folder)
    if wrong:
        faults += 1
        print(f"{wrong}: {line!r}\n{errors[-600:]}", flush=True)
print(f"{runs} command lines, exit codes {codes}, {faults} faults")
shutil.rmtree(base)
sys.exit(1 if faults else 0)
