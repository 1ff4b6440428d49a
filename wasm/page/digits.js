// SPDX-License-Identifier: BSD-3-Clause

import { Curve } from "./curve.js";
import { count, duration, element, find, onColours, percent, still } from "./dom.js";
import { digit, drawWeights } from "./pictures.js";
import { Training } from "./training.js";

export const EPOCHS = 50;

export function digitsSection({ fingerprints }) {
  const section = find("#digits");
  const canvas = find("[data-weights]", section);
  const accuracy = find("[data-accuracy] span", section);
  const curve = new Curve(find("[data-curve]", section), {
    epochs: EPOCHS,
    names: ["training loss", "loss of the digits kept back"],
    low: 0.001,
    high: 1,
  });
  let weights = null;
  let misread = null;
  let waiting = []; // epochs that are shown at the end
  const redraw = () => {
    drawWeights(canvas, weights);
    list(find("[data-misread]", section), misread);
  };
  redraw();
  onColours(redraw);
  addEventListener("resize", () => drawWeights(canvas, weights));

  function show(epochs) {
    curve.add(
      epochs.map(({ loss }) => loss),
      epochs.map(({ validationLoss }) => validationLoss),
    );
    const last = epochs.at(-1);
    accuracy.textContent = percent(last.accuracy);
    weights = last.weights;
    drawWeights(canvas, weights);
  }

  return new Training(section, "digits", "the digits", fingerprints.digits, {
    begin() {
      curve.clear();
      waiting = [];
      misread = null;
      list(find("[data-misread]", section), misread);
    },
    progress(progress) {
      if (still()) waiting.push(progress);
      else show([progress]);
    },
    done(result) {
      if (waiting.length) show(waiting);
      misread = result.misread;
      redraw();
      canvas.setAttribute("aria-label", "The first layer’s weights: for each hidden unit an image of 8 × 8 pixels");
      const read = result.heldOut - misread.length;
      return (
        `after ${EPOCHS} epochs of ${count(result.trained, "digit")} in ${duration(result.milliseconds)}; ` +
        `${read} of ${count(result.heldOut, "digit")} kept back are read right.`
      );
    },
  });
}

function list(place, misread) {
  find("h3", place).textContent = misread ? `${count(misread.length, "digit")} misread` : "Digits misread";
  const shown = (misread ?? []).map(({ pixels, digit: right, read }) => {
    const image = digit(pixels);
    image.setAttribute("role", "img");
    image.setAttribute("aria-label", `A handwritten ${right}`);
    return element("li", {}, element("figure", {}, image, element("figcaption", {}, `${right}, read as ${read}`)));
  });
  if (!misread) shown.push(element("li", { class: "note" }, "Those it gets wrong appear here after training."));
  find("ul", place).replaceChildren(...shown);
}
