#pragma once

#include <string_view>

namespace gruve::inline v0_2::internal {

/// The player of the report page, in JavaScript. It reads from the element #songs
///
///   {colors, songs: [{duration, low, high, notes: [start, duration, pitch, velocity, channel, ...],
///                     bars: [start, number, ...], midi: base64}]}
///
/// with notes ordered by start. All times are whole milliseconds; a start is relative to the previous one, so
/// that a note takes few bytes. Song i belongs to section i of the class piece and to radio button i of the
/// name piece, if there are any, and is selected by #piece-(i + 1) at the end of the page's address.
inline constexpr const char* kReportScriptBegin = R"js(
"use strict";
(() => {
const {colors, songs} = JSON.parse(document.getElementById("songs").textContent);
const element = (id) => document.getElementById(id);
const play = element("play"), time = element("time"), volume = element("volume");
const roll = element("roll"), overview = element("overview"), status = element("status");
const sections = [...document.querySelectorAll("section.piece")];
const choices = [...document.getElementsByName("piece")];
const DRUMS = 9;
)js";

/// The rest of it, behind kSoundScript.
inline constexpr const char* kReportScript = R"js(
// ---- Clock: where the cursor is, and which notes are due.

let song = null, playing = false, offset = 0, startedAt = 0, next = 0, timer = 0, picture = 0, starts = 0;
const now = () => context ? context.currentTime : performance.now() / 1000;
const position = () => Math.max(0, Math.min(song.duration, playing ? offset + now() - startedAt : offset));

// A hidden page's timers run once a second at most: then more must be scheduled ahead.
function schedule() {
  const ahead = offset + now() - startedAt + (document.hidden ? 2.5 : 0.4);
  for (; next < song.notes.length && song.notes[next][0] < ahead; ++next) {
    if (context) sound(song.notes[next], Math.max(now(), startedAt + song.notes[next][0] - offset), 0);
  }
  if (offset + now() - startedAt <= song.duration + 0.8) return;
  if (piece + 1 < songs.length) {
    pick(piece + 1);
  } else {
    pause();
    seek(0);
  }
}

function begin() {
  startedAt = now() + 0.06;
  next = song.notes.findIndex((note) => note[0] >= offset);
  if (next < 0) next = song.notes.length;
  if (context) {
    for (let i = 0; i < next; ++i) {
      const late = offset - song.notes[i][0];
      if (late > 0 && song.notes[i][1] - late > 0.05) sound(song.notes[i], startedAt, late);
    }
  }
  schedule();
}

async function start() {
  if (playing) return;
  playing = true;
  const turn = ++starts;
  mark();
  if (startAudio()) {
    // Where the system has no sound device resume() may never settle.
    await Promise.race([context.resume().catch(() => {}), new Promise((done) => setTimeout(done, 1500))]);
    if (context.state !== "running") status.textContent = "The browser gives no sound.";
    if (!playing || turn !== starts) return;  // paused meanwhile, and perhaps started again
  }
  if (offset >= song.duration) offset = 0;
  begin();
  timer = setInterval(schedule, 80);
  picture = requestAnimationFrame(frame);
}

function pause() {
  if (!playing) return;
  offset = position();
  playing = false;
  clearInterval(timer);
  cancelAnimationFrame(picture);
  if (context) silence();
  mark();
  show();
}

function seek(seconds) {
  offset = Math.max(0, Math.min(song.duration, seconds));
  if (playing) {
    if (context) silence();
    begin();
  }
  show();
}

function mark() {
  play.classList.toggle("playing", playing);
  play.lastElementChild.textContent = playing ? "Pause" : "Play";
}

// ---- Picture.

let style = {};
function readStyle() {
  const computed = getComputedStyle(document.documentElement);
  for (const name of ["ink", "soft", "line", "paper", "stripe", "accent"]) {
    style[name] = computed.getPropertyValue("--" + name).trim();
  }
}
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const color = (note) => note[4] === DRUMS ? "#7d8590" : colors[note[2] % 12];
const clock = (seconds) => {
  const whole = Math.floor(seconds + 1e-6), two = (x) => String(x).padStart(2, "0");
  const minutes = Math.floor(whole / 60), hours = Math.floor(minutes / 60);
  return (hours > 0 ? hours + ":" + two(minutes % 60) : minutes) + ":" + two(whole % 60);
};

function surface(canvas) {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const draw = canvas.getContext("2d");
  draw.setTransform(ratio, 0, 0, ratio, 0, 0);
  return {draw, width, height};
}

const KEYS = 34, TOP = 20;  // pixels: labels at the left, bar numbers above

function view(width) {
  const plot = width - KEYS;
  const scale = Math.max(plot / Math.max(1, song.duration), Math.min(90, Math.max(48, plot / 11)));
  const shown = plot / scale, last = Math.max(0, song.duration - shown), at = position();
  const from = calm.matches ? Math.floor(at / shown) * shown : at - 0.3 * shown;
  return {scale, from: Math.max(0, Math.min(last, from)), shown};
}

function firstFrom(seconds) {
  let low = 0, high = song.notes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (song.notes[middle][0] < seconds) low = middle + 1; else high = middle;
  }
  return low;
}

function drawRoll() {
  const {draw, width, height} = surface(roll), {scale, from, shown} = view(width);
  const key = (height - TOP) / (song.high - song.low + 1), y = (pitch) => TOP + (song.high - pitch) * key;
  const x = (seconds) => KEYS + (seconds - from) * scale, cursor = position();
  draw.fillStyle = style.paper;
  draw.fillRect(0, 0, width, height);
  draw.font = "11px system-ui, sans-serif";
  for (let pitch = song.low; pitch <= song.high; ++pitch) {
    const name = ((pitch % 12) + 12) % 12;
    if ([1, 3, 6, 8, 10].includes(name)) {
      draw.fillStyle = style.stripe;
      draw.fillRect(KEYS, y(pitch), width, key);
    }
    if (name === 0) {
      draw.fillStyle = style.line;
      draw.fillRect(KEYS, y(pitch) + key - 0.5, width, 1);
      draw.fillStyle = style.soft;
      draw.fillText("C" + (pitch / 12 - 1), 8, Math.min(height - 3, y(pitch) + key));
    }
  }
  let numbered = -1e9, lined = -1e9;
  for (const [seconds, number] of song.bars) {
    const at = x(seconds);
    if (at < KEYS - 1 || at > width || at - lined < 10) continue;
    lined = at;
    draw.fillStyle = style.line;
    draw.fillRect(at, TOP - 6, 1, height);
    if (at - numbered < 38) continue;
    numbered = at;
    draw.fillStyle = style.soft;
    draw.fillText(number, at + 4, 14);
  }
  for (let i = firstFrom(from - song.longest); i < song.notes.length && song.notes[i][0] < from + shown; ++i) {
    const note = song.notes[i], left = Math.max(KEYS, x(note[0])), right = x(note[0] + note[1]);
    if (right < KEYS) continue;
    const lit = playing && note[0] <= cursor && cursor < note[0] + note[1];
    draw.globalAlpha = lit ? 1 : 0.35 + 0.6 * note[3] / 127;
    draw.fillStyle = color(note);
    draw.beginPath();
    const box = [left, y(note[2]) + 0.5, Math.max(2, right - left - 1), Math.max(2, key - 1)];
    if (draw.roundRect) draw.roundRect(...box, 2); else draw.rect(...box);
    draw.fill();
    if (lit) { draw.globalAlpha = 1; draw.strokeStyle = style.ink; draw.lineWidth = 1.2; draw.stroke(); }
  }
  draw.globalAlpha = 1;
  draw.fillStyle = style.accent;
  draw.fillRect(x(cursor) - 1, 0, 2, height);
}

// The overview's notes don't move: drawn once a size and style, then copied.
let still = null;
function drawOverview() {
  const {draw, width, height} = surface(overview), scale = width / Math.max(0.001, song.duration);
  const stamp = [overview.width, overview.height, style.paper].join();
  if (!still || still.stamp !== stamp) {
    still = {stamp, canvas: document.createElement("canvas")};
    still.canvas.width = overview.width;
    still.canvas.height = overview.height;
    const notes = still.canvas.getContext("2d");
    notes.scale(overview.width / width, overview.height / height);
    notes.fillStyle = style.paper;
    notes.fillRect(0, 0, width, height);
    const key = (height - 8) / (song.high - song.low + 1);
    for (const note of song.notes) {
      notes.fillStyle = color(note);
      const y = 4 + (song.high - note[2]) * key;
      notes.fillRect(note[0] * scale, y, Math.max(1, note[1] * scale), Math.max(1.2, key));
    }
  }
  draw.drawImage(still.canvas, 0, 0, width, height);
  const {from, shown} = view(roll.clientWidth), cursor = position();
  draw.globalAlpha = 0.13;
  draw.fillStyle = style.ink;
  draw.fillRect(from * scale, 0, shown * scale, height);
  draw.globalAlpha = 1;
  draw.fillStyle = style.accent;
  draw.fillRect(cursor * scale - 1, 0, 2, height);
}

function show() {
  if (roll.clientWidth > 0) {  // none in a frame that isn't shown yet
    drawRoll();
    drawOverview();
  }
  const at = clock(position()), length = clock(Math.round(song.duration)), text = at + " / " + length;
  if (time.textContent !== text) time.textContent = text;
  overview.setAttribute("aria-valuenow", position().toFixed(1));
  overview.setAttribute("aria-valuetext", at + " of " + length);
}

function frame() {
  show();
  picture = requestAnimationFrame(frame);
}

// ---- Pieces: one of them is shown.

let piece = -1;

function read({duration, low, high, notes, bars}) {
  const song = {duration: duration / 1000, low, high, notes: [], bars: [], longest: 0};
  for (let i = 0, at = 0; i < notes.length; i += 5) {
    at += notes[i];
    song.notes.push([at / 1000, notes[i + 1] / 1000, ...notes.slice(i + 2, i + 5)]);
    song.longest = Math.max(song.longest, notes[i + 1] / 1000);
  }
  for (let i = 0, at = 0; i < bars.length; i += 2) {
    at += bars[i];
    song.bars.push([at / 1000, bars[i + 1]]);
  }
  return song;
}

function named() {
  const number = /^#piece-(\d+)$/.exec(location.hash)?.[1];
  return number >= 1 && number <= songs.length ? number - 1 : 0;
}

// The piece that was played stops, and the picked one is played from its beginning instead.
function pick(index) {
  const plays = playing;
  pause();
  piece = index;
  song = read(songs[index]);
  offset = 0;
  still = null;
  sections.forEach((section, i) => { section.hidden = i !== index; });
  overview.setAttribute("aria-valuemax", song.duration.toFixed(1));
  if (choices.length > 0) {
    const choice = choices[index], row = choice.parentElement, list = row.parentElement, top = row.offsetTop;
    choice.checked = true;
    if (choices.includes(document.activeElement)) choice.focus({preventScroll: true});
    list.scrollTop = Math.min(top, Math.max(list.scrollTop, top + row.offsetHeight - list.clientHeight));
    // Without an entry in the history for each piece that was heard.
    if (index !== named()) location.replace(location.href.replace(/#.*|$/, "#piece-" + (index + 1)));
  }
  showStars();
  show();
  if (plays) start();
}

// ---- Stars, which the browser remembers, and files.

const star = element("star"), marks = [...document.querySelectorAll(".list .mark")];
// A piece is known by its file: another page of the same name has other stars.
const keyOf = (index) => {
  let hash = 0;
  for (const c of songs[index].midi) hash = (Math.imul(hash, 31) + c.charCodeAt(0)) | 0;
  return "gruve-star-" + hash;
};
const kept = new Map();  // where the browser gives no storage
function isStarred(index) {
  try { return localStorage.getItem(keyOf(index)) !== null; } catch { return kept.has(keyOf(index)); }
}
function setStar(index, on) {
  try {
    if (on) localStorage.setItem(keyOf(index), "1"); else localStorage.removeItem(keyOf(index));
  } catch {
    if (on) kept.set(keyOf(index), 1); else kept.delete(keyOf(index));
  }
}
function showStars() {
  const on = isStarred(piece);
  star.setAttribute("aria-pressed", String(on));
  star.firstElementChild.textContent = on ? "★" : "☆";
  marks.forEach((mark, i) => { mark.textContent = isStarred(i) ? "★" : ""; });
}
star.addEventListener("click", () => { setStar(piece, !isStarred(piece)); showStars(); });

function save(parts, type, extension) {
  const link = document.createElement("a"), url = URL.createObjectURL(new Blob(parts, {type}));
  const title = sections[piece].querySelector("h2").textContent;
  link.href = url;
  link.download = (songs.length > 1 ? title : document.title) + extension;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
element("midi").addEventListener("click", () => {
  save([Uint8Array.from(atob(songs[piece].midi), (c) => c.charCodeAt(0))], "audio/midi", ".mid");
});

// The same sound as heard, computed faster than it is played; then 16-bit PCM.
async function renderSound() {
  const rate = 44100, before = {context, master, bus};
  const Offline = window.OfflineAudioContext || window.webkitOfflineAudioContext;
  const offline = new Offline(2, Math.ceil((song.duration + 2) * rate), rate);
  const tonesBefore = new Map(tones);
  let buffer;
  try {
    context = offline;
    tones.clear();
    connect(1);
    for (const note of song.notes) sound(note, note[0], 0);
    sounding.clear();
  } finally {
    ({context, master, bus} = before);
    tones.clear();
    tonesBefore.forEach((value, key) => tones.set(key, value));
  }
  buffer = await offline.startRendering();
  const [left, right] = [buffer.getChannelData(0), buffer.getChannelData(1)];
  let peak = 1e-6;
  for (let i = 0; i < left.length; ++i) peak = Math.max(peak, Math.abs(left[i]), Math.abs(right[i]));
  const gain = 0.89 * 32767 / peak, data = new DataView(new ArrayBuffer(44 + 4 * left.length));
  const words = (at, text) => [...text].forEach((c, i) => data.setUint8(at + i, c.charCodeAt(0)));
  words(0, "RIFF"); data.setUint32(4, 36 + 4 * left.length, true); words(8, "WAVEfmt ");
  data.setUint32(16, 16, true); data.setUint16(20, 1, true); data.setUint16(22, 2, true);
  data.setUint32(24, rate, true); data.setUint32(28, 4 * rate, true); data.setUint16(32, 4, true);
  data.setUint16(34, 16, true); words(36, "data"); data.setUint32(40, 4 * left.length, true);
  for (let i = 0; i < left.length; ++i) {
    data.setInt16(44 + 4 * i, Math.round(gain * left[i]), true);
    data.setInt16(46 + 4 * i, Math.round(gain * right[i]), true);
  }
  return data.buffer;
}
element("wav").addEventListener("click", async () => {
  pause();
  const button = element("wav");
  button.disabled = true;
  status.textContent = "Computing the sound …";
  try {
    save([await renderSound()], "audio/wav", ".wav");
    status.textContent = "";
  } catch (error) {
    status.textContent = "The browser can't compute the sound: " + error.message;
  }
  button.disabled = false;
});

// ---- Hands.

choices.forEach((choice, i) => choice.addEventListener("change", () => pick(i)));
window.addEventListener("hashchange", () => { if (named() !== piece) pick(named()); });

play.addEventListener("click", () => playing ? pause() : start());
volume.addEventListener("input", () => {
  if (master) master.gain.setTargetAtTime(volume.value ** 2, context.currentTime, 0.02);
});
roll.addEventListener("click", (event) => {
  const {scale, from} = view(roll.clientWidth);
  seek(from + (event.offsetX - KEYS) / scale);
});
const seekOverview = (event) => seek(event.offsetX / overview.clientWidth * song.duration);
overview.addEventListener("pointerdown", (event) => {
  overview.setPointerCapture(event.pointerId);
  seekOverview(event);
});
overview.addEventListener("pointermove", (event) => { if (event.buttons) seekOverview(event); });
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const steps = {ArrowLeft: -5, ArrowRight: 5};
  if (event.key === " " && event.target.tagName !== "BUTTON") {
    event.preventDefault();
    if (!event.repeat) { if (playing) pause(); else start(); }
  } else if (event.key in steps && event.target !== volume) {
    event.preventDefault();
    seek(position() + steps[event.key]);
  } else if (event.key === "Home" && event.target === overview) {
    event.preventDefault();
    seek(0);
  } else if (event.key === "End" && event.target === overview) {
    event.preventDefault();
    seek(song.duration);
  }
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readStyle(); show(); });
readStyle();
pick(named());
new ResizeObserver(show).observe(roll);
})();
)js";
static_assert(std::string_view(kReportScript).size() <= 16'380, "MSVC refuses a longer literal");

}  // namespace gruve::inline v0_2::internal
