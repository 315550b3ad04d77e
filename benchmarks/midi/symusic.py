"""MIDI files read by symusic, and what a tokeniser does at least: the pitches in order of time."""

import importlib.metadata

import numpy as np
from symusic import Score

import common


def read(file):
    return Score(file).note_num()


def tokens(file):
    score = Score(file)
    notes = [track.notes.numpy() for track in score.tracks if len(track.notes)]
    time, pitch = (np.concatenate([n[name] for n in notes]) for name in ("time", "pitch"))
    return len(pitch[np.lexsort((pitch, time))])


if __name__ == "__main__":
    common.serve_midi(f"symusic-{importlib.metadata.version('symusic')}", read, tokens)
