"""Drives the page that plays in headless Chromium: web_test.py PAGE PLAIN GRUVE CHROMIUM WORK FOLDER
(see web.sh)."""
import json
import pathlib
import re
import struct
import subprocess
import sys
import time
import wave

from playwright.sync_api import sync_playwright

gruve, chromium = sys.argv[3:5]
simd, plain, work, folder = (pathlib.Path(sys.argv[i]).resolve() for i in (1, 2, 5, 6))
failures = []


def check(holds, sentence):
    print(("ok      " if holds else "FAILED  ") + sentence, flush=True)
    if not holds:
        failures.append(sentence)


# Drops files on the page as a file manager does.
kDrop = """async files => {
  const transfer = new DataTransfer();
  for (const {name, bytes} of files) transfer.items.add(new File([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))], name));
  for (const kind of ["dragenter", "dragover", "drop"])
    document.body.dispatchEvent(new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true}));
}"""

# Texts with less contrast than 4.5 (3 where large) to the nearest background that is painted.
kContrast = """() => {
  const parse = text => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const linear = c => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const poor = [];
  for (const element of document.querySelectorAll("body *")) {
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()) || !element.offsetParent) continue;
    if (element.disabled || ["SCRIPT", "OPTION"].includes(element.tagName)) continue;
    let behind = element, back = [0, 0, 0, 0];
    for (; behind && (back = parse(getComputedStyle(behind).backgroundColor))[3] === 0; behind = behind.parentElement);
    const ratio = (Math.max(light(parse(getComputedStyle(element).color)), light(back)) + 0.05) /
      (Math.min(light(parse(getComputedStyle(element).color)), light(back)) + 0.05);
    if (ratio < 4.5) poor.push(`${element.tagName} "${element.textContent.trim().slice(0, 30)}": ${ratio.toFixed(2)}`);
  }
  return poor;
}"""

# Controls without a name for a screen reader.
kNameless = """() => [...document.querySelectorAll("button, input, select, canvas, [tabindex]")].filter(element =>
  !(element.getAttribute("aria-label") || element.textContent.trim() && element.tagName !== "SELECT" || element.closest("label"))).map(e => e.outerHTML)"""


def packed(path, name=None):
    import base64
    data = path if isinstance(path, bytes) else path.read_bytes()
    return {"name": name or path.name, "bytes": base64.b64encode(data).decode()}


def wav_level(path):
    with wave.open(str(path)) as sound:
        frames, rate = sound.getnframes(), sound.getframerate()
        samples = struct.unpack(f"<{2 * frames}h", sound.readframes(frames))
    return frames / rate, (sum(s * s for s in samples) / len(samples)) ** 0.5 / 32768, max(map(abs, samples))


class Page:
    """A page that counts what goes wrong in it."""

    def __init__(self, browser, query="", file=simd, **options):
        self.context = browser.new_context(offline=True, accept_downloads=True, **options)
        self.page = self.context.new_page()
        self.wrong, self.requests, self.lines = [], [], []
        self.page.on("console", lambda message: (self.wrong if message.type == "error" else self.lines).append(message.text))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(file.as_uri() + query)
        self.until("document.documentElement.dataset.ready !== undefined")

    def text(self, id):
        return self.page.locator(f"#{id}").inner_text()

    def notes(self):
        return int(self.page.locator("#roll").get_attribute("data-notes") or 0)

    def until(self, expression, seconds=60):
        """Whether an expression gets true. (wait_for_function() is stopped by the page's policy.)"""
        end = time.monotonic() + seconds
        while not (holds := self.page.evaluate(expression)) and time.monotonic() < end:
            self.page.wait_for_timeout(50)
        return bool(holds)

    def comes(self, count, seconds=60):
        """Whether as many more notes come."""
        return self.until(f"Number($('roll').dataset.notes ?? 0) >= {self.notes() + count}", seconds)

    def wait(self, id, pattern, seconds=60):
        found = self.until(f"new RegExp({json.dumps(pattern)}).test($({json.dumps(id)}).textContent)", seconds)
        return found, self.text(id)

    def save(self, id, name):
        with self.page.expect_download(timeout=120000) as download:
            self.page.click(f"#{id}")
        download.value.save_as(work / name)
        return work / name

    def close(self, what):
        check(not self.wrong, f"{what}: no error in the console {self.wrong[:3] or ''}")
        outside = [url for url in self.requests if not url.startswith(("file:", "blob:", "data:"))]
        check(not outside, f"{what}: nothing is asked of a network {outside[:3] or ''}")
        self.context.close()


