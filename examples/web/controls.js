// ---- How it plays: the sliders and the scale, and what they say to the model.

const kNoLimit = 0;
const kHeld = [0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, kNoLimit];
const upTo = (most, thing, per) => value => value > most ? `any number of ${thing}s` : `up to ${value} ${thing}${value > 1 ? "s" : ""} ${per}`;
const kSliders = {
  temperature: {labels: ["steadier", "bolder"], range: [0.4, 1.4, 0.05], value: 0.8, text: value => value.toFixed(2)},
  returns: {labels: ["returns exact", "varied"], range: [0.2, 1.6, 0.05], value: 0.8, text: value => value.toFixed(2)},
  notes: {labels: ["sparser", "denser"], range: [1, 13, 1], value: 13, text: upTo(12, "note", "a beat")},
  keys: {labels: ["one voice", "chords"], range: [1, 11, 1], value: 11, text: upTo(10, "key", "at once")},
  held: {labels: ["short", "long notes"], range: [0, 9, 1], value: 9,
    text: value => kHeld[value] === kNoLimit ? "any length" : `up to ${kHeld[value]} ${kHeld[value] > 1 ? "beats" : "beat"}`},
  louder: {labels: ["softer", "louder"], range: [-40, 40, 1], value: 0, text: value => value === 0 ? "as it is" : (value > 0 ? "+" : "−") + Math.abs(value)},
  tempo: {labels: ["slower", "faster"], range: [40, 220, 1], value: 100, text: value => `${value} beats a minute`}
};
const kModes = {
  "any": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], "major": [0, 2, 4, 5, 7, 9, 11], "minor": [0, 2, 3, 5, 7, 8, 10],
  "harmonic minor": [0, 2, 3, 5, 7, 8, 11], "dorian": [0, 2, 3, 5, 7, 9, 10], "mixolydian": [0, 2, 4, 5, 7, 9, 10],
  "pentatonic": [0, 2, 4, 7, 9], "minor pentatonic": [0, 3, 5, 7, 10], "blues": [0, 3, 5, 6, 7, 10], "whole-tone": [0, 2, 4, 6, 8, 10]
};

const sliderValue = name => Number($(name).value);

function showSlider(name) {
  const text = kSliders[name].text(sliderValue(name));
  $(`${name}-text`).textContent = text;
  $(name).setAttribute("aria-valuetext", text);
}

function setSlider(name, value) {
  $(name).value = value;
  showSlider(name);
}

function buildControls() {
  for (const [name, {labels, range, value}] of Object.entries(kSliders)) {
    const box = document.createElement("div");
    box.className = "slider";
    const input = Object.assign(document.createElement("input"), {type: "range", id: name, min: range[0], max: range[1], step: range[2], value});
    input.setAttribute("aria-label", labels.join(" to "));
    const output = Object.assign(document.createElement("output"), {id: `${name}-text`, htmlFor: name});
    const [left, right] = labels.map(textContent => Object.assign(document.createElement("span"), {textContent}));
    box.append(left, output, right, input);
    $("sliders").append(box);
    input.addEventListener("input", () => {
      showSlider(name);
      changed();
    });
    showSlider(name);
  }
  kKeyNames.forEach((name, i) => $("tonic").append(new Option(name, i)));
  for (const name of Object.keys(kModes)) $("mode").append(new Option(name));
  for (const id of ["tonic", "mode"]) $(id).addEventListener("change", changed);
  $("reset").addEventListener("click", () => {
    for (const [name, {value}] of Object.entries(kSliders)) setSlider(name, name === "tempo" ? tempoOf(info) : value);
    $("tonic").value = 0;
    $("mode").value = "any";
    changed();
  });
}

function settings() {
  const notes = sliderValue("notes"), keys = sliderValue("keys"), tonic = Number($("tonic").value);
  return {
    temperature: sliderValue("temperature"), returnTemperature: sliderValue("returns"),
    scale: kModes[$("mode").value].reduce((bits, step) => bits | 1 << (tonic + step) % 12, 0),
    maxNotes: notes > 12 ? kNoLimit : notes, maxKeys: keys > 10 ? kNoLimit : keys, maxHeld: kHeld[sliderValue("held")],
    maxSilence: kNoLimit, maxRepeats: kNoLimit
  };
}

// Endless music must neither stop nor go round in a circle.
const liveSettings = () => ({...settings(), maxSilence: 4, maxRepeats: 3});

function changed() { if (hasBegun) player.send("set", {settings: liveSettings(), bpm: sliderValue("tempo")}); }

const louder = velocity => Math.max(1, Math.min(127, velocity + sliderValue("louder")));
