// SPDX-License-Identifier: BSD-3-Clause
// The worker: it keeps the networks, and does what the page asks for.

import * as netlet from "../netlet.js";
import { selftest } from "../selftest.js";
import { trainDigits, trainXor, xorAt } from "./networks.js";
import { describe, outputs } from "./opened.js";

const networks = {}; // by name: xor, digits, opened
const stops = {}; // by name: what ends a training
let digits; // the data
let xorStages;

function keep(name, network) {
  networks[name]?.free();
  networks[name] = network;
}

// What a training gives, which `stop` can end: then nothing of it is kept.
async function stoppable(name, train) {
  stops[name] = new AbortController();
  const { signal } = stops[name];
  try {
    return await train(signal);
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}

const tasks = {
  async start({ wasm, digits: data }) {
    await netlet.load(wasm);
    digits = new Uint8Array(data);
    return { version: netlet.version(), numerics: netlet.numericsVersion(), isa: netlet.isa() };
  },
  async xor(_, report) {
    const made = await stoppable("xor", (signal) => trainXor(report, signal));
    if (!made) return { stopped: true };
    const { network, stages, ...result } = made;
    keep("xor", network);
    xorStages = stages;
    return { ...result, stages: stages.length };
  },
  stop: (name) => stops[name]?.abort(),
  xorAt: (stage) => xorAt(networks.xor, xorStages[stage]),
  async digits(_, report) {
    const made = await stoppable("digits", (signal) => trainDigits(digits, report, signal));
    if (!made) return { stopped: true };
    const { network, ...result } = made;
    keep("digits", network);
    return result;
  },
  // probabilities of the ten digits for the 64 pixels, from 0 to 16, of a drawing
  read: (pixels) => networks.digits.forward(Float64Array.from(pixels, (value) => value / 16)),
  save: (name) => networks[name].toBytes(),
  open(bytes) {
    const network = netlet.Network.fromBytes(new Uint8Array(bytes));
    keep("opened", network);
    return describe(network);
  },
  outputs: (values) => outputs(networks.opened, values),
  golden: (text, report) => selftest(text, { onNetwork: ({ name, fingerprint }) => report({ name, fingerprint }) }),
};

addEventListener("message", async ({ data: { id, task, argument } }) => {
  try {
    postMessage({ id, result: await tasks[task](argument, (progress) => postMessage({ id, progress })) });
  } catch (error) {
    postMessage({ id, error: error.message });
  }
});