def plays(browser):
    it = Page(browser)
    page = it.page
    print(f"ready after {page.evaluate('document.documentElement.dataset.ready')} ms; {it.text('model')}; {it.text('build')}")
    page.click("#play")
    check(it.comes(12) and it.text("status") == "Playing.", "it plays")
    page.screenshot(path=folder / "playing.png")
    sounding = page.evaluate("""async () => {
      const analyser = context.createAnalyser(), data = new Float32Array(analyser.fftSize);
      master.connect(analyser);
      let most = 0;
      for (let i = 0; i < 40; ++i) {
        await new Promise(done => setTimeout(done, 50));
        analyser.getFloatTimeDomainData(data);
        for (const x of data) most = Math.max(most, Math.abs(x));
      }
      return most;
    }""")
    check(sounding > 0.01, f"it is heard: the peak of two seconds is {sounding:.3f}")

    # The musician plays: by the computer's keys, by mouse, by the piano's own keys.
    for key in "adg":
        page.keyboard.press(key, delay=120)
    check(it.text("status").startswith("Listening"), "it listens to the computer's keys")
    mine = page.evaluate("notes.filter(note => note.isYours).map(note => note.pitch)")
    check(mine == [60, 64, 67], f"A, D and G are C, E and G: {mine}")
    check(it.wait("status", "Playing", 15)[0], "it answers when the musician pauses")
    check(it.comes(5), "the answer has notes")
    box = page.locator("#piano").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 10)
    page.mouse.down()
    check(it.text("status").startswith("Listening"), "it listens to the mouse")
    page.screenshot(path=folder / "listening.png")
    page.mouse.up()
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ", delay=100)
    check(page.evaluate("notes.filter(note => note.isYours).length") == 5, "the piano is played by arrows and space")
    page.click("#listen")
    check(it.wait("status", "Playing", 15)[0], "it answers at once when it is asked to")

    page.evaluate("""() => {
      window.keyboard = {id: "1", name: "a keyboard"};
      navigator.requestMIDIAccess = async () => ({inputs: new Map([["1", keyboard]])});
    }""")
    page.click("#midi-in")
    check(it.wait("status", "Listening to a keyboard")[0], "a MIDI keyboard is found")
    page.evaluate("keyboard.onmidimessage({data: [0x90, 72, 99]})")
    check(it.wait("status", "play something")[0], "it listens to the MIDI keyboard")
    page.evaluate("keyboard.onmidimessage({data: [0x80, 72, 0]})")
    check(it.wait("status", "Playing", 15)[0] and page.evaluate("notes.filter(note => note.isYours).at(-1).pitch") == 72, "and answers")

    # Settings take effect: C major alone.
    page.select_option("#mode", "major")
    page.wait_for_timeout(4000)
    since = page.evaluate("now()")
    page.wait_for_timeout(6000)
    wrong = page.evaluate(f"notes.filter(note => !note.isYours && note.begin > {since} && ![0, 2, 4, 5, 7, 9, 11].includes(note.pitch % 12)).length")
    some = page.evaluate(f"notes.filter(note => !note.isYours && note.begin > {since}).length")
    check(some > 5 and wrong == 0, f"in C major, {some} notes, {wrong} outside")
    page.click("#reset")

    seconds, level, _ = wav_level(it.save("save-wav", "played.wav"))
    check(seconds > 5 and level > 0.003, f"the WAV file of what was played: {seconds:.1f} s, level {level:.3f}")
    notes = json.loads(subprocess.run([gruve, "inspect", "--json", it.save("save-midi", "played.mid")], capture_output=True, text=True, check=True).stdout.splitlines()[0])
    check("played.mid" in json.dumps(notes), "the MIDI file of what was played is read by gruve inspect")
    page.click("#play")
    check(it.text("status") == "Paused.", "it pauses")
    held = it.notes()
    page.wait_for_timeout(700)
    check(it.notes() == held, "and no note comes meanwhile")
    page.click("#play")
    check(it.comes(3), "it goes on")

    # Ten minutes at once: no memory grows.
    memory = page.evaluate("""async () => {
      await player.call("until", {time: now() + 30});
      const before = await player.call("memory");
      await player.call("until", {time: now() + 630});
      return [before, await player.call("memory")];
    }""")
    check(memory[0] == memory[1], f"ten minutes of music take no more memory: {memory[0]} bytes, then {memory[1]}")
    it.close("playing")


