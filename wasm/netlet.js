// SPDX-License-Identifier: BSD-3-Clause
// netlet for JavaScript: small fully connected networks, trained and evaluated with the same bits as in Python, C, C++
// and Fortran. netlet.d.ts documents every name.
//
// The order: the module and its memory, what it owns, arguments, networks, optimizers, training.

// by their numbers in netlet.h
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
const NOTES = ["classes", "featureNames", "metadata"];
const SCHEDULES = ["constant", "step", "exponential", "cosine", "plateau", "function"];
const MISSING = ["refuse", "ignore"];
const NETWORK_DTYPES = ["float32", "float64"];
const [INPUTS, OUTPUTS] = [1, 2];
const DTYPES = {
  Float32Array: 0,
  Float64Array: 1,
  Int8Array: 2,
  Int16Array: 3,
  Int32Array: 4,
  BigInt64Array: 5,
  Uint8Array: 6,
  Uint8ClampedArray: 6,
  Uint16Array: 7,
  Uint32Array: 8,
  BigUint64Array: 9,
};

export class NetletError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}
Object.defineProperty(NetletError.prototype, "name", { value: "NetletError", configurable: true, writable: true });

function fail(message) {
  throw new NetletError("argument", message);
}

// ---- the module and its memory

let core = null; // the module's exports, once it is loaded
let names = null; // its choices: {activation: ["identity", ...], loss: [...], ...}
let choices = null; // all of them but settings, which are arguments
let loading = null;
let stopped = null; // the error after which the module is of no use
let running = null; // the training whose epochs run at this moment

export function load(source) {
  loading ??= instantiate(source).catch((error) => {
    core = loading = null;
    throw error;
  });
  return loading;
}

async function instantiate(source) {
  const module = await compiled(await (source ?? defaultSource()));
  const imports = {
    netlet: {
      on_epochs: (epochs, count) => running.report(epochs >>> 0, count),
      on_schedule: (epoch) => running.factor(epoch),
    },
    wasi_snapshot_preview1: {
      clock_time_get(_clock, _precision, time) {
        view().setBigUint64(time >>> 0, BigInt(Math.round(performance.now() * 1e6)), true);
        return 0;
      },
      environ_sizes_get(count, size) {
        view().setUint32(count >>> 0, 0, true);
        view().setUint32(size >>> 0, 0, true);
        return 0;
      },
      environ_get: () => 0,
      proc_exit(code) {
        throw new Error(`netlet.wasm ended with code ${code}`);
      },
    },
  };
  core = guarded((await WebAssembly.instantiate(module, imports)).exports);
  core._initialize();
  const found = {};
  for (const kind of ["activation", "loss", "reduction", "init", "optimizer", "optimizer_setting"]) {
    const nameOf = core[`netlet_${kind}_name`];
    found[kind] = [];
    for (let i = 0; nameOf(i); ++i) found[kind].push(text(nameOf(i)));
  }
  choices = new Set([...found.activation, ...found.loss, ...found.reduction, ...found.init]);
  names = found;
}

// Callbacks catch what the caller's code throws. So an exception that comes out of the module is a trap or an exhausted
// stack, which leaves its memory as it happens to be.
function guarded({ memory, ...functions }) {
  const guard = (call) =>
    (...given) => {
      if (stopped) throw stopped;
      try {
        return call(...given);
      } catch (error) {
        const message = `netlet.wasm was stopped by ${error}; load it again in a new page or worker`;
        stopped = new NetletError("stopped", message);
        throw stopped;
      }
    };
  return { memory, ...Object.fromEntries(Object.entries(functions).map(([name, call]) => [name, guard(call)])) };
}

async function compiled(source) {
  if (source instanceof WebAssembly.Module) return source;
  if (typeof source === "string" || source instanceof URL) {
    const got = shown(`${source}`);
    fail(`source: expected bytes, a Response or a compiled module, got ${got}; fetch(...) gives a Response`);
  }
  if (typeof Response === "undefined" || !(source instanceof Response)) return WebAssembly.compile(source);
  if (!source.ok) throw new NetletError("file", `${source.url}: ${source.status} ${source.statusText}`);
  return WebAssembly.compile(await source.arrayBuffer());
}

async function defaultSource() {
  const url = new URL("./netlet.wasm", import.meta.url);
  if (url.protocol !== "file:" || typeof process === "undefined") return fetch(url);
  const node = "node:fs/promises"; // a variable, so that bundlers leave it alone
  const { readFile } = await import(/* @vite-ignore */ /* webpackIgnore: true */ node);
  return readFile(url);
}

function loaded() {
  if (!names) fail("netlet is not loaded: await load() first");
  return core;
}

// Addresses and sizes come from the module as signed numbers, and its memory may grow in any call that allocates.
const view = () => new DataView(core.memory.buffer);

function text(at) {
  const bytes = new Uint8Array(core.memory.buffer);
  return new TextDecoder().decode(bytes.subarray(at >>> 0, bytes.indexOf(0, at >>> 0)));
}

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

function check(status) {
  if (status === 0) return;
  const code = CODES[status];
  const message = text(core.error());
  const here = (word) => (choices.has(word) ? word : camel(word)); // arguments as they are called here
  if (code === "format") throw new NetletError(code, message);
  const words = { "missing='ignore'": 'missing: "ignore"', nan: "NaN", inf: "Infinity" };
  const own = message.replace(/missing='ignore'|\b(nan|inf)\b/g, (word) => words[word]);
  throw new NetletError(code, own.replace(/\b[a-z]+(_[a-z0-9]+)+\b/g, here));
}

const outOfMemory = () => new NetletError("memory", "out of memory");

// An array of JavaScript's own.
function array(Type, length) {
  try {
    return new Type(length);
  } catch {
    throw outOfMemory();
  }
}

// Memory of the module for as long as a call, or a training, runs.
class Scratch {
  #blocks = [];

