// SPDX-License-Identifier: BSD-3-Clause
// Curves over epochs, as SVG: the loss on a logarithmic axis.

import { count, element, short } from "./dom.js";

const MARGIN = { left: 46, right: 10, top: 8, bottom: 34 };

export class Curve {
  constructor(place, { epochs, names, low, high }) {
    Object.assign(this, { place, epochs, names, first: { low, high } });
    this.svg = element("svg:svg", { role: "img" });
    place.append(this.svg);
    this.clear();
    new ResizeObserver(() => this.draw()).observe(place);
  }

  clear() {
    this.values = this.names.map(() => []);
    this.range = { ...this.first };
    this.marked = null;
    this.draw();
  }

  // Marks an epoch.
  mark(epoch) {
    this.marked = epoch;
    this.draw();
  }

  // More values of each curve.
  add(...values) {
    values.forEach((more, i) => {
      this.values[i].push(...more);
      for (const value of more) {
        if (value > 0 && value < this.range.low) this.range.low = value;
        if (value > this.range.high) this.range.high = value;
      }
    });
    this.draw();
  }

  get description() {
    const said = this.names.map((name, i) => {
      const values = this.values[i];
      return `${name} from ${short(values[0], 2)} to ${short(values.at(-1), 2)}`;
    });
    return this.values[0].length ? `${said.join(", ")}, in ${count(this.values[0].length, "epoch")}` : "Not trained yet";
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.place;
    if (!width) return;
    const { left, right, top, bottom } = MARGIN;
    const [low, high] = [Math.log10(this.range.low), Math.log10(this.range.high)];
    const x = (epoch) => left + ((width - left - right) * epoch) / this.epochs;
    const y = (value) => top + ((height - top - bottom) * (high - Math.log10(value))) / (high - low);
    const shapes = [];
    for (const value of ticks(this.range.low, this.range.high)) {
      shapes.push(element("svg:line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }));
      shapes.push(element("svg:text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, short(value)));
    }
    for (const share of width < 330 ? [0, 1] : [0, 0.5, 1]) {
      const epoch = share * this.epochs;
      const anchor = share === 1 ? "end" : "middle";
      const words = epoch.toLocaleString("en-US") + (share === 1 ? " epochs" : "");
      shapes.push(element("svg:text", { x: x(epoch), y: height - 12, "text-anchor": anchor }, words));
    }
    this.values.forEach((values, i) => {
      const step = Math.max(1, Math.floor(values.length / width));
      const points = [];
      for (let n = 0; n < values.length; n += step) points.push(`${x(n + 1).toFixed(1)} ${y(values[n]).toFixed(1)}`);
      if (points.length) shapes.push(element("svg:path", { class: `line line-${i + 1}`, d: `M${points.join("L")}` }));
    });
    if (this.marked !== null) {
      const at = x(this.marked);
      shapes.push(element("svg:line", { class: "mark", x1: at, x2: at, y1: top, y2: height - bottom }));
    }
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("aria-label", this.description);
    this.svg.replaceChildren(...shapes);
  }
}

// Round values from low to high: powers of ten, and 2 and 5 times these where they are few.
function ticks(low, high) {
  const steps = high / low < 300 ? [1, 2, 5] : [1];
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); ++power) {
    for (const step of steps) {
      const value = Number(`${step}e${power}`);
      if (value >= low * 0.999 && value <= high * 1.001) found.push(value);
    }
  }
  return found;
}
