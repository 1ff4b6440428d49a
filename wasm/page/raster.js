// SPDX-License-Identifier: BSD-3-Clause
// A drawing as the data set has its digits. NIST's preprocessing set each of them upright, so that the leftmost points of
// its first and its last row are above each other, let it fill a bitmap of 32 x 32 points in height, and made its lines
// as thick as to cover three tenths of it; then the points in each block of 4 x 4 were counted.

const POINTS = 32;
const INK = 300; // points that a digit covers
const WIDEST = 25; // its width, in points
const RADII = Array.from({ length: 15 }, (_, i) => 1.5 + i / 4); // of the pen, in points
const STEP = 0.01; // between two marks of the pen, in sides of the pad
const ROW = 0.08; // of the height: what counts as the first and the last row
const STEEPEST = 1; // shear
const LARGEST = 150; // points for the side of the pad, so that a dot stays a dot

// Strokes are arrays of [x, y] from 0 to 1; returns 64 values from 0 to 16.
export function pixelsOf(strokes) {
  if (!strokes.length) return new Uint8Array(64);
  const points = upright(strokes.flatMap(dense));
  let best = { error: Infinity };
  for (const radius of RADII) {
    const bitmap = drawn(points, radius);
    const ink = bitmap.reduce((sum, value) => sum + value);
    if (Math.abs(ink - INK) < best.error) best = { error: Math.abs(ink - INK), bitmap };
    if (ink > INK) break; // as more of it has
  }
  const pixels = new Uint8Array(64);
  for (const [i, value] of best.bitmap.entries()) pixels[8 * (i >> 7) + ((i % POINTS) >> 2)] += value;
  return pixels;
}

// A stroke as points so close to each other that a pen's marks overlap, and no closer.
function dense(stroke) {
  const points = [stroke[0]];
  for (const [x2, y2] of stroke) {
    const [x1, y1] = points.at(-1);
    const steps = Math.round(Math.hypot(x2 - x1, y2 - y1) / STEP);
    for (let k = 1; k <= steps; ++k) points.push([x1 + ((x2 - x1) * k) / steps, y1 + ((y2 - y1) * k) / steps]);
  }
  return points;
}

function span(values) {
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
}

function upright(points) {
  const [top, bottom] = span(points.map(([, y]) => y));
  const height = bottom - top;
  if (height < 0.05) return points;
  const leftmost = (inside) => span(points.filter(([, y]) => inside(y)).map(([x]) => x))[0];
  const lean = leftmost((y) => y <= top + ROW * height) - leftmost((y) => y >= bottom - ROW * height);
  const shear = Math.max(-STEEPEST, Math.min(STEEPEST, lean / height));
  return points.map(([x, y]) => [x + shear * (y - top), y]);
}

// The bitmap in which the points fill the height, or else the width, in the middle.
function drawn(points, radius) {
  const [left, right] = span(points.map(([x]) => x));
  const [top, bottom] = span(points.map(([, y]) => y));
  const fit = (points, length) => (points - 2 * radius) / Math.max(length, 1e-9);
  const scale = Math.min(fit(POINTS, bottom - top), fit(WIDEST, right - left), LARGEST);
  const bitmap = new Uint8Array(POINTS * POINTS);
  for (const [x, y] of points) {
    const [px, py] = [POINTS / 2 + scale * (x - (left + right) / 2), POINTS / 2 + scale * (y - (top + bottom) / 2)];
    for (let row = Math.max(0, Math.floor(py - radius)); row <= Math.min(POINTS - 1, py + radius); ++row) {
      for (let column = Math.max(0, Math.floor(px - radius)); column <= Math.min(POINTS - 1, px + radius); ++column) {
        if (Math.hypot(column + 0.5 - px, row + 0.5 - py) <= radius) bitmap[POINTS * row + column] = 1;
      }
    }
  }
  return bitmap;
}
