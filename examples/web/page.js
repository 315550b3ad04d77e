// ---- The page: what its controls do.

const $ = id => document.getElementById(id);
const kHorizon = 0.3;      // seconds of music that are known ahead of the clock
const kMostNotes = 20000;  // that are kept: about an hour
const kWavSeconds = 300;   // of what was played; the rendering takes half a megabyte a second

// ---- Workers: call(name, args) asks one and returns a promise.

class Gruve {
  constructor(parts) {
    this.parts = parts;
    this.start();
  }
  start() {
    this.worker = new Worker(this.parts.script);
    this.waiting = new Map();
    this.last = 0;
    this.worker.onmessage = ({data}) => {
      if (data.event) return this.onevent?.(data);
      const waits = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if (data.error === undefined) waits?.done(data.result);
      else if (waits) waits.failed(new Error(data.error));
      else say("status", data.error, true);
    };
    this.worker.onerror = event => say("status", `The worker failed: ${event.message}`, true);
    this.call("open", {wasm: this.parts.wasm}).catch(error => say("status", error.message, true));
  }
  call(call, args) {
    const id = ++this.last;
    const answer = new Promise((done, failed) => this.waiting.set(id, {done, failed}));
    this.worker.postMessage({id, call, args});
    return answer;
  }
  send(call, args) { this.worker.postMessage({id: 0, call, args}); }  // only a failure is answered
  restart() {
    this.worker.terminate();
    this.start();
  }
}

function say(id, text, isWrong = false) {
  const line = $(id);
  line.textContent = text;
  line.classList.toggle("wrong", isWrong);
}

// What is shown where f fails.
const showing = (id, f) => async (...args) => {
  try {
    return await f(...args);
  } catch (error) {
    say(id, error.message, true);
  }
};

function download(bytes, name, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], {type}));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// ---- The model

let player, studio, info = null, firstModel = null, modelBytes = null, isFirst = true, learnt = null;

const tempoOf = ({bpm}) => Math.round(Math.max(40, Math.min(220, bpm)));
function takeTempo() {
  setSlider("tempo", tempoOf(info));
  changed();
}

const barQuarters = () => 4 * info.numerator / info.denominator;

async function openModel(bytes, name) {
  const {info: found, goesOn} = await player.call("load", {bytes});
  info = found;
  modelBytes = bytes;
  studio.send("load", {bytes});
  $("model").textContent = `${name}: ${info.layers === 1 ? "a layer" : `${info.layers} layers`} of ${info.hiddenSize} GRU units, ` +
    `${info.vocabSize} kinds of ${info.encoder === "event" ? "events" : "tokens"}`;
  if (hasBegun && goesOn) say("status", "The new model takes over at the next bar line.");
  else if (hasBegun) newMusic();
  await bench();
}
// ---- Playing. Times are seconds of the audio clock.

let mode = "still";  // or "music", "listening", "piece"
let hasBegun = false, epoch = 0, notes = [], bars = [], anchor = {time: 0, quarters: 0}, answering = 0;
let numSilent = 0;  // of the first notes
const active = new Map(), yours = new Map();  // notes that sound, by pitch

const now = () => context.currentTime;
const quartersAt = time => anchor.quarters + (time - anchor.time) * sliderValue("tempo") / 60;

function setMode(to) {
  mode = to;
  player.send("tick", {on: mode !== "still"});
  $("play").textContent = mode === "music" ? "Pause" : "Play";
  $("listen").textContent = mode === "listening" ? "Now answer" : "Your turn";
  $("listen").setAttribute("aria-pressed", mode === "listening");
  $("hear").textContent = mode === "piece" ? "Stop" : "Hear it";
  say("status", {still: "Paused.", music: "Playing.", piece: "Playing the piece.", listening: "Listening: play something."}[mode]);
  for (const id of ["save-midi", "save-wav"]) $(id).disabled = !hasBegun;
  if (mode !== "still") draw();
}

async function wake() {
  if (!context) {
    if (!startAudio()) throw new Error("This browser has no Web Audio.");
    warmTones();
  }
  if (context.state === "running") return;
  await Promise.race([context.resume(), new Promise(late => setTimeout(late, 4000))]);
  if (context.state !== "running") throw new Error("The browser gives this page no sound: is there a device to play it?");
}

