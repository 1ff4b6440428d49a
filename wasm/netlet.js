// SPDX-License-Identifier: BSD-3-Clause
// netlet for JavaScript: small fully connected networks, trained and evaluated with the same bits as in Python, C++ and
// Fortran. netlet.d.ts documents every name.

const OK = 0;
const MISSING = { refuse: 0, ignore: 1 };
const CODES = [
  "ok",
  "argument",
  "memory",
  "busy",
  "diverged",
  "interrupted",
  "callback",
  "unsupported",
  "file",
  "format",
];
const NOTES = { classes: 0, featureNames: 1, metadata: 2 };
const SCHEDULES = { constant: 0, step: 1, exponential: 2, cosine: 3, plateau: 4 };
const SCALES = { inputs: 1, outputs: 2 };
const DTYPES = new Map([
  [Float32Array, 0],
  [Float64Array, 1],
  [Int8Array, 2],
  [Int16Array, 3],
  [Int32Array, 4],
  [BigInt64Array, 5],
  [Uint8Array, 6],
  [Uint8ClampedArray, 6],
  [Uint16Array, 7],
  [Uint32Array, 8],
  [BigUint64Array, 9],
]);
const PAUSE = 12; // milliseconds of training between two pauses

let core = null; // the module's exports, once it is loaded
let names = null; // of the choices, from the module: {activation: [...], loss: [...], ...}
let loading = null;
let running = null; // the fit that runs now

export class NetletError extends Error {
  constructor(code, message) {
    super(message);
    this.name = "NetletError";
    this.code = code;
  }
}

// ---- the module

