"""Measures gruve and its peers alternately, and reports. Started by run.sh, which installs and builds.

python benchmarks/run.py [--only train,step] [--quick] [--midi DIR] [--also FILE]
"""

import argparse
import dataclasses
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time

import report
import rows

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
BUILD = ROOT / "build" / "benchmarks"
TIME_LIMIT = 300  # seconds that a competitor may take to begin, or for a measurement


def parse_arguments():
    parser = argparse.ArgumentParser(description="Measures gruve and its peers alternately.")
    parser.add_argument("--only", default="", help="only rows whose names begin with one of these: train,step-H512")
    parser.add_argument("--quick", action="store_true", help="fewer rows, shorter measurements: a first look")
    parser.add_argument(
        "--midi", type=pathlib.Path, help="a folder of MIDI files, in place of those of ../shared/data"
    )
    parser.add_argument(
        "--also",
        type=pathlib.Path,
        help="figures of other programs: lines like those of gruve bench --json, "
        'with "row" (a name as for --only), "peer", and optionally "must" (the factor that gruve must reach)',
    )
    parser.add_argument(
        "--report", action="store_true", help="measure nothing, report the results of the last run again"
    )
    parser.add_argument(
        "--python", default=sys.executable, help="the interpreter that the Python peers run in"
    )
    return parser.parse_args()


class Unavailable(Exception):
    """The reason why a competitor has no figure."""


