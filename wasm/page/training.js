// SPDX-License-Identifier: BSD-3-Clause
// What the sections that train have in common: a button that starts and stops, a comparison, a file to save.

import { element, find } from "./dom.js";
import { Comparison } from "./fingerprints.js";
import { ask } from "./remote.js";

export class Training {
  // name: of the task and of the file; what: is trained, in words; shown: {begin(), progress(progress), done(result)}
  constructor(section, name, what, expected, shown) {
    this.name = name;
    this.what = what;
    this.followed = () => {}; // called with each progress
    this.shown = shown;
    this.button = find("[data-train]", section);
    this.save = find("[data-save]", section);
    this.comparison = new Comparison(find("[data-bits]", section), expected, "not trained yet");
    this.button.addEventListener("click", () => {
      if (this.running) ask("stop", name);
      else this.run();
    });
    this.save.addEventListener("click", () => this.download());
  }

  // Trains, unless it is doing so already; true: the network is there.
  run() {
    this.running ??= this.#train().finally(() => {
      this.running = null;
      this.button.removeAttribute("aria-label");
      this.button.textContent = `Train ${this.what} again`;
    });
    return this.running;
  }

  async #train() {
    this.button.textContent = "Stop";
    this.button.setAttribute("aria-label", `Stop training ${this.what}`);
    this.trained = false;
    this.save.disabled = true;
    this.comparison.wait("training …");
    this.shown.begin();
    try {
      const result = await ask(this.name, null, (progress) => {
        this.comparison.wait(`epoch ${(progress.epoch + 1).toLocaleString("en-US")} …`);
        this.shown.progress(progress);
        this.followed(progress);
      });
      if (result.stopped) {
        this.comparison.say("Stopped: a network that has not learned to the end is not kept.");
        return false;
      }
      this.comparison.show(result.fingerprint, this.shown.done(result));
      this.save.disabled = false;
      this.trained = true;
    } catch (error) {
      this.comparison.fail(error.message);
    }
    return this.trained;
  }

  async download() {
    const bytes = await ask("save", this.name);
    const address = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
    element("a", { href: address, download: `${this.name}.netlet` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  }
}