export function load(source) {
  loading ??= instantiate(source).catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

async function instantiate(source) {
  const module = await compiled(await (source ?? defaultSource()));
  const imports = {
    netlet: { on_epochs: (epochs, count) => running(epochs, count) },
    wasi_snapshot_preview1: {
      clock_time_get(clock, precision, time) {
        view().setBigUint64(time, BigInt(Math.round(performance.now() * 1e6)), true);
        return 0;
      },
      environ_sizes_get(count, size) {
        view().setUint32(count, 0, true);
        view().setUint32(size, 0, true);
        return 0;
      },
      environ_get: () => 0,
      proc_exit(code) {
        throw new Error(`netlet.wasm ended with code ${code}`);
      },
    },
  };
  const { exports } = await WebAssembly.instantiate(module, imports);
  core = exports;
  core._initialize();
  names = {};
  for (const kind of ["activation", "loss", "reduction", "init", "optimizer", "dtype"]) {
    names[kind] = [];
    for (let i = 0, at; (at = core[`netlet_${kind}_name`](i)); ++i) names[kind].push(text(at));
  }
  names.setting = [];
  for (let i = 0, at; (at = core.netlet_optimizer_setting_name(i)); ++i) names.setting.push(text(at));
}

async function compiled(source) {
  if (source instanceof WebAssembly.Module) return source;
  if (typeof Response !== "undefined" && source instanceof Response) {
    if (!source.ok) throw new Error(`netlet.wasm: ${source.status} ${source.statusText} from ${source.url}`);
    return WebAssembly.compile(await source.arrayBuffer());
  }
  return WebAssembly.compile(source);
}

async function defaultSource() {
  const url = new URL("netlet.wasm", import.meta.url);
  if (url.protocol !== "file:") return fetch(url);
  const { readFile } = await import("node:fs/promises");
  return readFile(url);
}

function loaded() {
  if (!core) throw new Error("netlet is not loaded yet: await netlet.load() first");
  return core;
}

const view = () => new DataView(core.memory.buffer);

function text(at) {
  const bytes = new Uint8Array(core.memory.buffer);
  return new TextDecoder().decode(bytes.subarray(at, bytes.indexOf(0, at)));
}

export const version = () => text(loaded().netlet_version());
export const numericsVersion = () => loaded().netlet_numerics_version();
export const isa = () => text(loaded().netlet_isa());

function check(status) {
  if (status !== OK) throw new NetletError(CODES[status], text(core.error()));
}

// Memory of the module for as long as a call runs.
class Scratch {
  #blocks = [];

  bytes(size) {
    const at = core.allocate(Math.max(size, 1));
    if (!at) throw new NetletError("memory", "out of memory");
    this.#blocks.push(at);
    return at;
  }
  copy(values) {
    const at = this.bytes(values.byteLength);
    new Uint8Array(core.memory.buffer, at, values.byteLength).set(
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    );
    return at;
  }
  text(string) {
    return this.copy(new TextEncoder().encode(`${string}\0`));
  }
  release() {
    for (const at of this.#blocks) core.release(at);
  }
}

function scratch(work) {
  const memory = new Scratch();
  try {
    return work(memory);
  } finally {
    memory.release();
  }
}

// What a function writes at an address given to it.
function created(work) {
  return scratch((memory) => {
    const at = memory.bytes(4);
    check(work(at, memory));
    return view().getUint32(at, true);
  });
}

const garbage =
  typeof FinalizationRegistry === "undefined" ? null : new FinalizationRegistry(({ free, at }) => core[free](at));

// What the module owns: freed with the object, or by hand.
class Owned {
  #at;
  #what;

  _own(at, free, what) {
    this.#at = at;
    this.#what = what;
    this._free = free;
    garbage?.register(this, { free, at }, this);
  }
  get _at() {
    if (!this.#at) throw new NetletError("argument", `this ${this.#what} was freed`);
    return this.#at;
  }
  free() {
    if (!this.#at) return;
    if (running?.uses.includes(this)) throw new NetletError("busy", `free: a fit is using this ${this.#what}`);
    garbage?.unregister(this);
    core[this._free](this.#at);
    this.#at = 0;
  }
  [Symbol.dispose ?? Symbol.for("Symbol.dispose")]() {
    this.free();
  }
}

// ---- arguments

function fail(message) {
  throw new NetletError("argument", message);
}

function shown(value) {
  if (typeof value === "string") return JSON.stringify(value);
  return typeof value === "function" ? "a function" : String(value);
}

function choice(kind, name, argument = kind) {
  const number = names[kind].indexOf(name);
  if (number < 0) fail(`${argument}: expected one of ${names[kind].map(shown).join(", ")}, got ${shown(name)}`);
  return number;
}

function known(options, allowed, where) {
  if (options === null || typeof options !== "object") fail(`${where}: expected an object, got ${shown(options)}`);
  for (const name of Object.keys(options)) {
    if (!allowed.includes(name)) fail(`${where}: unknown option ${shown(name)}; known are ${allowed.join(", ")}`);
  }
}

function integer(value, name, least = 0) {
  if (!Number.isSafeInteger(value) || value < least) {
    fail(`${name}: expected an integer, at least ${least}, got ${shown(value)}`);
  }
  if (value > 0xffffffff) fail(`${name}: expected at most ${0xffffffff}, got ${value}`);
  return value;
}

function real(value, name) {
  if (typeof value !== "number") fail(`${name}: expected a number, got ${shown(value)}`);
  return value;
}

function seedOf(value) {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === "bigint" && value >= 0n && value < 1n << 64n) return value;
  return fail(`seed: expected an integer from 0 to 2**64 - 1 (beyond 2**53 as a BigInt), got ${shown(value)}`);
}

function each(value, count, name, of) {
  if (typeof value === "number") return new Float64Array(count).fill(value);
  const values = Array.from(value ?? [], (one) => real(one, name));
  if (values.length !== count) fail(`${name}: expected a number, or ${count}, one for each ${of}, got ${values.length}`);
  return Float64Array.from(values);
}

// Rows of numbers as {values: typed array, rows, columns}.
function table(given, columns, name, rows) {
  let values = given;
  if (Array.isArray(given)) {
    if (given.length && (Array.isArray(given[0]) || ArrayBuffer.isView(given[0]))) {
      const width = given[0].length;
      values = new Float64Array(given.length * width);
      given.forEach((row, i) => {
        if (row?.length !== width) {
          fail(`${name}: expected rows of ${width} numbers, got ${row?.length ?? shown(row)} in row ${i}`);
        }
        values.set(numbers(row, name), i * width);
      });
      columns = width;
    } else {
      values = numbers(given, name);
    }
  }
  if (!DTYPES.has(values?.constructor)) {
    fail(`${name}: expected a typed array, an array of numbers or of rows, got ${shown(given)}`);
  }
  rows ??= values.length / columns;
  if (!Number.isInteger(rows) || rows < 0 || rows * columns !== values.length) {
    fail(`${name}: expected rows of ${columns} numbers, got ${values.length} numbers${
      Number.isInteger(rows) ? ` for ${rows} rows` : ""
    }`);
  }
  return { values, rows, columns };
}

function numbers(values, name) {
  return Float64Array.from(values, (value, i) => {
    if (typeof value === "number") return value;
    if (typeof value === "boolean") return Number(value);
    return fail(`${name}: expected numbers, got ${shown(value)} at position ${i}`);
  });
}

// The targets of `rows` rows: classes if there is one number for each row of a network with several outputs.
function targetTable(network, given, rows, name) {
  const single = network.loss === "cross_entropy" && given?.length === rows && !(given[0]?.length >= 0);
  if (!single) return table(given, network.targets, name, rows);
  const { values } = table(given, 1, name, rows);
  if (!(values instanceof Float32Array || values instanceof Float64Array)) return { values, rows, columns: 1 };
  const classes = Int32Array.from(values);
  const wrong = values.findIndex((value, i) => value !== classes[i]);
  if (wrong >= 0) fail(`${name}: expected class indices, got ${values[wrong]} in row ${wrong}`);
  return { values: classes, rows, columns: 1 };
}

function place(memory, tables) {
  const words = new Uint32Array(4 * tables.length);
  tables.forEach((one, i) => {
    if (one) words.set([memory.copy(one.values), DTYPES.get(one.values.constructor), one.rows, one.columns], 4 * i);
  });
  return memory.copy(words);
}

function dataTables(network, x, y, weights, prefix = "") {
  const rows = table(x, network.inputs, `${prefix}x`);
  if (rows.columns !== network.inputs) {
    fail(`${prefix}x: expected rows of ${network.inputs} numbers, got ${rows.columns}`);
  }
  return [
    rows,
    targetTable(network, y, rows.rows, `${prefix}y`),
    weights == null ? null : table(weights, 1, `${prefix}sampleWeight`),
  ];
}

// ---- networks

const NETWORK_OPTIONS = [
  "activation",
  "outputActivation",
  "loss",
  "reduction",
  "dtype",
  "init",
  "seed",
  "dropout",
  "huberDelta",
  "quantile",
];
const OUTPUT_ACTIVATION = {
  cross_entropy: "softmax",
  binary_cross_entropy: "sigmoid",
  poisson: "identity",
  gaussian_nll: "identity",
};

function activationsOf(layers, { activation, outputActivation, loss }) {
  if (Array.isArray(activation)) {
    if (activation.length !== layers) {
      fail(`activation: expected a name, or ${layers}, one for each layer, got ${activation.length}`);
    }
    if (outputActivation !== undefined) fail("outputActivation: expected none beside a list of activations");
    return activation;
  }
  const list = new Array(layers).fill(activation);
  list[layers - 1] = outputActivation ?? OUTPUT_ACTIVATION[loss] ?? activation;
  return list;
}

export class Network extends Owned {
  constructor(layerSizes, options = {}) {
    loaded();
    super();
    if (layerSizes instanceof Pointer) {
      this._own(layerSizes.at, "netlet_network_free", "network");
      return;
    }
    known(options, NETWORK_OPTIONS, "options");
    if (!Array.isArray(layerSizes) && !ArrayBuffer.isView(layerSizes)) {
      fail(`layerSizes: expected an array, got ${shown(layerSizes)}`);
    }
    const settings = {
      activation: "sigmoid",
      loss: "squared_error",
      reduction: "sum",
      dtype: "float64",
      init: "glorot_uniform",
      dropout: 0,
      huberDelta: 1,
      quantile: 0.5,
      ...options,
    };
    const sizes = Uint32Array.from(layerSizes, (size) => integer(size, "layerSizes", 1));
    const loss = choice("loss", settings.loss);
    const layers = sizes.length - 1;
    const activations = activationsOf(Math.max(layers, 0), settings);
    const parameters = {
      huber: [real(settings.huberDelta, "huberDelta")],
      quantile: settings.loss === "quantile" ? each(settings.quantile, sizes[layers], "quantile", "output") : [],
    };
    const lossParameters = Float64Array.from(parameters[settings.loss] ?? []);
    const init = choice("init", settings.init);
    const seed = settings.seed == null ? drawnSeed() : seedOf(settings.seed);
    const at = created((network, memory) =>
      core.create(
        memory.copy(sizes),
        sizes.length,
        memory.copy(Int32Array.from(activations, (name) => choice("activation", name))),
        loss,
        choice("reduction", settings.reduction),
        choice("dtype", settings.dtype),
        lossParameters.length ? memory.copy(lossParameters) : 0,
        lossParameters.length,
        layers > 1 ? memory.copy(each(settings.dropout, layers - 1, "dropout", "hidden layer")) : 0,
        network,
      ),
    );
    this._own(at, "netlet_network_free", "network");
    check(core.netlet_initialize(at, init, seed, core.error()));
  }

  static fromBytes(bytes) {
    return checkpointFromBytes(bytes).network;
  }

  toBytes({ optimizer = null } = {}) {
    const network = this._at;
    return scratch((memory) => {
      const out = memory.bytes(8);
      check(core.netlet_to_bytes(network, optimizer ? optimizer._at : 0, out, out + 4, core.error()));
      const [at, size] = new Uint32Array(core.memory.buffer, out, 2);
      const bytes = new Uint8Array(core.memory.buffer, at, size).slice();
      core.netlet_free_bytes(at);
      return bytes;
    });
  }

  copy() {
    const network = this._at;
    return new Network(new Pointer(created((copy) => core.netlet_network_copy(network, copy, core.error()))));
  }

  // what it is

  get layerSizes() {
    const network = this._at;
    return Array.from({ length: core.netlet_layer_size_count(network) }, (_, i) => core.netlet_layer_size(network, i));
  }
  get inputs() {
    return core.netlet_inputs(this._at);
  }
  get outputs() {
    return core.netlet_outputs(this._at);
  }
  get targets() {
    return core.netlet_target_count(this._at);
  }
  get activations() {
    const network = this._at;
    const layers = core.netlet_layer_size_count(network) - 1;
    return Array.from({ length: layers }, (_, i) => names.activation[core.netlet_layer_activation(network, i)]);
  }
  get loss() {
    return names.loss[core.netlet_network_loss(this._at)];
  }
  get lossParameters() {
    const network = this._at;
    const length = core.netlet_loss_parameter_count(network);
    return Array.from({ length }, (_, i) => core.netlet_loss_parameter(network, i));
  }
  get reduction() {
    return names.reduction[core.netlet_network_reduction(this._at)];
  }
  get dtype() {
    return names.dtype[core.netlet_network_dtype(this._at)];
  }
  get dropout() {
    const network = this._at;
    const length = core.netlet_layer_size_count(network) - 2;
    return Array.from({ length }, (_, i) => core.netlet_dropout(network, i));
  }
  get seed() {
    return BigInt.asUintN(64, core.netlet_seed(this._at));
  }
  set seed(value) {
    core.netlet_set_seed(this._at, seedOf(value));
  }
  get epochsTrained() {
    return Number(core.netlet_epochs_trained(this._at));
  }
  get savedNumericsVersion() {
    return core.netlet_saved_numerics_version(this._at);
  }
  get _Values() {
    return this.dtype === "float32" ? Float32Array : Float64Array;
  }

  get parameters() {
    const network = this._at;
    return new this._Values(core.memory.buffer, core.netlet_parameters(network), core.netlet_parameter_count(network));
  }
  set parameters(values) {
    const own = this.parameters;
    if (values?.length !== own.length) {
      fail(`parameters: expected ${own.length} numbers, got ${values?.length ?? shown(values)}`);
    }
    own.set(values);
  }
  weights(layer) {
    return this.#part(layer, 0);
  }
  biases(layer) {
    return this.#part(layer, 1);
  }
  #part(layer, biases) {
    const sizes = this.layerSizes;
    if (!(Number.isInteger(layer) && layer >= 0 && layer < sizes.length - 1)) {
      fail(`layer: expected an index from 0 to ${sizes.length - 2}, got ${shown(layer)}`);
    }
    let begin = 0;
    for (let i = 0; i < layer; ++i) begin += (sizes[i] + 1) * sizes[i + 1];
    const middle = begin + sizes[layer] * sizes[layer + 1];
    return this.parameters.subarray(biases ? middle : begin, biases ? middle + sizes[layer + 1] : middle);
  }

  initialize({ init = "glorot_uniform", seed } = {}) {
    check(
      core.netlet_initialize(this._at, choice("init", init), seed == null ? drawnSeed() : seedOf(seed), core.error()),
    );
  }

  get inputScaling() {
    return this.#scaling(SCALES.inputs, this.inputs);
  }
  get outputScaling() {
    return this.#scaling(SCALES.outputs, this.outputs);
  }
  #scaling(kind, count) {
    const network = this._at;
    return scratch((memory) => {
      const at = memory.bytes(16 * count + 8);
      const present = at + 16 * count;
      check(core.netlet_copy_scaling(network, kind, at, at + 8 * count, present, core.error()));
      if (!view().getInt32(present, true)) return null;
      const values = new Float64Array(core.memory.buffer, at, 2 * count);
      return { shift: values.slice(0, count), scale: values.slice(count) };
    });
  }
  set inputScaling(scaling) {
    this.#setScaling(SCALES.inputs, this.inputs, scaling, "inputScaling");
  }
  set outputScaling(scaling) {
    this.#setScaling(SCALES.outputs, this.targets, scaling, "outputScaling");
  }
  #setScaling(kind, count, scaling, name) {
    const network = this._at;
    scratch((memory) => {
      const given = scaling == null ? [] : [scaling.shift, scaling.scale];
      const [shift, scale] = given.map((values) => memory.copy(each(values, count, name, "column")));
      check(core.netlet_set_scaling(network, kind, shift ?? 0, scale ?? 0, core.error()));
    });
  }

  get classes() {
    return this.#note("classes");
  }
  set classes(labels) {
    this.#setNote("classes", labels, this.loss === "binary_cross_entropy" ? 2 : this.outputs);
  }
  get featureNames() {
    return this.#note("featureNames");
  }
  set featureNames(labels) {
    this.#setNote("featureNames", labels, this.inputs);
  }
  get metadata() {
    return this.#note("metadata") ?? {};
  }
  set metadata(object) {
    this.#setNote("metadata", object);
  }
  #note(name) {
    const at = core.netlet_note(this._at, NOTES[name]);
    return at ? JSON.parse(text(at)) : null;
  }
  #setNote(name, value, count) {
    const network = this._at;
    if (count !== undefined && value != null && (!Array.isArray(value) || value.length !== count)) {
      fail(`${name}: expected an array of ${count}, got ${Array.isArray(value) ? value.length : shown(value)}`);
    }
    scratch((memory) => {
      const ascii = (json) =>
        json.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
      const note = value == null ? 0 : memory.text(ascii(JSON.stringify(value)));
      check(core.netlet_set_note(network, NOTES[name], note, core.error()));
    });
  }

  fingerprint() {
    const network = this._at;
    return scratch((memory) => {
      const hex = memory.bytes(65);
      check(core.netlet_fingerprint(network, hex, core.error()));
      return text(hex);
    });
  }

  summary() {
    const sizes = this.layerSizes;
    const dropout = this.dropout;
    const comma = (n) => n.toLocaleString("en-US");
    let rows = [["layer", "inputs", "outputs", "activation", "parameters", "dropout"]];
    this.activations.forEach((name, i) => {
      const [n, m] = [sizes[i], sizes[i + 1]];
      rows.push([`${i + 1}`, comma(n), comma(m), name, comma((n + 1) * m), dropout[i] ? `${dropout[i]}` : ""]);
    });
    if (!dropout.some((share) => share > 0)) rows = rows.map((row) => row.slice(0, -1));
    const widths = rows[0].map((_, c) => Math.max(...rows.map((row) => row[c].length)));
    const lines = rows.map((row) => row.map((cell, c) => cell.padStart(widths[c])).join("  ").trimEnd());
    const scaled = ["inputs", "outputs"].filter((_, i) => (i ? this.outputScaling : this.inputScaling));
    const epochs = this.epochsTrained;
    return [
      `Network ${sizes.join("-")}, ${this.dtype}`,
      ...lines,
      `${comma(core.netlet_parameter_count(this._at))} parameters`,
      `loss: ${this.loss}, ${this.reduction}; ${scaled.length ? `scaling of ${scaled.join(" and ")}` : "no scaling"}`,
      `trained: ${comma(epochs)} epoch${epochs === 1 ? "" : "s"}; seed ${this.seed}`,
    ].join("\n");
  }
  toString() {
    return `Network ${this.layerSizes.join("-")}, ${this.dtype}`;
  }

  // what it computes

  forward(x, rows) {
    return this.#outputs("forward", x, rows, this._Values, this.outputs);
  }
  predict(x, rows) {
    const network = this._at;
    const Values = DTYPES_BY_NUMBER[core.netlet_prediction_dtype(network)];
    const found = this.#outputs("predict", x, rows, Values, core.netlet_prediction_count(network));
    return Values === BigInt64Array ? Int32Array.from(found, Number) : found;
  }
  jacobian(x, rows) {
    return this.#outputs("jacobian", x, rows, this._Values, this.outputs * this.inputs);
  }
  #outputs(call, x, rows, Values, columns) {
    const network = this._at;
    const given = table(x, this.inputs, "x", rows);
    return scratch((memory) => {
      const size = given.rows * columns;
      const out = memory.bytes(size * Values.BYTES_PER_ELEMENT);
      check(core[call](network, place(memory, [given]), out));
      return new Values(core.memory.buffer, out, size).slice();
    });
  }

  evaluate(x, y, { sampleWeight = null, missing = "refuse" } = {}) {
    const network = this._at;
    const tables = dataTables(this, x, y, sampleWeight);
    return scratch((memory) => {
      const out = memory.bytes(32);
      check(core.evaluate(network, place(memory, tables), missingOf(missing), out));
      const [loss, accuracy, rmse, mae] = new Float64Array(core.memory.buffer, out, 4);
      return { loss, accuracy, rmse, mae };
    });
  }
  backward(x, y, { sampleWeight = null, missing = "refuse" } = {}) {
    const network = this._at;
    const tables = dataTables(this, x, y, sampleWeight);
    return scratch((memory) => {
      const count = core.netlet_parameter_count(network);
      const loss = memory.bytes(8);
      const out = memory.bytes(count * this._Values.BYTES_PER_ELEMENT);
      check(core.backward(network, place(memory, tables), missingOf(missing), loss, out));
      return {
        loss: view().getFloat64(loss, true),
        gradient: new this._Values(core.memory.buffer, out, count).slice(),
      };
    });
  }
  inputGradient(x, y, { missing = "refuse" } = {}) {
    const network = this._at;
    const tables = dataTables(this, x, y, null);
    return scratch((memory) => {
      const count = tables[0].rows * this.inputs;
      const out = memory.bytes(count * this._Values.BYTES_PER_ELEMENT);
      check(core.input_gradient(network, place(memory, tables), missingOf(missing), out));
      return new this._Values(core.memory.buffer, out, count).slice();
    });
  }
  step(x, y, { optimizer, sampleWeight = null, missing = "refuse" } = {}) {
    const network = this._at;
    const own = optimizerOf(optimizer);
    const tables = dataTables(this, x, y, sampleWeight);
    return scratch((memory) => {
      const loss = memory.bytes(8);
      check(core.step(network, place(memory, tables), missingOf(missing), own._at, loss));
      return view().getFloat64(loss, true);
    });
  }

  // training

  async fit(x, y, options = {}) {
    const training = new Training(this, x, y, options);
    try {
      // early stopping compares all epochs of one call, so that it cannot pause
      while (training.run(training.patience ? Infinity : PAUSE)) await pause();
    } finally {
      training.end();
    }
    return training.history;
  }
  fitSync(x, y, options = {}) {
    const training = new Training(this, x, y, options);
    try {
      training.run(Infinity);
    } finally {
      training.end();
    }
    return training.history;
  }
}

