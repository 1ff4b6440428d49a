// SPDX-License-Identifier: BSD-3-Clause
// A drawing as the data set has its digits: a bitmap of 32 x 32 points, of which each of 8 x 8 pixels counts a block of
// 4 x 4. The digits there fill the height, stand in the middle, and are written with a thick pen.

const POINTS = 32;
const RADIUS = 2.3; // of the pen, in points
const WIDEST = 25; // of a drawing, in points: those of the data are narrower than high

// Strokes are arrays of [x, y]; returns 64 values from 0 to 16.
export function pixelsOf(strokes) {
  const pixels = new Uint8Array(64);
  const placed = fitted(strokes);
  for (let y = 0; y < POINTS; ++y) {
    for (let x = 0; x < POINTS; ++x) {
      if (placed.some((stroke) => covers(stroke, x + 0.5, y + 0.5))) pixels[8 * (y >> 2) + (x >> 2)] += 1;
    }
  }
  return pixels;
}

// The strokes, moved and scaled to fill the bitmap.
function fitted(strokes) {
  const points = strokes.flat();
  if (!points.length) return [];
  const [left, right] = [Math.min(...points.map(([x]) => x)), Math.max(...points.map(([x]) => x))];
  const [top, bottom] = [Math.min(...points.map(([, y]) => y)), Math.max(...points.map(([, y]) => y))];
  const scale = Math.min(
    (POINTS - 2 * RADIUS) / (bottom - top || 1e-9),
    (WIDEST - 2 * RADIUS) / (right - left || 1e-9),
    LARGEST,
  );
  const place = ([x, y]) => [
    POINTS / 2 + scale * (x - (left + right) / 2),
    POINTS / 2 + scale * (y - (top + bottom) / 2),
  ];
  return strokes.map((stroke) => stroke.map(place));
}

const LARGEST = 150; // points for the side of the pad, so that a dot stays a dot

function covers(stroke, x, y) {
  if (stroke.length === 1) return Math.hypot(x - stroke[0][0], y - stroke[0][1]) <= RADIUS;
  for (let i = 1; i < stroke.length; ++i) {
    if (distance(stroke[i - 1], stroke[i], x, y) <= RADIUS) return true;
  }
  return false;
}

function distance([x1, y1], [x2, y2], x, y) {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = dx * dx + dy * dy;
  const share = length ? Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / length)) : 0;
  return Math.hypot(x - x1 - share * dx, y - y1 - share * dy);
}