function begin(seed = crypto.getRandomValues(new Uint32Array(1))[0]) {
  notes = [];
  bars = [];
  numSilent = 0;
  hasBegun = true;
  anchor = {time: now() + 0.1, quarters: 0};
  player.send("begin", {settings: liveSettings(), seed, bpm: sliderValue("tempo"), rate: context.sampleRate, time: anchor.time,
    barQuarters: barQuarters(), epoch: ++epoch});
}

// Ends what sounds; what was to sound later doesn't.
function quiet() {
  const time = now();
  for (const note of active.values()) endSounding(note, time);
  active.clear();
  for (let i = notes.length - 1; i >= 0 && notes[i].begin > time - 30; --i) {
    if (notes[i].isYours || notes[i].begin <= time) continue;
    if (notes[i].voice) cancelNote(notes[i].voice);
    notes.splice(i, 1);
  }
  bars = bars.filter(bar => bar <= time);
  for (const pitch of keyElements.keys()) if (!yours.has(pitch)) showKey(pitch, false, false);
}

function endSounding(note, time) {
  note.end = Math.max(note.begin, time);
  note.endQuarters = quartersAt(note.end);
  endNote(note.voice, Math.max(time, now()));
}

function onNotes({rows, epoch: of, time, quarters}) {
  if (of !== epoch) return;
  anchor = {time, quarters};
  for (let i = 0; i < rows.length; i += 4) {
    const [at, quarter, pitch, velocity] = rows.slice(i, i + 4);
    if (pitch < 0) {
      bars.push(at);
    } else if (velocity > 0) {
      const note = {begin: at, end: Infinity, beginQuarters: quarter, endQuarters: Infinity, pitch, velocity: louder(velocity), isYours: false};
      note.voice = beginNote(pitch, note.velocity, Math.max(at, now()));
      notes.push(note);
      active.set(pitch, note);
    } else if (active.has(pitch)) {
      const note = active.get(pitch);
      active.delete(pitch);
      Object.assign(note, {end: at, endQuarters: quarter});
      endNote(note.voice, Math.max(at, now()));
    }
  }
  // What is over needs no sound, and what is long over isn't kept.
  for (; notes[numSilent]?.end < now() - 1; ++numSilent) notes[numSilent].voice = null;
  if (notes.length > kMostNotes) numSilent = Math.max(0, numSilent - notes.splice(0, kMostNotes / 10).length);
  if (bars.length > kMostNotes) bars.splice(0, kMostNotes / 10);
  $("roll").dataset.notes = notes.length;
}

function onTick() {
  if (mode === "music") player.send("until", {time: now() + (document.hidden ? 1.5 : kHorizon)});
  else if (mode === "listening") player.send("until", {time: now()});
  else if (mode === "piece") playPiece();
}

const playOrPause = showing("status", async () => {
  if (mode === "music") {
    await context.suspend();  // the music stands still with its clock
    return setMode("still");
  }
  const stood = mode === "still";
  await wake();
  if (!hasBegun) begin();
  else if (mode === "listening") return answer();
  else if (!stood || wasQuiet) goOn();
  setMode("music");
});
let wasQuiet = false;  // after a piece the music goes on from where it was

// Begins again, in place of what plays; while it is paused, so that it goes on with it.
function newMusic() {
  quiet();
  silence();
  begin();
  wasQuiet = mode === "piece";
  if (mode === "listening") setMode("music");
}

function goOn() {
  quiet();
  wasQuiet = false;
  player.send("resume", {time: now() + 0.08, epoch: ++epoch});
}

function listen() {
  if (!hasBegun) begin();
  quiet();
  wasQuiet = false;
  player.send("listen", {time: now(), epoch: ++epoch});
  anchor = {time: now(), quarters: Math.ceil(anchor.quarters / barQuarters()) * barQuarters()};
  setMode("listening");
}

function answer() {
  clearTimeout(answering);
  player.send("until", {time: now()});
  player.send("answer", {time: now() + 0.06, epoch: ++epoch});
  setMode("music");
}