  bytes(size) {
    const at = size < 2 ** 31 ? core.allocate(Math.max(size, 1)) >>> 0 : 0;
    if (!at) throw outOfMemory();
    this.#blocks.push(at);
    return at;
  }
  // of a typed array that no caller has made
  copy(values) {
    const at = this.bytes(values.byteLength);
    new values.constructor(core.memory.buffer, at, values.length).set(values);
    return at;
  }
  text(string) {
    return this.copy(new TextEncoder().encode(`${string}\0`));
  }
  release() {
    for (const at of this.#blocks.splice(0)) stopped ?? core.release(at);
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

// Typed arrays as they are, whatever subclasses and their own properties say of them.
const TypedArray = Object.getPrototypeOf(Uint8Array);
const getter = (name) => Object.getOwnPropertyDescriptor(TypedArray.prototype, name).get;
const getters = [Symbol.toStringTag, "length", "buffer", "byteOffset"].map(getter);
const [tagOf, lengthOf, bufferOf, offsetOf] = getters.map((get) => (value) => get.call(value)); // tag: "Float64Array", ...

export const version = () => text(loaded().netlet_version());
export const numericsVersion = () => loaded().netlet_numerics_version();
export const isa = () => text(loaded().netlet_isa());

export function sha256(bytes) {
  loaded();
  return scratch((memory) => {
    const given = bytesOf(bytes);
    const hex = memory.bytes(65);
    core.sha256(memory.copy(given), given.length, hex);
    return text(hex);
  });
}

// ---- what the module owns: freed with the object, or by hand

class Pointer {
  constructor(at) {
    this.at = at;
  }
}

const garbage = new FinalizationRegistry(({ free, at }) => stopped ?? core[free](at));

class Owned {
  #at = 0;
  #what;
  #training = null; // which uses it

  _own(what, at) {
    this.#what = what;
    this.#at = at;
    garbage.register(this, { free: `netlet_${what}_free`, at }, this);
  }
  get _at() {
    return this.#at || fail(`this ${this.#what} was freed`);
  }
  // For what changes it.
  get _changing() {
    this._idle();
    return this._at;
  }
  _idle() {
    if (this.#training) throw new NetletError("busy", `a training is using this ${this.#what}`);
  }
  get _training() {
    return this.#training;
  }
  set _training(training) {
    this.#training = training;
  }
  free() {
    if (!this.#at) return;
    this._idle();
    garbage.unregister(this);
    if (!stopped) core[`netlet_${this.#what}_free`](this.#at);
    this.#at = 0;
  }
  [Symbol.for("nodejs.util.inspect.custom")]() {
    return this.#at ? String(this) : `${this.#what} (freed)`;
  }
}
if (Symbol.dispose) Owned.prototype[Symbol.dispose] = Owned.prototype.free;

// What a function of the module writes at an address given to it.
function created(work) {
  return scratch((memory) => {
    const at = memory.bytes(4);
    check(work(at, memory));
    return view().getUint32(at, true);
  });
}

// ---- arguments

function shown(value) {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (tagOf(value)) return `a ${tagOf(value)} of ${lengthOf(value)}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

// An object of options, read once; those that are undefined are not given.
function optionsOf(given, allowed, where = "options") {
  if (given === null || typeof given !== "object") fail(`${where}: expected an object, got ${shown(given)}`);
  const options = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  for (const name of Object.keys(options)) {
    if (allowed.includes(name)) continue;
    const hint = allowed.includes(camel(name)) ? ` (here it is ${camel(name)})` : "";
    fail(`${where}: unknown name ${shown(name)}${hint}; the known ones are ${allowed.join(", ")}`);
  }
  return options;
}

function choice(known, name, argument) {
  const number = known.indexOf(name);
  if (number < 0) fail(`${argument}: expected one of the names ${known.join(", ")}, got ${shown(name)}`);
  return number;
}

function integer(value, name, least, most = Number.MAX_SAFE_INTEGER) {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  const range = most < Number.MAX_SAFE_INTEGER ? `from ${least} to ${most}` : `of at least ${least}`;
  return fail(`${name}: expected an integer ${range}, got ${shown(value)}`);
}

function real(value, name) {
  return typeof value === "number" ? value : fail(`${name}: expected a number, got ${shown(value)}`);
}

function flag(value, name) {
  return typeof value === "boolean" ? value : fail(`${name}: expected true or false, got ${shown(value)}`);
}

function functionOf(value, name) {
  return value == null || typeof value === "function"
    ? value
    : fail(`${name}: expected a function, got ${shown(value)}`);
}

function seedOf(value) {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === "bigint" && value >= 0n && value < 1n << 64n) return value;
  return fail(`seed: expected an integer from 0 to 2**64 - 1 (beyond 2**53 as a bigint), got ${shown(value)}`);
}

function drawnSeed() {
  const [low, high] = crypto.getRandomValues(new Uint32Array(2));
  return (BigInt(high & 0x1fffff) << 32n) | BigInt(low); // below 2**53, so that a number can say it
}

function bytesOf(given) {
  const buffer = /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(given));
  try {
    if (buffer) return new Uint8Array(given);
    if (ArrayBuffer.isView(given)) return new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
  } catch {
    fail("bytes: expected a Uint8Array or an ArrayBuffer, got one that was detached");
  }
  return fail(`bytes: expected a Uint8Array or an ArrayBuffer, got ${shown(given)}`);
}

const isVector = (value) => Array.isArray(value) || tagOf(value) !== undefined;
const sizeOf = (vector) => (Array.isArray(vector) ? vector.length : lengthOf(vector));

// Writes a vector's numbers into `out`, from a position on; columns: in a row, for the message.
function readNumbers(vector, out, name, columns = out.length, begin = 0) {
  const count = sizeOf(vector);
  for (let i = 0; i < count; ++i) {
    const value = vector[i];
    if (typeof value !== "number" && typeof value !== "boolean" && typeof value !== "bigint") {
      const [row, column] = [Math.floor((begin + i) / columns), (begin + i) % columns];
      fail(`${name}: expected numbers, got ${shown(value)} in row ${row}, column ${column}`);
    }
    out[begin + i] = Number(value);
  }
  return out;
}

// A vector as a typed array of our own, whose type is one of DTYPES: perhaps a view of the same memory.
function typed(vector, name, columns) {
  const tag = tagOf(vector);
  if (tag === undefined) return readNumbers(vector, array(Float64Array, sizeOf(vector)), name, columns);
  try {
    TypedArray.prototype.keys.call(vector); // fails if it has lost its memory
    const view = new globalThis[tag](bufferOf(vector), offsetOf(vector), lengthOf(vector)); // its length is fixed
    return tag in DTYPES ? view : new Float32Array(view); // of half precision
  } catch {
    return fail(`${name}: expected numbers, got a ${tag} whose memory was detached or has shrunk`);
  }
}

function each(value, count, name, of) {
  const expected = `expected a number, or ${count} numbers, one for each ${of}`;
  if (typeof value === "number" && (count || value === 0)) return new Float64Array(count).fill(value);
  if (!isVector(value)) fail(`${name}: ${expected}, got ${shown(value)}`);
  if (sizeOf(value) !== count) fail(`${name}: ${expected}, got ${sizeOf(value)}`);
  return readNumbers(value, new Float64Array(count), name);
}

// Rows of numbers, copied into the module's memory at once: what the caller's code does next no longer matters.
function rowsOf(memory, given, columns, name, rows) {
  if (!isVector(given)) {
    fail(`${name}: expected a typed array, an array of numbers or an array of rows, got ${shown(given)}`);
  }
  const nested = Array.isArray(given) && isVector(given[0]);
  const values = nested ? rowByRow(given, columns, name) : typed(given, name, columns);
  const count = rows ?? values.length / columns;
  if (!Number.isInteger(count) || count * columns !== values.length) {
    const expected = `${rows == null ? "rows" : `${shown(rows)} rows`} of ${columns} numbers`;
    fail(`${name}: expected ${expected}, got ${values.length} numbers`);
  }
  return tableOf(memory, values, columns);
}

function rowByRow(given, columns, name) {
  const count = given.length;
  const out = array(Float64Array, count * columns);
  for (let i = 0; i < count; ++i) {
    const row = given[i];
    if (!isVector(row) || sizeOf(row) !== columns) {
      const got = isVector(row) ? `${sizeOf(row)}` : shown(row);
      fail(`${name}: expected rows of ${columns} numbers, got ${got} in row ${i}`);
    }
    readNumbers(row, out, name, columns, i * columns);
  }
  return out;
}

function tableOf(memory, values, columns) {
  return { at: memory.copy(values), dtype: DTYPES[tagOf(values)], rows: values.length / columns, columns };
}

// Tables as the module reads them.
function placed(memory, tables) {
  return memory.copy(Uint32Array.from(tables.flatMap((t) => (t ? [t.at, t.dtype, t.rows, t.columns] : [0, 0, 0, 0]))));
}

// The targets of so many rows: with cross_entropy a class for each row, or probabilities.
function targetsOf(memory, network, given, rows, name) {
  const integers = /^(Big)?(Int|Uint)/.test(tagOf(given));
  const classes =
    network.lossName === "cross_entropy" &&
    isVector(given) &&
    sizeOf(given) === rows &&
    (integers || network.outputs > 1) &&
    !(Array.isArray(given) && isVector(given[0]));
  if (!classes) return rowsOf(memory, given, network.targets, name, rows);
  const values = typed(given, name, 1);
  if (integers) return tableOf(memory, values, 1);
  const indices = new Int32Array(values);
  const wrong = indices.findIndex((index, i) => index !== values[i]);
  if (wrong >= 0) fail(`${name}: expected class indices, got ${values[wrong]} in row ${wrong}`);
  return tableOf(memory, indices, 1);
}

function dataOf(memory, network, x, y, sampleWeight, where = "") {
  const rows = rowsOf(memory, x, network.inputs, `${where}x`);
  const targets = targetsOf(memory, network, y, rows.rows, `${where}y`);
  const weights = sampleWeight == null ? null : rowsOf(memory, sampleWeight, 1, `${where}sampleWeight`, rows.rows);
  return [rows, targets, weights];
}

// ---- networks

const NETWORK_DEFAULTS = {
  activation: "sigmoid",
  outputActivation: undefined,
  loss: "squared_error",
  reduction: "sum",
  dtype: "float64",
  init: "glorot_uniform",
  seed: null,
  dropout: 0,
  huberDelta: 1,
  quantile: 0.5,
};
const OUTPUT_ACTIVATION = {
  cross_entropy: "softmax",
  binary_cross_entropy: "sigmoid",
  poisson: "identity",
  gaussian_nll: "identity",
};
const CLASS_COUNT = { cross_entropy: (network) => network.outputs, binary_cross_entropy: () => 2 };
const ORIGIN = "netlet_provenance"; // in the metadata, as Python puts it there

function activationsOf(layers, { activation, outputActivation, loss }) {
  if (!Array.isArray(activation)) {
    const hidden = choice(names.activation, activation, "activation");
    const output = outputActivation ?? OUTPUT_ACTIVATION[loss] ?? activation;
    return [...new Array(layers - 1).fill(hidden), choice(names.activation, output, "outputActivation")];
  }
  if (outputActivation !== undefined) fail("outputActivation: give this or a list of activations, not both");
  if (activation.length !== layers) {
    fail(`activation: expected a name, or ${layers} names, one for each layer, got ${activation.length}`);
  }
  return Array.from(activation, (name) => choice(names.activation, name, "activation"));
}

function lossParametersOf({ loss, huberDelta, quantile }, outputs) {
  const delta = real(huberDelta, "huberDelta");
  if (!(delta > 0 && delta < Infinity)) fail(`huberDelta: expected a positive finite number, got ${delta}`);
  if (loss === "quantile") return each(quantile, outputs, "quantile", "output");
  return Float64Array.from(loss === "huber" ? [delta] : []);
}

export class Network extends Owned {
  #init = null; // the name of the initial values, if it is known

  constructor(layerSizes, options = {}) {
    loaded();
    super();
    if (layerSizes instanceof Pointer) {
      this._own("network", layerSizes.at);
      return;
    }
    const settings = { ...NETWORK_DEFAULTS, ...optionsOf(options, Object.keys(NETWORK_DEFAULTS)) };
    if (!isVector(layerSizes)) fail(`layerSizes: expected an array of integers, got ${shown(layerSizes)}`);
    const sizes = Uint32Array.from(layerSizes, (size) => integer(size, "layerSizes", 1, 2 ** 32 - 1));
    if (sizes.length < 2) fail(`layerSizes: expected at least 2 sizes (inputs and outputs), got ${sizes.length}`);
    const loss = choice(names.loss, settings.loss, "loss");
    const reduction = choice(names.reduction, settings.reduction, "reduction");
    const dtype = choice(NETWORK_DTYPES, settings.dtype, "dtype");
    const activations = Int32Array.from(activationsOf(sizes.length - 1, settings));
    const parameters = lossParametersOf(settings, sizes.at(-1));
    const dropout = each(settings.dropout, sizes.length - 2, "dropout", "hidden layer");
    choice(names.init, settings.init, "init");
    const at = created((network, memory) => {
      const [sizesAt, activationsAt, parametersAt, dropoutAt] = [sizes, activations, parameters, dropout].map(
        (values) => values.length && memory.copy(values),
      );
      return core.create(
        ...[sizesAt, sizes.length, activationsAt, loss, reduction, dtype],
        ...[parametersAt, parameters.length, dropoutAt, network],
      );
    });
    this._own("network", at);
    this.reset({ seed: settings.seed ?? drawnSeed(), init: settings.init });
  }

  // saved and copied

  static fromBytes(bytes) {
    const { network, optimizer } = Network.checkpointFromBytes(bytes);
    optimizer?.free();
    return network;
  }

  static checkpointFromBytes(bytes) {
    loaded();
    const given = bytesOf(bytes);
    return scratch((memory) => {
      const out = memory.bytes(8);
      check(core.netlet_from_bytes(memory.copy(given), given.length, out, out + 4, core.error()));
      const [at, optimizerAt] = new Uint32Array(core.memory.buffer, out, 2);
      const network = new Network(new Pointer(at));
      const optimizer = optimizerAt ? new Optimizer(new Pointer(optimizerAt)) : null;
      try {
        network.#checkedLabels("classes", network.classes);
        network.#checkedLabels("featureNames", network.featureNames);
      } catch (error) {
        network.free();
        optimizer?.free();
        throw new NetletError("format", `the network's notes are not as netlet writes them: ${error.message}`);
      }
      return { network, optimizer };
    });
  }

  toBytes(options = {}) {
    const { optimizer } = optionsOf(options, ["optimizer"]);
    if (optimizer != null) checkOptimizer(optimizer);
    return scratch((memory) => {
      const out = memory.bytes(8);
      check(core.netlet_to_bytes(this._at, optimizer?._at ?? 0, out, out + 4, core.error()));
      const [at, size] = new Uint32Array(core.memory.buffer, out, 2);
      try {
        return taken(Uint8Array, at, size);
      } finally {
        core.netlet_free_bytes(at);
      }
    });
  }

  copy() {
    const copy = new Network(new Pointer(created((at) => core.netlet_network_copy(this._at, at, core.error()))));
    copy.#init = this.#init;
    return copy;
  }

  // what it is

  get layerSizes() {
    return this.#list(core.netlet_layer_size_count(this._at), (at, i) => core.netlet_layer_size(at, i) >>> 0);
  }
  get inputs() {
    return core.netlet_inputs(this._at) >>> 0;
  }
  get outputs() {
    return core.netlet_outputs(this._at) >>> 0;
  }
  get targets() {
    return core.netlet_target_count(this._at) >>> 0;
  }
  get activations() {
    const layers = core.netlet_layer_size_count(this._at) - 1;
    return this.#list(layers, (at, i) => names.activation[core.netlet_layer_activation(at, i)]);
  }
  get lossName() {
    return names.loss[core.netlet_network_loss(this._at)];
  }
  get reduction() {
    return names.reduction[core.netlet_network_reduction(this._at)];
  }
  get dtype() {
    return NETWORK_DTYPES[core.netlet_network_dtype(this._at)];
  }
  get dropout() {
    return this.#list(core.netlet_layer_size_count(this._at) - 2, core.netlet_dropout);
  }
  get huberDelta() {
    return this.lossName === "huber" ? core.netlet_loss_parameter(this._at, 0) : 1;
  }
  get quantiles() {
    return this.#list(this.outputs, this.lossName === "quantile" ? core.netlet_loss_parameter : () => 0.5);
  }
  #list(length, item) {
    const at = this._at;
    return Array.from({ length }, (_, i) => item(at, i));
  }

  get seed() {
    return BigInt.asUintN(64, core.netlet_seed(this._at));
  }
  set seed(value) {
    const seed = seedOf(value);
    core.netlet_set_seed(this._changing, seed);
  }
  get epochsTrained() {
    return Number(core.netlet_epochs_trained(this._at));
  }
  get savedNumericsVersion() {
    return core.netlet_saved_numerics_version(this._at);
  }

  get #Values() {
    return this.dtype === "float32" ? Float32Array : Float64Array;
  }
  get #parameterCount() {
    return core.netlet_parameter_count(this._at) >>> 0;
  }
  get parameters() {
    return new this.#Values(core.memory.buffer, core.netlet_parameters(this._at) >>> 0, this.#parameterCount);
  }
  set parameters(values) {
    if (!this._training?.calling) this._idle();
    const given = this.#parametersOf(values, "parameters");
    this.parameters.set(given);
  }
  // As many numbers as there are parameters.
  #parametersOf(values, name) {
    const count = this.#parameterCount;
    if (!isVector(values)) fail(`${name}: expected ${count} numbers, got ${shown(values)}`);
    if (sizeOf(values) !== count) fail(`${name}: expected ${count} numbers, got ${sizeOf(values)}`);
    return readNumbers(values, array(this.#Values, count), name);
  }
  get weights() {
    return this.#parts.map(([begin, middle]) => this.parameters.subarray(begin, middle));
  }
  get biases() {
    return this.#parts.map(([, middle, end]) => this.parameters.subarray(middle, end));
  }
  // Where each layer's weights begin, its biases begin and end.
  get #parts() {
    const sizes = this.layerSizes;
    let end = 0;
    return sizes.slice(1).map((outputs, i) => {
      const begin = end;
      const middle = begin + sizes[i] * outputs;
      end = middle + outputs;
      return [begin, middle, end];
    });
  }

  reset(options = {}) {
    const { seed, init } = optionsOf(options, ["seed", "init"]);
    const named = init ?? this.#init;
    const from = seed == null ? this.seed : seedOf(seed);
    const kind = choice(names.init, named, "init");
    check(core.netlet_initialize(this._changing, kind, from, core.error()));
    this.#init = named;
    this._forgetProvenance();
  }

  // scaling

  get inputScaling() {
    return this.#scaling(INPUTS, this.inputs, this.inputs);
  }
  set inputScaling(scaling) {
    this.#setScaling(INPUTS, this.inputs, scaling, "inputScaling", "input");
  }
  get outputScaling() {
    return this.#scaling(OUTPUTS, this.outputs, this.targets);
  }
  set outputScaling(scaling) {
    this.#setScaling(OUTPUTS, this.targets, scaling, "outputScaling", "target");
  }
  // The module has a value for each output, of which gaussian_nll has two for a target, the first one its own.
  #scaling(kind, count, columns) {
    return scratch((memory) => {
      const at = memory.bytes(16 * count + 8);
      const [scaleAt, present] = [at + 8 * count, at + 16 * count];
      check(core.netlet_copy_scaling(this._at, kind, at, scaleAt, present, core.error()));
      if (!view().getInt32(present, true)) return null;
      const of = (begin) => {
        const values = new Float64Array(core.memory.buffer, begin, count);
        return Float64Array.from({ length: columns }, (_, i) => values[(i * count) / columns]);
      };
      return { shift: of(at), scale: of(scaleAt) };
    });
  }
  #setScaling(kind, count, scaling, name, of) {
    const { shift, scale } = scaling === null ? {} : optionsOf(scaling, ["shift", "scale"], name);
    scratch((memory) => {
      const given = scaling === null ? [] : [each(shift, count, "shift", of), each(scale, count, "scale", of)];
      const [shiftAt, scaleAt] = given.map((values) => memory.copy(values));
      check(core.netlet_set_scaling(this._changing, kind, shiftAt ?? 0, scaleAt ?? 0, core.error()));
    });
  }

  // what it carries along

  get classes() {
    return this.#note("classes");
  }
  set classes(labels) {
    this.#setNote("classes", distinct(this.#checkedLabels("classes", labels), "classes"));
  }
  get featureNames() {
    return this.#note("featureNames");
  }
  set featureNames(labels) {
    this.#setNote("featureNames", distinct(this.#checkedLabels("featureNames", labels), "featureNames"));
  }
  // A copy; null: none.
  #checkedLabels(name, labels) {
    if (labels === null) return null;
    const ofClasses = name === "classes";
    if (ofClasses && !(this.lossName in CLASS_COUNT)) {
      fail(`classes: expected null for ${this.lossName}, which has no classes`);
    }
    const count = ofClasses ? CLASS_COUNT[this.lossName](this) : this.inputs;
    if (!Array.isArray(labels)) fail(`${name}: expected an array of ${count}, or null, got ${shown(labels)}`);
    if (labels.length !== count) fail(`${name}: expected ${count}, got ${labels.length}`);
    return Array.from(labels, (label) => {
      if (typeof label === "string" || (ofClasses && (typeof label === "boolean" || Number.isFinite(label))))
        return label;
      const expected = ofClasses ? "text, booleans or finite numbers" : "text";
      return fail(`${name}: expected ${expected}, got ${shown(label)}`);
    });
  }
  get metadata() {
    const stored = this.#noteText("metadata") === null ? {} : this.#note("metadata");
    if (!isPlain(stored)) throw new NetletError("format", "metadata: the network's note is no JSON object");
    const { [ORIGIN]: _, ...own } = stored;
    return own;
  }
  set metadata(object) {
    if (object !== null && !isPlain(object)) fail(`metadata: expected a plain object or null, got ${shown(object)}`);
    if (object !== null && ORIGIN in object) fail(`metadata: expected other names than ${ORIGIN}`);
    const own = jsonOf(object ?? {}, "metadata");
    this._idle();
    this.#writeNote("metadata", joined(own, this.#metadataTexts().origin));
  }
  get provenance() {
    const origin = parsed(this.#noteText("metadata"))?.[ORIGIN];
    return isPlain(origin) ? origin : null;
  }
  _forgetProvenance() {
    const { own, origin } = this.#metadataTexts();
    if (origin) this.#writeNote("metadata", joined(own, ""));
  }
  // The caller's part and Python's as they are, since JavaScript's numbers cannot hold all of JSON's.
  #metadataTexts() {
    const note = this.#noteText("metadata") ?? "{}";
    if (!note.includes(ORIGIN) || this.provenance === null) return { own: note, origin: "" };
    const [, own, origin] = note.match(/^(.*[^,\s])[,\s]*"netlet_provenance":\s*(\{.*\})\s*\}$/s) ?? []; // its last name
    return parsed(`${own}}`) && parsed(origin)
      ? { own: `${own}}`, origin }
      : { own: jsonOf(this.metadata, "metadata"), origin: jsonOf(this.provenance, "metadata") };
  }
  #noteText(name) {
    const at = core.netlet_note(this._at, NOTES.indexOf(name));
    return at ? text(at) : null;
  }
  #note(name) {
    const note = this.#noteText(name);
    const value = parsed(note);
    if (value === undefined) throw new NetletError("format", `${name}: the network's note is no JSON`);
    return value;
  }
  #setNote(name, value) {
    const json = value && jsonOf(value, name);
    this._idle();
    this.#writeNote(name, json);
  }
  #writeNote(name, json) {
    scratch((memory) => {
      check(core.netlet_set_note(this._at, NOTES.indexOf(name), json ? memory.text(json) : 0, core.error()));
    });
  }

  fingerprint() {
    return scratch((memory) => {
      const hex = memory.bytes(65);
      check(core.netlet_fingerprint(this._at, hex, core.error()));
      return text(hex);
    });
  }

  summary() {
    return summaryOf(this);
  }
  toString() {
    return `Network ${shortened(this.layerSizes).join("-")}, ${this.dtype}`;
  }

  // what it computes

  forward(x, rows) {
    return this.#outputs("forward", x, rows, this.#Values, this.outputs);
  }
  predict(x, rows) {
    const count = core.netlet_prediction_count(this._at) >>> 0;
    const classes = this.lossName in CLASS_COUNT;
    const found = this.#outputs("predict", x, rows, classes ? BigInt64Array : this.#Values, count);
    return classes ? Int32Array.from(found, Number) : found;
  }
  jacobian(x, rows) {
    return this.#outputs("jacobian", x, rows, this.#Values, this.outputs * this.inputs);
  }
  #outputs(call, x, rows, Values, columns) {
    return scratch((memory) => {
      const given = rowsOf(memory, x, this.inputs, "x", rows);
      const out = memory.bytes(given.rows * columns * Values.BYTES_PER_ELEMENT);
      check(core[call](this._at, placed(memory, [given]), out));
      return taken(Values, out, given.rows * columns);
    });
  }

  evaluate(x, y, options = {}) {
    return this.#compared(x, y, options, (memory, _, tables, missing) => {
      const out = memory.bytes(32);
      check(core.evaluate(this._at, tables, missing, out));
      const [loss, accuracy, rmse, mae] = new Float64Array(core.memory.buffer, out, 4);
      return { loss, accuracy, rmse, mae };
    });
  }
  backward(x, y, options = {}) {
    return this.#compared(x, y, options, (memory, _, tables, missing) => {
      const [Values, count] = [this.#Values, this.#parameterCount];
      const loss = memory.bytes(8);
      const out = memory.bytes(count * Values.BYTES_PER_ELEMENT);
      check(core.backward(this._at, tables, missing, loss, out));
      return { loss: view().getFloat64(loss, true), gradient: taken(Values, out, count) };
    });
  }
  inputGradient(x, y, options = {}) {
    return this.#compared(x, y, options, (memory, rows, tables, missing) => {
      const [Values, count] = [this.#Values, rows * this.inputs];
      const out = memory.bytes(count * Values.BYTES_PER_ELEMENT);
      check(core.input_gradient(this._at, tables, missing, out));
      return taken(Values, out, count);
    });
  }
  step(x, y, optimizer, options = {}) {
    checkOptimizer(optimizer);
    return this.#compared(x, y, options, (memory, _, tables, missing) => {
      const loss = memory.bytes(8);
      check(core.step(this._changing, tables, missing, optimizer._changing, loss));
      return view().getFloat64(loss, true);
    });
  }
  applyGradient(gradient, optimizer) {
    checkOptimizer(optimizer);
    scratch((memory) => {
      const at = memory.copy(this.#parametersOf(gradient, "gradient"));
      check(core.netlet_apply_gradient(this._changing, at, optimizer._changing, core.error()));
    });
  }
  #compared(x, y, options, work) {
    const { sampleWeight, missing = "refuse" } = optionsOf(options, ["sampleWeight", "missing"]);
    const kind = choice(MISSING, missing, "missing");
    return scratch((memory) => {
      const tables = dataOf(memory, this, x, y, sampleWeight);
      return work(memory, tables[0].rows, placed(memory, tables), kind);
    });
  }

  // training

  async fit(x, y, options) {
    const training = new Training(this, x, y, options, true);
    try {
      while (!training.done) {
        training.run();
        await training.pause();
      }
      return training.finish();
    } finally {
      training.end();
    }
  }
  fitSync(x, y, options) {
    const training = new Training(this, x, y, options, false);
    try {
      while (!training.done) training.run();
      return training.finish();
    } finally {
      training.end();
    }
  }
}

