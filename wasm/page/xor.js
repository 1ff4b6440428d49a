// SPDX-License-Identifier: BSD-3-Clause

import { Curve } from "./curve.js";
import { duration, element, find, onColours, short, still } from "./dom.js";
import { drawSurface } from "./pictures.js";
import { ask } from "./remote.js";
import { Training } from "./training.js";

// two inputs, and the target
const ROWS = [
  [0, 0, 0],
  [0, 1, 1],
  [1, 0, 1],
  [1, 1, 0],
];

const EPOCHS = 10_000;

export function xorSection({ fingerprints }) {
  const section = find("#xor");
  const canvas = find("[data-surface]", section);
  const slider = find("[data-stage]", section);
  const curve = new Curve(find("[data-curve]", section), { epochs: EPOCHS, names: ["loss"], low: 0.001, high: 1 });
  let surface = null;
  const redraw = () => drawSurface(canvas, surface);
  redraw();
  table(find("[data-outputs]", section), null);
  onColours(redraw);
  addEventListener("resize", redraw);

  function show(epoch, result) {
    surface = result.surface;
    redraw();
    const outputs = ROWS.map(([a, b], i) => `${short(result.outputs[i], 2)} for ${a} and ${b}`);
    canvas.setAttribute("aria-label", `The output over both inputs from 0 to 1: ${outputs.join(", ")}`);
    table(find("[data-outputs]", section), result.outputs);
    const after = epoch ? `After ${epoch.toLocaleString("en-US")} epochs` : "Before training";
    find("[data-after]", section).textContent = after;
    slider.setAttribute("aria-valuetext", after);
  }

  slider.addEventListener("input", async () => {
    const stage = slider.valueAsNumber;
    const result = await ask("xorAt", stage);
    if (stage !== slider.valueAsNumber) return; // moved on by now
    const epoch = (stage / Number(slider.max)) * EPOCHS;
    curve.mark(epoch);
    show(epoch, result);
  });

  return new Training(section, "xor", "XOR", fingerprints.xor, {
    begin() {
      curve.clear();
      slider.disabled = true;
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
      show(EPOCHS, result);
      slider.max = result.stages - 1;
      slider.value = slider.max;
      slider.disabled = false;
      return `after 10,000 epochs in ${duration(result.milliseconds)}.`;
    },
  });
}

// A column for each pair of bits.
function table(place, outputs) {
  const pairs = ROWS.map(([a, b]) => element("th", { scope: "col" }, `${a} xor ${b}`));
  const cells = (texts) => texts.map((text) => element("td", {}, text));
  const line = (name, shown) => element("tr", {}, element("th", { scope: "row" }, name), ...shown);
  const targets = ROWS.map(([, , target]) => String(target));
  const said = ROWS.map((_, i) => outputs?.[i].toFixed(4) ?? "–");
  find("thead", place).replaceChildren(line("inputs", pairs));
  find("tbody", place).replaceChildren(line("target", cells(targets)), line("output", cells(said)));
}
