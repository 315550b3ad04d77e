"""Doxygen's input filter: prints a header or a page of docs/ in the form that Doxygen renders well.

python3 tools/reference_filter.py FILE

Comments in gruve are written to be read in the source. Three of their forms mean nothing to Doxygen:

  /// name  what it is          an item of a list: a word, two spaces or more, text; further lines are indented
  ///   r = σ(…)                code or an equation: three spaces or more
  int size = 0;  // what it is  a member's comment, where it is declared

They become list items, code blocks and ///< comments. Private parts are left as they are. In pages, links that leave
docs/ become plain text, and links to a section become links to its page.
"""

import pathlib
import re
import sys

PAGES = pathlib.Path(__file__).resolve().parent.parent / "docs"
ITEM = re.compile(r"^ ([\w:()+.,~–<>\[\]/*-]+(?: [\w()|]+){0,2}) {2,}(\S.*)$")


def block(comment):
    """comment: the texts behind the /// of successive lines. Yields the texts to print."""
    in_item = in_code = False
    width = 0  # of an item's name and the spaces after it
    for i, text in enumerate(comment):
        indent = len(text) - len(text.lstrip(" "))
        item = ITEM.match(text)
        is_code = bool(text.strip()) and indent >= 3 and not in_item and not item
        if in_code and not is_code and text.strip():
            yield " ~~~"
            in_code = False
        if is_code and not in_code:
            rest = [line for line in comment[i:] if line.strip()]
            yield ""
            yield " ~~~" + ("{.cpp}" if any(line.rstrip().endswith((";", "{")) for line in rest[:3]) else "{.unparsed}")
            in_code = True
        if item and not in_code:
            if not in_item:
                yield ""
            width = len(text) - len(item[2])
            text = f" - `{item[1]}` — {item[2]}"
            in_item = True
        elif in_item and indent >= min(width, 4) and text.strip():
            text = "   " + text.strip()
        elif in_item and not in_code:
            in_item = False
            if text.strip():
                yield ""
        yield text
    if in_code:
        yield " ~~~"


def without_literals(line):
    """The line without strings, characters and a trailing comment, so that braces can be counted."""
    line = re.sub(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'', "0", line)
    return line.split("//")[0]


def header(lines):
    # Doxygen takes the version's inline namespace for one of its own.
    lines = [re.sub(r"^namespace gruve::inline v\w+", "namespace gruve", line) for line in lines]
    scopes = []  # of each open brace: whether members are declared directly in it
    pending = ""  # code since the last brace or semicolon
    comment = []
    after_member = False  # whether the line before ended in a ///< comment
    raw = False  # inside R"(…)"
    for line in lines:
        if not raw and re.search(r'R"\w*\(', line):
            raw = not re.search(r'\)\w*";?', line)
            print(line)
            continue
        if raw:
            raw = not re.search(r'^\)\w*"|\)\w*";', line)
            print(line)
            continue
        stripped = line.strip()
        space = line[: len(line) - len(line.lstrip())]
        if stripped.endswith('.inc"'):  # bodies, compiled once for each instruction set
            line = stripped = ""
        if stripped.startswith("///"):
            comment.append((space, stripped[3:]))
            continue
        if comment:
            for text in block([text for _, text in comment]):
                print(f"{comment[0][0]}///{text}")
            comment = []
        declares = not scopes or scopes[-1]
        if stripped.startswith("//"):
            if after_member and len(space) > 8:
                line = line.replace("// ", "///< ", 1)
            else:
                after_member = False
            print(line)
            continue
        code = without_literals(line)
        after_member = False
        found = re.search(r"\S\s+// (?!clang|NOLINT)", line)
        if declares and found and code.strip() not in ("", "{", "}", "public:") and "#" not in code[:1]:
            at = line.index("// ", found.start())
            line = line[:at] + "///< " + line[at + 3 :]
            after_member = True
        for character in code + "\n":
            if character == "{":
                head = pending.strip()
                is_type = re.search(r"(^|\s|>)(namespace|struct|class|enum|union)\b[^()=;]*$", head)
                scopes.append(bool(is_type) or head.startswith('extern "'))
                pending = ""
            elif character == "}":
                if scopes:
                    scopes.pop()
                pending = ""
            elif character == ";":
                pending = ""
            else:
                pending += character
        if stripped.startswith("#"):
            pending = ""
        print(line)


def page(text, path):
    def link(match):
        target = (path.parent / match[2].split("#")[0]).resolve()
        if "://" in match[2]:
            return match[0]
        if target == PAGES / "README.md":
            return f'@ref index "{match[1]}"'
        return f"[{match[1]}]({match[2].split('#')[0]})" if PAGES in target.parents else match[1]

    print(re.sub(r"(?<!!)\[([^\]]+)\]\(([^)]+)\)", link, text), end="")


def main():
    path = pathlib.Path(sys.argv[1])
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        page(text, path)
    else:
        header(text.splitlines())


if __name__ == "__main__":
    main()