// A copy of values in the module's memory.
function taken(Type, at, count) {
  const values = array(Type, count);
  values.set(new Type(core.memory.buffer, at, count));
  return values;
}

function distinct(labels, name) {
  labels?.forEach((label, i) => {
    if (labels.indexOf(label) < i) fail(`${name}: expected each once, got ${shown(label)} again`);
  });
  return labels;
}

const isPlain = (value) =>
  typeof value === "object" && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));

// What JSON says, null of null; undefined: it is none.
function parsed(json) {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

// The metadata of the caller and of Python as one object, in JSON; none if both are empty.
function joined(own, origin) {
  const parts = [own.slice(1, -1).trim(), origin && `"${ORIGIN}": ${origin}`].filter(Boolean);
  return parts.length ? `{${parts.join(", ")}}` : null;
}

// JSON in ASCII of what JSON gives back as it was.
function jsonOf(value, name) {
  const json = tried(() =>
    JSON.stringify(value, function (key, given) {
      const own = this[key]; // before its toJSON
      if (own === null || ["string", "boolean"].includes(typeof own) || Number.isFinite(own)) return given;
      return Array.isArray(own) || isPlain(own)
        ? given
        : fail(`${name}: expected what JSON can say, got ${shown(own)}`);
    }),
  );
  return json.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);

  function tried(work) {
    try {
      return work();
    } catch (error) {
      if (error instanceof NetletError) throw error;
      return fail(`${name}: expected what JSON can say, but ${error.message}`); // it holds itself, or is too deep
    }
  }
}

