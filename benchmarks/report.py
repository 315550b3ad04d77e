"""The table, docs/benchmarks.md and its chart from the results of a run."""

import datetime
import pathlib
import platform
import re
import subprocess
import sys
import time

import chart
from rows import LESS_IS_BETTER, E, num_parameters

MUST_NAMES = {"limit": "of the limit", "best peer": "the best peer", "best fp32 peer": "the best fp32 peer"}


def run(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


# Virtual machines call all of them "AMD EPYC". Before Zen 4 there is no AVX-512.
AMD_FAMILIES = {"23": "Zen 2", "25": "Zen 3", "26": "Zen 5"}


def processor(cpu):
    """The name that lscpu gives, with AMD's generation."""
    name = cpu.get("Model name", platform.processor())
    generation = AMD_FAMILIES.get(cpu.get("CPU family", ""))
    if cpu.get("Vendor ID") != "AuthenticAMD" or generation is None:
        return name
    if generation == "Zen 3" and "avx512f" in cpu.get("Flags", "").split():
        generation = "Zen 4"
    return f"{name} ({generation})"


def machine(build):
    cpu = dict(re.findall(r"^([^:\n]+):\s+(.*)$", run("lscpu"), re.M))
    cache = (build / "CMakeCache.txt").read_text()

    def entry(name):
        return (re.search(rf"^{name}:\w+=(.*)$", cache, re.M) or ["", ""])[1]

    flags = f"{entry('CMAKE_CXX_FLAGS')} {entry('CMAKE_CXX_FLAGS_RELEASE')}".strip()
    compiler = entry("CMAKE_CXX_COMPILER")
    wide = [
        flag
        for flag in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
        if flag in cpu.get("Flags", "").split()
    ]
    busy = busy_fraction()
    if busy > 0.1:
        print(f"warning: other programs keep the processors {busy:.0%} busy; the figures will be noisy", file=sys.stderr)
    return {
        "date": datetime.date.today().isoformat(),
        "processor": processor(cpu),
        "instructions": " ".join(wide),
        "cpus": cpu.get("CPU(s)", ""),
        "caches": ", ".join(
            f"{name[:3].strip()} {cpu[name]}" for name in ("L1d cache", "L2 cache", "L3 cache") if name in cpu
        ),
        "hypervisor": cpu.get("Hypervisor vendor", "none"),
        "system": platform.platform(),
        "compiler": run(compiler, "--version").splitlines()[0] if compiler else "",
        "flags": f"{flags}; the kernels -O3, no -march",
        "busy before the run": f"{busy:.0%}",
        "gruve": run("git", "-C", str(pathlib.Path(__file__).parent), "describe", "--always", "--dirty"),
    }


def busy_fraction(seconds=2):
    """Which part of the processors' time other programs take, or the host."""

    def times():
        fields = [int(x) for x in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
        return sum(fields), fields[3] + fields[4]  # all; idle and waiting

    try:
        total, idle = times()
        time.sleep(seconds)
        later, later_idle = times()
    except OSError:
        return 0.0
    return 1 - (later_idle - idle) / max(1, later - total)


# Ratios and targets.


def number(x):
    if x >= 1000:
        return f"{x:,.0f}"
    return f"{x:.3g}" if x < 100 else f"{x:.0f}"


def speedup(ours, theirs, unit):
    """The ratio of ours to theirs, above 1 where ours is faster (or smaller)."""
    return theirs / ours if unit in LESS_IS_BETTER else ours / theirs


def figures(peers):
    return {who: line for who, line in peers.items() if "median" in line}


class Judged:
    """A row's result with its peers and its targets."""

    def __init__(self, result, by_name, also):
        row = result["row"]
        self.row, self.ours, self.peers = row, result["gruve"], dict(result["peers"])
        self.must = dict(row["must"])
        other = by_name.get(row["peers_of"])
        self.peers_of = other.peers if other else {}
        self.peers |= self.peers_of
        for line in also:
            if line["row"] == row["name"]:
                who = line["peer"] + " (aside)"
                self.peers[who] = line
                if "must" in line:
                    self.must[who] = line["must"]
        self.missing = "median" not in self.ours
        self.ratios = {}
        if self.missing:
            return
        value, unit = self.ours["median"], row["unit"]
        self.ratios = {who: speedup(value, line["median"], unit) for who, line in figures(self.peers).items()}
        self.best_ratio = min(self.ratios.values(), default=None)
        self.limit = self.ours.get("percent")
        self.checks = [self.check(against, factor, by_name) for against, factor in self.must.items()]
        for against, factor in row["must_with_amx"].items():
            must, value, reached = self.check(against, factor, by_name)
            runs_amx = self.ours["config"].split(" ")[1] == "amx"
            self.checks.append((f"with AMX {must}", value, reached if runs_amx else None))

    def check(self, against, factor, by_name):
        """(target, value, reached: True, False, or None if it is unknown)."""
        name = MUST_NAMES.get(against, against)
        if against == "limit":
            must = f"{factor:g} % {name}"
            if self.limit is None:
                return must, None, None
            return must, f"{self.limit:.0f} %", self.limit >= factor
        if against.startswith("~"):
            other = by_name.get(against[1:])
            must = f"within {factor:g} of {other.row['title'].rsplit(', ')[-1] if other else against[1:]}"
            if other is None or other.missing:
                return must, None, None
            ratio = self.ours["median"] / other.ours["median"]
            return must, f"{ratio:.2f}", 1 / factor <= ratio <= factor
        if against in by_name:
            other = by_name[against]
            ratio = None
            if not other.missing:
                ratio = speedup(self.ours["median"], other.ours["median"], self.row["unit"])
            name = "gruve's " + other.row["title"].split(", ", 1)[-1]
        else:
            best = {
                "best peer": self.best_ratio,
                "best fp32 peer": min((self.ratios[who] for who in figures(self.peers_of)), default=None),
            }
            ratio = best.get(against, self.ratios.get(against))
        return f"{factor:g} × {name}", ratio and f"{ratio:.2f}", None if ratio is None else ratio >= factor

    def verdict(self):
        """(targets, "yes" or "no: …", and which of them were not measured)."""
        if self.missing or not self.checks:
            return "", ""
        wanted = "; ".join(must for must, _, _ in self.checks)
        failed = [f"{must} ({value})" for must, value, reached in self.checks if reached is False]
        unknown = [must for must, _, reached in self.checks if reached is None]
        found = []
        if failed:
            found.append("**no**: " + "; ".join(failed))
        elif len(unknown) < len(self.checks):
            found.append("yes")
        if unknown:
            found.append("not measured: " + "; ".join(unknown))
        return wanted, "; ".join(found)


def judge(results):
    by_name = {}
    for result in results["rows"]:
        by_name[result["row"]["name"]] = Judged(result, by_name, results.get("also", []))
    return list(by_name.values())


def one_line(result):
    judged = Judged(result, {}, [])
    if judged.missing:
        return f"{judged.row['title']}: not available ({judged.ours['missing']})"
    peers = ", ".join(f"{who} {number(line['median'])}" for who, line in figures(judged.peers).items())
    missing = "".join(
        f"; {who}: {line['missing']}" for who, line in judged.peers.items() if "missing" in line
    )
    return (
        f"{judged.row['title']}: gruve {number(judged.ours['median'])} {judged.row['unit']}; {peers}{missing}"
    )


# The table.


def cells(judged):
    row = judged.row
    unit = row["unit"].replace("ns/parameter", "ns")
    if judged.missing:
        return [row["title"], "not available", "", "", "", "", judged.ours["missing"]]
    best_first = sorted(judged.ratios, key=judged.ratios.get)
    peers = ", ".join(f"{who} {number(judged.peers[who]['median'])}" for who in best_first)
    ratio = f"{judged.best_ratio:.2f}" if judged.ratios else ""
    limit = f"{judged.limit:.0f} %" if judged.limit is not None else ""
    return [row["title"], f"{number(judged.ours['median'])} {unit}", peers, ratio, limit, *judged.verdict()]


HEAD = ["work", "gruve", "peers, best first", "× best peer", "of the limit", "target", "reached"]
SHORT_HEAD = ["work", "gruve", "±", "best peer", "× best peer", "of the limit"]


def short_cells(judged):
    """The row of the page's table: without targets, and of the peers the best."""
    title, ours, peers, ratio, limit, *_ = cells(judged)
    if judged.missing:
        return [title, ours, "", "", "", ""]
    line = judged.ours
    spread = f"{(line['max'] - line['min']) / 2 / line['median']:.0%}" if line["median"] else ""
    return [title, ours, spread, peers.split(", ")[0], ratio, limit]


def console_table(judged):
    lines = [HEAD] + [[cell.replace("**", "") for cell in cells(one)] for one in judged]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEAD) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths)), line[-1]]) for line in lines
    )


