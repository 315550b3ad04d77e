#!/usr/bin/env python3
"""Do the tests notice a fault? Changes one operator of a header at a time and runs the tests that are about it.

    python3 tests/long/mutate.py BUILD [COUNT [SEED [JOBS]]]      (300 mutants, some two hours on two cores)

BUILD is a build of the tests (cmake -S . -B BUILD …, make gruve_kernels gruve_catch_main). Mutants are drawn at random, evenly over
the files of TESTS below: a comparison, a sign, an operator, a bound, a constant, a gate of the GRU for another. One that does not
compile is no mutant. One is caught if a test fails, crashes or runs for longer than two minutes. Results are appended to
BUILD/mutants.jsonl, so that a run goes on where the last one ended; survivors are printed with their line. Exit code 1 below 95 %.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

root = pathlib.Path(__file__).resolve().parents[2]
build = pathlib.Path(sys.argv[1]).resolve()
count = int(sys.argv[2]) if len(sys.argv) > 2 else 300
seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
jobs = int(sys.argv[4]) if len(sys.argv) > 4 else 2

# Header → test sources. Those of midi, tokens and corpus are compiled from the headers alone. The other rooms' tests link the library;
# what the mutant changes of it is compiled too and comes first.
KERNEL_TESTS = [f"kernels/{test}_test.cpp" for test in ("activations", "bf16", "blocks", "fused", "gate_tiles", "int8", "sampling", "sizes")]
KERNEL_TESTS += ["model/chunk_pass_test.cpp", "train/digest_test.cpp"]
TESTS = {
    "midi/midi_parser.hpp": ["midi/read_midi_test.cpp", "midi/repair_test.cpp"],
    "midi/write_midi.inc": ["midi/write_midi_test.cpp"],
    "midi/music.inc": ["midi/music_test.cpp", "midi/song_test.cpp"],
    "tokens/event_grammar.hpp": ["tokens/event_encoder_test.cpp"],
    "tokens/event_encoder.inc": ["tokens/event_encoder_test.cpp"],
    "tokens/event_features.inc": ["tokens/event_features_test.cpp"],
    "tokens/note_pointer.hpp": ["tokens/event_features_test.cpp"],
    "tokens/note_history.hpp": ["tokens/event_features_test.cpp"],
    "tokens/note_decoder.hpp": ["tokens/note_decoder_test.cpp"],
    "tokens/note_encoder.hpp": ["tokens/note_decoder_test.cpp"],
    "tokens/timestep_encoder.inc": ["tokens/timestep_encoder_test.cpp"],
    "tokens/timestep_features.inc": ["tokens/timestep_features_test.cpp"],
    "tokens/grid.hpp": ["tokens/grid_test.cpp"],
    "model/safetensors.inc": ["model/model_file_test.cpp"],
    "core/json.inc": ["core/json_test.cpp", "model/model_file_test.cpp", "corpus/polyphonic_json_test.cpp"],
    "corpus/corpus.inc": ["corpus/corpus_test.cpp"],
    "corpus/polyphonic_json.inc": ["corpus/polyphonic_json_test.cpp"],
    "corpus/batch_stream.inc": ["corpus/batch_stream_test.cpp"],
    "generate/sampler.hpp": ["generate/sampler_test.cpp"],
    "generate/candidates.hpp": ["generate/sampler_test.cpp"],
    "generate/limits.hpp": ["generate/controls_test.cpp"],
    "generate/outline.hpp": ["generate/phrase_end_test.cpp", "generate/generator_test.cpp", "piece/player_test.cpp"],
    "generate/phrase_end.hpp": ["generate/phrase_end_test.cpp"],
    "tokens/music_json.inc": ["corpus/corpus_test.cpp", "corpus/build_corpus_test.cpp", "model/model_file_test.cpp"],
    "train/optimizer.hpp": ["model/golden_test.cpp", "train/digest_test.cpp", "train/trainer_test.cpp"],
    "train/divergence.hpp": ["train/trainer_test.cpp", "train/digest_test.cpp"],
    "train/trainer.inc": ["train/trainer_test.cpp", "train/digest_test.cpp", "train/shards_test.cpp"],
    **{f"kernels/fused/{part}.inc": KERNEL_TESTS
       for part in ("gru", "gru_backward", "step", "products", "softmax", "activations", "gate_tiles",
                     "gate_tiles_backward", "rounded")},
}
# What compiles these headers into the library.
ONCE = {"train/optimizer.hpp": "train/trainer.inc", "train/divergence.hpp": "train/trainer.inc"}
CHANGES = [(r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "), (r" == ", " != "), (r" != ", " == "), (r" \+ ", " - "),
           (r" - ", " + "), (r" \* ", " + "), (r" / ", " * "), (r" && ", " || "), (r" \|\| ", " && "), (r"std::min\b", "std::max"),
           (r"std::max\b", "std::min"), (r"\btrue\b", "false"), (r"\bfalse\b", "true"), (r" \+ 1\b", ""), (r" - 1\b", ""), (r"\+\+", "--"),
           (r" = 0;", " = 1;"), (r" \+= ", " -= "), (r" -= ", " += "), (r"\bif \(!", "if ("), (r"\br\b", "z"), (r"\bz\b", "r"), (r"\b1 - ", ""),
           (r"\bcontinue;", ";"), (r" % ", " / "), (r" << ", " >> "), (r" >> ", " << "), (r" & ", " | ")]


def code_of(line):
    """The line without its comment and its texts, of the same length."""
    line = re.sub(r'"(\\.|[^"\\])*"', lambda found: "\"" * len(found.group()), line)
    return re.sub(r"//.*", lambda found: "/" * len(found.group()), line)


def places(header):
    found = []
    for number, line in enumerate((root / "include/gruve" / header).read_text().split("\n")):
        code = code_of(line)
        if re.match(r"\s*(#|//|\*|static_assert|template|using|namespace)", code):
            continue
        for index, (pattern, _) in enumerate(CHANGES):
            if pattern in (r"\br\b", r"\bz\b") and "kernels" not in header:
                continue
            found += [(header, number, match.start(), index) for match in re.finditer(pattern, code)]
    return found


def draw():
    chance = random.Random(seed)
    all_places = {header: places(header) for header in TESTS}
    for each in all_places.values():
        chance.shuffle(each)
    order = []
    while any(all_places.values()):
        for header in TESTS:
            if all_places[header]:
                order.append(all_places[header].pop())
    return order


def mutant(place):
    header, number, at, index = place
    lines = (root / "include/gruve" / header).read_text().split("\n")
    pattern, put = CHANGES[index]
    line = lines[number]
    lines[number] = line[:at] + re.sub(pattern, put.replace("\\", "\\\\"), line[at:], count=1)
    return lines[number], "\n".join(lines)


FLAGS = ["-std=c++20", "-O1", "-w", "-ffp-contract=off", "-DGRUVE_FLOAT_STRIDE=997",
         f'-DGRUVE_TEST_DATA="{root}/tests"', f'-DGRUVE_SHARED_DATA="{root}/tests/none"', f"-I{root}/tests", f"-I{root}/examples", f"-I{root}/src",
         "-isystem", "/usr/include/eigen3"]


def preprocessed(include, source, macros):
    return subprocess.run(["g++", f"-I{include}", *macros, *FLAGS, "-E", "-P", source], capture_output=True).stdout


def compiled(include, sources, folder, macros, libraries):
    """The program, or None. What the mutant doesn't change is compiled once."""
    objects = []
    for source in sources:
        text = preprocessed(include, source, macros)
        name = hashlib.sha256(text).hexdigest() + ".o"
        changes = text != preprocessed(root / "include", source, macros)
        made = (folder if changes else build / "unchanged") / name
        if not made.exists():
            done = subprocess.run(["g++", f"-I{include}", *macros, *FLAGS, "-c", source, "-o", folder / "object.o"], capture_output=True)
            if done.returncode != 0:
                return None
            made.parent.mkdir(exist_ok=True)
            shutil.move(folder / "object.o", made)
        objects.append(made)
    program = folder / "program"
    done = subprocess.run(["g++", *objects, *libraries, build / "tests/libgruve_catch_main.a", "-pthread", "-ldl", "-o", program], capture_output=True)
    return program if done.returncode == 0 else None


