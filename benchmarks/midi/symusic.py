"""MIDI files read by symusic."""

import importlib.metadata

from symusic import Score

import common


def read(file):
    return Score(file).note_num()


if __name__ == "__main__":
    common.serve_midi(f"symusic-{importlib.metadata.version('symusic')}", read)