def writes(browser):
    it = Page(browser)
    page = it.page
    for name, bars, form in [("plain", 8, ""), ("form", 32, "AABA")]:
        page.fill("#bars", str(bars))
        page.fill("#seed", "7")
        page.select_option("#form", form)
        page.click("#write")
        done, text = it.wait("piece-status", "written in|[a-z]:", 120)
        print(f"{name}: {text}")
        here, there = it.save("piece-midi", f"{name}-page.mid").read_bytes(), (work / f"{name}.mid").read_bytes()
        check(here == there, f"the piece \"{name}\" has the bytes of gruve generate ({len(there)})")
    seconds, level, peak = wav_level(it.save("piece-wav", "piece.wav"))
    check(level > 0.003 and peak < 32768, f"its WAV file: {seconds:.1f} s, level {level:.3f}, peak {peak}")
    page.click("#hear")
    check(it.text("status") == "Playing the piece.", "the piece is played")
    page.wait_for_timeout(1500)
    page.locator("#piece-roll").scroll_into_view_if_needed()
    page.screenshot(path=folder / "piece.png")
    page.click("#hear")
    check(it.text("status") == "Paused.", "and stopped")
    page.fill("#bars", "0")
    page.click("#write")
    check(it.wait("piece-status", "1 to 256")[0], "a piece of no bars is refused")
    it.close("writing")


def opens_files(browser):
    it = Page(browser)
    page = it.page
    page.click("#play")
    bad = [packed(b"MThd\0\0\0\6\0\1", "short.mid"), packed(b"<html>", "page.mid"), packed(b"\x08\0\0\0\0\0\0\0{}", "empty.safetensors"),
           packed((work / "h256.safetensors").read_bytes()[:5000], "cut.safetensors"), packed(work / "text.safetensors")]
    for file in bad:
        page.evaluate("document.getElementById('own-status').textContent = ''")
        page.evaluate(kDrop, [file])
        done, text = it.wait("own-status", "[a-z]", 20)
        check(file["name"].split(".")[0] in text and "wrong" in page.locator("#own-status").get_attribute("class"), f"{file['name']} is refused: {text}")
    songs = sorted((work / "songs").rglob("*.mid"))[:4]
    page.evaluate(kDrop, [packed(song) for song in songs])
    check(it.wait("own-status", "4 MIDI files")[0], "four MIDI files are dropped")
    page.click("#continue")
    check(it.wait("status", "Continuing")[0], "the first is continued")
    check(it.comes(8), "with new notes")
    page.click("#learn")
    page.wait_for_timeout(2500)
    check(page.evaluate("mode") == "music", "it plays while it learns")
    playing = it.notes()
    done, text = it.wait("own-status", "Learnt in", 300)
    check(done, text)
    losses = re.search(r"loss ([\d.]+) at first, ([\d.]+) now", text)
    check(losses is not None and float(losses[2]) < float(losses[1]), "the loss fell")
    check(it.notes() > playing, "it played meanwhile")
    page.locator("#curve").scroll_into_view_if_needed()
    page.screenshot(path=folder / "learning.png")
    style = it.save("save-model", "style.safetensors")
    made = subprocess.run([gruve, "generate", "--model", style, "--out", work / "style.mid", "--bars", "4", "--best-of", "1"], capture_output=True, text=True)
    check(made.returncode == 0, f"gruve generate reads the model with the style {made.stderr}")
    page.wait_for_timeout(6000)
    after = it.notes()
    page.wait_for_timeout(4000)
    check(it.notes() > after, "it goes on with the style")
    page.set_input_files("#files", work / "h256.safetensors")
    check(it.wait("own-status", "is the model now")[0] and "256 GRU units" in it.text("model"), f"another model: {it.text('model')}")
    page.wait_for_timeout(3000)
    after = it.notes()
    page.wait_for_timeout(4000)
    check(it.notes() > after and page.evaluate("mode") == "music", "it goes on with that model")
    page.set_input_files("#files", work / "steps.safetensors")
    check(it.wait("model", "steps.safetensors")[0] and it.comes(5), f"a model of another encoder begins anew: {it.text('model')}")
    page.select_option("#form", "AABA")
    page.click("#write")
    done, text = it.wait("piece-status", "[a-z] form|form ")
    check("wrong" in page.locator("#piece-status").get_attribute("class"), f"which has no form: {text}")
    page.click("#first-model")
    page.wait_for_timeout(1000)
    check("Études" in it.text("model"), "back to the first model")
    it.close("opening files")