const DTYPES_BY_NUMBER = [];
for (const [type, number] of DTYPES) DTYPES_BY_NUMBER[number] ??= type;

class Pointer {
  constructor(at) {
    this.at = at;
  }
}

function drawnSeed() {
  const [low, high] = crypto.getRandomValues(new Uint32Array(2));
  return (BigInt(high & 0x1fffff) << 32n) | BigInt(low); // below 2**53, so that a number can say it
}

function missingOf(name) {
  if (!(name in MISSING)) fail(`missing: expected "refuse" or "ignore", got ${shown(name)}`);
  return MISSING[name];
}

export function checkpointFromBytes(bytes) {
  loaded();
  if (bytes instanceof ArrayBuffer) bytes = new Uint8Array(bytes);
  if (!ArrayBuffer.isView(bytes)) fail(`bytes: expected a Uint8Array or an ArrayBuffer, got ${shown(bytes)}`);
  return scratch((memory) => {
    const out = memory.bytes(8);
    check(core.netlet_from_bytes(memory.copy(bytes), bytes.byteLength, out, out + 4, core.error()));
    const [network, optimizer] = new Uint32Array(core.memory.buffer, out, 2);
    return {
      network: new Network(new Pointer(network)),
      optimizer: optimizer ? new Optimizer(new Pointer(optimizer)) : null,
    };
  });
}

