"""Packs the page's parts, the WebAssembly and a model into one HTML file: inline.py BUILD MODEL OUT KIND... (see build.sh)."""
import base64
import gzip
import pathlib
import re
import sys

build, model, out = (pathlib.Path(argument) for argument in sys.argv[1:4])
kinds = sys.argv[4:]
here = pathlib.Path(__file__).parent
most = 1_500_000 if len(kinds) == 1 else 2_000_000  # bytes of the page


def packed(name: str, data: bytes) -> str:
    small = gzip.compress(data, 9, mtime=0)
    print(f"{name}: {len(data)} bytes, {len(small)} with gzip")
    return f'<script type="text/plain" id="{name}">{base64.b64encode(small).decode()}</script>'


def part(match: re.Match) -> str:
    name = match[1]
    if name == "data":
        files = [(f"{kind}-{end}", build / f"{kind}.{end}") for kind in kinds for end in ("wasm", "js")]
        blocks = [packed(*pair) for pair in [(i, path.read_bytes()) for i, path in files] + [("model-file", model.read_bytes())]]
        worker = (here / "worker.js").read_text()
        return "\n".join(blocks + [f'<script type="text/plain" id="worker-js">{worker}</script>'])
    if name == "sound_script.hpp":  # the sound of all pages that gruve writes
        source = (here / "../../include/gruve/render/sound_script.hpp").read_text()
        return re.search(r'R"js\((.*?)\)js"', source, re.DOTALL)[1]
    if name == "version":
        source = (here / "../../include/gruve/core/version.hpp").read_text()
        return ".".join(re.search(rf"GRUVE_VERSION_{word} (\d+)", source)[1] for word in ("MAJOR", "MINOR", "PATCH"))
    return (here / name).read_text()


page = re.sub(r"\{\{([\w.]+)\}\}", part, (here / "page.html").read_text())
out.write_text(page)
print(f"{out}: {len(page.encode())} bytes")
if len(page.encode()) > most:
    sys.exit(f"inline.py: {out} is larger than {most} bytes")