// ---- a network in words, as in Python's inspection.py

const MOST_LAYERS = 30; // of a summary
const MOST_LABELS = 5;

function shortened(items, by = "...", most = MOST_LAYERS) {
  return items.length > most ? [...items.slice(0, most / 2), by, ...items.slice(-most / 2)] : items;
}

function summaryOf(network) {
  const sizes = network.layerSizes;
  const dropout = network.dropout;
  const comma = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");
  const table = network.activations.map((name, i) => {
    const [n, m] = [sizes[i], sizes[i + 1]];
    return [`${i + 1}`, comma(n), comma(m), name, comma((n + 1) * m), dropout[i] ? general(dropout[i], 6) : ""];
  });
  const head = ["layer", "inputs", "outputs", "activation", "parameters", "dropout"];
  const columns = dropout.some((share) => share) ? 6 : 5;
  const cells = [head, ...shortened(table, new Array(6).fill("..."))].map((row) => row.slice(0, columns));
  const widths = cells[0].map((_, c) => Math.max(...cells.map((row) => row[c].length)));
  const { lossName, epochsTrained } = network;
  const { length, byteLength } = network.parameters; // now: a later call may take the view's memory
  const delta = lossName === "huber" ? [`huber_delta ${general(network.huberDelta, 6)}`] : [];
  const scaled = ["inputs", "outputs"].filter((what) => network[`${what.slice(0, -1)}Scaling`]);
  const listed = (what, labels) => {
    const more = (labels?.length ?? 0) - MOST_LABELS;
    const some = labels?.slice(0, MOST_LABELS).map(literal).join(", ");
    return labels ? [`${what}: ${some}${more > 0 ? ` and ${more} more` : ""}`] : [];
  };
  return [
    network.toString(),
    ...cells.map((row) =>
      row
        .map((cell, c) => cell.padStart(widths[c]))
        .join("  ")
        .trimEnd(),
    ),
    `${comma(length)} parameters, ${bytesInWords(byteLength)}`,
    `loss: ${[lossName, ...delta, network.reduction].join(", ")}; ` +
      (scaled.length ? `scaling of ${scaled.join(" and ")}` : "no scaling"),
    `trained: ${comma(epochsTrained)} epoch${epochsTrained === 1 ? "" : "s"}; seed ${network.seed}`,
    ...listed("classes", network.classes),
    ...listed("inputs", network.featureNames),
  ].join("\n");
}