// ---- optimizers

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => (/\d/.test(letter) ? letter : letter.toUpperCase()));

export class Optimizer extends Owned {
  constructor(name, settings = {}) {
    loaded();
    super();
    if (name instanceof Pointer) {
      this._own(name.at, "netlet_optimizer_free", "optimizer");
      return;
    }
    const kind = choice("optimizer", name, "optimizer");
    const settable = names.setting.map(camel);
    known(settings, [...settable, "nesterov"], "optimizer");
    const values = Float64Array.from(settable, (key) => (key in settings ? real(settings[key], key) : NaN));
    settable.forEach((key, i) => {
      if (key in settings && Number.isNaN(values[i])) fail(`${key}: expected a number, got NaN`);
    });
    const at = created((optimizer, memory) =>
      core.create_optimizer(kind, settings.nesterov ? 1 : 0, memory.copy(values), optimizer),
    );
    this._own(at, "netlet_optimizer_free", "optimizer");
  }
  get name() {
    return names.optimizer[core.optimizer_kind(this._at)];
  }
  get settings() {
    const optimizer = this._at;
    const own = names.setting.map((name, i) => [camel(name), core.optimizer_setting(optimizer, i)]);
    return { ...Object.fromEntries(own), nesterov: core.optimizer_nesterov(optimizer) === 1 };
  }
  get steps() {
    return core.optimizer_steps(this._at);
  }
  get learningRate() {
    return core.optimizer_setting(this._at, names.setting.indexOf("learning_rate"));
  }
  set learningRate(value) {
    check(core.netlet_optimizer_set_learning_rate(this._at, real(value, "learningRate"), core.error()));
  }
}

