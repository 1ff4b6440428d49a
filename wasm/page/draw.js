// SPDX-License-Identifier: BSD-3-Clause
// A pad to draw a digit on, the pixels that the network sees, and what it reads.

import { Bars, largest } from "./bars.js";
import { colour, element, find, onColours, percent } from "./dom.js";
import { fine } from "./pictures.js";
import { pixelsOf } from "./raster.js";
import { ask } from "./remote.js";

const PEN = 0.11; // its width, in sides of the pad

export function drawSection(digits) {
  const section = find("#draw");
  const verdict = find("[data-verdict]", section);
  const bars = new Bars(find("[data-bars]", section), [..."0123456789"]);
  const pixels = new Pixels(find("[data-pixels]", section), (values) => {
    pad.clear();
    read(values, true);
  });
  const pad = new Pad(find("[data-pad]", section), (strokes, finished) => {
    const values = pixelsOf(strokes);
    pixels.show(values);
    read(values, finished);
  });
  find("[data-clear]", section).addEventListener("click", () => {
    pad.clear();
    pixels.show(new Uint8Array(64));
    read(pixels.values, true);
  });

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
      verdict.textContent = "The network has to learn first …";
      if (!(await digits.run())) {
        verdict.textContent = "The network could not be trained.";
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
      changed(this.strokes, false);
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
        if (stroke) changed(this.strokes, false);
      });
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => {
        if (event.pointerId !== stroke?.id) return;
        stroke = null;
        this.draw();
        changed(this.strokes, true);
      });
    }
    this.draw();
    onColours(() => this.draw());
    addEventListener("resize", () => this.draw());
  }

  clear() {
    this.strokes = [];
    this.draw();
  }

  draw() {
    const { context, size } = fine(this.canvas);
    context.clearRect(0, 0, size, size);
    context.lineWidth = PEN * size;
    context.lineCap = context.lineJoin = "round";
    context.strokeStyle = `rgb(${colour("--ink").join(" ")})`;
    for (const points of this.strokes) {
      context.beginPath();
      for (const [x, y] of points) context.lineTo(x * size, y * size);
      if (points.length === 1) context.lineTo(points[0][0] * size + 0.01, points[0][1] * size);
      context.stroke();
    }
  }
}

// The grid of 8 x 8 pixels, which can be set by keyboard or pointer, too.
class Pixels {
  constructor(place, edited) {
    this.values = new Uint8Array(64);
    this.edited = edited;
    this.cells = Array.from({ length: 64 }, () => element("div", { role: "gridcell", tabindex: -1 }));
    for (let row = 0; row < 8; ++row) {
      place.append(element("div", { role: "row" }, ...this.cells.slice(8 * row, 8 * row + 8)));
    }
    this.cells[0].tabIndex = 0;
    place.addEventListener("keydown", (event) => this.#key(event));
    place.addEventListener("click", (event) => this.#toggle(this.cells.indexOf(event.target)));
    place.addEventListener("focusin", (event) => {
      for (const cell of this.cells) cell.tabIndex = cell === event.target ? 0 : -1;
    });
    this.show(this.values);
  }

  show(values) {
    this.values = values;
    this.cells.forEach((cell, i) => {
      cell.style.setProperty("--share", values[i] / 16);
      cell.setAttribute("aria-label", `row ${(i >> 3) + 1}, column ${(i % 8) + 1}: ${values[i]} of 16`);
    });
  }

  #toggle(cell) {
    if (cell < 0) return;
    const values = this.values.slice();
    values[cell] = values[cell] ? 0 : 16;
    this.show(values);
    this.edited(values);
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
      this.show(new Uint8Array(64));
      this.edited(this.values);
    } else {
      return;
    }
    event.preventDefault();
  }
}
