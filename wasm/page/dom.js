// SPDX-License-Identifier: BSD-3-Clause
// Elements, words and colours of the page.

export const find = (selector, within = document) => within.querySelector(selector);
export const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];

// An element, or one of SVG for names such as "svg:path".
export function element(name, attributes = {}, ...children) {
  const [, svg, tag] = /^(svg:)?(.*)$/.exec(name);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

export const count = (n, word) => `${n.toLocaleString("en-US")} ${word}${n === 1 ? "" : "s"}`;
export const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;

// A number as a reader wants it: some digits, and no more.
export function short(value, digits = 4) {
  if (!Number.isFinite(value)) return String(value);
  if (value !== 0 && (Math.abs(value) < 1e-4 || Math.abs(value) >= 1e7)) return value.toExponential(digits - 1);
  const rounded = Number(value.toPrecision(Math.max(digits, Math.ceil(Math.log10(Math.abs(value) + 1)))));
  return (rounded || 0).toLocaleString("en-US", { maximumSignificantDigits: 21 });
}

export function duration(milliseconds) {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(2)} s`;
}

export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// ---- colours

const shades = new Map();

// [red, green, blue] of a variable of the style.
export function colour(name) {
  if (!shades.has(name)) {
    const hex = getComputedStyle(document.documentElement).getPropertyValue(name).trim().slice(1);
    const digits = hex.length === 3 ? [...hex].map((digit) => digit + digit) : hex.match(/../g);
    shades.set(
      name,
      digits.map((digit) => parseInt(digit, 16)),
    );
  }
  return shades.get(name);
}

export const mixed = (from, to, share) => from.map((value, i) => value + (to[i] - value) * share);

// Calls back when the colours have changed.
const listeners = [];
export function onColours(listener) {
  listeners.push(listener);
}
export function watchColours() {
  new MutationObserver(() => {
    shades.clear();
    for (const listener of listeners) listener();
  }).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
}