function optimizerOf(given) {
  if (given instanceof Optimizer) return given;
  if (given == null) return new Optimizer("sgd", { learningRate: 0.1 });
  if (typeof given === "string") return new Optimizer(given);
  known(given, ["name", ...names.setting.map(camel), "nesterov"], "optimizer");
  const { name = "sgd", ...settings } = given;
  return new Optimizer(name, settings);
}

// ---- training

const FIT_OPTIONS = [
  "epochs",
  "batchSize",
  "optimizer",
  "shuffle",
  "seed",
  "sampleWeight",
  "missing",
  "standardize",
  "schedule",
  "resume",
  "validation",
  "patience",
  "minDelta",
  "onEpoch",
  "signal",
];
const EPOCH = ["loss", "seconds", "accuracy", "learningRate", "validationLoss", "validationAccuracy"];

// Lets timers, events and painting have their turn.
const pause = () =>
  new Promise((resume) => {
    if (typeof MessageChannel === "undefined") {
      setTimeout(resume);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resume();
    };
    port2.postMessage(null);
  });

function standardizeOf(value) {
  if (value === false) return 0;
  if (value === true) return SCALES.inputs + SCALES.outputs;
  return SCALES[value] ?? fail(`standardize: expected a boolean, "inputs" or "outputs", got ${shown(value)}`);
}