def markdown_table(head, lines):
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *lines])


def all_peers(judged):
    """(row's title, who, line) of every peer of every row."""
    return [(one.row["title"], who, line) for one in judged for who, line in one.peers.items()]


def notes(results, judged):
    """The sentences below the table."""
    lost = [one.row["title"] for one in judged if one.ratios and one.best_ratio < 1]
    missing = [
        f"{who} in {title}: {line['missing']}" for title, who, line in all_peers(judged) if "missing" in line
    ]
    yield (
        "gruve is slower than its best peer in: " + "; ".join(lost)
        if lost
        else "gruve is slower than its best peer in no row"
    )
    if missing:
        yield "Not measured: " + "; ".join(dict.fromkeys(missing))


def phase_section(results):
    """The time of each phase of a training step, and the fraction of the machine's peak that its products reach."""
    measured = [result for result in results["rows"] if result.get("phases")]
    if not measured:
        return ""
    names = list(measured[0]["phases"])

    def cell(phases, name):
        share = phases[name]["ms"] / sum(phase["ms"] for phase in phases.values())
        percent = phases[name].get("percent")
        return f"{share:.0%}" + (f" at {percent:.0f} %" if percent is not None else "")

    lines = [
        [result["row"]["title"], *(cell(result["phases"], name) for name in names)] for result in measured
    ]
    return f"""
### Where the time of a training step goes

The fraction of the step's time in each phase and, for phases that are products, the fraction of the limit above:

{markdown_table(["work", *names], lines)}

The first table counts the work and the parameters of the dense model. gruve does not compute the first layer's
product with its input (it adds a row of a table instead), which has {first_input_share(256, 1):.0%} of the parameters at H = 256,
{first_input_share(2048, 1):.0%} at H = 2048 and {first_input_share(512, 2):.0%} in two layers of 512. So the cost per parameter rises
with H even if every product is equally fast.
"""


