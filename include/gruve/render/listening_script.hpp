#pragma once

namespace gruve::inline v0_2::internal {

/// The script of the blind page, around kSoundScript. It reads from the element #test
///
///   {id, pairs: [{kinds: [name, name], clips: [[start, duration, pitch, velocity, channel, ...], …]}]}
///
/// with the notes of each clip as kReportScriptBegin describes them. Answers are kept in the browser's storage of the page.
inline constexpr const char* kListeningScriptBegin = R"js(
"use strict";
(() => {
const {id, pairs} = JSON.parse(document.getElementById("test").textContent);
const element = (name) => document.getElementById(name);
const volume = element("volume"), status = element("status");
const DRUMS = 9;
)js";

inline constexpr const char* kListeningScript = R"js(
// ---- Playing one of two clips.

const clips = pairs.map((pair) => pair.clips.map((numbers) => {
  const notes = [];
  for (let i = 0, at = 0; i < numbers.length; i += 5) {
    at += numbers[i];
    notes.push([at / 1000, numbers[i + 1] / 1000, ...numbers.slice(i + 2, i + 5)]);
  }
  return {notes, duration: Math.max(...notes.map((note) => note[0] + note[1]))};
}));
const buttons = [element("a"), element("b")], bars = [element("bar-a"), element("bar-b")];
let pair = 0, side = -1, startedAt = 0, next = 0, timer = 0, turn = 0;
let answers = [];
const heard = pairs.map(() => [false, false]);
try {
  const kept = JSON.parse(localStorage.getItem(id));
  if (Array.isArray(kept)) answers = kept.slice(0, pairs.length).map((each) => each === 0 || each === 1 ? each : null);
} catch { /* a page without storage forgets its answers */ }
const keep = () => { try { localStorage.setItem(id, JSON.stringify(answers)); } catch { /* likewise */ } };
const position = () => side < 0 ? 0 : context.currentTime - startedAt;

function tick() {
  const clip = clips[pair][side], ahead = position() + (document.hidden ? 2.5 : 0.4);
  for (; next < clip.notes.length && clip.notes[next][0] < ahead; ++next) {
    sound(clip.notes[next], Math.max(context.currentTime, startedAt + clip.notes[next][0]), 0);
  }
  bars[side].value = Math.min(1, position() / clip.duration);
  if (position() > clip.duration + 0.5) stop();
}

function stop() {
  clearInterval(timer);
  if (side < 0) return;
  silence();
  bars[side].value = 0;
  side = -1;
  mark();
}

async function listen(which) {
  const again = side === which;
  ++turn;
  stop();
  if (again || !startAudio()) return;
  const mine = turn;
  await Promise.race([context.resume().catch(() => {}), new Promise((done) => setTimeout(done, 1500))]);
  if (context.state !== "running") status.textContent = "The browser gives no sound.";
  if (mine !== turn) return;
  heard[pair][which] = true;
  side = which;
  next = 0;
  startedAt = context.currentTime + 0.06;
  timer = setInterval(tick, 80);
  mark();
}

function mark() {
  for (const which of [0, 1]) {
    buttons[which].setAttribute("aria-pressed", String(side === which));
    buttons[which].lastElementChild.textContent = side === which ? "Stop" : "Play";
  }
}

// ---- Questions.

const choices = [element("prefer-a"), element("prefer-b")];

function show(to) {
  ++turn;
  stop();
  pair = Math.max(0, Math.min(pairs.length - 1, to));
  element("number").textContent = "Pair " + (pair + 1) + " of " + pairs.length;
  for (const which of [0, 1]) choices[which].setAttribute("aria-pressed", String(answers[pair] === which));
  element("back").disabled = pair === 0;
  element("forth").disabled = pair + 1 === pairs.length;
  const count = pairs.filter((_, i) => answers[i] === 0 || answers[i] === 1).length;
  element("answered").textContent = count + " of " + pairs.length + " answered";
  element("results").hidden = count < pairs.length;
  element("save").disabled = count === 0;
  if (count === pairs.length) tell();
}

function prefer(which) {
  answers[pair] = which;
  keep();
  const open = pairs.findIndex((_, i) => i > pair && answers[i] !== 0 && answers[i] !== 1);
  show(open >= 0 ? open : pair);
}

// ---- Results: for each two kinds how often the first was preferred, with the exact interval of Clopper and Pearson 1934.

function atMost(k, n, p) {
  if (p <= 0) return 1;
  if (p >= 1) return k >= n ? 1 : 0;
  let term = n * Math.log1p(-p), sum = 0;
  for (let i = 0; i <= k; ++i) {
    sum += Math.exp(term);
    term += Math.log((n - i) / (i + 1)) + Math.log(p / (1 - p));
  }
  return Math.min(1, sum);
}

function root(falls) {
  let low = 0, high = 1;
  for (let i = 0; i < 60; ++i) {
    const middle = (low + high) / 2;
    if (falls(middle) > 0) low = middle; else high = middle;
  }
  return (low + high) / 2;
}

const interval = (k, n) => [k === 0 ? 0 : root((p) => 0.025 - (1 - atMost(k - 1, n, p))),
                            k === n ? 1 : root((p) => atMost(k, n, p) - 0.025)];

function results() {
  const found = new Map();
  pairs.forEach(({kinds}, i) => {
    if (answers[i] !== 0 && answers[i] !== 1) return;
    const [first, second] = [...kinds].sort(), key = first + "\n" + second;
    const row = found.get(key) || {first, second, preferred: 0, pairs: 0};
    row.pairs += 1;
    row.preferred += kinds[answers[i]] === first ? 1 : 0;
    found.set(key, row);
  });
  return [...found.values()].map((row) => {
    const [low, high] = interval(row.preferred, row.pairs);
    return {...row, share: row.preferred / row.pairs, low, high};
  });
}

function tell() {
  const body = element("rows"), percent = (x) => Math.round(100 * x) + " %";
  body.replaceChildren(...results().map((row) => {
    const line = document.createElement("tr");
    for (const text of [row.first, row.second, row.preferred + " of " + row.pairs,
                        percent(row.share) + " (" + percent(row.low) + " to " + percent(row.high) + ")"]) {
      line.appendChild(document.createElement("td")).textContent = text;
    }
    return line;
  }));
}

function save() {
  const json = {id, answers: pairs.map(({kinds}, i) => ({a: kinds[0], b: kinds[1],
    preferred: answers[i] === 0 ? "a" : answers[i] === 1 ? "b" : null, heard: heard[i]})), results: results()};
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(json, null, 1)], {type: "application/json"}));
  link.download = "answers.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

