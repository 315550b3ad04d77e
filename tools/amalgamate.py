#!/usr/bin/env python3
"""Writes a source file with all that it includes of gruve in it, so that it needs no other file of gruve:

    tools/amalgamate.py include/gruve/gruve.hpp > gruve-single.hpp
    tools/amalgamate.py src/kernels.cpp > kernels.cpp
    tools/amalgamate.py src/models.cpp > models.cpp
    tools/amalgamate.py src/training.cpp > training.cpp

The last three are for programs that compile the kernels once, with GRUVE_COMPILED_KERNELS. Eigen and nlohmann_json
are included as before.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'\s*#\s*include\s+(?:"(?P<file>[^"]+)"|(?P<macro>\w+))')
FILE_MACRO = re.compile(r'\s*#\s*define\s+(\w+)\s+"([^"]+)"$')  # GRUVE_BODY of kernels/isa/for_each.inc
CONDITION = re.compile(r"\s*#\s*(if|ifdef|ifndef|endif)\b")


class Amalgamation:
    def __init__(self):
        self.lines = []
        self.present = set()  # headers that are there under no condition
        self.open = []  # files whose lines are being added, which a body may include again
        self.macros = {}  # that are the name of a file

    def add(self, path, is_conditional):
        """Appends a file, each inclusion replaced by what is included.

        A header (#pragma once) is left out where it is there already. One that is there under a condition only comes
        again, and a guard leaves out what has been seen. What has no #pragma once is a body for an instruction set, and
        comes as often as it is included.
        """
        text = path.read_text()
        if path in self.present or ("#pragma once\n" in text and path in self.open):
            return
        self.open.append(path)
        name = path.relative_to(ROOT / "include" if (ROOT / "include") in path.parents else ROOT)
        is_header = "#pragma once\n" in text
        guard = "GRUVE_SINGLE_" + re.sub(r"\W", "_", str(name)).upper()
        self.lines.append(f"// ---- {name}")
        if is_header:
            self.lines += [f"#ifndef {guard}", f"#define {guard}"]
            if not is_conditional:
                self.present.add(path)
        depth = 0
        for line in text.splitlines():
            if line == "#pragma once":
                continue
            if condition := CONDITION.match(line):
                depth += -1 if condition[1] == "endif" else 1
            if macro := FILE_MACRO.match(line):
                self.macros[macro[1]] = macro[2]
            if not (include := INCLUDE.match(line)):
                self.lines.append(line)
                continue
            file = include["file"] or self.macros[include["macro"]]
            places = [folder / file for folder in (path.parent, ROOT / "include")]
            found = [place for place in places if place.is_file()]
            if not found:
                sys.exit(f"{name}: includes {file}, which is not there")
            self.add(found[0], is_conditional or depth > 0)
        if is_header:
            self.lines.append(f"#endif  // {guard}")
        self.open.pop()


def main():
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    amalgamation = Amalgamation()
    amalgamation.add(pathlib.Path(sys.argv[1]).resolve(), False)
    licence = (ROOT / "LICENSE").read_text().splitlines()
    print("\n".join(["// gruve, in one file made by tools/amalgamate.py.", "//"]))
    print("\n".join(f"// {line}".rstrip() for line in licence))
    print("#pragma once\n" if sys.argv[1].endswith(".hpp") else "")
    print("\n".join(amalgamation.lines))


if __name__ == "__main__":
    main()
