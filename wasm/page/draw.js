// SPDX-License-Identifier: BSD-3-Clause
// A pad to draw a digit on by pointer or keyboard, the pixels that the network sees, and what it reads.

import { Bars, largest } from "./bars.js";
import { colour, element, find, onColours, percent } from "./dom.js";
import { EPOCHS } from "./digits.js";
import { fine } from "./pictures.js";
import { pixelsOf } from "./raster.js";
import { ask } from "./remote.js";

const PEN = 0.11; // its width, in sides of the pad

export function drawSection(digits) {
  const section = find("#draw");
  const verdict = find("[data-verdict]", section);
  const bars = new Bars(find("[data-bars]", section), [..."0123456789"]);
  const pixels = new Pixels(find("[data-pixels]", section));
  const changed = (finished) => {
    pixels.show(pixelsOf([...pad.strokes, ...pad.points]));
    read(pixels.values, finished);
  };
  const pad = new Pad(find("[data-pad]", section), changed);
  const cells = new Cells(find("[data-cells]", section), (points, cleared) => {
    if (cleared) pad.strokes = [];
    pad.points = points;
    pad.draw();
    changed(true);
  });
  find("[data-clear]", section).addEventListener("click", () => cells.clear());
  digits.followed = ({ epoch }) => {
    progress.textContent = `epoch ${epoch + 1} of ${EPOCHS}`;
  };

  const progress = element("span", { "aria-hidden": "true" });
  let reading = 0;
  async function read(values, finished) {
    const turn = ++reading;
    if (values.every((value) => value === 0)) {
      bars.show(null);
      verdict.textContent = "Nothing drawn yet.";
      return;
    }
    if (!digits.trained) {
      if (!finished) return;
      if (!progress.isConnected) {
        progress.textContent = "";
        verdict.replaceChildren("Learning first: ", progress);
      }
      const learned = await digits.run();
      if (turn !== reading) return; // there is more by now
      if (!learned) {
        verdict.textContent = "The network has not learned to read yet.";
        return;
      }
    }
    const shares = await ask("read", values);
    if (turn !== reading) return; // there is more by now
    const best = largest(shares);
    bars.show(shares, best);
    if (finished)
      verdict.replaceChildren("It reads a ", element("strong", {}, String(best)), `, ${percent(shares[best])}.`);
  }
}

// Strokes by mouse, pen or finger: arrays of [x, y], from 0 to 1.
class Pad {
  constructor(canvas, changed) {
    this.canvas = canvas;
    this.strokes = [];
    this.points = []; // strokes that the keyboard made
    const at = ({ clientX, clientY }) => {
      const box = canvas.getBoundingClientRect();
      return [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
    };
    let stroke = null;
    let waiting = false; // for the next picture
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || stroke) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      stroke = { id: event.pointerId, points: [at(event)] };
      this.strokes.push(stroke.points);
      this.draw();
      changed(false);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== stroke?.id) return;
      const events = event.getCoalescedEvents?.() ?? [];
      for (const each of events.length ? events : [event]) stroke.points.push(at(each));
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => {
        waiting = false;
        this.draw();
        if (stroke) changed(false);
      });
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => {
        if (event.pointerId !== stroke?.id) return;
        stroke = null;
        this.draw();
        changed(true);
      });
    }
    this.draw();
    onColours(() => this.draw());
    addEventListener("resize", () => this.draw());
  }

  draw() {
    const { context, size } = fine(this.canvas);
    context.clearRect(0, 0, size, size);
    context.lineWidth = PEN * size;
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = `rgb(${colour("--ink").join(" ")})`;
    for (const points of [...this.strokes, ...this.points]) {
      context.beginPath();
      for (const [x, y] of points) context.lineTo(x * size, y * size);
      if (points.length === 1) context.lineTo(points[0][0] * size + 0.01, points[0][1] * size);
      context.stroke();
    }
  }
}

// The 8 x 8 pixels that the network sees.
class Pixels {
  constructor(place) {
    this.place = place;
    this.cells = Array.from({ length: 64 }, () => element("div"));
    place.append(...this.cells);
    this.show(new Uint8Array(64));
  }

  show(values) {
    this.values = values;
    this.cells.forEach((cell, i) => cell.style.setProperty("--share", values[i] / 16));
    const rows = Array.from({ length: 8 }, (_, row) => values.slice(8 * row, 8 * row + 8).join(" "));
    this.place.setAttribute("aria-label", `8 rows of 8 pixels, each from 0 to 16: ${rows.join(", ")}`);
  }
}

// The pad by keyboard: a grid of 8 x 8 points, which the same pen draws, joined to those beside them.
class Cells {
  constructor(place, edited) {
    this.set = new Set();
    this.edited = edited;
    this.cells = Array.from({ length: 64 }, () => element("div", { role: "gridcell", tabindex: -1 }));
    for (let row = 0; row < 8; ++row) {
      place.append(element("div", { role: "row" }, ...this.cells.slice(8 * row, 8 * row + 8)));
    }
    this.cells[0].tabIndex = 0;
    place.addEventListener("keydown", (event) => this.#key(event));
    place.addEventListener("focusin", (event) => {
      for (const cell of this.cells) cell.tabIndex = cell === event.target ? 0 : -1;
    });
    this.#name();
  }

  clear() {
    this.set.clear();
    this.#name();
    this.edited([], true);
  }

  #name() {
    this.cells.forEach((cell, i) => {
      const said = this.set.has(i) ? "set" : "empty";
      cell.setAttribute("aria-label", `row ${(i >> 3) + 1}, column ${(i % 8) + 1}: ${said}`);
    });
  }

  #toggle(cell) {
    if (!this.set.delete(cell)) this.set.add(cell);
    this.#name();
    this.edited(joined(this.set), false);
  }

  #key(event) {
    const cell = this.cells.indexOf(event.target);
    const [row, column] = [cell >> 3, cell % 8];
    const moves = {
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      Home: [row, 0],
      End: [row, 7],
    };
    if (cell < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key in moves) {
      const [y, x] = moves[event.key].map((at) => Math.max(0, Math.min(7, at)));
      this.cells[8 * y + x].focus();
    } else if (event.key === " " || event.key === "Enter") {
      this.#toggle(cell);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.clear();
    } else {
      return;
    }
    event.preventDefault();
  }
}

// Strokes through the cells that are set: a dot for each, and a line to each of its neighbours; to one across a corner
// only where no other cell joins them.
function joined(set) {
  const at = (row, column) => [(column + 0.5) / 8, (row + 0.5) / 8];
  const has = (row, column) => column >= 0 && column < 8 && set.has(8 * row + column);
  const strokes = [];
  for (const cell of set) {
    const [row, column] = [cell >> 3, cell % 8];
    strokes.push([at(row, column)]);
    const to = [
      [row, column + 1, true],
      [row + 1, column, true],
      [row + 1, column + 1, !has(row, column + 1) && !has(row + 1, column)],
      [row + 1, column - 1, !has(row, column - 1) && !has(row + 1, column)],
    ];
    for (const [y, x, direct] of to) if (direct && has(y, x)) strokes.push([at(row, column), at(y, x)]);
  }
  return strokes;
}
