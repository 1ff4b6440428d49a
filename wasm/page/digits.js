// SPDX-License-Identifier: BSD-3-Clause

import { Curve } from "./curve.js";
import { count, duration, element, find, onColours, percent, still } from "./dom.js";
import { digit, drawWeights } from "./pictures.js";
import { Training } from "./training.js";

export function digitsSection({ fingerprints }) {
  const section = find("#digits");
  const canvas = find("[data-weights]", section);
  const accuracy = find("[data-accuracy] span", section);
  const curve = new Curve(find("[data-curve]", section), {
    epochs: 50,
    names: ["training loss", "held-out loss"],
    low: 0.001,
    high: 1,
  });
  let weights = null;
  let misread = [];
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

  return new Training(section, "digits", fingerprints.digits, {
    begin() {
      curve.clear();
      waiting = [];
      misread = [];
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
        `after 50 epochs of ${count(result.trained, "digit")} in ${duration(result.milliseconds)}; ` +
        `${read} of ${count(result.heldOut, "held-out digit")} read right.`
      );
    },
  });
}

function list(place, misread) {
  place.hidden = misread.length === 0;
  find("h3", place).textContent = `${count(misread.length, "held-out digit")} misread`;
  const shown = misread.map(({ pixels, digit: right, read }) => {
    const image = digit(pixels);
    image.setAttribute("role", "img");
    image.setAttribute("aria-label", `A handwritten ${right}`);
    return element("li", {}, element("figure", {}, image, element("figcaption", {}, `${right}, read as ${read}`)));
  });
  find("ul", place).replaceChildren(...shown);
}
