#!/usr/bin/env python3
"""Which conditions of the headers do the tests meet both ways?

    python3 tests/long/coverage.py [--keep] [ROOM…]      (all rooms by default; --keep: not built and run again)

Builds the rooms' tests with clang++'s source-based coverage in build/coverage, runs them, and prints for each header the
ways of its conditions that were taken, of how many, and the lines of those that were not. A condition of a template
counts once, whichever instances take it. Needs clang++, llvm-profdata and llvm-cov of one version (Debian: clang, llvm).
"""
import collections
import json
import os
import pathlib
import subprocess
import sys

root = pathlib.Path(__file__).resolve().parents[2]
build = root / "build/coverage"
keep = "--keep" in sys.argv
rooms = [each for each in sys.argv[1:] if each != "--keep"]
rooms = rooms or "core midi tokens corpus kernels nn model train generate render measure judge piece memory".split()


def run(*command, **more):
    return subprocess.run([str(each) for each in command], check=True, **more)


if not keep:
    flags = "-O1 -g0 -fprofile-instr-generate -fcoverage-mapping"
    run("cmake", "-S", root, "-B", build, "-DCMAKE_CXX_COMPILER=clang++", "-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_CXX_FLAGS_RELEASE={flags}",
        "-DGRUVE_BUILD_EXAMPLES=OFF", "-DGRUVE_BUILD_C_LIBRARY=OFF", f"-DGRUVE_TEST_ROOMS={';'.join(rooms)}", stdout=subprocess.DEVNULL)
    for room in rooms:
        run("cmake", "--build", build, "--parallel", os.cpu_count(), "--target", f"test_{room}", stdout=subprocess.DEVNULL)
        done = subprocess.run([build / f"tests/test_{room}"], capture_output=True, text=True, errors="replace", cwd=build,
                              env=os.environ | {"LLVM_PROFILE_FILE": f"{build}/{room}.profraw", "TMPDIR": f"{build}/temporary"})
        print(f"{room}: {done.stdout.strip().splitlines()[-1]}", flush=True)

# (header, line, column) → times that the condition held, times that it didn't, over all programs, functions and instances.
ways = collections.defaultdict(lambda: [0, 0])
include = str(root / "include/gruve") + "/"
for room in rooms:
    run("llvm-profdata", "merge", "-sparse", build / f"{room}.profraw", "-o", build / f"{room}.profdata")
    export = run("llvm-cov", "export", build / f"tests/test_{room}", f"-instr-profile={build}/{room}.profdata", "-skip-expansions",
                 stdout=subprocess.PIPE).stdout
    for function in json.loads(export)["data"][0]["functions"]:
        for line, column, _, _, held, not_held, file, *_ in function.get("branches", []):
            name = function["filenames"][file]
            if name.startswith(include):
                times = ways[name[len(include):], line, column]
                times[0] += held
                times[1] += not_held
by_header = collections.defaultdict(list)
for (header, line, column), times in sorted(ways.items()):
    by_header[header] += [(line, way, count) for way, count in zip(("true", "false"), times)]
taken = total = 0
for header, found in sorted(by_header.items()):
    never = [f"{line} {way}" for line, way, count in found if count == 0]
    taken += len(found) - len(never)
    total += len(found)
    print(f"{header:45} {len(found) - len(never):5} of {len(found):5}  {100 * (len(found) - len(never)) / len(found):5.1f} %  {', '.join(never)}")
print(f"{taken} of {total} ways: {100 * taken / max(1, total):.1f} %")
