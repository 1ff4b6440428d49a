// SPDX-License-Identifier: BSD-3-Clause
// Pictures made of numbers.

import { colour, element, mixed } from "./dom.js";

function painted(width, height, shade) {
  const canvas = element("canvas", { width, height });
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; ++i) image.data.set([...shade(i), 255], 4 * i);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

// Blue below 0, orange above, the paper's colour between them; `value` from -1 to 1.
function diverging(value) {
  const to = colour(value < 0 ? "--blue" : "--orange");
  return mixed(colour("--zero"), to, Math.min(1, Math.abs(value)));
}

// Makes a canvas as fine as the screen, and returns its context and size in the page's units.
export function fine(canvas) {
  const size = canvas.clientWidth || Number(canvas.getAttribute("width"));
  const ratio = Math.max(1, window.devicePixelRatio || 1);
  canvas.width = canvas.height = Math.round(size * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(canvas.width / size, 0, 0, canvas.width / size, 0, 0);
  return { context, size };
}

// 8 x 8 pixels from 0 to 16.
export function digit(pixels) {
  const [paper, ink] = [colour("--paper"), colour("--ink")];
  return painted(8, 8, (i) => mixed(paper, ink, pixels[i] / 16));
}

// The output of a network over its two inputs from -0.25 to 1.25, and the four rows it learns from.
export function drawSurface(canvas, values) {
  const { context, size } = fine(canvas);
  const left = 26;
  const side = size - left - 2;
  const at = (input) => (side * (input + 0.25)) / 1.5;
  context.clearRect(0, 0, size, size);
  if (values) {
    const points = Math.sqrt(values.length);
    context.imageSmoothingQuality = "high";
    context.drawImage(
      painted(points, points, (i) => diverging(2 * values[i] - 1)),
      left,
      2,
      side,
      side,
    );
  } else {
    context.fillStyle = css("--paper");
    context.fillRect(left, 2, side, side);
  }
  context.strokeStyle = css("--line");
  context.strokeRect(left + 0.5, 2.5, side - 1, side - 1);
  context.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const a of [0, 1]) {
    context.fillStyle = css("--muted");
    context.fillText(String(a), left + at(a), 2 + side + 14);
    context.fillText(String(a), left - 12, 2 + side - at(a));
    for (const b of [0, 1]) {
      context.beginPath();
      context.arc(left + at(a), 2 + side - at(b), 11, 0, 2 * Math.PI);
      context.fillStyle = css("--paper");
      context.fill();
      context.strokeStyle = css("--ink");
      context.stroke();
      context.fillStyle = css("--ink");
      context.fillText(String(a ^ b), left + at(a), 2 + side - at(b) + 0.5);
    }
  }
}

const css = (name) => `rgb(${colour(name).join(" ")})`;

// The weights of each of the units as an image of 8 x 8; `weights` has a row for each pixel.
export function drawWeights(canvas, weights, units = 100) {
  const { context, size } = fine(canvas);
  const columns = Math.sqrt(units);
  const cell = size / columns;
  const gap = cell / 9;
  const strong = weights ? 3 * Math.sqrt(weights.reduce((sum, value) => sum + value * value, 0) / weights.length) : 1;
  context.clearRect(0, 0, size, size);
  context.imageSmoothingEnabled = false;
  for (let unit = 0; unit < units; ++unit) {
    const image = painted(8, 8, (pixel) => diverging(weights ? weights[pixel * units + unit] / strong : 0));
    const [x, y] = [(unit % columns) * cell, Math.floor(unit / columns) * cell];
    context.drawImage(image, x + gap / 2, y + gap / 2, cell - gap, cell - gap);
  }
}
