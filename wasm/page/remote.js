// SPDX-License-Identifier: BSD-3-Clause
// The worker, in which netlet runs, so that the page stays alive; made of what is written in the page itself.

import { find } from "./dom.js";

// A module with one function, which returns a vector of 128 bits.
const VECTOR = [
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0],
  ...[65, 0, 253, 15, 253, 98, 11],
];

// What the browser lacks, as a sentence; nothing if it has all.
export function lacks() {
  if (typeof WebAssembly === "undefined") return "This browser has no WebAssembly, which this page needs.";
  if (!WebAssembly.validate(new Uint8Array(VECTOR))) {
    return "This browser has WebAssembly without its 128-bit vectors (SIMD), which this page needs.";
  }
  if (typeof DecompressionStream === "undefined" || typeof Worker === "undefined") {
    return "This browser is too old for this page: it lacks DecompressionStream or workers.";
  }
  return "";
}

async function unpacked(selector) {
  const letters = atob(find(selector).textContent.trim());
  const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

let worker;
let broken = ""; // why the worker cannot be used
let calls = 0;
const open = new Map();

function fail(message) {
  broken = message;
  for (const call of open.values()) call.reject(new Error(message));
  open.clear();
}

export async function start() {
  // a classic worker, since Chromium starts no module worker for a page from the disk
  const source = new Blob([find("#worker").textContent], { type: "text/javascript" });
  worker = new Worker(URL.createObjectURL(source));
  worker.onmessage = ({ data }) => {
    const call = open.get(data.id);
    if (!call) return;
    if (data.progress !== undefined) {
      call.report?.(data.progress);
      return;
    }
    open.delete(data.id);
    if (data.error === undefined) call.resolve(data.result);
    else call.reject(new Error(data.error));
  };
  worker.onerror = (event) => {
    event.preventDefault();
    fail(event.message || "the worker does not run");
  };
  const [wasm, digits] = await Promise.all([unpacked("#wasm"), unpacked("#digits-data")]);
  return ask("start", { wasm, digits });
}

// Has the worker do something; `report` is told how it goes.
export function ask(task, argument, report) {
  return new Promise((resolve, reject) => {
    if (broken) throw new Error(broken);
    const id = ++calls;
    open.set(id, { resolve, reject, report });
    worker.postMessage({ id, task, argument });
  });
}