function scheduleOf(given) {
  if (given == null) return { kind: 0, gamma: 1, period: 1, floor: 0, minDelta: 0 };
  known(given, ["name", "gamma", "period", "floor", "minDelta"], "schedule");
  const kind = SCHEDULES[given.name];
  if (kind === undefined) {
    fail(`schedule: expected a name among ${Object.keys(SCHEDULES).join(", ")}, got ${shown(given.name)}`);
  }
  const { gamma = kind === SCHEDULES.plateau ? 0.5 : 1, period = 1, floor = 0, minDelta = 0 } = given;
  return {
    kind,
    gamma: real(gamma, "gamma"),
    period: integer(period, "period"),
    floor: real(floor, "floor"),
    minDelta: real(minDelta, "minDelta"),
  };
}

// One call of fit: its data stay in the module's memory until it ends.
class Training {
  history = Object.fromEntries(["epoch", ...EPOCH].map((name) => [name, []]));
  #memory = new Scratch();
  #continued = 0;
  #deadline;
  #thrown;
  #stopped = false;
  #before;

  constructor(network, x, y, options) {
    known(options, FIT_OPTIONS, "options");
    const { epochs = 1, batchSize = 0, shuffle = true, seed = network.seed, sampleWeight = null } = options;
    const { missing = "refuse", standardize = false, schedule = null, resume = false, validation = null } = options;
    const { patience = 0, minDelta = 0, onEpoch = null, signal = null } = options;
    if (onEpoch !== null && typeof onEpoch !== "function") fail(`onEpoch: expected a function, got ${shown(onEpoch)}`);
    this.network = network;
    this.onEpoch = onEpoch;
    this.signal = signal;
    this.rest = integer(epochs, "epochs", 1);
    this.patience = integer(patience, "patience");
    this.batchSize = integer(batchSize, "batchSize");
    this.minDelta = real(minDelta, "minDelta");
    this.shuffle = shuffle ? 1 : 0;
    this.resume = resume ? 1 : 0;
    this.seed = seedOf(seed);
    this.missing = missingOf(missing);
    this.standardize = standardizeOf(standardize);
    this.schedule = scheduleOf(schedule);
    this.firstEpoch = network.epochsTrained;
    const tables = dataTables(network, x, y, sampleWeight);
    if (validation !== null) {
      known(validation, ["x", "y", "sampleWeight"], "validation");
      tables.push(...dataTables(network, validation.x, validation.y, validation.sampleWeight, "validation."));
    } else {
      tables.push(null, null, null);
    }
    this.optimizer = optimizerOf(options.optimizer);
    try {
      this.tables = place(this.#memory, tables);
      this.settings = this.#memory.bytes(8 * 16);
    } catch (error) {
      this.end();
      throw error;
    }
  }

  // Trains for about so many milliseconds; says whether there is more to do.
  run(milliseconds) {
    this.signal?.throwIfAborted();
    const { network, optimizer, schedule } = this;
    const [at, optimizerAt] = [network._at, optimizer._at];
    new Float64Array(core.memory.buffer, this.settings, 16).set([
      ...[this.rest, this.batchSize, this.shuffle, this.standardize, this.patience, this.minDelta, this.missing],
      ...[schedule.kind, schedule.gamma, schedule.period, schedule.floor, schedule.minDelta],
      ...[this.resume, this.firstEpoch, this.#continued, this.onEpoch ? 1 : 0],
    ]);
    this.#deadline = performance.now() + milliseconds;
    this.#before = running;
    running = (epochs, count) => this.#report(epochs, count);
    running.uses = [network, optimizer];
    let status;
    try {
      status = core.fit(at, this.tables, optimizerAt, this.settings, this.seed);
    } finally {
      running = this.#before;
    }
    if (this.#thrown) throw this.#thrown.error;
    check(status);
    this.#continued = 1;
    return this.rest > 0 && !this.#stopped;
  }

  #report(epochs, count) {
    const bytes = view();
    for (let i = 0; i < count; ++i, epochs += 72) {
      const epoch = { epoch: Number(bytes.getBigUint64(epochs, true)) };
      const [loss, seconds, accuracy, learningRate, validationLoss, validationAccuracy] = [1, 2, 3, 4, 5, 6].map((n) =>
        bytes.getFloat64(epochs + 8 * n, true),
      );
      Object.assign(epoch, { loss, seconds, accuracy, learningRate, validationLoss, validationAccuracy });
      for (const name of Object.keys(this.history)) this.history[name].push(epoch[name]);
      --this.rest;
      if (!this.onEpoch) continue;
      try {
        if (this.onEpoch(epoch) === true) this.#stopped = true;
      } catch (error) {
        this.#thrown = { error };
        return -1;
      }
    }
    return this.#stopped || performance.now() > this.#deadline ? 1 : 0;
  }

  end() {
    this.#memory.release();
    this.#memory = new Scratch();
  }
}