const down = new Set();  // keys that the musician holds, also before the sound is awake

onKey = async (pitch, velocity) => {
  if (!info || pitch < 21 || pitch > 108) return;
  if (velocity === 0) {
    down.delete(pitch);
    return keyUp(pitch);
  }
  down.add(pitch);
  await showing("status", wake)();
  if (context?.state !== "running") return;
  keyDown(pitch, velocity);
  if (!down.has(pitch)) keyUp(pitch);
};

function keyDown(pitch, velocity) {
  clearTimeout(answering);
  if (mode !== "listening") listen();
  const time = now(), note = {begin: time, end: Infinity, beginQuarters: quartersAt(time), endQuarters: Infinity, pitch, velocity, isYours: true};
  note.voice = beginNote(pitch, velocity, time);
  notes.push(note);
  yours.set(pitch, note);
  player.send("play", {pitch, velocity, time});
  showKey(pitch, true, true);
}

function keyUp(pitch) {
  if (!yours.has(pitch)) return;
  endSounding(yours.get(pitch), now());
  yours.delete(pitch);
  player.send("play", {pitch, velocity: 0, time: now()});
  showKey(pitch, false, true);
  if (yours.size === 0 && $("auto").checked && mode === "listening")
    answering = setTimeout(() => mode === "listening" && answer(), Number($("pause").value) * 60000 / sliderValue("tempo"));
}

// ---- Drawing, as long as something moves

let drawing = 0;
const isStill = matchMedia("(prefers-reduced-motion: reduce)");

function draw() {
  cancelAnimationFrame(drawing);
  const time = context ? now() : 0;
  if (mode === "piece") drawLive($("roll"), piece.notes, piece.bars, time - piece.from, isStill.matches);
  else drawLive($("roll"), notes, bars, time, isStill.matches);
  if (piece) drawPiece($("piece-roll"), piece, mode === "piece" ? time - piece.from : null);
  if (mode === "music")
    for (const pitch of keyElements.keys())
      if (!yours.has(pitch)) showKey(pitch, isSounding(pitch, time), false);
  if (mode !== "still") drawing = requestAnimationFrame(draw);
}

function isSounding(pitch, time) {
  for (let i = notes.length - 1; i >= 0 && notes[i].begin > time - 20; --i)
    if (notes[i].pitch === pitch && notes[i].begin <= time && notes[i].end > time) return true;
  return false;
}

// ---- A whole piece

let piece = null;  // {notes, bars, seconds, midi, name, from, next}

const noteRows = rows => {
  const found = {notes: [], bars: [], seconds: 0, quarters: 0, barQuarters: []};
  for (let i = 0; i < rows.length; i += 6) {
    const [begin, end, beginQuarters, endQuarters, pitch, velocity] = rows.subarray(i, i + 6);
    if (pitch < 0) {
      found.bars.push(begin);
      found.barQuarters.push(beginQuarters);
      continue;
    }
    found.notes.push({begin, end, beginQuarters, endQuarters, pitch, velocity});
    found.seconds = Math.max(found.seconds, end);
    found.quarters = Math.max(found.quarters, endQuarters);
  }
  return found;
};

const writePiece = showing("piece-status", async () => {
  const bars = Number($("bars").value), seed = Number($("seed").value) >>> 0, letters = $("form").value;
  if (!(bars >= 1 && bars <= 256)) throw new Error("A piece has 1 to 256 bars.");
  if (mode === "piece") stopPiece();
  $("write").disabled = true;
  say("piece-status", $("stop-learning").hidden ? "Writing …" : "Writing, as soon as the learning is done …");
  try {
    const begin = performance.now();
    const form = letters === "" ? undefined : letters === "none" ? new Int32Array(4096)
      : await studio.call("form", {letters, section: Math.min(8, Math.max(1, Math.round(bars / letters.length))), bars: 4096});
    const primer = $("primer").checked ? songs[0]?.bytes : undefined;
    const bpm = $("own-tempo").checked ? 0 : sliderValue("tempo");
    const midi = await studio.call("piece", {settings: settings(), seed, bars, bpm, louder: sliderValue("louder"), form, primer});
    const took = performance.now() - begin;
    piece = {...noteRows(await studio.call("notes", {bytes: midi, name: "the piece"})), midi, name: `gruve-${seed}`, from: 0, next: 0};
    const minutes = `${Math.floor(piece.seconds / 60)}:${String(Math.floor(piece.seconds % 60)).padStart(2, "0")}`;
    say("piece-status", `${piece.notes.length} notes, ${minutes}, written in ${took < 1000 ? `${Math.round(took)} ms` : `${(took / 1000).toFixed(1)} s`}.`);
    $("piece-roll").hidden = false;
    for (const id of ["hear", "piece-midi", "piece-wav"]) $(id).disabled = false;
    drawPiece($("piece-roll"), piece, null);
  } finally {
    $("write").disabled = false;
  }
});

