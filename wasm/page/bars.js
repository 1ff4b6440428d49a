// SPDX-License-Identifier: BSD-3-Clause
// A list of names with a number each, as bars where the numbers are shares.

import { element, percent, short } from "./dom.js";

export class Bars {
  constructor(list, names, shares = true) {
    this.shares = shares;
    this.rows = names.map((name) => {
      const bar = element("span", { class: "bar", "aria-hidden": "true" });
      const value = element("span", { class: "value" }, "–");
      return { item: element("li", {}, element("span", { class: "name" }, name), bar, value), bar, value };
    });
    list.classList.toggle("plain", !shares);
    list.replaceChildren(...this.rows.map(({ item }) => item));
  }

  // Shows a value for each name, or nothing; the row `best` stands out.
  show(values, best = -1) {
    this.rows.forEach(({ item, bar, value }, i) => {
      item.classList.toggle("best", i === best);
      bar.style.setProperty("--share", this.shares && values ? values[i] : 0);
      value.textContent = values ? (this.shares ? percent(values[i]) : short(values[i], 6)) : "–";
    });
  }
}

export const largest = (values) => values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
