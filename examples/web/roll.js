// ---- Drawing: the piano roll as it plays, the roll of a whole piece, and the loss while learning.

const colours = {};
function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["paper", "stripe", "beat", "line", "ink", "soft", "accent", "second"]) colours[name] = style.getPropertyValue("--" + name);
}
readColours();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", readColours);

// A canvas's drawing context in CSS pixels, cleared.
function cleared(canvas) {
  const scale = Math.min(3, window.devicePixelRatio || 1), {clientWidth: width, clientHeight: height} = canvas;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const draw = canvas.getContext("2d");
  draw.setTransform(scale, 0, 0, scale, 0, 0);
  draw.fillStyle = colours.paper;
  draw.fillRect(0, 0, width, height);
  return {draw, width, height};
}

const isBlack = pitch => [1, 3, 6, 8, 10].includes(pitch % 12);

function drawKeys({draw, width, height}, lowest, highest) {
  const row = height / (highest - lowest + 1);
  for (let pitch = lowest; pitch <= highest; ++pitch) {
    const y = (highest - pitch) * row;
    if (isBlack(pitch)) {
      draw.fillStyle = colours.stripe;
      draw.fillRect(0, y, width, row);
    }
    if (pitch % 12 === 0) {
      draw.fillStyle = colours.line;
      draw.fillRect(0, y + row - 0.5, width, 1);
    }
  }
  return row;
}

function drawNote({draw}, note, x, right, y, row) {
  draw.fillStyle = note.isYours ? colours.second : colours.accent;
  draw.globalAlpha = 0.35 + 0.65 * note.velocity / 127;
  draw.beginPath();
  const width = Math.max(2, right - x - 1);
  if (draw.roundRect && row > 5) draw.roundRect(x, y + 0.5, width, row - 1, Math.min(3, width / 2));
  else draw.rect(x, y + 0.5, width, Math.max(1, row - 1));
  draw.fill();
  draw.globalAlpha = 1;
}

// The roll that moves: `now` is at a fixed place, what was played to its left.
//
// notes  {begin, end, pitch, velocity, isYours}, in seconds, by begin; an end may be Infinity
// bars   seconds of bar lines
function drawLive(canvas, notes, bars, now, jumps) {
  const area = cleared(canvas), {draw, width, height} = area;
  const lowest = 28, highest = 100, row = drawKeys(area, lowest, highest);
  const speed = Math.max(48, width / 12);
  // Where motion is unwelcome, the page turns every six seconds instead of moving.
  const shown = jumps ? Math.ceil(now / 6) * 6 : now, origin = jumps ? width : Math.round(width * 0.93);
  const x = time => origin + (time - shown) * speed;
  draw.fillStyle = colours.line;
  for (const bar of bars) if (x(bar) > 0) draw.fillRect(Math.round(x(bar)), 0, 1, height);
  for (let i = notes.length - 1; i >= 0; --i) {
    const note = notes[i], right = x(Math.min(note.end, Math.max(now, note.begin + 0.02)));
    if (x(note.begin) > width) continue;
    if (x(note.begin) < -20 * speed) break;  // no note is longer
    if (right > 0) drawNote(area, note, x(note.begin), right, (highest - note.pitch) * row, row);
  }
  draw.fillStyle = colours.second;
  draw.fillRect(Math.round(x(now)), 0, 2, height);
}

// A whole piece, and in it the place that is heard, if there is one.
function drawPiece(canvas, {notes, bars, seconds}, now) {
  let lowest = 127, highest = 0;
  for (const {pitch} of notes) {
    lowest = Math.min(lowest, pitch);
    highest = Math.max(highest, pitch);
  }
  const area = cleared(canvas), {draw, width, height} = area, row = drawKeys(area, lowest - 1, highest + 1);
  const x = time => time / seconds * width;
  draw.fillStyle = colours.line;
  for (const bar of bars) draw.fillRect(Math.round(x(bar)), 0, 1, height);
  for (const note of notes) drawNote(area, note, x(note.begin), x(note.end), (highest + 1 - note.pitch) * row, row);
  if (now === null) return;
  draw.fillStyle = colours.second;
  draw.fillRect(Math.round(x(now)), 0, 2, height);
}

// The loss of each update so far.
function drawCurve(canvas, losses, updates) {
  const {draw, width, height} = cleared(canvas), left = 44, bottom = height - 22, top = 8, right = width - 10;
  const lowest = Math.min(...losses), highest = Math.max(...losses), span = Math.max(highest - lowest, 0.05);
  const x = update => left + (right - left) * update / Math.max(1, updates - 1), y = loss => top + (bottom - top) * (highest - loss) / span;
  draw.font = "12px system-ui, sans-serif";
  draw.fillStyle = colours.soft;
  draw.textAlign = "right";
  draw.textBaseline = "middle";
  draw.fillText(highest.toFixed(2), left - 6, y(highest) + 3);
  draw.fillText((highest - span).toFixed(2), left - 6, bottom - 4);
  draw.textAlign = "left";
  draw.fillText("loss, nats a token", left + 4, height - 9);
  draw.textAlign = "right";
  draw.fillText(`${updates} updates`, right, height - 9);
  draw.fillStyle = colours.line;
  draw.fillRect(left, bottom, right - left, 1);
  draw.fillRect(left, top, 1, bottom - top);
  draw.strokeStyle = colours.accent;
  draw.lineWidth = 2;
  draw.lineJoin = "round";
  draw.beginPath();
  losses.forEach((loss, update) => draw.lineTo(x(update), y(loss)));
  draw.stroke();
}