def first_input_share(hidden, layers):
    return 3 * hidden * E / num_parameters(hidden, layers)


def aside_section(results):
    """The figures of programs that did not run alternately with gruve, and how they were built."""
    lines = [
        [f"`{line['row']}`", line["peer"], f"{number(line['median'])} {line['unit']}", line["config"]]
        for line in results.get("also", [])
    ]
    if not lines:
        return ""
    return folded(
        "Measured aside, on the same machine but not alternately with gruve",
        markdown_table(["row", "program", "median", "commit, form, flags, work"], lines),
    )


def folded(title, text):
    return f"\n<details><summary>{title}</summary>\n\n{text}\n\n</details>\n"


def targets_section(judged):
    """gruve's own targets: the list of those that were not reached, and how many were."""
    checks = [(one.row["title"], *check) for one in judged if not one.missing for check in one.checks]
    reached = sum(1 for *_, ok in checks if ok)
    missed = [f"- {title}: {must}, found {value}" for title, must, value, ok in checks if ok is False]
    lines = "\n".join(missed) if missed else "None was missed."
    return f"""
### gruve's own targets

{reached} of {sum(1 for *_, ok in checks if ok is not None)} that could be measured are reached. The others:

{lines}
"""


def machine_name(info):
    """Such as "Intel Xeon with AMX": what the sections of the page are told apart by."""
    processor = re.sub(r"\(R\)|\(TM\)|Processor|CPU|@.*", "", info["processor"]).strip()
    widest = next(
        (
            name
            for flag, name in (
                ("amx_bf16", "AMX"),
                ("avx512_bf16", "AVX-512-BF16"),
                ("avx512_vnni", "AVX-512-VNNI"),
                ("avx512f", "AVX-512"),
                ("avx2", "AVX2"),
            )
            if flag in info["instructions"].split()
        ),
        "",
    )
    return " ".join(processor.split()) + (f" with {widest}" if widest else "")