const hearPiece = showing("piece-status", async (from = 0) => {
  await wake();
  quiet();
  silence();
  wasQuiet = true;
  piece.from = now() + 0.1 - from;
  piece.next = piece.notes.findIndex(note => note.begin >= from - 0.01);
  if (piece.next < 0) piece.next = piece.notes.length;
  setMode("piece");
});

function playPiece() {
  for (; piece.next < piece.notes.length && piece.notes[piece.next].begin + piece.from < now() + 0.6; ++piece.next) {
    const {begin, end, pitch, velocity} = piece.notes[piece.next];
    sound([begin, end - begin, pitch, velocity, 0], begin + piece.from, 0);
  }
  if (now() > piece.from + piece.seconds + 1) stopPiece();
}

function stopPiece() {
  silence();
  setMode("still");
  draw();
}

const wavFile = (id, of, name) => showing(id, async () => {
  say(id, "Rendering …");
  const list = of(), begin = list.reduce((first, note) => Math.min(first, note.begin), Infinity);
  if (list.length === 0) throw new Error("No note has been played yet.");
  await wakeForTones();
  const bytes = await renderWav(list.map(note => ({...note, begin: note.begin - begin, end: note.end - begin})));
  download(bytes, `${name()}.wav`, "audio/wav");
  say(id, `A WAV file of ${Math.round((bytes.length - 44) / 4 / 44100)} s.`);
});
// Tones are made with a context, which may not have begun; it needn't sound.
async function wakeForTones() { if (!context) await wake(); }

// What was played, ended where it is now; the last minutes of it.
function playedNotes(seconds = Infinity) {
  const end = context ? now() : 0;
  return notes.filter(note => note.begin < end && note.begin >= end - seconds)
    .map(note => ({...note, end: Math.min(note.end, end), endQuarters: Math.min(note.endQuarters, quartersAt(end))}));
}

const saveMidi = showing("keep-status", async () => {
  const list = playedNotes();
  if (list.length === 0) throw new Error("No note has been played yet.");
  const first = Math.floor(Math.min(...list.map(note => note.beginQuarters)) / barQuarters()) * barQuarters();
  const rows = new Float64Array(list.flatMap(({beginQuarters, endQuarters, pitch, velocity}) =>
    [beginQuarters - first, Math.max(endQuarters, beginQuarters) - first, pitch, velocity]));
  const midi = await studio.call("midi", {rows, bpm: sliderValue("tempo"), numerator: info.numerator, denominator: info.denominator});
  download(midi, "gruve-played.mid", "audio/midi");
  say("keep-status", `A MIDI file of ${list.length} notes.`);
});

// ---- Your own music

let songs = [];  // {name, bytes, notes, …}

const openFiles = async files => {
  const refused = [];
  let opened = "";
  for (const file of files) {
    try {
      if (file.size > 100e6) throw new Error(`${file.name}: ${Math.round(file.size / 1e6)} MB are too many, expected at most 100`);
      const bytes = new Uint8Array(await file.arrayBuffer());
      if (file.name.endsWith(".safetensors")) {
        await openModel(bytes, file.name).catch(error => { throw new Error(`${file.name}: ${error.message}`); });
        opened = `${file.name} is the model now.`;
        takeTempo();
        isFirst = false;
        $("first-model").hidden = false;
      } else {
        const song = noteRows(await studio.call("notes", {bytes, name: file.name}));
        songs.push({name: file.name, bytes, ...song});
        opened = "";
      }
    } catch (error) {
      refused.push(error.message);
    }
  }
  $("own").hidden = songs.length === 0 && isFirst;
  for (const id of ["learn", "continue"]) $(id).disabled = songs.length === 0;
  $("songs").replaceChildren(...songs.map(({name, notes: all, seconds}) =>
    Object.assign(document.createElement("li"), {textContent: `${name}: ${all.length} notes, ${Math.round(seconds)} s`})));
  const ready = opened || (songs.length > 0 ? `${songs.length} MIDI ${songs.length === 1 ? "file" : "files"}.` : "");
  if (refused.length > 0) say("own-status", refused.join(" · "), true);
  else say("own-status", ready);
};

