// The worker: gruve in WebAssembly. Two run, of the same code: one plays, and one writes pieces and learns, so that
// neither waits for the other. A call is {id, call, args}; its answer {id, result} or {id, error}, with gruve_error()'s text.
"use strict";

const kNotes = 256, kBlock = 1024;  // notes and samples of a block

let gruve = null;   // the module
let model = 0;      // the gruve_model
let live = 0;       // the gruve_live
let scratch = 0;    // options, sizes and a block's notes, for good: playing allocates nothing
let clock = null;   // {rate, bpm, origin, position, quarters, bar, barQuarters}: seconds of sample 0; samples and quarters
                    // played; quarters of the next bar line, and of a bar
let epoch = 0;      // of the page's last call that leaves what was posted before without effect
let ticking = 0;

const kSampling = 0, kLimits = 24, kPiece = 72, kSize = 208, kInfo = 216, kBlockNotes = 264;  // places in the scratch

const view = () => new DataView(gruve.HEAPU8.buffer, scratch);
const text = pointer => gruve.UTF8ToString(pointer);

function fail() { throw new Error(text(gruve._gruve_error())); }

// A copy of bytes in the module's memory while f runs.
function lent(bytes, f) {
  const pointer = gruve._malloc(bytes.byteLength + 1);
  if (!pointer) throw new Error("memory is out");
  try {
    gruve.HEAPU8.set(bytes, pointer);
    gruve.HEAPU8[pointer + bytes.byteLength] = 0;
    return f(pointer, bytes.byteLength);
  } finally {
    gruve._free(pointer);
  }
}

const named = (name, f) => lent(new TextEncoder().encode(name), f);

// A copy of what a function of the module allocated, which is freed. unit: bytes of what the size counts.
function taken(pointer, unit = 1) {
  if (!pointer) fail();
  const bytes = gruve.HEAPU8.slice(pointer, pointer + unit * view().getUint32(kSize, true));
  gruve._gruve_free(pointer);
  return bytes;
}

function writeSampling(at, {temperature, returnTemperature}) {
  gruve._gruve_default_sampling(scratch + at);
  view().setFloat32(at, temperature, true);
  view().setFloat32(at + 4, returnTemperature, true);
}

function writeLimits(at, limits) {
  gruve._gruve_default_limits(scratch + at);
  const out = view();
  out.setUint32(at, limits.scale, true);
  out.setInt32(at + 12, limits.maxKeys, true);
  out.setInt32(at + 16, limits.maxNotes, true);
  out.setFloat64(at + 24, limits.maxHeld, true);
  out.setFloat64(at + 32, limits.maxSilence, true);
  out.setInt32(at + 40, limits.maxRepeats, true);
}

function load(bytes) {
  const loaded = lent(bytes, (pointer, size) => gruve._gruve_load(pointer, size, 0, 1));
  if (!loaded) fail();
  return loaded;
}

function infoOf(of) {
  gruve._gruve_get_model_info(of, scratch + kInfo);
  const at = i => view().getInt32(kInfo + 4 * i, true);
  return {vocabSize: at(0), hiddenSize: at(2), layers: at(3), isMusic: at(4) === 1,
    bpm: view().getFloat64(kInfo + 32, true), numerator: at(10), denominator: at(11),
    encoder: text(gruve._gruve_encoder_type(of))};
}

// Plays blocks until a time of the page's clock and posts what begins and ends in them, in rows of
// [seconds, quarters, pitch, velocity]; a row of pitch −1 begins a bar.
function playUntil(time) {
  const target = Math.floor((time - clock.origin) * clock.rate), rows = [], quartersPerSample = clock.bpm / 60 / clock.rate;
  while (clock.position < target) {
    const size = Math.min(kBlock, target - clock.position);
    const count = gruve._gruve_process(live, size, clock.rate, clock.bpm, scratch + kBlockNotes, kNotes);
    const notes = view();
    for (; clock.bar <= clock.quarters + size * quartersPerSample; clock.bar += clock.barQuarters)
      rows.push(clock.origin + (clock.position + (clock.bar - clock.quarters) / quartersPerSample) / clock.rate, clock.bar, -1, 0);
    for (let i = 0; i < count; ++i) {
      const at = kBlockNotes + 8 * i, offset = notes.getInt32(at, true);
      rows.push(clock.origin + (clock.position + offset) / clock.rate, clock.quarters + offset * quartersPerSample,
        notes.getUint8(at + 4), notes.getUint8(at + 5));
    }
    clock.position += size;
    clock.quarters += size * quartersPerSample;
  }
  postMessage({event: "notes", rows, epoch, time: clock.origin + clock.position / clock.rate, quarters: clock.quarters});
}

