// ---- What the musician plays: the piano on the page, the computer's keys, a MIDI keyboard. All of them call
// onKey(pitch, velocity), velocity 0 for the end of a note.

const piano = document.getElementById("piano");
const kKeyNames = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];
const kLetters = "awsedftgyhujk";  // from C on
let lowestKey = 48, highestKey = 84, chosenKey = 60, octave = 60, onKey = () => {};
const keyElements = new Map(), pointers = new Map(), pressed = new Map();

function buildPiano() {
  const octaves = piano.clientWidth < 560 ? 2 : piano.clientWidth < 900 ? 4 : 5;
  lowestKey = octaves === 2 ? 60 : octaves === 4 ? 48 : 36;
  highestKey = lowestKey + 12 * octaves;
  piano.replaceChildren();
  keyElements.clear();
  const white = 100 / (7 * octaves + 1);
  let place = 0;
  for (let pitch = lowestKey; pitch <= highestKey; ++pitch) {
    const key = document.createElement("i");
    key.dataset.pitch = pitch;
    if (isBlack(pitch)) {
      key.className = "black";
      key.style.left = `${(place - 0.31) * white}%`;
      key.style.width = `${0.62 * white}%`;
    } else {
      key.style.left = `${place++ * white}%`;
      key.style.width = `${white}%`;
      if (pitch % 12 === 0) key.append(Object.assign(document.createElement("b"), {textContent: `C${pitch / 12 - 1}`}));
    }
    keyElements.set(pitch, key);
    piano.append(key);
  }
  choose(Math.max(lowestKey, Math.min(highestKey, chosenKey)));
}

function choose(pitch) {
  keyElements.get(chosenKey)?.classList.remove("chosen");
  chosenKey = pitch;
  keyElements.get(pitch)?.classList.add("chosen");
  piano.setAttribute("aria-label", `Piano, on ${kKeyNames[pitch % 12]}${Math.floor(pitch / 12) - 1}`);
}

function showKey(pitch, sounds, isYours) {
  const key = keyElements.get(pitch);
  key?.classList.toggle("sounds", sounds && !isYours);
  key?.classList.toggle("yours", sounds && isYours);
}

// A source is a finger, a letter or a MIDI key; each holds one note.
function press(source, pitch, velocity) {
  release(source);
  pressed.set(source, pitch);
  onKey(pitch, velocity);
}

function release(source) {
  if (!pressed.has(source)) return;
  const pitch = pressed.get(source);
  pressed.delete(source);
  onKey(pitch, 0);
}

function keyAt(event) {
  const key = document.elementFromPoint(event.clientX, event.clientY)?.closest("#piano i");
  if (!key) return null;
  const box = key.getBoundingClientRect();
  return {pitch: Number(key.dataset.pitch), velocity: Math.round(50 + 60 * Math.min(1, Math.max(0, (event.clientY - box.top) / box.height)))};
}

piano.addEventListener("pointerdown", event => {
  const key = keyAt(event);
  if (!key) return;
  event.preventDefault();
  piano.focus({preventScroll: true});
  piano.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, key.pitch);
  choose(key.pitch);
  press(`pointer ${event.pointerId}`, key.pitch, key.velocity);
});
piano.addEventListener("pointermove", event => {
  const key = pointers.has(event.pointerId) ? keyAt(event) : null;
  if (!key || pointers.get(event.pointerId) === key.pitch) return;
  pointers.set(event.pointerId, key.pitch);
  press(`pointer ${event.pointerId}`, key.pitch, key.velocity);
});
for (const end of ["pointerup", "pointercancel"])
  piano.addEventListener(end, event => {
    pointers.delete(event.pointerId);
    release(`pointer ${event.pointerId}`);
  });

piano.addEventListener("keydown", event => {
  const step = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 12, PageDown: -12}[event.key];
  if (step) {
    choose(Math.max(lowestKey, Math.min(highestKey, chosenKey + step)));
    event.preventDefault();
  } else if (event.key === " " || event.key === "Enter") {
    if (!event.repeat) press("chosen", chosenKey, 80);
    event.preventDefault();
  }
});
piano.addEventListener("keyup", event => {
  if (event.key === " " || event.key === "Enter") release("chosen");
});

const isTyping = event => event.ctrlKey || event.altKey || event.metaKey || event.target.matches?.("input:not([type=range]):not([type=checkbox]), select, textarea");
addEventListener("keydown", event => {
  if (isTyping(event) || event.repeat) return;
  const letter = event.key.toLowerCase(), at = kLetters.indexOf(letter);
  if (letter.length === 1 && at >= 0) press(`letter ${letter}`, octave + at, 84);
  if (letter === "z") octave = Math.max(24, octave - 12);
  if (letter === "x") octave = Math.min(84, octave + 12);
});
addEventListener("keyup", event => release(`letter ${event.key.toLowerCase()}`));
addEventListener("blur", () => { for (const source of [...pressed.keys()]) release(source); });

// Listens to all MIDI keyboards, also to those that are plugged in later. Returns the names of those there are.
async function useMidi() {
  if (!navigator.requestMIDIAccess) throw new Error("This browser has no Web MIDI: Chrome, Edge and Firefox have it.");
  const access = await navigator.requestMIDIAccess();
  const listen = () => {
    for (const input of access.inputs.values())
      input.onmidimessage = ({data: [kind, pitch, velocity]}) => {
        const source = `${input.id} ${pitch}`;
        if ((kind & 0xF0) === 0x90 && velocity > 0) press(source, pitch, velocity);
        else if ((kind & 0xF0) === 0x80 || (kind & 0xF0) === 0x90) release(source);
      };
  };
  access.onstatechange = listen;
  listen();
  return [...access.inputs.values()].map(input => input.name);
}
