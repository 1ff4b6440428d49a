// SPDX-License-Identifier: BSD-3-Clause
// The page: it begins here.

import { digitsSection } from "./digits.js";
import { element, find, findAll, watchColours } from "./dom.js";
import { drawSection } from "./draw.js";
import { fileSection } from "./file.js";
import { goldenSection } from "./golden.js";
import { lacks, start } from "./remote.js";
import { xorSection } from "./xor.js";

const facts = JSON.parse(find("#facts").textContent);

function problem(message) {
  find("#problem").textContent = message;
  find("#problem").hidden = false;
  for (const control of findAll("main :is(button, input)")) control.disabled = true;
}

function machines(module) {
  const line = (name, value) => element("div", {}, element("dt", {}, name), element("dd", {}, value));
  find("#machines").append(
    line("Python", `netlet ${facts.version}, ${facts.machine}, ${facts.compiler}`),
    line("This browser", `netlet ${module.version}, WebAssembly with 128-bit vectors`),
  );
  find("#versions").textContent =
    "This page is a single file: save it, and it works without the internet. " +
    `It computes by netlet’s numerics version ${facts.numerics}: wherever that is the same, training gives the same bits.`;
}

async function begin() {
  watchColours();
  const lacking = lacks();
  if (lacking) {
    problem(lacking);
    return;
  }
  try {
    machines(await start());
  } catch (error) {
    problem(`netlet could not be started: ${error.message}`);
    return;
  }
  xorSection(facts);
  const digits = digitsSection(facts);
  drawSection(digits);
  fileSection();
  goldenSection(facts);
  document.documentElement.dataset.ready = "";
}

begin();
