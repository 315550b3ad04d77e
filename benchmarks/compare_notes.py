"""Compares the notes that gruve reads with those of mido and symusic, file by file.

python benchmarks/compare_notes.py build/demo/gruve FOLDER…

Notes are pitch, start, end, velocity and channel; mido gives events; a note-off ends the note of its track,
channel and key that has sounded longest. Files that need a repair are skipped.
"""

import collections
import json
import pathlib
import subprocess
import sys

import mido
from symusic import Score


def gruve_notes(program, files):
    """{file: notes} of those that need no repair."""
    run = [program, "inspect", "--json", "--strict", *map(str, files)]
    lines = subprocess.run(run, capture_output=True, check=False).stdout.splitlines()
    keys = ("pitch", "start", "end", "velocity", "channel")
    read = zip(files, map(json.loads, lines))
    return {
        file: sorted(tuple(note[key] for key in keys) for note in midi["notes"])
        for file, midi in read
        if midi["readable"]
    }


def mido_notes(file):
    notes = []
    for track in mido.MidiFile(file).tracks:
        tick = 0
        begun = []
        sounding = collections.defaultdict(collections.deque)
        for message in track:
            tick += message.time
            if message.type == "note_on" and message.velocity > 0:
                begun.append([message.note, tick, None, message.velocity, message.channel])
                sounding[message.channel, message.note].append(begun[-1])
            elif message.type in ("note_on", "note_off") and sounding[message.channel, message.note]:
                sounding[message.channel, message.note].popleft()[2] = tick
        for note in begun:
            note[2] = tick if note[2] is None else note[2]
        notes += map(tuple, begun)
    return sorted(notes)


def symusic_notes(file):
    return sorted((n.pitch, n.start, n.end, n.velocity) for track in Score(file).tracks for n in track.notes)


def main():
    program, *folders = sys.argv[1:]
    files = sorted(
        file
        for folder in folders
        for file in pathlib.Path(folder).rglob("*")
        if file.suffix.lower() in (".mid", ".midi", ".kar")
    )
    counts = collections.Counter()
    for i in range(0, len(files), 100):
        group = files[i : i + 100]
        ours = gruve_notes(program, group)
        counts["files"] += len(group)
        counts["refused by gruve"] += len(group) - len(ours)
        for file, notes in ours.items():
            for peer, read, part in (("mido", mido_notes, 5), ("symusic", symusic_notes, 4)):
                try:
                    theirs = read(file)
                except Exception as error:  # whatever a reader may throw
                    counts[f"{peer} refuses"] += 1
                    print(f"{file}: {peer} refuses it: {error}")
                    continue
                mine = sorted(note[:part] for note in notes)
                counts[f"{peer} equal" if mine == theirs else f"{peer} differs"] += 1
                if mine != theirs:
                    only = collections.Counter(mine), collections.Counter(theirs)
                    first = [sorted(a - b)[:2] for a, b in (only, only[::-1])]
                    print(f"{file}: gruve has {len(mine)} notes, {peer} {len(theirs)}; gruve alone {first[0]}, {peer} alone {first[1]}")
    print(", ".join(f"{count} {what}" for what, count in counts.items()))


if __name__ == "__main__":
    main()
