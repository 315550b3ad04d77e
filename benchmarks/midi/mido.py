"""MIDI files read by mido."""

import importlib.metadata

import mido

import common


def read(file):
    messages = (message for track in mido.MidiFile(file).tracks for message in track)
    return sum(message.type == "note_on" and message.velocity > 0 for message in messages)


if __name__ == "__main__":
    common.serve_midi(f"mido-{importlib.metadata.version('mido')}", read)
