"""The chart: one line per row, each competitor's speed relative to the best peer, on a logarithmic scale."""

import html
import itertools
import math

LEFT, RIGHT, TOP, STEP, WIDTH = 370, 40, 112, 26, 940
COLOURS = {
    "gruve": "#1d4ed8",
    "PyTorch": "#ea580c",
    "PyTorch in bf16": "#fdba74",
    "PyTorch in int8": "#fca5a5",
    "Keras": "#be123c",
    "ONNX Runtime": "#0f766e",
    "oneDNN": "#7e22ce",
    "plain Eigen": "#78716c",
    "symusic": "#0369a1",
    "mido": "#a16207",
    "NumPy": "#4d7c0f",
}
OTHERS = ("#57534e", "#06b6d4", "#db2777", "#eab308")  # of other names, one after the other


def draw(judged):
    """judged: report.Judged rows. Rows without a figure or without peers are skipped."""
    shown = [one for one in judged if one.ratios]
    speeds = [
        {who: one.best_ratio / ratio for who, ratio in one.ratios.items()} | {"gruve": one.best_ratio}
        for one in shown
    ]
    lowest = min([1, *(speed for line in speeds for speed in line.values())])
    highest = max([1, *(speed for line in speeds for speed in line.values())])
    first, last = math.floor(math.log2(lowest)), math.ceil(math.log2(highest))
    first, last = max(first, -6), min(last, 5)  # values outside are drawn at the edge

    def x(speed):
        position = (min(max(math.log2(speed), first), last) - first) / max(1, last - first)
        return LEFT + position * (WIDTH - LEFT - RIGHT)

    height = TOP + STEP * len(shown) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        'font-family="system-ui, sans-serif" font-size="13">',
        # A background of its own, so that it is readable on a dark page too.
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#ffffff" stroke="#d6d3d1"/>',
        '<text x="20" y="30" font-size="17" font-weight="600" fill="#1c1917">'
        "Speed compared with the best peer (higher is better)</text>",
    ]
    names = ["gruve", *(name for name in COLOURS if any(name in line for line in speeds) and name != "gruve")]
    others = sorted({name for line in speeds for name in line} - set(names))
    names += others
    colours = COLOURS | dict(zip(others, itertools.cycle(OTHERS)))

    def mark(name, at, y):
        radius = 7 if name == "gruve" else 4.5
        return f'<circle cx="{at:.1f}" cy="{y}" r="{radius}" fill="{colours[name]}" stroke="#ffffff"/>'

    at, y = 20, 53
    for name in names:
        width = 40 + 7.2 * len(name)
        if at + width > WIDTH:
            at, y = 20, y + 21
        parts.append(mark(name, at + 6, y) + text(at + 18, y + 4.5, name))
        at += width
    for power in range(first, last + 1):
        label = f"{2**power}×" if power >= 0 else f"1/{2**-power}"
        colour, width = ("#1c1917", 1.5) if power == 0 else ("#e7e5e4", 1)
        parts.append(line_between(x(2**power), TOP - 10, x(2**power), height - 26, colour, width))
        parts.append(text(x(2**power), height - 10, label, "middle", "#57534e"))
    for i, (one, line) in enumerate(zip(shown, speeds)):
        y = TOP + STEP * i + 4
        parts.append(text(LEFT - 14, y + 4.5, one.row["title"], "end"))
        parts.append(line_between(x(min(line.values())), y, x(max(line.values())), y, "#d6d3d1", 2))
        for name in sorted(line, key=lambda name: name == "gruve"):  # gruve on top
            parts.append(mark(name, x(line[name]), y))
        if line["gruve"] > 2**last:
            parts.append(text(x(2**last) - 10, y - 5, f"{line['gruve']:,.0f}×", "end"))
    return "\n".join([*parts, "</svg>", ""])


def line_between(x1, y1, x2, y2, colour, width):
    ends = f'x1="{x1:.1f}" y1="{y1}" x2="{x2:.1f}" y2="{y2}"'
    return f'<line {ends} stroke="{colour}" stroke-width="{width}"/>'


def text(x, y, content, anchor="start", colour="#1c1917"):
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{html.escape(content)}</text>'
    )
