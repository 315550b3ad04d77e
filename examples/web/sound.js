// ---- Sound: around the tone of gruve's own pages (render/sound_script.hpp), which declares startAudio(), sound() and silence().

const DRUMS = 9;
const volume = document.getElementById("volume"), status = document.getElementById("status");

// Computes the tones while there is nothing else to do, so that the first notes don't wait for them.
function warmTones() {
  const keys = [];
  for (let key = 36; key <= 96; key += 3) keys.push(key);
  const idle = window.requestIdleCallback ?? (f => setTimeout(f, 20));
  const next = () => {
    if (keys.length === 0) return;
    tone(keys.shift());
    idle(next);
  };
  idle(next);
}

// Begins a note whose end is not known yet.
function beginNote(pitch, velocity, at) {
  sound([0, 20, pitch, velocity, 0], at, 0);
  let voice = null;
  for (voice of sounding);  // the last one that was added
  return {...voice, pitch, begin: at};
}

function endNote(voice, at) {
  const end = Math.max(at, voice.begin + 0.03), release = 0.055 + 0.07 * 2 ** ((40 - voice.pitch) / 12);
  voice.gain.gain.cancelScheduledValues(end);
  voice.gain.gain.setTargetAtTime(0, end, release);
  voice.source.stop(end + 9 * release);
}

// A note that was to begin in the future doesn't.
function cancelNote(voice) {
  voice.gain.gain.cancelScheduledValues(0);
  voice.source.stop();
}

// The bytes of a WAV file of notes {begin, end, pitch, velocity}, in seconds; 16 bits, stereo.
async function renderWav(notes) {
  const rate = 44100, seconds = Math.max(...notes.map(note => note.end)) + 2;
  const offline = new OfflineAudioContext(2, Math.ceil(seconds * rate), rate);
  const heard = [context, master, bus];
  context = offline;
  connect(1);
  const before = new Set(sounding);
  for (const {begin, end, pitch, velocity} of notes) sound([begin, end - begin, pitch, velocity, 0], begin, 0);
  for (const voice of sounding) if (!before.has(voice)) sounding.delete(voice);
  [context, master, bus] = heard;
  return wavOf(await offline.startRendering());
}

function wavOf(buffer) {
  const size = 4 * buffer.length, out = new DataView(new ArrayBuffer(44 + size));
  const name = (at, text) => { for (let i = 0; i < 4; ++i) out.setUint8(at + i, text.charCodeAt(i)); };
  name(0, "RIFF");
  out.setUint32(4, 36 + size, true);
  name(8, "WAVE");
  name(12, "fmt ");
  out.setUint32(16, 16, true);
  out.setUint16(20, 1, true);
  out.setUint16(22, 2, true);
  out.setUint32(24, buffer.sampleRate, true);
  out.setUint32(28, 4 * buffer.sampleRate, true);
  out.setUint16(32, 4, true);
  out.setUint16(34, 16, true);
  name(36, "data");
  out.setUint32(40, size, true);
  const samples = new Int16Array(out.buffer, 44);
  for (let side = 0; side < 2; ++side) {
    const data = buffer.getChannelData(side);
    for (let i = 0; i < data.length; ++i) samples[2 * i + side] = 32767 * Math.max(-1, Math.min(1, data[i]));
  }
  return new Uint8Array(out.buffer);
}
