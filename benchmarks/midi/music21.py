"""MIDI files read by music21, into parts, measures and voices, which is its default."""

import importlib.metadata

import music21

import common


def read(file):
    score = music21.converter.parse(file, forceSource=True)  # not what it kept of the last time
    notes = (note for chord in score.recurse().notes for note in (chord.notes if chord.isChord else [chord]))
    return sum(note.tie is None or note.tie.type == "start" for note in notes)


if __name__ == "__main__":
    # It moves notes onto a grid of its own, which makes two of a few.
    common.serve_midi(f"music21-{importlib.metadata.version('music21')}", read, tolerance=0.01)