def run(place):
    header = place[0]
    line, text = mutant(place)
    with tempfile.TemporaryDirectory(prefix="gruve-mutant-") as name:
        folder = pathlib.Path(name)
        include = folder / "include"
        shutil.copytree(root / "include", include)
        (include / "gruve" / header).write_text(text)
        room = header.split("/")[0]
        sources = [root / "tests" / each for each in TESTS[header]]
        links = room not in ("midi", "tokens", "corpus")
        if room in ("kernels", "train", "generate"):
            sources.append(root / "tests/realtime.cpp")
        if room == "kernels":
            sources += [root / "src/kernels.cpp", root / "tests/kernels/emulated.cpp"]
        elif links and (header.endswith(".inc") or header in ONCE):
            once = folder / "once.cpp"
            once.write_text(f'#include "system_headers.hpp"\n#pragma GCC visibility push(hidden)\n#include "gruve/{ONCE.get(header, header)}"\n')
            sources.insert(0, once)
        macros = ["-DGRUVE_COMPILED_KERNELS"] if links else []
        libraries = ["-Wl,--allow-multiple-definition", build / "libgruve_kernels.a"] if links else []
        program = compiled(include, sources, folder, macros, libraries)
        if program is None:
            return place, line, "not compiled"
        try:
            done = subprocess.run([program], capture_output=True, timeout=120, cwd=folder, env=os.environ | {"TMPDIR": name})
            return place, line, "caught" if done.returncode != 0 else "survived"
        except subprocess.TimeoutExpired:
            return place, line, "caught"


log = build / "mutants.jsonl"
results = {}
if log.exists():
    for text in log.read_text().splitlines():
        place, line, verdict = json.loads(text)
        if tuple(place)[0] in TESTS and mutant(tuple(place))[0] == line:
            results[tuple(place)] = (line, verdict)
counted = sum(verdict != "not compiled" for _, verdict in results.values())
waiting = [place for place in draw() if place not in results]
with concurrent.futures.ThreadPoolExecutor(jobs) as pool, log.open("a") as out:
    running = set()
    while counted < count and (waiting or running):
        while waiting and len(running) < jobs:
            running.add(pool.submit(run, waiting.pop(0)))
        done, running = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
        for each in done:
            place, line, verdict = each.result()
            results[place] = (line, verdict)
            counted += verdict != "not compiled"
            out.write(json.dumps([place, line, verdict]) + "\n")
            out.flush()
            if verdict == "survived":
                print(f"survived: {place[0]}:{place[1] + 1}: {line.strip()}", flush=True)
caught = sum(verdict == "caught" for _, verdict in results.values())
print(f"{caught} of {counted} mutants caught ({100 * caught / max(1, counted):.1f} %)")
sys.exit(0 if caught >= 0.95 * counted else 1)