class Competitor:
    """A program that prints "ready", then answers each line with a line of JSON."""

    def __init__(self, command, threads):
        # A single thread is pinned to one core, for gruve and its peers: the last, which has the least other work.
        cpu = max(os.sched_getaffinity(0))
        pin = (lambda: os.sched_setaffinity(0, {cpu})) if threads == 1 else None
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command,
            cwd=HERE,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            preexec_fn=pin,
            env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        )

    def read_line(self):
        timer = threading.Timer(TIME_LIMIT, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        if not line:
            raise Unavailable(self.reason())
        return line

    def reason(self):
        self.process.wait()
        self.errors.seek(0)
        lines = [line.strip() for line in self.errors if line.strip()]
        said = [line for line in lines if "not equal" in line] or lines
        return said[-1] if said else f"it ended with {self.process.returncode}"

    def start(self):
        while self.read_line().strip() != "ready":
            pass

    def measure(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.read_line())

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()


class Gruve:
    """gruve bench: one process per measurement, of whose output one line is used."""

    def __init__(self, row, arguments, threads):
        self.row = row
        self.threads = threads
        self.command = [str(BUILD / "gruve"), "bench", *arguments, "--json"]

    def start(self):
        pass

    def measure(self):
        competitor = Competitor(self.command, self.threads)
        try:
            while True:
                line = json.loads(competitor.read_line())
                if line["bench"] == self.row.bench:
                    return line
        finally:
            competitor.process.kill()
            competitor.stop()

    def stop(self):
        pass


def timing(row, per_repeat):
    return ["--repeats", str(row.repeats), "--seconds", str(row.seconds * per_repeat)]


def gruve(row, arguments):
    words = arguments.split()
    if row.midi:
        words += ["--midi", row.midi]
    if row.threads > 1 and "--threads" not in words:
        words += ["--threads", str(row.threads)]
    # gruve takes a fifth of --seconds, except in training.
    return Gruve(row, words + timing(row, 1 if words[0] == "train" else 5), row.threads)


def peer(row, command, python, found):
    """command: "gruve …", "python MODULE …" or "cpp PROGRAM …"."""
    kind, name, *more = command.split()
    if kind == "gruve":
        return gruve(row, command.removeprefix("gruve "))
    more += ["--threads", str(row.threads), *timing(row, 1)]
    if row.midi:
        more += ["--midi", row.midi, "--notes", found["config"].rsplit("notes=", 1)[1]]
    if kind == "cpp":
        if not (BUILD / name).exists():
            raise Unavailable("not installed")
        return Competitor([str(BUILD / name), *more], row.threads)
    if row.work:
        more += ["--work", str(write_work(row.work))]
    return Competitor([python, "-m", name, *more], row.threads)


def phases(row):
    """{phase: {"ms": median, "percent": of the peak of multiply-adds, if the phase is products}} of a training step."""
    command = gruve(row, row.gruve).command
    found = {}
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for line in map(json.loads, output.splitlines()):
        if line["bench"] == "train_phase":
            phase = found.setdefault(line["config"].split(": ", 1)[1], {})
            if line["unit"] == "ms":
                phase["ms"] = line["median"]
            else:
                phase["percent"] = line["percent"]
    return found


def write_work(work):
    """The folder with the model and gruve's results, written if it does not exist."""
    H, L, B, T = work
    folder = BUILD / "models" / f"H{H}-L{L}-B{B}-T{T}"
    if not (folder / "work.json").exists():
        sizes = ["--hidden", H, "--layers", L, "--batch", B, "--unroll", T]
        subprocess.run([BUILD / "work", folder, *map(str, sizes)], check=True)
    return folder


def per_parameter(row, line):
    words = dict(word.split("=") for word in line["config"].split() if "=" in word)
    parameters = rows.num_parameters(int(words["H"]), int(words["L"]))
    values = [1e9 / (line[name] * parameters) for name in ("max", "median", "min")]
    return line | dict(zip(("min", "median", "max"), values)) | {"unit": row.unit}


def measure_row(row, python):
    """{"gruve": line, "peers": {who: line or {"missing": reason}}}: medians over alternating rounds."""
    result = {"row": dataclasses.asdict(row), "peers": {}}
    ours = gruve(row, row.gruve)
    try:
        found = ours.measure()  # warms up, and reports what was read
    except Unavailable as reason:
        return result | {"gruve": {"missing": str(reason)}}
    turns = {"gruve": ours}
    lines = {}
    for who, command in row.peers.items():
        competitor = None
        try:
            competitor = peer(row, command, python, found)
            competitor.start()
            turns[who] = competitor
        except Unavailable as reason:
            result["peers"][who] = {"missing": str(reason)}
            if isinstance(competitor, Competitor):
                competitor.stop()
    for _ in range(row.rounds):
        for who, competitor in list(turns.items()):
            try:
                lines.setdefault(who, []).append(competitor.measure())
            except Unavailable as reason:
                result["peers"][who] = {"missing": str(reason)}
                turns.pop(who).stop()
    for competitor in turns.values():
        competitor.stop()
    for who in turns:
        best = {
            "median": statistics.median(line["median"] for line in lines[who]),
            "min": min(line["min"] for line in lines[who]),
            "max": max(line["max"] for line in lines[who]),
        }
        line = lines[who][0] | best
        if line.get("percent") is not None:
            line["percent"] = statistics.median(other["percent"] for other in lines[who])
            line["limit"] = statistics.median(other["limit"] for other in lines[who])
        if row.per_parameter:
            line = per_parameter(row, line)
        if who == "gruve":
            result["gruve"] = line
        else:
            result["peers"][who] = line
    if "gruve" not in result:
        result["gruve"] = result["peers"].pop("gruve")
    elif row.bench == "train":
        result["phases"] = phases(row)
    return result


def midi_folders(given):
    """{name: folder}. Extracts an even sample of each archive, small enough for slow peers."""
    if given:
        return {given.name: str(given.resolve())}
    folders = {}
    for name, count in (("pop909", 40), ("asap-performance", 24), ("pianocore-score", 40)):
        archive = ROOT.parent / "shared" / "data" / f"{name}-midi.tar.gz"
        folder = BUILD / "midi" / name
        if archive.exists() and not folder.exists():
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            with tarfile.open(archive) as tar:
                members = sorted((m for m in tar if m.name.endswith(".mid")), key=lambda member: member.name)
                for i, member in enumerate(members[:: max(1, len(members) // count)][:count]):
                    (partial / f"{i:04}.mid").write_bytes(tar.extractfile(member).read())
            partial.rename(folder)
        if folder.exists():
            folders[name] = str(folder)
        else:
            print(
                f"skipped: MIDI files of {name}, not found (--midi DIR names a folder)",
                file=sys.stderr,
            )
    return folders


def few_midi_files(name, folder):
    """Two of a folder's files, for a peer that takes seconds per file."""
    files = sorted(file for file in pathlib.Path(folder).rglob("*") if file.suffix in (".mid", ".midi"))
    few = BUILD / "midi-few" / name
    shutil.rmtree(few, ignore_errors=True)
    few.mkdir(parents=True)
    for file in files[:: max(1, len(files) // 2)][:2]:
        shutil.copy(file, few)
    return str(few)


def measure_limits(threads):
    command = [str(BUILD / "gruve"), "bench", "limits", "--threads", str(threads), "--json"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [json.loads(line) for line in lines]


def main():
    arguments = parse_arguments()
    whole = not arguments.only and not arguments.quick
    if arguments.report:
        results = json.loads((BUILD / "results.json").read_text())
        whole = results["whole"]
    else:
        results = measure(arguments, whole)
    if arguments.also:
        results["also"] = [
            json.loads(line) for line in arguments.also.read_text().splitlines() if line.strip()
        ]
    (BUILD / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    # Only a whole run goes to docs/.
    report.write(results, ROOT / "docs" if whole else BUILD)


def measure(arguments, whole):
    start = time.time()
    folders = midi_folders(arguments.midi)
    few = {name: few_midi_files(name, folders[name]) for name in list(folders)[:1]}
    chosen = rows.all_rows(folders, few)
    names = [name for name in arguments.only.split(",") if name]
    if names:
        # Together with the rows whose peers they show.
        named = [row for row in chosen if any(row.name.startswith(name) for name in names)]
        needed = {row.name for row in named} | {row.peers_of for row in named}
        chosen = [row for row in chosen if row.name in needed]
    if arguments.quick:
        chosen = [
            dataclasses.replace(row, seconds=row.seconds / 2, repeats=min(row.repeats, 3))
            for row in chosen
            if row.quick or names
        ]
    if not chosen:
        sys.exit(f"run.py: no row has a name that begins with {arguments.only}")
    results = {
        "whole": whole,
        # Paths without their folders.
        "command": "bash benchmarks/run.sh " + " ".join(word.rsplit("/", 1)[-1] for word in sys.argv[1:]),
        "machine": report.machine(BUILD),
    }
    results["limits"] = [line for threads in (1, 2) for line in measure_limits(threads)]
    results["rows"] = []
    for i, row in enumerate(chosen):
        results["rows"].append(measure_row(row, arguments.python))
        elapsed = time.time() - start
        print(
            f"{i + 1}/{len(chosen)}, {elapsed:4.0f} s  {report.one_line(results['rows'][-1])}",
            file=sys.stderr,
            flush=True,
        )
    results["seconds"] = time.time() - start
    return results


if __name__ == "__main__":
    main()
