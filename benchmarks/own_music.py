#!/usr/bin/env python3
"""What the README's "Your own music" gives on folders or archives of MIDI files, without a switch.

    python3 benchmarks/own_music.py OUT FOLDER_OR_ARCHIVE... [--minutes M] [--primers N] [--gruve PROGRAM]

For each it runs `gruve prepare`, `gruve train` (with --minutes M where that is given), `gruve generate` and
`gruve measure`, keeps what they write in OUT/NAME, and prints tables: files accepted and notes changed, losses beside
n-grams, the piece's score, and how many notes that follow a primer are in its scale, beside the songs themselves.
"""
import argparse
import bisect
import json
import math
import pathlib
import random
import subprocess
import tarfile
import time

# The key profiles of Krumhansl and Kessler 1982.
PROFILES = (
    (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
)
# Major; minor with both sevenths.
SCALES = ({0, 2, 4, 5, 7, 9, 11}, {0, 2, 3, 5, 7, 8, 10, 11})


def run(*command):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {result.stderr.strip()}")
    return result.stdout


def run_json(*command):
    return json.loads(run(*command, "--json").splitlines()[0])


def onsets(gruve, path):
    """(seconds, pitch) of the notes of a file, without drums."""
    song = run_json(gruve, "inspect", path)
    tempos = [(0, 500000, 0.0)] + [
        (t["tick"], t["microseconds_per_quarter"], t["seconds"]) for t in song["tempos"]
    ]
    ticks = [tempo[0] for tempo in tempos]
    notes = []
    for note in song["notes"]:
        if note["channel"] == 9:
            continue
        tick, microseconds, seconds = tempos[bisect.bisect_right(ticks, note["start"]) - 1]
        quarters = (note["start"] - tick) / song["ticks_per_quarter"]
        notes.append((seconds + quarters * microseconds / 1e6, note["pitch"]))
    return notes


def estimate_key(notes):
    """(correlation, tonic, mode) of the key that fits best."""
    weights = [0.0] * 12
    for _, pitch in notes:
        weights[pitch % 12] += 1
    mean = sum(weights) / 12
    best = (-1.0, 0, 0)
    for mode, profile in enumerate(PROFILES):
        profile_mean = sum(profile) / 12
        b = [x - profile_mean for x in profile]
        for tonic in range(12):
            a = [weights[(i + tonic) % 12] - mean for i in range(12)]
            norm = math.sqrt(sum(x * x for x in a) * sum(x * x for x in b))
            if norm > 0:
                best = max(best, (sum(x * y for x, y in zip(a, b)) / norm, tonic, mode))
    return best


def in_scale(gruve, model, folder, out, count):
    """Shares of notes in the primer's scale, after it and in the songs themselves."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".mid", ".midi"))
    random.Random(1).shuffle(files)
    after, own, used = [0, 0], [0, 0], 0
    for path in files:
        if used == count:
            break
        try:
            notes = onsets(gruve, path)
        except RuntimeError:
            continue
        head = [note for note in notes if note[0] < notes[0][0] + 20] if notes else []
        clarity, tonic, mode = estimate_key(head)
        if len(head) < 40 or clarity < 0.85:
            continue
        used += 1
        piece = out / "primed.mid"
        run(gruve, "generate", "--model", model, "--primer", path, "--seconds", 60, "--out", piece, "--seed", used)
        # The primer takes at most 30 s of the 60.
        for total, of in ((after, onsets(gruve, piece)), (own, [note for note in notes if note[0] < 60])):
            new = [pitch for seconds, pitch in of if seconds > 31]
            total[0] += sum((pitch - tonic) % 12 in SCALES[mode] for pitch in new)
            total[1] += len(new)
    return used, *(100 * hits / max(1, all_notes) for hits, all_notes in (after, own))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("music", nargs="+", type=pathlib.Path)
    parser.add_argument("--minutes", type=float, help="of training; the program decides where it is not given")
    parser.add_argument("--primers", type=int, default=12, help="songs to continue (default: 12)")
    parser.add_argument("--gruve", default="build/demo/gruve")
    options = parser.parse_args()
    gruve = options.gruve
    print("| music | files accepted | refused for | drums left out | moved by octaves | loss, valid "
          "| 4-grams | training | score | verdict | own songs that pass | in scale after primers | songs |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    for music in options.music:
        name = music.name.split(".")[0]
        out = options.out / name
        out.mkdir(parents=True, exist_ok=True)
        folder = music
        if music.is_file():
            folder = out / "midi"
            with tarfile.open(music) as archive:
                archive.extractall(folder, filter="data")
        corpus, model, piece = out / "corpus.gruve", out / "model.safetensors", out / "piece.mid"
        prepared = run_json(gruve, "prepare", folder, "--out", corpus, "--report", out / "corpus.html")
        rules = prepared["rules"]
        readable = prepared["files"] - rules.get("not readable", 0)
        refused = "; ".join(f"{count} {rule}" for rule, count in rules.items() if count and rule != "accepted")
        notes = prepared["notes"]
        begin = time.time()
        minutes = ["--minutes", options.minutes] if options.minutes else []
        trained = run_json(gruve, "train", corpus, "--out", model, "--overwrite", *minutes)
        seconds = time.time() - begin
        grams = run_json(gruve, "evaluate", "--ngram", 4, "--split", "valid", corpus)["nats_per_token"]
        made = run_json(gruve, "generate", "--model", model, "--out", piece, "--wav", out / "piece.wav", "--report",
                        out / "piece.html")
        measured = run_json(gruve, "measure", piece, "--corpus", corpus)
        verdict = measured["pieces"][0]["verdict"]
        songs = measured["corpus"]
        used, after, own = in_scale(gruve, model, folder, out, options.primers)
        print(f"| {name} | {rules['accepted']} of {readable} ({100 * rules['accepted'] / readable:.1f} %) "
              f"| {refused or '-'} | {100 * notes['drums'] / max(1, notes['notes']):.1f} % "
              f"| {100 * notes['out_of_range'] / max(1, notes['notes']):.2f} % | {trained['valid_loss']:.3f} "
              f"| {grams:.3f} | {seconds:.0f} s | {made['score']:.0f} | {'passes' if verdict['passed'] else 'fails'} "
              f"| {100 * songs['passed'] / songs['songs']:.0f} % | {after:.1f} % ({used}) | {own:.1f} % |", flush=True)


if __name__ == "__main__":
    main()
