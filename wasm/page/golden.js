// SPDX-License-Identifier: BSD-3-Clause
// The golden networks, trained here, beside what Python has made of them.

import { count, duration, element, find } from "./dom.js";
import { Comparison, grouped, mark } from "./fingerprints.js";
import { ask } from "./remote.js";

export function goldenSection({ golden }) {
  const section = find("#golden");
  const button = find("[data-run]", section);
  const copy = find("[data-copy]", section);
  const expected = new Map(golden.networks);
  const comparison = new Comparison(find("[data-bits]", section), golden.together, "not run yet");
  const body = find("tbody", section);
  let rows = [];

  function add({ name, fingerprint }) {
    const same = fingerprint === expected.get(name);
    rows.push({ name, fingerprint, same });
    body.append(
      element(
        "tr",
        {},
        element("th", { scope: "row" }, name),
        element("td", {}, grouped(fingerprint, expected.get(name))),
        element("td", {}, mark(same, same ? "same" : "different")),
      ),
    );
    comparison.wait(`${rows.length} of ${golden.networks.length} …`);
  }

  async function run() {
    button.setAttribute("aria-disabled", "true");
    button.textContent = "Running…";
    rows = [];
    body.replaceChildren();
    find("[data-table]", section).hidden = false;
    const begin = performance.now();
    try {
      const { together } = await ask("golden", golden.text, add);
      const same = rows.filter((row) => row.same).length;
      const missing = golden.networks.length - rows.length;
      comparison.show(
        together,
        `for all together: ${same} of ${count(golden.networks.length, "network")} the same, in ` +
          `${duration(performance.now() - begin)}${missing ? `; ${missing} did not run` : ""}.`,
        same === golden.networks.length,
      );
      copy.hidden = false;
    } catch (error) {
      comparison.fail(error.message);
    }
    button.removeAttribute("aria-disabled");
    button.textContent = "Run the golden networks again";
  }

  button.addEventListener("click", () => {
    if (!button.hasAttribute("aria-disabled")) run();
  });
  copy.addEventListener("click", async () => {
    const text = rows.map(({ name, fingerprint }) => `${fingerprint}  ${name}\n`).join("");
    find("[data-copied]", section).textContent = (await copied(text)) ? "Copied." : "The browser does not allow it.";
  });
}

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = element("textarea", { class: "hidden", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