const learn = showing("own-status", async () => {
  const updates = 120, losses = [];
  $("learn").disabled = true;
  $("stop-learning").hidden = false;
  $("curve").hidden = false;
  say("own-status", "Learning: the weights stay, the biases and the first state change …");
  studio.onevent = ({update, loss}) => {
    losses.push(loss);
    drawCurve($("curve"), losses, updates);
    $("curve").setAttribute("aria-label", `Loss while learning: ${loss.toFixed(2)} nats a token after ${update} of ${updates} updates`);
  };
  const begin = performance.now();
  try {
    const {file, refused} = await studio.call("learn", {files: songs.map(({name, bytes}) => ({name, bytes})), updates});
    learnt = file;
    isFirst = false;
    await openModel(file, "A style of yours");
    say("own-status", `Learnt in ${((performance.now() - begin) / 1000).toFixed(1)} s: loss ${losses[0].toFixed(2)} at first, ${losses.at(-1).toFixed(2)} now.` +
      (mode === "music" ? " It takes over at the next bar line." : "") + (refused.length > 0 ? ` Not read: ${refused.join("; ")}` : ""));
    $("save-model").hidden = false;
    $("first-model").hidden = false;
  } finally {
    $("learn").disabled = false;
    $("stop-learning").hidden = true;
  }
});

const stopLearning = () => {
  studio.restart();
  $("learn").disabled = false;
  $("stop-learning").hidden = true;
  studio.send("load", {bytes: modelBytes});
  say("own-status", "Stopped: the model is as it was.");
};

// The last eight bars of the song are what the model has heard.
const continueSong = showing("status", async () => {
  const song = songs[0];
  await wake();
  const first = song.barQuarters[Math.max(0, song.barQuarters.length - 8)] ?? 0, seconds = song.bars[Math.max(0, song.bars.length - 8)] ?? 0;
  const heard = song.notes.filter(note => note.beginQuarters >= first && note.pitch >= 21 && note.pitch <= 108);
  setSlider("tempo", Math.round(Math.max(40, Math.min(220, 60 * (song.quarters - first) / Math.max(0.1, song.seconds - seconds)))));
  if (!hasBegun) begin();
  changed();
  quiet();
  player.send("hear", {notes: heard.map(note => [note.beginQuarters - first, note.endQuarters - first, note.pitch, note.velocity]),
    quarters: Math.ceil(song.quarters - first), time: now() + 0.1, epoch: ++epoch});
  setMode("music");
  say("status", `Continuing ${song.name}.`);
});

// ---- Beginning

// "?bench" at the end of the page's address measures each model that is opened, "?plain" takes the WebAssembly without SIMD, if it's there.
let kind = "";  // of the WebAssembly
const wanted = new Set(location.search.slice(1).split("&"));

async function bench() {
  if (!wanted.has("bench")) return;
  const {tokensPerSecond, hiddenSize, vocabSize} = await studio.call("bench", {tokens: 4000});
  const line = `${Math.round(tokensPerSecond)} tokens a second, ${(1e6 / tokensPerSecond).toFixed(1)} µs a token, H = ${hiddenSize}, V = ${vocabSize}, ${kind}`;
  $("build").textContent = line;
  console.log(line);
}

async function unpacked(id) {
  const text = atob($(id).textContent.trim()), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; ++i) bytes[i] = text.charCodeAt(i);
  if (!window.DecompressionStream) throw new Error("This browser is too old: it can't unpack the page (DecompressionStream, 2023).");
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// A module with an instruction of SIMD: i8x16.splat and i8x16.popcnt.
const hasSimd = WebAssembly.validate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15,
  253, 98, 11]));

