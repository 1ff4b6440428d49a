// SPDX-License-Identifier: BSD-3-Clause
// A network from a file: what it is, and its outputs for inputs of the reader's.

import { Bars, largest } from "./bars.js";
import { count, element, find, percent, short } from "./dom.js";
import { grouped } from "./fingerprints.js";
import { ask } from "./remote.js";

const FIELDS = 64; // inputs that get a field each
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
      problem.textContent = `${file.name} cannot be opened. ${sentence(error.message)}`;
      problem.hidden = false;
    }
  }

  input.addEventListener("change", () => {
    if (input.files.length) open(input.files[0]);
    input.value = ""; // so that the same file can be chosen again
  });
  for (const [name, over] of [
    ["dragenter", true],
    ["dragover", true],
    ["dragleave", false],
    ["drop", false],
  ]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", over);
    });
  }
  drop.addEventListener("drop", (event) => {
    const [file] = event.dataTransfer.files;
    if (file) open(file);
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
  form.oninput = async () => {
    const mine = ++turn;
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

const sentence = (message) => `${message[0].toUpperCase()}${message.slice(1)}.`;

function said(network, outputs, best) {
  return `Largest: ${network.outputs[best]}, ${network.shares ? percent(outputs[best]) : short(outputs[best])}.`;
}

function number(text, name) {
  const value = Number(text.trim().replace(",", "."));
  if (text.trim() === "" || Number.isNaN(value)) throw new Error(`${name}: expected a number, got “${text.trim()}”.`);
  return value;
}

// A field for each input.
function separate(network) {
  const inputs = network.inputs.map((name, i) =>
    element("input", {
      type: "text",
      inputmode: "decimal",
      autocomplete: "off",
      value: short(network.start[i], 6),
      name,
    }),
  );
  return {
    parts: [
      element(
        "div",
        { class: "fields" },
        ...inputs.map((input, i) => element("label", {}, element("span", {}, network.inputs[i]), input)),
      ),
    ],
    values: () => inputs.map((input, i) => number(input.value, network.inputs[i])),
  };
}

// One field for a line of a CSV file.
function together(network) {
  const area = element("textarea", { rows: 6, spellcheck: "false", autocomplete: "off" });
  area.value = network.start.map((value) => short(value, 6)).join(", ");
  return {
    parts: [
      element("label", {}, element("span", {}, `${network.inputs.length} numbers, as in a line of a CSV file`), area),
    ],
    values() {
      const parts = area.value.trim().split(/\s*[,;\t]\s*|\s+/);
      if (parts.length !== network.inputs.length) {
        throw new Error(`Expected ${network.inputs.length} numbers, got ${area.value.trim() ? parts.length : "none"}.`);
      }
      return parts.map((part, i) => number(part, network.inputs[i]));
    },
  };
}