for (const which of [0, 1]) {
  buttons[which].addEventListener("click", () => listen(which));
  choices[which].addEventListener("click", () => prefer(which));
}
element("back").addEventListener("click", () => show(pair - 1));
element("forth").addEventListener("click", () => show(pair + 1));
element("save").addEventListener("click", save);
element("again").addEventListener("click", () => { answers = []; keep(); show(0); });
volume.addEventListener("input", () => { if (master) master.gain.value = volume.value ** 2; });
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target === volume) return;
  const act = {a: () => listen(0), b: () => listen(1), 1: () => prefer(0), 2: () => prefer(1),
               ArrowLeft: () => show(pair - 1), ArrowRight: () => show(pair + 1)}[event.key.length === 1 ?
               event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
});
const open = pairs.findIndex((_, i) => answers[i] !== 0 && answers[i] !== 1);
show(open < 0 ? 0 : open);
})();
)js";

/// Its style, behind kReportStyle.
inline constexpr const char* kListeningStyle = R"css(
main { max-width: 44rem; }
.clips, .answers { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
.clips button, .answers button { border: 1px solid var(--line); border-radius: 12px; padding: 1.1rem .6rem; background: none;
  color: var(--ink); font: inherit; font-weight: 600; cursor: pointer; width: 100%; min-height: 4rem; }
.clips button[aria-pressed="true"], .answers button[aria-pressed="true"] { background: var(--accent);
  border-color: var(--accent); color: var(--on-accent); }
.clips strong { display: block; font-size: 1.5rem; line-height: 1.2; }
.clips progress { width: 100%; accent-color: var(--accent); margin-top: .5rem; }
.move { display: flex; flex-wrap: wrap; gap: .7rem; align-items: center; margin-top: 1rem; }
.move span { color: var(--soft); margin-left: auto; }
button:disabled { opacity: .45; cursor: default; }
#results th, #results td { width: auto; white-space: normal; overflow-wrap: normal; text-align: left; vertical-align: top;
  padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); }
.keys { color: var(--soft); font-size: .85rem; margin-bottom: 0; }
@media (hover: none) { .keys { display: none; } }
)css";

}  // namespace gruve::inline v0_2::internal
