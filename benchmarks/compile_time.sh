#!/usr/bin/env bash
# What programs that use gruve cost to compile: user seconds and peak memory of the compiler at -O2, as medians, and the
# seconds beside those of a file that includes Eigen/Core alone. Header-only, and with the kernels compiled elsewhere
# (GRUVE_COMPILED_KERNELS: gruve::kernels). Ends with 1 where a figure is above its bound.
#   bash benchmarks/compile_time.sh             with g++; CXX=clang++ bash benchmarks/compile_time.sh with another
#   bash benchmarks/compile_time.sh --runs 5    each so many times, in turns; 3 unless it says otherwise
set -euo pipefail
cd "$(dirname "$0")/.."
CXX=${CXX:-g++} exec python3 - "$@" <<'END'
import argparse, os, resource, shlex, statistics, subprocess, sys

parser = argparse.ArgumentParser(prog="compile_time.sh")
parser.add_argument("--runs", type=int, default=3)
runs = parser.parse_args().runs
compiler = shlex.split(os.environ["CXX"])
eigen = subprocess.run(["pkg-config", "--cflags-only-I", "eigen3"], capture_output=True, text=True).stdout.split()
eigen = [flag.replace("-I", "-isystem", 1) for flag in eigen] or ["-isystem/usr/include/eigen3"]
compiled = ["-DGRUVE_COMPILED_KERNELS"]

# What is compiled, with which flags, and at most how many times Eigen's seconds and how many megabytes it may take.
programs = [
    ("#include <Eigen/Core>", "benchmarks/compile_time/eigen.cpp", [], None, None),
    ("a FixedGru, header-only", "benchmarks/compile_time/fixed_gru.cpp", [], 8, None),
    ("a FixedGru, compiled kernels", "benchmarks/compile_time/fixed_gru.cpp", compiled, 8, None),
    ("generate, header-only", "benchmarks/compile_time/step.cpp", [], None, None),
    ("generate, compiled kernels", "benchmarks/compile_time/step.cpp", compiled, None, None),
    ("load, generate, write MIDI, header-only", "benchmarks/compile_time/generate.cpp", [], 25, 600),
    ("load, generate, write MIDI, compiled kernels", "benchmarks/compile_time/generate.cpp", compiled, 8, None),
    ("the same by a Player, header-only", "benchmarks/compile_time/player.cpp", [], None, None),
    ("the same by a Player, compiled kernels", "benchmarks/compile_time/player.cpp", compiled, 8, None),
    ("the kernels themselves", "src/kernels.cpp", compiled, None, None),
]


def measure(source, flags):
    """User seconds and megabytes of one run of the compiler, with all processes that it starts."""
    # In a process of its own, since the system keeps one peak for all children.
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        command = [*compiler, "-std=c++20", "-O2", *flags, "-Iinclude", *eigen, "-c", source, "-o", os.devnull]
        code = subprocess.run(command).returncode
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        os.write(writer, f"{usage.ru_utime} {usage.ru_maxrss / 1024}".encode())
        os._exit(code)
    os.close(writer)
    answer = os.read(reader, 100).decode()
    os.close(reader)
    if os.waitpid(child, 0)[1] != 0:
        sys.exit(f"{source} doesn't compile")
    return tuple(float(figure) for figure in answer.split())


figures = [[] for _ in programs]
for _ in range(runs):
    for program, found in zip(programs, figures):
        found.append(measure(program[1], program[2]))

version = subprocess.run([*compiler, "--version"], capture_output=True, text=True).stdout.splitlines()[0]
print(f"{version}, -O2, medians of {runs}")
print(f"{'':46}{'s':>7}{'× Eigen':>10}{'MB':>7}   at most")
unit, too_much = None, False
for (name, _, _, most_times, most_memory), found in zip(programs, figures):
    seconds, memory = (statistics.median(figure) for figure in zip(*found))
    unit = unit or seconds
    bounds = [f"{most_times} ×"] * (most_times is not None) + [f"{most_memory} MB"] * (most_memory is not None)
    above = (most_times or 1e9) < seconds / unit or (most_memory or 1e9) < memory
    too_much |= above
    print(f"{name:46}{seconds:7.2f}{seconds / unit:10.1f}{memory:7.0f}   {', '.join(bounds)}{' ABOVE' * above}")
sys.exit(1 if too_much else 0)
END
