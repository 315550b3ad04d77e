#!/usr/bin/env python3
"""A power cut after any system call of a training: is the model whole, and a checkpoint there to resume from?

    python3 tests/long/power_cut.py GRUVE          (needs strace; some seconds)

Records the calls with strace, and takes every prefix of them. What was not synced may be lost: of a file, all bytes since its last
fsync, or any part of them; of the folder, any suffix of the creations, renames and removals since its last fsync. In each such
state a path must lead to a file that is whole, once it has led to one; of checkpoint and previous checkpoint, one of the two.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

gruve = pathlib.Path(sys.argv[1]).resolve()
here = pathlib.Path(tempfile.mkdtemp(prefix="gruve-power-"))


def run(*command):
    subprocess.run(command, check=True, cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


run(gruve, "compose", "songs", "--pieces", "20")
run(gruve, "prepare", "songs", "--out", "c.gruve", "--encoder", "timestep", "--steps-per-quarter", "4")
run("strace", "-f", "-o", "calls", "-e", "trace=openat,write,lseek,ftruncate,fsync,rename,renameat,unlink,unlinkat,close", gruve, "train",
    "c.gruve", "--out", "o.safetensors", "--hidden", "8", "--embedding", "8", "--epochs", "3", "--batch", "8", "--checkpoint-every", "20",
    "--threads", "1")

# The calls on files of the folder: (kind, …).
operations, descriptors, files = [], {}, 0
for line in open(here / "calls"):
    match = re.match(r"\d+ +(\w+)\((.*)\) += (-?\d+)", line)
    if not match or int(match[3]) < 0:
        continue
    call, arguments, result = match[1], match[2], int(match[3])
    paths = re.findall(r'"([^"]*)"', arguments) if call not in ("write",) else []
    names = [pathlib.Path(path).name for path in paths]
    number = int(re.match(r"\d+", arguments)[0]) if re.match(r"\d+", arguments) else None
    if call == "openat" and names:
        if "O_CREAT" in arguments and names[0].startswith("o."):
            files += 1
            descriptors[result] = ("file", files)
            operations.append(("create", names[0], files))
        elif paths[0] in (".", str(here)):
            descriptors[result] = ("folder", None)
        else:
            descriptors.pop(result, None)
    elif call == "close":
        descriptors.pop(number, None)
    elif call in ("write", "fsync", "ftruncate") and number in descriptors:
        kind, file = descriptors[number]
        operations.append((call if kind == "file" else "sync folder", file, result))
    elif call.startswith("rename"):
        operations.append(("rename", names[0], names[-1]))
    elif call.startswith("unlink"):
        operations.append(("unlink", names[0], None))

# How long each file is in the end.
length = {}
for kind, a, b in operations:
    if kind == "write":
        length[a] = length.get(a, 0) + b

states = faults = 0
for end in range(len(operations) + 1):
    written, synced, folder_done, pending = {}, {}, {}, []
    for kind, a, b in operations[:end]:
        if kind == "write":
            written[a] = written.get(a, 0) + b
        elif kind == "fsync":
            synced[a] = written.get(a, 0)
        elif kind in ("create", "rename", "unlink"):
            pending.append((kind, a, b))
        elif kind == "sync folder":
            pending.append(("synced", None, None))
    last = max((i for i, each in enumerate(pending) if each[0] == "synced"), default=-1)
    for kept in range(last + 1, len(pending) + 1):  # how many of the folder's changes have reached the disk
        folder, had_model, had_checkpoint = {}, False, False
        for kind, a, b in pending[:kept]:
            if kind == "create":
                folder[a] = b
            elif kind == "unlink":
                folder.pop(a, None)
            elif kind == "rename" and a in folder:
                folder[b] = folder.pop(a)
            had_model |= "o.safetensors" in folder
            had_checkpoint |= "o.safetensors.checkpoint" in folder
        # At worst nothing that was not synced is there.
        whole = {name for name, file in folder.items() if synced.get(file, 0) == length.get(file, 0) > 0}
        states += 1
        wrong = had_model and "o.safetensors" not in whole
        wrong |= had_checkpoint and not {"o.safetensors.checkpoint", "o.safetensors.checkpoint.previous"} & whole
        for name in ("o.safetensors", "o.safetensors.checkpoint", "o.safetensors.checkpoint.previous"):
            wrong |= name in folder and name not in whole
        faults += wrong
print(f"{len(operations)} calls, {states} states after a power cut, {faults} without a whole model and checkpoint")
sys.exit(faults > 0 or states < 200)
