// SPDX-License-Identifier: BSD-3-Clause
// What the sections that train have in common: a button, a comparison, a file to save.

import { element, find } from "./dom.js";
import { Comparison } from "./fingerprints.js";
import { ask } from "./remote.js";

export class Training {
  // name: of the task and of the file; shown: {begin(), progress(progress), done(result)}
  constructor(section, name, expected, shown) {
    this.name = name;
    this.shown = shown;
    this.button = find("[data-train]", section);
    this.save = find("[data-save]", section);
    this.comparison = new Comparison(find("[data-bits]", section), expected, "not trained yet");
    this.button.addEventListener("click", () => this.run());
    this.save.addEventListener("click", () => this.download());
  }

  // Trains, unless it is doing so already; true: the network is there.
  run() {
    this.running ??= this.#train().finally(() => {
      this.running = null;
      this.button.removeAttribute("aria-disabled");
      this.button.textContent = "Train again";
    });
    return this.running;
  }

  async #train() {
    this.button.setAttribute("aria-disabled", "true");
    this.button.textContent = "Training…";
    this.comparison.wait("training …");
    this.shown.begin();
    try {
      const result = await ask(this.name, null, (progress) => {
        this.comparison.wait(`epoch ${(progress.epoch + 1).toLocaleString("en-US")} …`);
        this.shown.progress(progress);
      });
      this.comparison.show(result.fingerprint, this.shown.done(result));
      this.save.hidden = false;
      this.trained = true;
    } catch (error) {
      this.comparison.fail(error.message);
    }
    return this.trained === true;
  }

  async download() {
    const bytes = await ask("save", this.name);
    const address = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
    element("a", { href: address, download: `${this.name}.netlet` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }
}
