// SPDX-License-Identifier: BSD-3-Clause

import { duration, element, find, onColours, short, still } from "./dom.js";
import { Curve } from "./curve.js";
import { drawSurface } from "./pictures.js";
import { Training } from "./training.js";

const ROWS = [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]]; // two inputs, and the target

export function xorSection({ fingerprints }) {
  const section = find("#xor");
  const canvas = find("[data-surface]", section);
  const curve = new Curve(find("[data-curve]", section), { epochs: 10_000, names: ["loss"], low: 0.001, high: 1 });
  let surface = null;
  const redraw = () => drawSurface(canvas, surface);
  redraw();
  table(find("[data-outputs]", section), null);
  onColours(redraw);
  addEventListener("resize", redraw);

  return new Training(section, "xor", fingerprints.xor, {
    begin() {
      curve.clear();
    },
    progress(progress) {
      if (still()) return;
      curve.add(progress.losses);
      surface = progress.surface;
      redraw();
    },
    done(result) {
      curve.clear();
      curve.add(result.loss);
      surface = result.surface;
      redraw();
      const outputs = ROWS.map(([a, b], i) => `${short(result.outputs[i], 2)} for ${a} and ${b}`);
      canvas.setAttribute("aria-label", `The output over both inputs from 0 to 1: ${outputs.join(", ")}`);
      table(find("[data-outputs]", section), result.outputs);
      return `as in Python, after 10,000 epochs in ${duration(result.milliseconds)}.`;
    },
  });
}

// A column for each pair of bits.
function table(place, outputs) {
  const row = (where, name, cells) => {
    const tag = where === "thead" ? "th" : "td";
    const made = cells.map((cell) => element(tag, tag === "th" ? { scope: "col" } : {}, cell));
    return element("tr", {}, element("th", { scope: "row" }, name), ...made);
  };
  find("thead", place).replaceChildren(row("thead", "inputs", ROWS.map(([a, b]) => `${a} xor ${b}`)));
  find("tbody", place).replaceChildren(
    row("tbody", "target", ROWS.map(([, , target]) => String(target))),
    row("tbody", "output", outputs ? Array.from(outputs, (output) => output.toFixed(4)) : ROWS.map(() => "–")),
  );
}
