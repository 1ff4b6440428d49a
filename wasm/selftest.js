// SPDX-License-Identifier: BSD-3-Clause
// Trains the networks of golden.txt, whose form netlet's python/netlet/_golden.py describes, and compares their
// fingerprints and losses with those that every other language and machine has.
import { load, Network, Optimizer, sha256 } from "./netlet.js";

const SCHEDULES = {
  none: null,
  step: { name: "step", gamma: 0.5, period: 2 },
  exponential: { name: "exponential", gamma: 0.9 },
  cosine: { name: "cosine", period: 4, floor: 0.1 },
  plateau: { name: "plateau", gamma: 0.5, patience: 1, minDelta: 0.01 },
};
const RATES = {
  learning_rate: "learningRate",
  momentum: "momentum",
  rho: "rho",
  weight_decay: "weightDecay",
  l2: "l2",
  l1: "l1",
  clip_value: "clipValue",
  clip_norm: "clipNorm",
};

export async function selftest(golden, { onNetwork } = {}) {
  await load();
  const networks = [];
  let got = "";
  let expected = "";
  for (const line of golden.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const right = parsed(line);
    const { fingerprint, loss } = await train(right.settings);
    const same = fingerprint === right.fingerprint && loss === right.loss;
    got += fingerprint + loss;
    expected += right.fingerprint + right.loss;
    networks.push({ name: right.name, fingerprint, expected: right.fingerprint, loss, expectedLoss: right.loss, same });
    onNetwork?.(networks.at(-1), networks.length);
  }
  const [together, expectedTogether] = [got, expected].map((text) =>
    sha256(new TextEncoder().encode(text)).slice(0, 12),
  );
  return { networks, together, expectedTogether, passed: networks.length > 0 && networks.every(({ same }) => same) };
}

function parsed(line) {
  const [left, right] = line.split(" : ");
  const [name, ...settings] = left.split(" ");
  const [fingerprint, loss] = right.trim().split(" ");
  return { name, settings: Object.fromEntries(settings.map((setting) => setting.split("="))), fingerprint, loss };
}

const numbers = (text) => text.split(",").map(Number);

async function train(s) {
  const network = new Network(numbers(s.sizes), {
    activation: s.activations.split(","),
    loss: s.loss,
    reduction: s.reduction,
    dtype: s.dtype,
    init: s.init,
    seed: BigInt(s.seed),
    dropout: Number(s.dropout ?? 0),
    huberDelta: Number(s.huber_delta ?? 1),
    quantile: s.quantile ? numbers(s.quantile) : 0.5,
  });
  const rates = Object.entries(RATES).filter(([name]) => name in s);
  const settings = Object.fromEntries(rates.map(([name, here]) => [here, Number(s[name])]));
  if ("nesterov" in s) settings.nesterov = true;
  const optimizer = new Optimizer("weight_decay" in s ? "adamw" : s.optimizer, settings);
  const { x, y } = data(s, network);
  const first50 = (values) => values.slice(0, (50 * values.length) / Number(s.rows));
  const history = await network.fit(x, y, {
    epochs: Number(s.epochs),
    batchSize: Number(s.batch),
    optimizer,
    sampleWeight: "weights" in s ? Float64Array.from({ length: Number(s.rows) }, (_, n) => (n % 4) / 2) : null,
    validationData: "validation" in s ? [first50(x), first50(y)] : null,
    standardize: "standardize" in s,
    schedule: SCHEDULES[s.schedule ?? "none"],
    missing: "missing" in s ? "ignore" : "refuse",
  });
  const result = { fingerprint: network.fingerprint(), loss: hexadecimal(history.loss.at(-1)) };
  network.free();
  optimizer.free();
  return result;
}

function data(s, network) {
  const rows = Number(s.rows);
  const x = Float64Array.from({ length: rows * network.inputs }, (_, n) => ((n * 37) % 101) / 50 - 1);
  const outputs = network.targets;
  const classes = Int32Array.from({ length: rows }, (_, n) => (n * n) % outputs);
  if (s.loss === "cross_entropy" && !("targets" in s)) return { x, y: classes };
  const y = Float64Array.from({ length: rows * outputs }, (_, n) => {
    if ("missing" in s && n % 7 === 3) return NaN;
    if (s.loss === "binary_cross_entropy") return n % 3 === 0 ? 1 : 0;
    return s.loss === "poisson" ? (n * 53) % 7 : ((n * 53) % 97) / 48 - 1;
  });
  if ("targets" in s) {
    y.fill(0);
    classes.forEach((first, n) => {
      y[n * outputs + first] = 0.75; // for one class, and the rest for the next one
      y[n * outputs + ((first + 1) % outputs)] = 0.25;
    });
  }
  return { x, y };
}

// A normal or subnormal number as Python and C write it, to the bit.
function hexadecimal(value) {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const exponent = (bits.getUint16(0) >> 4) & 0x7ff;
  const mantissa = (bits.getBigUint64(0) & 0xfffffffffffffn).toString(16).padStart(13, "0");
  if (!Number.isFinite(value) || value === 0) return String(value);
  const power = Math.max(exponent, 1) - 1023;
  return `${value < 0 ? "-" : ""}0x${exponent ? 1 : 0}.${mantissa}p${power < 0 ? "" : "+"}${power}`;
}