const calls = {
  open({wasm}) {
    return new Promise((opened, failed) => createGruve({
      instantiateWasm: (imports, done) => {
        WebAssembly.instantiate(wasm, imports).then(done, failed);
        return {};
      }
    }).then(module => {
      gruve = module;
      scratch = gruve._malloc(kBlockNotes + 8 * kNotes);
      opened();
    }, failed));
  },

  // Another model; one that plays hands over at the next bar line.
  load({bytes}) {
    const loaded = load(bytes), info = infoOf(loaded);
    if (!info.isMusic) {
      gruve._gruve_free_model(loaded);
      throw new Error(`a model of type "${info.encoder}" makes no music`);
    }
    if (live && gruve._gruve_hand_over(live, loaded) !== 0) {
      // Of another kind: it begins anew.
      gruve._gruve_free_live(live);
      live = 0;
    }
    gruve._gruve_free_model(model);
    model = loaded;
    return {info, goesOn: live !== 0};
  },

  begin({settings, seed, bpm, rate, time, barQuarters, epoch: now}) {
    epoch = now;
    gruve._gruve_free_live(live);
    writeSampling(kSampling, settings);
    writeLimits(kLimits, settings);
    live = gruve._gruve_new_live(model, scratch + kSampling, scratch + kLimits, seed, 0);
    if (!live) fail();
    clock = {rate, bpm, origin: time, position: 0, quarters: 0, bar: 0, barQuarters};
  },

  set({settings, bpm}) {
    clock.bpm = bpm;
    writeSampling(kSampling, settings);
    writeLimits(kLimits, settings);
    if (gruve._gruve_set_live_sampling(live, scratch + kSampling) !== 0) fail();
    if (gruve._gruve_set_live_limits(live, scratch + kLimits) !== 0) fail();
  },

  until({time}) { playUntil(time); },

  // Asks the page some forty times a second how far to play. The system slows down the timers of a hidden page, but not these.
  tick({on}) {
    clearInterval(ticking);
    if (on) ticking = setInterval(() => postMessage({event: "tick"}), 25);
  },

  // The next sample sounds at this time: after a pause.
  resume({time, epoch: now}) {
    clock.origin = time - clock.position / clock.rate;
    epoch = now;
  },

  // Listens from the next bar line on, which is now.
  listen({time, epoch: now}) {
    gruve._gruve_listen(live);
    calls.resume({time, epoch: now});
    clock.bar = clock.quarters = Math.ceil(clock.quarters / clock.barQuarters) * clock.barQuarters;
  },

  play({pitch, velocity, time}) {
    const offset = Math.max(0, Math.round((time - clock.origin) * clock.rate) - clock.position);
    gruve._gruve_play(live, pitch, velocity, offset);
  },

  answer({time, epoch: now}) {
    calls.resume({time, epoch: now});
    gruve._gruve_answer(live);
  },

  // Lets the model continue notes, [beginning, end, pitch, velocity] in quarter notes, which it listens to at once.
  hear({notes, quarters, time, epoch: now}) {
    const changes = [];
    for (const [begin, end, pitch, velocity] of notes) changes.push([begin, pitch, velocity], [end, pitch, 0]);
    changes.sort((a, b) => a[0] - b[0] || a[2] - b[2]);
    const samples = clock.rate * 60 / clock.bpm, all = Math.round(quarters * samples);
    calls.listen({time, epoch: now});
    let next = 0;
    for (let at = 0; at < all; at += kBlock) {
      const size = Math.min(kBlock, all - at);
      for (; next < changes.length && changes[next][0] * samples < at + size; ++next)
        gruve._gruve_play(live, changes[next][1], changes[next][2], Math.max(0, Math.round(changes[next][0] * samples) - at));
      gruve._gruve_process(live, size, clock.rate, clock.bpm, scratch + kBlockNotes, kNotes);
    }
    clock.quarters += quarters;
    while (clock.bar < clock.quarters) clock.bar += clock.barQuarters;
    gruve._gruve_answer(live);
  },

  form({letters, section, bars}) {
    const lags = named(letters, pointer => taken(gruve._web_form(pointer, section, bars, scratch + kSize), 4));
    return new Int32Array(lags.buffer);
  },

  piece({settings, seed, bars, bpm, louder, form, primer}) {
    gruve._gruve_default_piece_options(scratch + kPiece);
    writeSampling(kPiece, settings);
    writeLimits(kPiece + kLimits, settings);
    const out = view();
    out.setUint32(kPiece + 72, seed, true);
    out.setInt32(kPiece + 80, bars, true);
    out.setFloat64(kPiece + 104, bpm, true);
    out.setInt32(kPiece + 112, louder, true);
    return lent(primer ?? new Uint8Array(0), (primerPointer, primerSize) =>
      lent(new Uint8Array((form ?? new Int32Array(0)).buffer), (formPointer, formSize) => {
        const options = view();
        options.setUint32(kPiece + 116, primer ? primerPointer : 0, true);
        options.setUint32(kPiece + 120, primerSize, true);
        options.setUint32(kPiece + 124, form ? formPointer : 0, true);
        options.setUint32(kPiece + 128, formSize / 4, true);
        return taken(gruve._gruve_generate_midi(model, scratch + kPiece, scratch + kSize));
      }));
  },

  notes({bytes, name}) {
    const rows = named(name, file => lent(bytes, (pointer, size) => taken(gruve._web_notes(pointer, size, file, scratch + kSize), 8)));
    return new Float64Array(rows.buffer);
  },

  midi({rows, bpm, numerator, denominator}) {
    return lent(new Uint8Array(rows.buffer), (pointer, size) =>
      taken(gruve._web_midi(pointer, size / 32, bpm, numerator, denominator, scratch + kSize)));
  },

  // A model file with the style of MIDI files, [{name, bytes}]; those that can't be read are named.
  learn({files, updates}) {
    const refused = [];
    let count = 0;
    for (const {name, bytes} of files) {
      const notes = named(name, file => lent(bytes, (pointer, size) => gruve._web_add_song(model, pointer, size, file)));
      if (notes < 0) refused.push(text(gruve._gruve_error()));
      else ++count;
    }
    if (count === 0) throw new Error(refused.join("; "));
    return {file: taken(gruve._web_learn_style(model, updates, scratch + kSize)), refused};
  },

  // Tokens per second of the plain generator.
  bench({tokens}) {
    writeSampling(kSampling, {temperature: 1, returnTemperature: 1});
    const generator = gruve._gruve_new_generator(model, scratch + kSampling, 1, 0);
    if (!generator) fail();
    let best = 0;
    for (let round = 0; round < 5; ++round) {
      const begin = performance.now();
      for (let i = 0; i < tokens; ++i) gruve._gruve_next(generator);
      best = Math.max(best, 1000 * tokens / (performance.now() - begin));
    }
    gruve._gruve_free_generator(generator);
    return {...infoOf(model), tokensPerSecond: best};
  },

  memory() { return gruve.HEAPU8.byteLength; }
};

function onLearning(update, updates, loss) { postMessage({event: "learning", update, updates, loss}); }

// Between a model of another kind and the page's begin() there is nothing to play.
const kNeedLive = new Set(["set", "until", "resume", "listen", "play", "answer", "hear"]);

async function serve({id, call, args}) {
  try {
    const result = kNeedLive.has(call) && !live ? undefined : await calls[call](args ?? {});
    if (id) postMessage({id, result});
  } catch (error) {
    postMessage({id, error: error.message});
  }
}

let served = Promise.resolve();  // one call after another
onmessage = ({data}) => { served = served.then(() => serve(data)); };
