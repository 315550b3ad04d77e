"""Writes muspy.json: small songs, and what MusPy measures of them, for measures_test.cpp.

    python3 -m venv build-muspy && build-muspy/bin/pip install muspy==0.5.0
    build-muspy/bin/python tests/measure/make_muspy.py

Where a note ends on a bar line or a beat MusPy counts the bar or beat behind it as well. Here none ends on a bar line,
and where beats are counted those that end on one are a timestep shorter, so that its bars and beats are ours.
Its polyphony_rate counts what is above the threshold, so two pitches or more are above 1.
"""

import json
import math
import pathlib
import random

import muspy

RESOLUTION = 24


def compose(seed, bar, num_bars, pitches, most_at_once, drums, empty_bars=()):
    """Notes [begin, end, pitch, is_drum] in timesteps, within num_bars bars of `bar` timesteps."""
    draw = random.Random(seed)
    notes = set()
    for number in range(num_bars):
        if number in empty_bars:
            continue
        for begin in sorted(draw.sample(range(0, bar, 6), draw.randint(2, bar // 12))):
            for _ in range(draw.randint(1, most_at_once)):
                end = number * bar + begin + draw.choice([3, 6, 12, 18, 30])
                notes.add((number * bar + begin, draw.choice(pitches), end, 0))
        if drums:
            for begin in range(0, bar, 12):
                notes.add((number * bar + begin, draw.choice([36, 38, 42]), number * bar + begin + 3, 1))
    result = []
    for begin, pitch, end, is_drum in sorted(notes):
        end = min(end, num_bars * bar - 1)
        if end % bar == 0 or end // bar in empty_bars:
            end = (end // bar) * bar - 1
        result.append([begin, end, pitch, is_drum])
    return result


def music_of(notes, begin=0, end=math.inf):
    """The notes that begin in [begin, end), as a Music of a pitched track and one of drums."""
    tracks = []
    for is_drum in (0, 1):
        inside = [
            muspy.Note(time=note[0], pitch=note[2], duration=note[1] - note[0], velocity=64)
            for note in notes
            if note[3] == is_drum and begin <= note[0] < end
        ]
        if inside:
            tracks.append(muspy.Track(is_drum=bool(is_drum), notes=inside))
    return muspy.Music(resolution=RESOLUTION, tracks=tracks)


def mean_entropy(notes, bar, num_bars, window):
    """The mean of MusPy's entropies of all stretches of `window` bars in which a note begins."""
    values = [
        muspy.pitch_class_entropy(music_of(notes, first * bar, (first + window) * bar))
        for first in range(num_bars - window + 1)
    ]
    values = [value for value in values if not math.isnan(value)]
    return sum(values) / len(values)


def measured(metre, num_bars, **how):
    bar = RESOLUTION * 4 * metre[0] // metre[1]
    notes = compose(bar=bar, num_bars=num_bars, **how)
    music = music_of(notes)
    return {
        "time_signature": metre,
        "notes": notes,
        "pitch_class_entropy": muspy.pitch_class_entropy(music),
        "pitch_class_entropy_1": mean_entropy(notes, bar, num_bars, 1),
        "pitch_class_entropy_4": mean_entropy(notes, bar, num_bars, 4),
        "scale_consistency": muspy.scale_consistency(music),
        "groove_consistency": muspy.groove_consistency(music, bar),
        "empty_bar_rate": muspy.empty_measure_rate(music, bar),
        "empty_beat_rate": muspy.empty_beat_rate(
            music_of([[begin, end - (end % RESOLUTION == 0), *rest] for begin, end, *rest in notes])
        ),
        "polyphony": muspy.polyphony(music),
        "polyphony_rate": muspy.polyphony_rate(music, threshold=1),
        "pitch_range": muspy.pitch_range(music),
    }


SONGS = {
    "diatonic": measured([4, 4], 8, seed=1, pitches=[60, 62, 64, 65, 67, 69, 71, 72], most_at_once=1, drums=False),
    "chromatic": measured([4, 4], 6, seed=2, pitches=list(range(40, 80)), most_at_once=4, drums=True),
    "waltz": measured(
        [3, 4], 9, seed=3, pitches=[45, 47, 48, 52, 56, 57, 59, 63, 64, 69], most_at_once=3, drums=False,
        empty_bars=(2, 3, 6),
    ),
    "repeated": measured([6, 8], 5, seed=4, pitches=[50, 57], most_at_once=2, drums=True),
}  # fmt: skip

songs = ",\n".join(
    f'  "{name}": {{\n' + ",\n".join(f'    "{key}": {json.dumps(value)}' for key, value in song.items()) + "\n  }"
    for name, song in SONGS.items()
)
text = "{\n" + songs + "\n}\n"
json.loads(text)
pathlib.Path(__file__).with_name("muspy.json").write_text(text)
for name, song in SONGS.items():
    print(name, len(song["notes"]), "notes", {k: v for k, v in song.items() if isinstance(v, (int, float))})