def measures(browser):
    for file in (simd, plain):
        it = Page(browser, "?bench", file)
        print(f"{file.name}: {file.stat().st_size} bytes; {it.text('build')}")
        it.page.set_input_files("#files", work / "h256.safetensors")
        it.wait("build", "H = 256", 120)
        print(it.text("build"))
        check("tokens a second" in it.text("build"), f"{file.name} is measured")
        if file == plain:
            it.page.click("#play")
            check(it.comes(5), "it plays without SIMD")
        it.close(file.name)


def looks(browser):
    for width, height in [(375, 760), (1280, 900)]:
        for scheme in ["light", "dark"]:
            it = Page(browser, viewport={"width": width, "height": height}, color_scheme=scheme,
                      reduced_motion="reduce" if scheme == "dark" else "no-preference", device_scale_factor=2 if width < 500 else 1)
            page = it.page
            page.click("#write")
            it.wait("piece-status", "written in", 60)
            page.click("#play")
            it.comes(40)
            name = f"{width} pixels, {scheme}"
            wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            check(wide[0] <= wide[1], f"{name}: no horizontal scroll {wide}")
            poor = page.evaluate(kContrast)
            check(not poor, f"{name}: contrast of 4.5 everywhere {poor[:4] or ''}")
            page.screenshot(path=folder / f"{width}-{scheme}.png", full_page=True)
            if width > 500 and scheme == "light":
                check(not page.evaluate(kNameless), "every control has a name")
                page.click("#play")
                page.evaluate("document.activeElement.blur()")
                reached = set()
                for _ in range(60):
                    page.keyboard.press("Tab")
                    reached.add(page.evaluate("document.activeElement.id"))
                visible = set(page.evaluate("""[...document.querySelectorAll("button, input, select, [tabindex='0']")].filter(e =>
                  !e.disabled && (e.offsetParent || e.closest("label")?.offsetParent)).map(e => e.id)"""))
                check(visible <= reached, f"every control is reached by Tab {sorted(visible - reached) or ''}")
                outlined = page.evaluate("""() => { const play = document.getElementById("play"); play.focus({focusVisible: true});
                  return getComputedStyle(play).outlineStyle; }""")
                check(outlined == "solid", "the focus is seen")
            it.close(name)


with sync_playwright() as playwright:
    chrome = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--autoplay-policy=user-gesture-required"])
    for part in (plays, writes, opens_files, measures, looks):
        if len(sys.argv) <= 7 or part.__name__ in sys.argv[7:]:
            try:
                part(chrome)
            except Exception as error:  # the other parts are of interest, too
                check(False, f"{part.__name__}: {str(error).splitlines()[0]}")
    chrome.close()
print(f"{len(failures)} failed" if failures else "all passed")
sys.exit(1 if failures else 0)
