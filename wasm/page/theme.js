// SPDX-License-Identifier: BSD-3-Clause
// Light, dark, or as the system says: under the names by which the documentation remembers it, too.

const dark = matchMedia("(prefers-color-scheme: dark)");
let mode = "auto";

function remembered(...values) {
  try {
    if (values.length) [localStorage.mode, localStorage.theme] = values;
    return localStorage.mode;
  } catch {
    return ""; // a page that may not remember anything
  }
}

const theme = () => (mode === "auto" ? (dark.matches ? "dark" : "light") : mode);

function apply() {
  document.documentElement.dataset.theme = theme();
  const button = document.querySelector("#theme");
  if (!button) return;
  button.dataset.mode = mode;
  const said = { auto: "as the system", light: "light", dark: "dark" }[mode];
  button.setAttribute("aria-label", `Colours: ${said}`);
  button.title = `Colours: ${said}`;
}

const saved = remembered();
if (["light", "dark"].includes(saved)) mode = saved;
apply();
dark.addEventListener("change", apply);
document.addEventListener("DOMContentLoaded", () => {
  apply();
  document.querySelector("#theme").addEventListener("click", () => {
    mode = { auto: "light", light: "dark", dark: "auto" }[mode];
    remembered(mode, theme());
    apply();
  });
});