def slug(name):
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def section(results, judged):
    info = results["machine"]
    name = machine_name(info)
    versions = {line["config"].split(" ")[0] for _, _, line in all_peers(judged) if "config" in line} - {
        "gruve"
    }
    facts = {key: value for key, value in info.items() if key not in ("date", "gruve")}
    facts["kernels"] = next((one.ours["config"].split(" ")[1] for one in judged if not one.missing), "")
    facts["peers"] = ", ".join(sorted(versions))
    limits = [
        [line["bench"], line["config"], f"{number(line['median'])} {line['unit']}"]
        for line in results["limits"]
    ]
    all_of_them = markdown_table(
        ["work", "peers, best first"], [[one.row["title"], cells(one)[2]] for one in judged if one.ratios]
    )
    commands = [
        [f"`{one.row[key]}`" for key in ("name", "gruve")]
        + [", ".join(f"`{command}`" for command in one.row["peers"].values())]
        for one in judged
    ]
    about = """gruve's commands are those of `gruve bench`, and so are the peers' commands that begin with `gruve`. `python M` is
`python -m M` in `benchmarks/`, and `cpp P` a program built from there. Each also takes `--threads`, `--repeats` and
`--seconds`, and the Python ones `--work`, the folder of the model and of gruve's results."""
    return f"""## {name}

Written by `{results["command"].strip()}` on {info["date"]} in {results["seconds"] / 60:.0f} minutes, gruve {info["gruve"]}.

![Speed compared with the best peer](benchmarks-{slug(name)}.svg)

{markdown_table(SHORT_HEAD, [short_cells(one) for one in judged])}

{(chr(10) * 2).join(note + "." for note in notes(results, judged))}
{targets_section(judged)}{phase_section(results)}
### The machine and its limits

{markdown_table(["", ""], [[key, str(value)] for key, value in facts.items()])}

{markdown_table(["limit", "", "median"], limits)}
{folded("All peers", all_of_them)}{aside_section(results)}{folded("Commands", about + chr(10) * 2 + markdown_table(["row", "gruve", "peers"], commands))}"""


INTRODUCTION = """# Benchmarks

A section for each machine that was measured, the last first; each says which gruve it measured. gruve and its peers ran
alternately on the same machine; a figure is the median over rounds, and ± half the distance from the slowest to the fastest.
Before it was timed, each peer had to compute the same results as gruve ([how](../benchmarks/README.md)). Speeds are
in tokens or files per second; times are per step, chunk or element. V = 89 and E = 128; training has T = 128
unless the row names another T, with cross-entropy and Adam. oneDNN runs the GRU layers alone. Rows in
bf16 and int8 show peers of that precision, which carry its name, and also those of fp32.

*Of the limit* is the fraction of a peak that is measured in the same run: of the multiply-adds of the row's
precision or, for a step, of the read bandwidth of the cache that holds its weights. It can exceed 100 %: the work counted is
that of the dense model, of which gruve saves the first layer's product with its input; a step's weights are read from the
next faster cache as far as that holds some of them; and other programs on the host move both figures.
"""


def document(old, results, judged):
    """The page with this machine's section in place of the one of the same name, and before the others."""
    name = machine_name(results["machine"])
    sections = re.split(r"(?m)^(?=## )", old)[1:]
    others = [text for text in sections if text.splitlines()[0] != f"## {name}"]
    return "\n".join([INTRODUCTION, section(results, judged), *others]).rstrip() + "\n"


def write(results, folder):
    judged = judge(results)
    print(console_table(judged))
    page = folder / "benchmarks.md"
    picture = folder / f"benchmarks-{slug(machine_name(results['machine']))}.svg"
    old = page.read_text() if page.exists() else ""
    for path, text in ((page, document(old, results, judged)), (picture, chart.draw(judged))):
        path.write_text(text)
        print(f"wrote {path}")
