#pragma once

namespace gruve::inline v0_2::internal {

/// How a page sounds, in JavaScript: the tone of gruve's WAV files. A script that has it needs the elements `volume`, a
/// range, and `status`, and the constant DRUMS; it calls
///
///   startAudio()                true if the browser has sound
///   sound(note, at, late)       plays [start, duration, pitch, velocity, channel], in seconds, at a time of `context`
///   silence()                   ends all notes
inline constexpr const char* kSoundScript = R"js(
// ---- Sound: the tone of gruve's WAV files, a buffer for every third key, resampled for its neighbours.

let context = null, master = null, bus = null;
const tones = new Map();
const sounding = new Set();

function startAudio() {
  if (context) return true;
  const Context = window.AudioContext || window.webkitAudioContext;
  if (!Context) {
    status.textContent = "This browser has no Web Audio: the cursor moves in silence.";
    return false;
  }
  context = new Context();
  connect(volume.value ** 2);
  return true;
}

// What all notes go through, in the context.
function connect(loudness) {
  master = new GainNode(context, {gain: loudness});
  const limiter = new DynamicsCompressorNode(context,
    {threshold: -10, knee: 8, ratio: 8, attack: 0.004, release: 0.2});
  master.connect(limiter).connect(context.destination);
  bus = new GainNode(context, {gain: 1.6});
  bus.connect(master);
  const impulse = context.createBuffer(2, Math.floor(1.1 * context.sampleRate), context.sampleRate);
  for (let side = 0; side < 2; ++side) {
    const data = impulse.getChannelData(side);
    let smooth = 0;
    for (let i = 0; i < data.length; ++i) {
      const at = i / context.sampleRate;
      smooth += 0.35 * ((2 * Math.random() - 1) - smooth);
      data[i] = smooth * Math.exp(-6.9 * at / 1.1) * Math.min(1, at / 0.012);
    }
  }
  const room = new ConvolverNode(context, {buffer: impulse});
  bus.connect(room).connect(new GainNode(context, {gain: 0.22})).connect(master);
}

function tone(key) {
  if (tones.has(key)) return tones.get(key);
  const rate = context.sampleRate, frequency = 440 * 2 ** ((key - 69) / 12);
  const t60 = 0.5 + 14 * 2 ** ((21 - key) / 24), size = Math.floor(Math.min(6, 0.9 * t60) * rate);
  const brightness = 2600 + 0.6 * frequency, stiffness = 1e-4 * 2 ** ((key - 48) / 10);
  const strings = [new Float32Array(size), new Float32Array(size)];
  const add = (out, amplitude, phase, radians, decay) => {
    let x = amplitude * Math.cos(phase), y = amplitude * Math.sin(phase);
    const c = decay * Math.cos(radians), s = decay * Math.sin(radians);
    const last = Math.min(size, Math.ceil(Math.log(2e-5 / amplitude) / Math.log(decay)));
    for (let i = 0; i < last; ++i) {
      out[i] += y;
      [x, y] = [c * x - s * y, s * x + c * y];
    }
  };
  for (let k = 1; k <= 24; ++k) {
    const partial = frequency * k * Math.sqrt((1 + stiffness * k * k) / (1 + stiffness));
    if (partial > Math.min(10000, 0.45 * rate)) break;
    const struck = Math.abs(Math.sin(Math.PI * k / 8)) + 0.06;
    const amplitude = 0.25 * struck / k ** 0.7 * Math.exp(-(partial - frequency) / brightness);
    if (amplitude < 2e-4) continue;
    const decay = Math.exp(-Math.log(1000) / t60 * (1 + 0.22 * (k - 1)) / rate), phase = 0.7 * k * k;
    const radians = 2 * Math.PI * partial / rate, detune = 2 ** (0.4 / 1200);
    if (k <= 5) {
      add(strings[0], amplitude, phase, radians / detune, decay);
      add(strings[1], amplitude, phase + 0.9, radians * detune, decay);
    } else {
      add(strings[k % 2], 1.4 * amplitude, phase, radians, decay);
    }
  }
  const buffer = context.createBuffer(2, size, rate), fade = Math.floor(0.2 * size);
  const pan = Math.max(-0.45, Math.min(0.45, (key - 64) / 88)), level = 2 ** ((60 - key) / 60);
  for (let side = 0; side < 2; ++side) {
    const data = buffer.getChannelData(side), near = strings[side], far = strings[1 - side];
    const gain = level * (side ? Math.sin(Math.PI / 4 * (1 + pan)) : Math.cos(Math.PI / 4 * (1 + pan)));
    for (let i = 0; i < size; ++i) {
      data[i] = gain * (0.8 * near[i] + 0.4 * far[i]) * Math.min(1, (size - i) / fade);
    }
  }
  tones.set(key, buffer);
  return buffer;
}

function track(source, gain) {
  const voice = {source, gain};
  sounding.add(voice);
  source.onended = () => { sounding.delete(voice); gain.disconnect(); };
}

// late: seconds by which the note began before `at`, when playing starts in its midst.
function sound([, duration, pitch, velocity, channel], at, late) {
  if (channel === DRUMS) return late > 0 ? undefined : hit(pitch, velocity, at);
  const key = Math.max(21, Math.min(108, 3 * Math.round(pitch / 3))), speed = 2 ** ((pitch - key) / 12);
  const force = velocity / 127, frequency = 440 * 2 ** ((pitch - 69) / 12);
  const source = new AudioBufferSourceNode(context, {buffer: tone(key), playbackRate: speed});
  const filter = new BiquadFilterNode(context, {type: "lowpass", Q: 0.4,
    frequency: Math.min(0.45 * context.sampleRate, 2 * frequency + 700 + 9000 * force ** 1.5)});
  const gain = new GainNode(context, {gain: 0});
  const level = force ** 1.7, end = at + Math.max(0.03, duration - late);
  const release = 0.055 + 0.07 * 2 ** ((40 - pitch) / 12);
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(level, at + (late > 0 ? 0.03 : 0.0025));
  gain.gain.setTargetAtTime(0, Math.max(end, at + 0.03), release);
  source.connect(filter).connect(gain).connect(bus);
  source.start(at, late * speed);
  source.stop(end + 9 * release);
  track(source, gain);
}

function hit(pitch, velocity, at) {
  const gain = new GainNode(context, {gain: 0}), level = 0.5 * (velocity / 127) ** 1.5;
  const deep = pitch <= 36 || [41, 43, 45, 47, 48, 50].includes(pitch), snare = pitch >= 37 && pitch <= 40;
  const long = [46, 49, 51, 52, 55, 57, 59].includes(pitch);
  const seconds = deep ? 0.13 : snare ? 0.07 : long ? 0.35 : 0.03;
  let source;
  if (deep) {
    const tone = pitch <= 36 ? 52 : 75 + 9 * (pitch - 41);
    source = new OscillatorNode(context, {frequency: 3 * tone});
    source.frequency.setValueAtTime(3 * tone, at);
    source.frequency.setTargetAtTime(tone, at, 0.018);
    source.connect(gain);
  } else {
    if (!tones.has("noise")) {
      const noise = context.createBuffer(1, 2 * context.sampleRate, context.sampleRate);
      noise.getChannelData(0).forEach((_, i, data) => { data[i] = Math.random() - 0.5; });
      tones.set("noise", noise);
    }
    source = new AudioBufferSourceNode(context, {buffer: tones.get("noise")});
    const filter = {type: snare ? "bandpass" : "highpass", frequency: snare ? 1800 : 6000};
    source.connect(new BiquadFilterNode(context, filter)).connect(gain);
  }
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(level, at + 0.001);
  gain.gain.setTargetAtTime(0, at + 0.001, seconds);
  gain.connect(bus);
  source.start(at);
  source.stop(at + 7 * seconds);
  track(source, gain);
}

function silence() {
  for (const {source, gain} of sounding) {
    gain.gain.cancelScheduledValues(context.currentTime);
    gain.gain.setTargetAtTime(0, context.currentTime, 0.015);
    source.stop(context.currentTime + 0.12);
  }
  sounding.clear();
}
)js";

}  // namespace gruve::inline v0_2::internal