function bytesInWords(count) {
  const power = Math.min(Math.floor(Math.log2(Math.max(count, 1)) / 10), 3);
  return power ? `${general(count / 1024 ** power, 4)} ${["B", "KiB", "MiB", "GiB"][power]}` : `${count} B`;
}

// As C's %g.
function general(value, digits) {
  const [mantissa, power] = value.toExponential(digits - 1).split("e");
  const exponent = Number(power);
  if (exponent >= -4 && exponent < digits) return String(Number(value.toPrecision(digits)));
  return `${Number(mantissa)}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

// As Python writes it.
function literal(label) {
  if (typeof label === "boolean") return label ? "True" : "False";
  if (typeof label === "number") return String(label);
  const quote = label.includes("'") && !label.includes('"') ? '"' : "'";
  return quote + label.replace(/[\\\n\r\t]/g, (c) => ({ "\n": "\\n", "\r": "\\r", "\t": "\\t" })[c] ?? "\\\\") + quote;
}

// ---- optimizers

const COMMON_SETTINGS = ["learningRate", "l2", "l1", "clipValue", "clipNorm"];
const OPTIMIZERS = {
  sgd: ["momentum", "nesterov"],
  adam: ["beta1", "beta2", "epsilon"],
  adamw: ["beta1", "beta2", "epsilon", "weightDecay"],
  rmsprop: ["rho", "momentum", "epsilon"],
  rprop: ["etaMinus", "etaPlus", "stepMin", "stepMax"],
};
const settingNumber = (setting) => names.optimizer_setting.map(camel).indexOf(setting);

export class Optimizer extends Owned {
  constructor(name, settings = {}) {
    loaded();
    super();
    if (name instanceof Pointer) {
      this._own("optimizer", name.at);
      return;
    }
    choice(Object.keys(OPTIMIZERS), name, "optimizer");
    const { nesterov = false, ...given } = optionsOf(settings, [...COMMON_SETTINGS, ...OPTIMIZERS[name]], name);
    if (name === "adamw") given.weightDecay ??= 0.01;
    const values = new Float64Array(names.optimizer_setting.length).fill(NaN); // the default
    for (const [setting, value] of Object.entries(given)) {
      if (Number.isNaN(real(value, setting))) fail(`${setting}: expected a number, got NaN`);
      values[settingNumber(setting)] = value;
    }
    const kind = names.optimizer.indexOf(name === "adamw" ? "adam" : name);
    const momentum = flag(nesterov, "nesterov") ? 1 : 0;
    const at = created((optimizer, memory) => core.create_optimizer(kind, momentum, memory.copy(values), optimizer));
    this._own("optimizer", at);
  }
  get name() {
    const name = names.optimizer[core.optimizer_kind(this._at)];
    return name === "adam" && this.#setting("weightDecay") ? "adamw" : name;
  }
  get settings() {
    const own = ["learningRate", ...OPTIMIZERS[this.name], ...COMMON_SETTINGS.slice(1)];
    return Object.fromEntries(own.map((name) => [name, this.#setting(name)]));
  }
  toString() {
    const { learningRate } = this;
    return `Optimizer ${this.name}, learningRate ${learningRate}`;
  }
  get steps() {
    return core.optimizer_steps(this._at);
  }
  get learningRate() {
    return this.#setting("learningRate");
  }
  set learningRate(value) {
    check(core.netlet_optimizer_set_learning_rate(this._at, real(value, "learningRate"), core.error()));
  }
  #setting(name) {
    if (name === "nesterov") return core.optimizer_nesterov(this._at) === 1;
    return core.optimizer_setting(this._at, settingNumber(name));
  }
}

function checkOptimizer(value) {
  if (!(value instanceof Optimizer)) {
    fail(`optimizer: expected an Optimizer, which keeps its state from step to step, got ${shown(value)}`);
  }
}

// One for a training: the caller's, or a new one.
function optimizerOf(given, learningRate) {
  if (given instanceof Optimizer) {
    if (learningRate != null) fail("learningRate: expected none beside an Optimizer, which has its own");
    return given;
  }
  const isName = given == null || typeof given === "string";
  const all = ["name", ...COMMON_SETTINGS, ...Object.values(OPTIMIZERS).flat()];
  const { name, ...settings } = isName ? { name: given ?? "sgd" } : optionsOf(given, all, "optimizer");
  if (learningRate != null) settings.learningRate = learningRate;
  return new Optimizer(name, settings);
}

// ---- training

const FIT_OPTIONS = [
  ...["epochs", "batchSize", "optimizer", "learningRate", "shuffle", "seed", "sampleWeight", "validationData"],
  ...["patience", "minDelta", "schedule", "resume", "standardize", "missing", "onEpoch", "signal"],
];
// of an epoch, 8 bytes each, in this order
const FIGURES = ["epoch", "loss", "seconds", "accuracy", "learningRate", "validationLoss", "validationAccuracy"];
const EPOCH_BYTES = 72;
const PAUSE = 12; // milliseconds of training between two pauses

// Lets timers, events and painting have their turn.
const pause = () =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });

function standardizeOf(value) {
  if (typeof value === "boolean") return value ? INPUTS + OUTPUTS : 0;
  return 1 + choice(["inputs", "outputs"], value, "standardize");
}

function scheduleOf(given) {
  if (given == null) return { kind: 0, numbers: [0, 0, 0, 0] };
  if (typeof given === "function")
    return { kind: SCHEDULES.indexOf("function"), numbers: [0, 0, 0, 0], call: (epoch) => given(epoch) };
  const defaults = {
    step: { gamma: 0.1, period: 30 },
    exponential: { gamma: 0.99 },
    cosine: { period: undefined, floor: 0 },
    plateau: { gamma: 0.1, patience: 10, minDelta: 0, floor: 0 },
  };
  const all = ["name", "gamma", "period", "patience", "floor", "minDelta"];
  const { name, ...settings } = optionsOf(given, all, "schedule");
  choice(Object.keys(defaults), name, "schedule");
  const own = { ...defaults[name], ...optionsOf(settings, Object.keys(defaults[name]), `schedule ${name}`) };
  const { gamma = 1, floor = 0, minDelta = 0 } = own;
  const wait = name === "plateau" ? "patience" : "period";
  const period = name === "exponential" ? 1 : integer(own[wait], wait, 1);
  const numbers = [real(gamma, "gamma"), period, real(floor, "floor"), real(minDelta, "minDelta")];
  return { kind: SCHEDULES.indexOf(name), numbers };
}

// One call of fit, which may run in several pieces: its data stay in the module's memory until it ends.
class Training {
  history = Object.fromEntries(FIGURES.map((name) => [name, []]));
  calling = false; // whether onEpoch runs
  #columns; // of history: the numbers of the figures that there are
  #memory = new Scratch();
  #network;
  #optimizer;
  #ownOptimizer = false;
  #options;
  #tables;
  #settings;
  #pauses;
  #left;
  #began; // the present stretch without a pause
  #continued = false;
  #stopped = false;
  #pending = null; // what onEpoch has promised
  #thrown = null; // {error} of the caller's code
  #previous = null; // with patience: the parameters before the epoch
  #best = { loss: Infinity, waited: 0, parameters: null };

  constructor(network, x, y, given, pauses) {
    try {
      this.#network = network;
      this.#pauses = pauses;
      this.#options = this.#checked(optionsOf(given, FIT_OPTIONS));
      const { sampleWeight, validationData, optimizer, learningRate } = this.#options;
      const data = dataOf(this.#memory, network, x, y, sampleWeight);
      if (validationData) {
        const [vx, vy, weight] = validationData;
        data.push(...dataOf(this.#memory, network, vx, vy, weight, "validationData: "));
      }
      this.#tables = placed(this.#memory, [...data, ...new Array(6 - data.length).fill(null)]);
      this.#settings = this.#memory.bytes(8 * 16);
      this.#optimizer = optimizerOf(optimizer, learningRate);
      this.#ownOptimizer = this.#optimizer !== optimizer;
      const absent = (name) =>
        (/accuracy/i.test(name) && !(network.lossName in CLASS_COUNT)) || (/^validation/.test(name) && !validationData);
      this.#columns = FIGURES.map((_, i) => i).filter((i) => !absent(FIGURES[i]));
      network._idle();
      this.#optimizer._idle();
      this.#options.firstEpoch = network.epochsTrained;
      network._training = this.#optimizer._training = this;
    } catch (error) {
      this.end();
      throw error;
    }
  }

  #checked(options) {
    const { epochs, batchSize, shuffle = true, seed, validationData, patience, minDelta = 0, schedule } = options;
    const { resume = false, standardize = false, missing = "refuse", onEpoch, signal } = options;
    if (validationData != null && !(Array.isArray(validationData) && [2, 3].includes(validationData.length))) {
      fail(`validationData: expected [x, y] or [x, y, sampleWeight], got ${shown(validationData)}`);
    }
    if (signal != null && typeof signal.throwIfAborted !== "function") {
      fail(`signal: expected an AbortSignal, got ${shown(signal)}`);
    }
    if (!(real(minDelta, "minDelta") >= 0 && minDelta < Infinity)) {
      fail(`minDelta: expected a finite number >= 0, got ${minDelta}`);
    }
    this.#left = integer(epochs, "epochs", 1);
    return {
      ...options,
      batchSize: batchSize == null ? 0 : integer(batchSize, "batchSize", 1),
      shuffle: flag(shuffle, "shuffle"),
      seed: seed == null ? this.#network.seed : seedOf(seed),
      patience: patience == null ? 0 : integer(patience, "patience", 1),
      minDelta,
      schedule: scheduleOf(schedule),
      resume: flag(resume, "resume"),
      standardize: standardizeOf(standardize),
      missing: choice(MISSING, missing, "missing"),
      onEpoch: functionOf(onEpoch, "onEpoch"),
    };
  }

  get done() {
    return this.#stopped || this.#left === 0;
  }

  // Trains until it is done, or a pause is due.
  run() {
    const { batchSize, shuffle, standardize, missing, schedule, resume, firstEpoch, ...options } = this.#options;
    options.signal?.throwIfAborted();
    const [network, optimizer] = [this.#network, this.#optimizer];
    new Float64Array(core.memory.buffer, this.#settings, 16).set([
      ...[Math.min(this.#left, 2 ** 32 - 1), Math.min(batchSize, 2 ** 32 - 1), shuffle, standardize, missing],
      ...[schedule.kind, ...schedule.numbers, resume, firstEpoch, this.#continued],
      options.onEpoch || options.patience ? 1 : 0, // whether epochs are reported one at a time
    ]);
    if (options.patience) this.#previous = network.parameters.slice();
    this.#began ??= performance.now();
    const outer = running; // that of an onEpoch which calls this one
    running = this;
    let status;
    try {
      status = core.fit(network._at, this.#tables, optimizer._at, this.#settings, options.seed);
    } finally {
      running = outer;
    }
    if (this.#thrown) throw this.#thrown.error;
    try {
      check(status);
    } catch (error) {
      if (error.code === "diverged") error.history = this.history;
      throw error;
    }
    this.#continued = true;
  }

  // The module's report of epochs; what it returns ends the call, if it is not 0.
  report(at, count) {
    try {
      for (let i = 0; i < count; ++i) this.#add(this.#read(at + i * EPOCH_BYTES));
    } catch (error) {
      this.#thrown = { error };
      return -1;
    }
    const due = this.#pauses && performance.now() > this.#began + PAUSE;
    return this.#stopped || this.#pending || due ? 1 : 0;
  }

  // The schedule's factor, by the caller's function.
  factor(epoch) {
    try {
      const factor = this.#options.schedule.call(epoch);
      if (typeof factor === "number" && factor >= 0 && factor < Infinity) return factor;
      return fail(`schedule: expected a finite factor >= 0 for epoch ${epoch}, got ${shown(factor)}`);
    } catch (error) {
      this.#thrown = { error };
      return NaN; // which the module refuses
    }
  }

  #read(at) {
    const bytes = view();
    return FIGURES.map((_, i) => (i ? bytes.getFloat64(at + 8 * i, true) : Number(bytes.getBigUint64(at, true))));
  }

  #add(figures) {
    const { patience, onEpoch, signal, validationData } = this.#options;
    for (const i of this.#columns) this.history[FIGURES[i]].push(figures[i]);
    --this.#left;
    if (patience) this.#judge(figures[FIGURES.indexOf(validationData ? "validationLoss" : "loss")]);
    if (!onEpoch) return;
    this.calling = true;
    try {
      const answer = onEpoch(Object.fromEntries(FIGURES.map((name, i) => [name, figures[i]])));
      if (answer === true) this.#stopped = true;
      if (typeof answer?.then === "function") this.#pending = answer;
    } finally {
      this.calling = false;
    }
    if (this.#pending && !this.#pauses) fail("onEpoch: expected no promise in fitSync");
    if (signal?.aborted) throw signal.reason;
    if (patience) this.#previous.set(this.#network.parameters);
  }

  // As compute/snapshots.hpp, which begins anew with each piece.
  #judge(loss) {
    const { patience, minDelta, validationData } = this.#options;
    const best = this.#best;
    if (loss < best.loss - minDelta) {
      // the loss of the rows belongs to the parameters before the epoch
      const parameters = validationData ? this.#network.parameters : this.#previous;
      this.#best = { loss, waited: 0, parameters: parameters.slice() };
    } else if (++best.waited >= patience) {
      this.#stopped = true;
    }
    this.#previous.set(this.#network.parameters);
  }

  async pause() {
    if (this.#pending) {
      this.calling = true;
      try {
        if ((await this.#pending) === true) this.#stopped = true;
      } finally {
        this.calling = false;
        this.#pending = null;
      }
    }
    if (this.done || performance.now() <= this.#began + PAUSE) return;
    await pause();
    this.#began = performance.now();
  }

  finish() {
    if (this.#best.parameters) this.#network.parameters.set(this.#best.parameters);
    return this.history;
  }

  end() {
    this.#memory.release();
    const [network, optimizer] = [this.#network, this.#optimizer];
    if (network._training === this) {
      network._training = optimizer._training = null;
      if (this.history.epoch.length) network._forgetProvenance();
    }
    if (this.#ownOptimizer) optimizer.free();
  }
}