// Of the kinds that the page was built with, the fastest that the browser has.
function kindOf() {
  const kinds = (hasSimd && !wanted.has("plain") ? ["simd", "plain"] : ["plain"]).filter(kind => $(`${kind}-wasm`));
  if (kinds.length === 0) throw new Error("This browser has no SIMD in WebAssembly, which the page needs (2023 or later have it).");
  return kinds[0];
}

const start = showing("status", async () => {
  kind = kindOf();
  const [wasm, glue, model] = await Promise.all([unpacked(`${kind}-wasm`), unpacked(`${kind}-js`), unpacked("model-file")]);
  const script = URL.createObjectURL(new Blob([glue, "\n", $("worker-js").textContent], {type: "text/javascript"}));
  firstModel = model;
  const compiled = await WebAssembly.compile(wasm);
  player = new Gruve({script, wasm: compiled});
  player.onevent = event => event.event === "notes" ? onNotes(event) : onTick();
  studio = new Gruve({script, wasm: compiled});
  await openModel(model, "Études");
  setSlider("tempo", tempoOf(info));
  for (const id of ["play", "listen", "write"]) $(id).disabled = false;
  say("status", "Ready: press Play.");
  const ready = Math.round(performance.now());
  document.documentElement.dataset.ready = ready;
  if (!wanted.has("bench")) $("build").textContent = `gruve ${$("build").dataset.version}, WebAssembly ${kind === "simd" ? "with" : "without"} SIMD, ready after ${ready} ms`;
});

buildControls();
buildPiano();
draw();
addEventListener("resize", () => {
  buildPiano();
  if (mode === "still") draw();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
volume.addEventListener("input", () => { if (master) master.gain.value = volume.value ** 2; });
$("play").addEventListener("click", playOrPause);
$("again").addEventListener("click", showing("status", async () => {
  if (!info) return;
  await wake();
  newMusic();
  setMode("music");
}));
$("listen").addEventListener("click", showing("status", async () => {
  await wake();
  if (mode === "listening") answer();
  else listen();
}));
$("write").addEventListener("click", writePiece);
$("hear").addEventListener("click", () => mode === "piece" ? stopPiece() : hearPiece());
$("piece-roll").addEventListener("click", event => hearPiece(event.offsetX / $("piece-roll").clientWidth * piece.seconds));
$("piece-midi").addEventListener("click", () => download(piece.midi, `${piece.name}.mid`, "audio/midi"));
$("piece-wav").addEventListener("click", wavFile("piece-status", () => piece.notes, () => piece.name));
$("save-midi").addEventListener("click", saveMidi);
$("save-wav").addEventListener("click", wavFile("keep-status", () => playedNotes(kWavSeconds), () => "gruve-played"));
$("files").addEventListener("change", async () => {
  await openFiles([...$("files").files]);
  $("files").value = "";
});
$("learn").addEventListener("click", learn);
$("stop-learning").addEventListener("click", stopLearning);
$("continue").addEventListener("click", continueSong);
$("save-model").addEventListener("click", () => download(learnt, "gruve-style.safetensors", "application/octet-stream"));
$("first-model").addEventListener("click", showing("own-status", async () => {
  await openModel(firstModel, "Études");
  takeTempo();
  isFirst = true;
  $("first-model").hidden = true;
}));
$("midi-in").addEventListener("click", showing("status", async () => {
  const names = await useMidi();
  say("status", names.length > 0 ? `Listening to ${names.join(", ")}.` : "No MIDI keyboard is plugged in yet; one that is will be heard.");
}));
let dragged = 0;
addEventListener("dragenter", event => {
  event.preventDefault();
  ++dragged;
  $("veil").hidden = false;
});
addEventListener("dragleave", () => { if (--dragged <= 0) $("veil").hidden = true; });
addEventListener("dragover", event => event.preventDefault());
addEventListener("drop", event => {
  event.preventDefault();
  dragged = 0;
  $("veil").hidden = true;
  openFiles([...event.dataTransfer.files]);
});
start();
