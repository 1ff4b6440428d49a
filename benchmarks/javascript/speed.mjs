// SPDX-License-Identifier: BSD-3-Clause
// netlet's JavaScript package beside plain loops, TensorFlow.js and ONNX Runtime Web, as far as they are installed, in one
// run; and its size. From netlet's folder, after `cmake --preset wasm && cmake --build --preset wasm`:
//
//   npm install --prefix benchmarks/javascript   # the peers; without them, netlet and the loops are measured
//   node benchmarks/javascript/speed.mjs [netlet.wasm [rounds]]
//
// README.md in the folder above says how it is measured.
import { readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import zlib from "node:zlib";
import * as netlet from "../../wasm/netlet.js";

const require = createRequire(import.meta.url);
const file = process.argv[2] ?? fileURLToPath(new URL("../../build/wasm/wasm/netlet.wasm", import.meta.url));
const module = await readFile(file);
await netlet.load(module);
const tf = await tensorflow();
const ort = installed("onnxruntime-web");
const ROUNDS = Number(process.argv[3] ?? 7);

function installed(name) {
  try {
    return require(name);
  } catch {
    return null;
  }
}

async function tensorflow() {
  const tf = installed("@tensorflow/tfjs");
  const wasm = tf && installed("@tensorflow/tfjs-backend-wasm");
  if (!wasm) return null;
  wasm.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  return (await tf.setBackend("wasm")) ? tf : null;
}

// Least milliseconds of each work, taking turns; null for what cannot be had.
async function least(works) {
  const times = Object.fromEntries(Object.keys(works).map((name) => [name, works[name] ? Infinity : null]));
  for (let round = 0; round < ROUNDS; ++round) {
    for (const [name, work] of Object.entries(works)) {
      if (!work) continue;
      const begin = performance.now();
      const calls = (await work()) ?? 1;
      times[name] = Math.min(times[name], (performance.now() - begin) / calls);
    }
  }
  return times;
}

function report(what, times) {
  const own = times.netlet;
  const told = Object.entries(times).map(([name, ms]) =>
    ms === null ? `${name} -` : `${name} ${ms.toPrecision(3)} ms${name === "netlet" ? "" : ` (${(ms / own).toPrecision(2)})`}`,
  );
  console.log(`${what}: ${told.join(", ")}`);
}

function size() {
  const brotli = zlib.brotliCompressSync(module, { params: { [zlib.constants.BROTLI_PARAM_SIZE_HINT]: module.length } });
  const gzip = zlib.gzipSync(module, { level: 9 });
  console.log(`netlet.wasm: ${module.length} bytes, gzip ${gzip.length}, brotli ${brotli.length}\n`);
}

// ---- the tutorial's network: 2-3-1, sigmoids, gradient descent on all four rows

async function xor() {
  const [x, y] = [[[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]];
  const few = 20; // epochs that TensorFlow.js is timed on
  const works = {
    netlet() {
      const net = new netlet.Network([2, 3, 1], { seed: 0 });
      net.fitSync(x, y, { epochs: 10000 });
      net.free();
    },
    "plain loops": () => void plainXor(x, y, 10000),
    "TensorFlow.js": tf && (() => tensorflowXor(x, y, few)),
  };
  const times = await least(works);
  if (tf) times["TensorFlow.js"] *= 10000 / few;
  report("XOR, 10,000 epochs, float64 (TensorFlow.js: float32)", times);
}

// What someone who knows the sizes would write.
function plainXor(x, y, epochs) {
  const sigmoid = (z) => 1 / (1 + Math.exp(-z));
  const w = Float64Array.from({ length: 6 }, (_, i) => Math.sin(i + 1));
  const v = Float64Array.from({ length: 3 }, (_, i) => Math.cos(i + 1));
  const [b, gw, gv, gb, h] = [3, 6, 3, 3, 3].map((n) => new Float64Array(n));
  let c = 0;
  for (let epoch = 0; epoch < epochs; ++epoch) {
    gw.fill(0);
    gv.fill(0);
    gb.fill(0);
    let gc = 0;
    for (let n = 0; n < 4; ++n) {
      let out = c;
      for (let j = 0; j < 3; ++j) {
        h[j] = sigmoid(x[n][0] * w[j] + x[n][1] * w[3 + j] + b[j]);
        out += h[j] * v[j];
      }
      out = sigmoid(out);
      const d = (out - y[n]) * out * (1 - out);
      gc += d;
      for (let j = 0; j < 3; ++j) {
        const e = d * v[j] * h[j] * (1 - h[j]);
        gv[j] += d * h[j];
        gb[j] += e;
        gw[j] += e * x[n][0];
        gw[3 + j] += e * x[n][1];
      }
    }
    for (let j = 0; j < 3; ++j) {
      v[j] -= 0.1 * gv[j];
      b[j] -= 0.1 * gb[j];
    }
    for (let j = 0; j < 6; ++j) w[j] -= 0.1 * gw[j];
    c -= 0.1 * gc;
  }
  return v[0];
}

async function tensorflowXor(x, y, epochs) {
  const model = tf.sequential();
  model.add(tf.layers.dense({ units: 3, activation: "sigmoid", inputShape: [2] }));
  model.add(tf.layers.dense({ units: 1, activation: "sigmoid" }));
  model.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError" });
  const [xs, ys] = [tf.tensor2d(x), tf.tensor2d(y.map((t) => [t]))];
  await model.fit(xs, ys, { epochs, batchSize: 4, verbose: 0, yieldEvery: "never" });
  tf.dispose([model, xs, ys]);
}

// ---- an epoch of the digits: 1,437 rows of 64-100-10, batches of 32, Adam, float32

async function digits() {
  const [rows, batchSize] = [1437, 32];
  const x = Float32Array.from({ length: rows * 64 }, (_, i) => ((i * 37) % 17) / 16);
  const y = Int32Array.from({ length: rows }, (_, i) => (i * i) % 10);
  const net = new netlet.Network([64, 100, 10], {
    activation: "relu",
    loss: "cross_entropy",
    reduction: "mean",
    dtype: "float32",
    seed: 0,
  });
  const optimizer = new netlet.Optimizer("adam");
  const plain = new PlainDigits(net);
  let model, xs, ys;
  if (tf) {
    model = tf.sequential();
    model.add(tf.layers.dense({ units: 100, activation: "relu", inputShape: [64] }));
    model.add(tf.layers.dense({ units: 10, activation: "softmax" }));
    model.compile({ optimizer: tf.train.adam(0.001), loss: "categoricalCrossentropy" });
    xs = tf.tensor2d(x, [rows, 64]);
    const targets = new Float32Array(rows * 10);
    y.forEach((label, n) => (targets[n * 10 + label] = 1));
    ys = tf.tensor2d(targets, [rows, 10]);
  }
  report(
    "an epoch of the digits, float32",
    await least({
      netlet: () => void net.fitSync(x, y, { epochs: 1, batchSize, optimizer }),
      "plain loops": () => plain.epoch(x, y, batchSize),
      "TensorFlow.js":
        tf && (async () => void (await model.fit(xs, ys, { epochs: 1, batchSize, verbose: 0, yieldEvery: "never" }))),
    }),
  );
}

// Loops over float32 arrays, whose sums are double, as JavaScript's numbers are.
class PlainDigits {
  constructor(net) {
    this.w = Array.from({ length: 2 }, (_, i) => Float32Array.from(net.weights[i]));
    this.b = Array.from({ length: 2 }, (_, i) => Float32Array.from(net.biases[i]));
    this.all = [...this.w, ...this.b];
    this.m = this.all.map((p) => new Float32Array(p.length));
    this.v = this.all.map((p) => new Float32Array(p.length));
    this.g = this.all.map((p) => new Float32Array(p.length));
    this.steps = 0;
  }
  epoch(x, y, batchSize) {
    for (let begin = 0; begin < y.length; begin += batchSize) this.step(x, y, begin, Math.min(y.length, begin + batchSize));
  }
  step(x, y, begin, end) {
    const [[w, v], [b, c], [gw, gv, gb, gc]] = [this.w, this.b, this.g];
    for (const g of this.g) g.fill(0);
    const [h, d, out] = [new Float64Array(100), new Float64Array(100), new Float64Array(10)];
    for (let n = begin; n < end; ++n) {
      for (let j = 0; j < 100; ++j) h[j] = b[j];
      for (let i = 0; i < 64; ++i) {
        const xi = x[n * 64 + i];
        for (let j = 0; j < 100; ++j) h[j] += xi * w[i * 100 + j];
      }
      for (let k = 0; k < 10; ++k) out[k] = c[k];
      for (let j = 0; j < 100; ++j) {
        if (h[j] < 0) h[j] = 0;
        for (let k = 0; k < 10; ++k) out[k] += h[j] * v[j * 10 + k];
      }
      let [top, sum] = [-Infinity, 0];
      for (let k = 0; k < 10; ++k) top = Math.max(top, out[k]);
      for (let k = 0; k < 10; ++k) sum += out[k] = Math.exp(out[k] - top);
      for (let k = 0; k < 10; ++k) out[k] = (out[k] / sum - (k === y[n] ? 1 : 0)) / (end - begin);
      for (let j = 0; j < 100; ++j) {
        let back = 0;
        for (let k = 0; k < 10; ++k) {
          back += out[k] * v[j * 10 + k];
          gv[j * 10 + k] += h[j] * out[k];
        }
        d[j] = h[j] > 0 ? back : 0;
        gb[j] += d[j];
      }
      for (let k = 0; k < 10; ++k) gc[k] += out[k];
      for (let i = 0; i < 64; ++i) {
        const xi = x[n * 64 + i];
        for (let j = 0; j < 100; ++j) gw[i * 100 + j] += xi * d[j];
      }
    }
    ++this.steps;
    const rate = (0.001 * Math.sqrt(1 - 0.999 ** this.steps)) / (1 - 0.9 ** this.steps);
    this.all.forEach((p, which) => {
      const [m, s, g] = [this.m[which], this.v[which], this.g[which]];
      for (let i = 0; i < p.length; ++i) {
        m[i] = 0.9 * m[i] + 0.1 * g[i];
        s[i] = 0.999 * s[i] + 0.001 * g[i] * g[i];
        p[i] -= (rate * m[i]) / (Math.sqrt(s[i]) + 1e-8);
      }
    });
  }
}

// ---- rows of 784-128-10, float32, forward

async function forward(rows) {
  const x = Float32Array.from({ length: rows * 784 }, (_, i) => ((i * 37) % 101) / 50 - 1);
  const net = new netlet.Network([784, 128, 10], {
    activation: "relu",
    loss: "cross_entropy",
    dtype: "float32",
    seed: 0,
  });
  const [w, v] = [0, 1].map((i) => Float32Array.from(net.weights[i]));
  const calls = rows === 1 ? 200 : 1;
  const repeated = (work) => async () => {
    for (let i = 0; i < calls; ++i) await work();
    return calls;
  };
  const works = {
    netlet() {
      for (let i = 0; i < calls; ++i) net.forward(x);
      return calls;
    },
    "plain loops"() {
      for (let i = 0; i < calls; ++i) plainForward(x, rows, w, v);
      return calls;
    },
    "TensorFlow.js": null,
    "ONNX Runtime Web": null,
  };
  if (tf) {
    const model = tf.sequential();
    model.add(tf.layers.dense({ units: 128, activation: "relu", inputShape: [784] }));
    model.add(tf.layers.dense({ units: 10, activation: "softmax" }));
    works["TensorFlow.js"] = repeated(async () => {
      const out = tf.tidy(() => model.predict(tf.tensor2d(x, [rows, 784])));
      await out.data();
      out.dispose();
    });
  }
  if (ort) {
    ort.env.wasm.numThreads = 1;
    const session = await ort.InferenceSession.create(onnx(w, v), { executionProviders: ["wasm"] });
    works["ONNX Runtime Web"] = repeated(() => session.run({ x: new ort.Tensor("float32", x, [rows, 784]) }));
  }
  report(`forward of ${rows.toLocaleString("en-US")} row${rows === 1 ? "" : "s"} of 784-128-10, float32`, await least(works));
}

function plainForward(x, rows, w, v) {
  const out = new Float32Array(rows * 10);
  const [h, z] = [new Float64Array(128), new Float64Array(10)];
  for (let n = 0; n < rows; ++n) {
    h.fill(0);
    z.fill(0);
    for (let i = 0; i < 784; ++i) {
      const xi = x[n * 784 + i];
      for (let j = 0; j < 128; ++j) h[j] += xi * w[i * 128 + j];
    }
    for (let j = 0; j < 128; ++j) {
      if (h[j] > 0) for (let k = 0; k < 10; ++k) z[k] += h[j] * v[j * 10 + k];
    }
    const top = Math.max(...z);
    let sum = 0;
    for (let k = 0; k < 10; ++k) sum += z[k] = Math.exp(z[k] - top);
    for (let k = 0; k < 10; ++k) out[n * 10 + k] = z[k] / sum;
  }
  return out;
}

// The network as an ONNX file: Gemm, Relu, Gemm, Softmax. A message is a list of [field, value].
function onnx(w, v) {
  const varint = (n) => {
    const bytes = [];
    for (; n > 127; n = Math.floor(n / 128)) bytes.push((n % 128) + 128);
    return Buffer.from([...bytes, n]);
  };
  const message = (fields) =>
    Buffer.concat(
      fields.map(([field, value]) => {
        if (typeof value === "number") return Buffer.concat([varint(field * 8), varint(value)]);
        const bytes = Array.isArray(value) ? message(value) : Buffer.from(value);
        return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);
      }),
    );
  const node = (type, inputs, output) => [1, [...inputs.map((name) => [1, name]), [2, output], [4, type]]];
  const tensor = (name, values, dims) => [
    5,
    [...dims.map((n) => [1, n]), [2, 1], [8, name], [9, Buffer.from(values.buffer, values.byteOffset, values.byteLength)]],
  ];
  const value = (field, name, columns) => [
    field,
    [[1, name], [2, [[1, [[1, 1], [2, [[1, [[2, "rows"]]], [1, [[1, columns]]]]]]]]]],
  ];
  const graph = [
    node("Gemm", ["x", "w", "b"], "z"),
    node("Relu", ["z"], "h"),
    node("Gemm", ["h", "v", "c"], "o"),
    node("Softmax", ["o"], "y"),
    [2, "network"],
    tensor("w", w, [784, 128]),
    tensor("b", new Float32Array(128), [128]),
    tensor("v", v, [128, 10]),
    tensor("c", new Float32Array(10), [10]),
    value(11, "x", 784),
    value(12, "y", 10),
  ];
  return new Uint8Array(message([[1, 7], [7, graph], [8, [[2, 13]]]]));
}

console.log(`${cpus()[0].model}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}`);
console.log(`TensorFlow.js ${tf ? tf.version.tfjs : "is not installed"}, ONNX Runtime Web ${ort ? "" : "is not "}installed\n`);
size();
await xor();
await digits();
for (const rows of [1024, 1]) await forward(rows);
process.exit(); // ONNX Runtime Web keeps workers
