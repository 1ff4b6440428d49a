// SPDX-License-Identifier: BSD-3-Clause
// A network from a file: what it is, and its outputs for inputs of the reader's.

import { Bars, largest } from "./bars.js";
import { count, element, find, percent, short } from "./dom.js";
import { grouped } from "./fingerprints.js";
import { ask } from "./remote.js";

const FIELDS = 64; // inputs that get a field each
const FEW = 16; // more of them are shown as small boxes
const SHOWN = 100; // outputs that are shown

export function fileSection() {
  const section = find("#open");
  const input = find("[data-file]", section);
  const drop = find("[data-drop]", section);
  const problem = find("[data-problem]", section);
  const opened = find("[data-opened]", section);

  async function open(file) {
    problem.hidden = true;
    try {
      const network = await ask("open", await file.arrayBuffer());
      show(opened, file.name, network);
      opened.hidden = false;
      find("[data-name]", opened).focus();
    } catch (error) {
      opened.hidden = true;
      const details = element("details", {}, element("summary", {}, "Details"), sentence(error.message));
      problem.replaceChildren(`${file.name} cannot be opened. ${cause(error.message)}`, details);
      problem.hidden = false;
      problem.scrollIntoView({ block: "nearest" });
    }
  }

  input.addEventListener("change", () => {
    if (input.files.length) open(input.files[0]);
    input.value = ""; // so that the same file can be chosen again
  });
  // wherever a file falls: else the browser would leave the page for it
  for (const name of ["dragenter", "dragover", "drop"]) {
    addEventListener(name, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      drop.classList.toggle("over", name !== "drop");
      if (name === "drop" && event.dataTransfer.files.length) open(event.dataTransfer.files[0]);
    });
  }
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.classList.remove("over"); // left the window
  });
}

function show(place, name, network) {
  find("[data-name]", place).textContent = name;
  find("[data-summary]", place).textContent = network.summary;
  const facts = [["fingerprint", grouped(network.fingerprint)]];
  if (Object.keys(network.metadata).length) facts.push(["metadata", JSON.stringify(network.metadata)]);
  find("[data-facts]", place).replaceChildren(
    ...facts.map(([term, said]) => element("div", {}, element("dt", {}, term), element("dd", {}, said))),
  );

  const bars = new Bars(find("[data-outputs]", place), network.outputs.slice(0, SHOWN), network.shares);
  const more = network.outputs.length - SHOWN;
  find("[data-more]", place).textContent = more > 0 ? `and ${count(more, "more output")}` : "";
  const verdict = find("[data-verdict]", place);
  const form = find("[data-inputs]", place);
  const fields = network.inputs.length <= FIELDS ? separate(network) : together(network);
  form.replaceChildren(element("h4", {}, "Inputs"), ...fields.parts);
  form.onsubmit = (event) => event.preventDefault();
  let turn = 0;
  const blank = network.inputs.length > FEW && network.start.every((value) => value === 0);
  form.oninput = async (event) => {
    const mine = ++turn;
    if (blank && !event) {
      verdict.textContent = "All inputs are 0. Change one to see the outputs.";
      return;
    }
    try {
      const outputs = await ask("outputs", fields.values());
      if (mine !== turn) return;
      const best = network.exclusive ? largest(outputs) : -1;
      bars.show(outputs, best);
      verdict.textContent = network.exclusive ? said(network, outputs, best) : "";
    } catch (error) {
      if (mine !== turn) return;
      bars.show(null);
      verdict.textContent = error.message;
    }
  };
  form.oninput();
}

function cause(message) {
  if (/^(this is )?not a netlet/.test(message)) return "It is not a netlet network.";
  if (/newer version/.test(message)) return "A newer version of netlet wrote it.";
  return "The file is damaged.";
}

const sentence = (message) => `${message[0].toUpperCase()}${message.slice(1)}.`;

function said(network, outputs, best) {
  return `Largest: ${network.outputs[best]}, ${network.shares ? percent(outputs[best]) : short(outputs[best])}.`;
}

const NUMBER = /^[+-]?(\d+([.,]\d*)?|[.,]\d+)(e[+-]?\d+)?$/i; // with a decimal point or comma
const isNumber = (text) => NUMBER.test(text.trim()) && Number.isFinite(valueOf(text));
const valueOf = (text) => Number(text.trim().replace(",", "."));

function number(text, name) {
  if (!isNumber(text)) throw new Error(`${name}: expected a number, got “${text.trim()}”.`);
  return valueOf(text);
}

// The numbers of a line of a CSV file, as texts: by the first kind of separator that gives as many as are wanted.
function cells(line, wanted) {
  const ways = [/\s*[;\t]\s*/, /\s*,\s+|\s+/, /\s*[,;\t]\s*|\s+/].map((separator) => line.trim().split(separator));
  return ways.find((parts) => parts.length === wanted) ?? ways.at(-1);
}

// A number to be edited.
const editable = (value) => String(Number(value.toPrecision(6)));

// A field for each input; a whole line can be pasted into any of them.
function separate(network) {
  const inputs = network.inputs.map((name, i) =>
    element("input", {
      type: "text",
      inputmode: "decimal",
      autocomplete: "off",
      value: editable(network.start[i]),
      title: network.inputs[i],
      name,
    }),
  );
  const paste = (event) => {
    const text = event.clipboardData.getData("text");
    if (isNumber(text)) return; // for this field alone, if it has a decimal comma, too
    const line = cells(text, inputs.length);
    if (line.length !== inputs.length) return;
    event.preventDefault();
    inputs.forEach((input, i) => {
      input.value = line[i];
    });
    event.target.dispatchEvent(new Event("input", { bubbles: true }));
  };
  for (const input of inputs) input.addEventListener("paste", paste);
  return {
    parts: [
      element(
        "div",
        { class: inputs.length > FEW ? "fields many" : "fields", style: `--columns: ${columns(inputs.length)}` },
        ...inputs.map((input, i) => element("label", {}, element("span", {}, network.inputs[i]), input)),
      ),
    ],
    values() {
      for (const input of inputs) input.setAttribute("aria-invalid", String(!isNumber(input.value)));
      return inputs.map((input, i) => number(input.value, network.inputs[i]));
    },
  };
}

// As many columns as make a square, if that is possible.
function columns(n) {
  return Number.isInteger(Math.sqrt(n)) ? Math.sqrt(n) : 6;
}

// One field for a line of a CSV file.
function together(network) {
  const area = element("textarea", { rows: 6, spellcheck: "false", autocomplete: "off" });
  area.value = network.start.map(editable).join(", ");
  return {
    parts: [
      element("label", {}, element("span", {}, `${count(network.inputs.length, "number")}, as in a line of a CSV file`), area),
    ],
    values() {
      const parts = cells(area.value, network.inputs.length);
      const right = parts.length === network.inputs.length;
      area.setAttribute("aria-invalid", String(!right || !parts.every(isNumber)));
      if (!right) {
        const got = area.value.trim() ? parts.length.toLocaleString("en-US") : "none";
        throw new Error(`Expected ${count(network.inputs.length, "number")}, got ${got}.`);
      }
      return parts.map((part, i) => number(part, network.inputs[i]));
    },
  };
}
