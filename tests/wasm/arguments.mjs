// SPDX-License-Identifier: BSD-3-Clause
// What each call makes of good and bad arguments: results, or an error that names them, and nothing has changed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import * as netlet from "netlet";
import { load, Network, NetletError, Optimizer } from "netlet";

const refused = (work, message, code = "argument") => {
  assert.throws(
    work,
    (error) => {
      assert.ok(error instanceof NetletError && error.name === "NetletError", String(error?.stack ?? error));
      assert.equal(error.code, code, error.message);
      assert.match(error.message, message, String(work));
      return true;
    },
    String(work),
  );
};

test("nothing works before the module is loaded, and a failed load can be tried again", async () => {
  for (const work of [
    () => new Network([2, 1]),
    () => new Optimizer("sgd"),
    () => Network.fromBytes(new Uint8Array(9)),
  ]) {
    refused(work, /^netlet is not loaded: await load\(\) first$/);
  }
  for (const name of ["version", "numericsVersion", "isa", "sha256"]) refused(() => netlet[name](), /not loaded/);
  for (const source of ["./netlet.wasm", new URL("file:///netlet.wasm")]) {
    await assert.rejects(load(source), /^NetletError: source: expected bytes, .* got "(.*netlet\.wasm)"; fetch/);
  }
  await assert.rejects(load(new Uint8Array(8)), WebAssembly.CompileError);
  await assert.rejects(load(Promise.reject(new Error("offline"))), /offline/);
  await assert.rejects(load(new Response("no", { status: 404, statusText: "Not Found" })), /: 404 Not Found$/);
  refused(() => new Network([2, 1]), /not loaded/);
  await Promise.all([load(), load()]);
  await load("anything: it is there");
  assert.equal(netlet.isa(), "wasm");
});

const net = () => new Network([2, 3, 1], { seed: 0 });
const classifier = () => new Network([2, 3], { loss: "cross_entropy", seed: 0 });
const right = () =>
  Array.from(
    net().forward([
      [0, 1],
      [0.5, -1],
    ]),
  );

test("rows can be given in many ways", () => {
  const given = [0, 1, 0.5, -1];
  const shared = new Float64Array(new SharedArrayBuffer(32));
  shared.set(given);
  const resizable = new Float64Array(new ArrayBuffer(32, { maxByteLength: 64 }));
  resizable.set(given);
  class Vector extends Float64Array {
    get length() {
      return 1e9;
    }
    get byteLength() {
      return 1e9;
    }
    get buffer() {
      return null;
    }
    *[Symbol.iterator]() {
      yield "hostile";
    }
  }
  const lying = Float64Array.from(given);
  Object.defineProperties(lying, {
    length: { value: 1e9 },
    byteOffset: { value: 8 },
    constructor: { value: Int8Array },
  });
  const offset = new Float64Array([9, ...given]).subarray(1);
  const rows = [given.slice(0, 2), given.slice(2)];
  const proxied = new Proxy(given, {});
  for (const x of [
    ...[given, rows, Float64Array.from(given), Float32Array.from(given), shared, resizable, offset, lying, proxied],
    ...[rows.map((row) => Float32Array.from(row)), rows.map((row) => new Proxy(row, {})), new Vector(given)],
    ...[
      [[false, true], Float64Array.of(0.5, -1)],
      [
        [0n, 1n],
        [0.5, -1],
      ],
    ],
  ]) {
    assert.deepEqual(Array.from(net().forward(x)), right());
    assert.deepEqual(Array.from(net().forward(x, 2)), right());
  }
  const integers = [0, 1, 5, 3];
  const same = Array.from(net().forward(integers));
  for (const Type of [
    ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array],
    ...[BigInt64Array, BigUint64Array],
  ]) {
    const values = Type.name.startsWith("Big") ? integers.map(BigInt) : integers;
    assert.deepEqual(Array.from(net().forward(Type.from(values))), same, Type.name);
    assert.deepEqual(Array.from(net().forward([Type.from(values.slice(0, 2)), Type.from(values.slice(2))])), same);
  }
  for (const nothing of [[], new Float32Array(0)]) assert.equal(net().forward(nothing).length, 0);
});

test("rows that do not fit are refused", () => {
  const shrunk = new ArrayBuffer(32, { maxByteLength: 64 });
  const beyond = new Float64Array(shrunk, 16, 2);
  shrunk.resize(8);
  const detached = new Float64Array(4);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const sparse = [0, 1, 2, 3];
  delete sparse[2];
  for (const [x, message] of [
    [undefined, /^x: expected a typed array, an array of numbers or an array of rows, got undefined$/],
    [null, /got null$/],
    [5, /got 5$/],
    ["12", /got "12"$/],
    [{ length: 2, 0: 1, 1: 2 }, /got an object$/],
    [new DataView(new ArrayBuffer(16)), /got an object$/],
    [new ArrayBuffer(16), /got an object$/],
    [Symbol("x"), /got Symbol\(x\)$/],
    [Object.create(null), /got an object$/],
    [[1, 2, 3], /^x: expected rows of 2 numbers, got 3 numbers$/],
    [new Float32Array(5), /^x: expected rows of 2 numbers, got 5 numbers$/],
    [[[1, 2, 3]], /^x: expected rows of 2 numbers, got 3 in row 0$/],
    [[[1, 2], [3]], /^x: expected rows of 2 numbers, got 1 in row 1$/],
    [[[1, 2], 3], /^x: expected rows of 2 numbers, got 3 in row 1$/],
    [[[1, 2], , [3, 4]], /^x: expected rows of 2 numbers, got undefined in row 1$/],
    [[1, 2, 3, "4"], /^x: expected numbers, got "4" in row 1, column 1$/],
    [
      [
        [1, 2],
        [null, 4],
      ],
      /^x: expected numbers, got null in row 1, column 0$/,
    ],
    [sparse, /^x: expected numbers, got undefined in row 1, column 0$/],
    [detached, /^x: expected numbers, got a Float64Array whose memory was detached or has shrunk$/],
    [beyond, /^x: expected numbers, got a Float64Array whose memory was detached or has shrunk$/],
    [[detached], /^x: expected rows of 2 numbers, got 0 in row 0$/],
  ]) {
    for (const call of ["forward", "predict", "jacobian"]) refused(() => net()[call](x), message);
  }
  const lying = new Proxy([1, 2], { get: (target, name) => (name === "length" ? -1 : target[name]) });
  for (const x of [lying, new Array(2 ** 32 - 1)]) refused(() => net().forward(x), /^out of memory$/, "memory");
  for (const rows of [1, 3, -1, 0.5, NaN, "2", 2n])
    refused(() => net().forward([1, 2, 3, 4], rows), /^(x|rows): expected/);
  assert.throws(() => net().forward([1, 2], Infinity), NetletError);
});

test("code that runs while arguments are read can do no harm", () => {
  const stable = net();
  const freed = net();
  const trap = (work) => new Proxy([0, 1], { get: (target, name) => (name === "1" && work(), target[name]) });
  refused(() => freed.forward(trap(() => freed.free())), /^this network was freed$/);
  const x = new Float64Array([0, 1]);
  const away = trap(() => structuredClone(x.buffer, { transfer: [x.buffer] }));
  assert.equal(stable.evaluate(x, away.slice(0, 1)).loss, stable.evaluate([0, 1], [0]).loss);
  const y = new Proxy([0], {
    get: (t, name) => (
      name === "0" && x.buffer.byteLength && structuredClone(x.buffer, { transfer: [x.buffer] }), t[name]
    ),
  });
  assert.equal(stable.evaluate(x, y).loss, stable.evaluate([0, 1], [0]).loss); // it was copied before
  refused(() => stable.evaluate(x, [0]), /detached/);
  const growing = trap(() => new Network([500, 500], { seed: 0 })); // the module's memory moves
  assert.deepEqual(stable.forward(growing), stable.forward([0, 1]));
  const trained = net();
  const options = {
    get epochs() {
      trained.free();
      return 1;
    },
  };
  refused(() => trained.fitSync([0, 1], [0], options), /^this network was freed$/);
  const twice = net();
  const nested = {
    get epochs() {
      twice.fitSync([0, 1], [0], { epochs: 1 });
      return 1;
    },
  };
  twice.fitSync([0, 1], [0], nested);
  assert.equal(twice.epochsTrained, 2);
});

test("targets", () => {
  const x = [
    [0, 1],
    [1, 0],
  ];
  const three = classifier();
  const loss = three.evaluate(x, [2, 1]).loss;
  for (const y of [
    Int8Array.of(2, 1),
    BigInt64Array.of(2n, 1n),
    Float32Array.of(2, 1),
    Float64Array.of(2, 1),
    [2n, 1n],
  ]) {
    assert.equal(three.evaluate(x, y).loss, loss);
  }
  for (const y of [
    [0, 0, 1, 0, 1, 0],
    [
      [0, 0, 1],
      [0, 1, 0],
    ],
    Uint8Array.of(0, 0, 1, 0, 1, 0),
  ]) {
    assert.equal(three.evaluate(x, y).loss, loss);
  }
  refused(() => three.evaluate(x, [2, 0.5]), /^y: expected class indices, got 0.5 in row 1$/);
  refused(() => three.evaluate(x, [2, 3]), /^y: .*3/);
  refused(() => three.evaluate(x, [2, -1]), /^y: .*-1/);
  refused(() => three.evaluate(x, [2, 2 ** 40]), /^y: expected class indices, got 1099511627776 in row 1$/);
  refused(() => three.evaluate(x, [NaN, 1]), /^y: expected class indices, got NaN in row 0$/);
  refused(() => three.evaluate(x, [1]), /^y: expected 2 rows of 3 numbers, got 1 numbers$/);
  refused(() => three.evaluate(x, [[2], [1]]), /^y: expected rows of 3 numbers, got 1 in row 0$/);
  refused(() => three.evaluate(x, ["a", "b"]), /^y: expected numbers, got "a" in row 0, column 0$/);
  refused(() => three.evaluate(x), /^y: expected a typed array/);
  const two = new Network([2, 2], { loss: "gaussian_nll", seed: 0 });
  assert.equal(two.targets, 1);
  assert.ok(Number.isFinite(two.evaluate(x, [1, 2]).loss));
  refused(() => two.evaluate(x, [1, 2, 3, 4]), /^y: expected 2 rows of 1 numbers, got 4 numbers$/);
  refused(() => net().evaluate([], []), /^x: expected/);
  refused(() => net().fitSync([], [], { epochs: 1 }), /^x: expected/);
});

test("weights of rows, and what is missing", () => {
  const [x, y] = [
    [
      [0, 1],
      [1, 0],
    ],
    [1, 0],
  ];
  const plain = net().evaluate(x, y);
  assert.equal(net().evaluate(x, y, { sampleWeight: [1, 1] }).loss, plain.loss);
  assert.equal(net().evaluate(x, y, { sampleWeight: null, missing: "refuse" }).loss, plain.loss);
  refused(
    () => net().evaluate(x, y, { sampleWeight: [1] }),
    /^sampleWeight: expected 2 rows of 1 numbers, got 1 numbers$/,
  );
  refused(() => net().evaluate(x, y, { sampleWeight: [1, -1] }), /^sampleWeight: .*-1/);
  refused(() => net().evaluate(x, y, { sampleWeight: [0, 0] }), /^sampleWeight: /);
  refused(() => net().evaluate(x, y, { sampleWeight: 1 }), /^sampleWeight: expected a typed array/);
  refused(
    () => net().evaluate(x, y, { missing: "skip" }),
    /^missing: expected one of the names refuse, ignore, got "skip"$/,
  );
  refused(() => net().evaluate(x, y, { missing: "toString" }), /^missing: expected one of the names/);
  refused(
    () => net().evaluate(x, y, { sample_weight: [1, 1] }),
    /unknown name "sample_weight" \(here it is sampleWeight\); the known/,
  );
  refused(() => net().evaluate(x, y, null), /^options: expected an object, got null$/);
  assert.equal(net().evaluate(x, [1, NaN], { missing: "ignore" }).loss, net().evaluate([x[0]], [1]).loss);
  refused(() => net().evaluate(x, [NaN, NaN], { missing: "ignore" }), /target/);
  assert.ok(Number.isNaN(net().evaluate(x, [NaN, 1]).loss));
});

test("derivatives and steps", () => {
  const linear = new Network([2, 1], { activation: "identity", seed: 0 });
  linear.parameters = [2, 3, 0];
  assert.deepEqual(linear.jacobian([1, 1]), Float64Array.of(2, 3));
  assert.deepEqual(linear.inputGradient([1, 1], [4]), Float64Array.of(2, 3));
  assert.deepEqual(linear.backward([1, 1], [4]), { loss: 0.5, gradient: Float64Array.of(1, 1, 1) });
  const sgd = new Optimizer("sgd", { learningRate: 0.5 });
  assert.equal(linear.step([1, 1], [4], sgd), 0.5);
  assert.deepEqual(Array.from(linear.parameters), [1.5, 2.5, -0.5]);
  linear.applyGradient([1, 2, 3], sgd);
  assert.deepEqual(Array.from(linear.parameters), [1, 1.5, -2]);
  assert.equal(sgd.steps, 2);
  for (const wrong of [undefined, "sgd", { name: "sgd" }, Optimizer, linear]) {
    refused(() => linear.step([1, 1], [4], wrong), /^optimizer: expected an Optimizer, which keeps its state/);
    refused(() => linear.applyGradient([1, 2, 3], wrong), /^optimizer: expected an Optimizer/);
  }
  refused(() => linear.applyGradient([1, 2], sgd), /^gradient: expected 3 numbers, got 2$/);
  refused(() => linear.applyGradient([1, 2, NaN], sgd), /^gradient: expected finite/);
  refused(() => linear.step([1, NaN], [4], sgd), /^x: .*nan in row 0, column 1/i);
  refused(() => linear.step([1, 1e200], [4], sgd), /^step: the loss is Infinity; nothing was changed$/, "diverged");
  refused(
    () => net().step([1, 1], [4], (linear.step([1, 1], [1], sgd), new Optimizer("adam", { l2: 1, clipNorm: -1 }))),
    /^clipNorm/,
  );
  assert.deepEqual(
    classifier().predict([
      [0, 1],
      [5, 5],
    ]).constructor,
    Int32Array,
  );
  refused(() => classifier().predict([NaN, 1]), /^x: .*row 0.*NaN|nan/i);
  const halves = new Network([2, 3], { loss: "binary_cross_entropy", seed: 0 });
  assert.deepEqual(
    Array.from(halves.predict([1, 1])),
    Array.from(halves.forward([1, 1]), (p) => Number(p > 0.5)),
  );
  const rates = new Network([2, 1], { loss: "poisson", seed: 0, dtype: "float32" });
  assert.ok(rates.predict([1, 1]) instanceof Float32Array && rates.predict([1, 1])[0] > 0);
});

test("networks that cannot be", () => {
  for (const [sizes, options, message] of [
    [undefined, {}, /^layerSizes: expected an array of integers, got undefined$/],
    [3, {}, /^layerSizes: expected an array of integers, got 3$/],
    ["23", {}, /^layerSizes: expected an array of integers, got "23"$/],
    [[], {}, /^layerSizes: expected at least 2 sizes \(inputs and outputs\), got 0$/],
    [[2], {}, /^layerSizes: expected at least 2 sizes/],
    [[2, 0], {}, /^layerSizes: expected an integer from 1 to 4294967295, got 0$/],
    [[2, -1], {}, /^layerSizes: .*got -1$/],
    [[2, 1.5], {}, /^layerSizes: .*got 1.5$/],
    [[2, NaN], {}, /^layerSizes: .*got NaN$/],
    [[2, 2 ** 32], {}, /^layerSizes: .*got 4294967296$/],
    [[2, "3"], {}, /^layerSizes: .*got "3"$/],
    [[2, true], {}, /^layerSizes: .*got true$/],
    [[2, , 1], {}, /^layerSizes: /],
    [[2, 1], null, /^options: expected an object, got null$/],
    [[2, 1], "relu", /^options: expected an object, got "relu"$/],
    [[2, 1], { activations: ["relu"] }, /^options: unknown name "activations"; the known ones are activation, output/],
    [[2, 1], { output_activation: "relu" }, /\(here it is outputActivation\)/],
    [[2, 1], { activation: "Relu" }, /^activation: expected one of the names identity, sigmoid, .*, got "Relu"$/],
    [[2, 1], { activation: "__proto__" }, /^activation: expected one of the names/],
    [[2, 1], { activation: 3 }, /^activation: expected one of the names .*, got 3$/],
    [[2, 1], { activation: [] }, /^activation: expected a name, or 1 names, one for each layer, got 0$/],
    [[2, 3, 1], { activation: ["relu"] }, /^activation: expected a name, or 2 names, one for each layer, got 1$/],
    [[2, 1], { activation: ["relu"], outputActivation: "relu" }, /^outputActivation: give this or a list/],
    [[2, 1], { outputActivation: "no" }, /^outputActivation: expected one of the names/],
    [[2, 3, 1], { activation: "softmax" }, /softmax/],
    [[2, 1], { loss: "mse" }, /^loss: expected one of the names/],
    [[2, 1], { loss: "cross_entropy", outputActivation: "relu" }, /cross_entropy/],
    [[2, 1], { reduction: "none" }, /^reduction: expected one of the names sum, mean, got "none"$/],
    [[2, 1], { dtype: "float16" }, /^dtype: expected one of the names float32, float64, got "float16"$/],
    [[2, 1], { dtype: "int8" }, /^dtype: expected one of the names float32, float64, got "int8"$/],
    [[2, 1], { init: "zeros" }, /^init: expected one of the names glorot_uniform, he_uniform, got "zeros"$/],
    [[2, 1], { seed: -1 }, /^seed: expected an integer from 0 to 2\*\*64 - 1 \(beyond 2\*\*53 as a bigint\), got -1$/],
    [[2, 1], { seed: 0.5 }, /^seed: .*got 0.5$/],
    [[2, 1], { seed: 2 ** 53 }, /^seed: .*got 9007199254740992$/],
    [[2, 1], { seed: 1n << 64n }, /^seed: .*got 18446744073709551616n$/],
    [[2, 1], { seed: "0" }, /^seed: .*got "0"$/],
    [[2, 1], { dropout: 0.5 }, /^dropout: expected a number, or 0 numbers, one for each hidden layer, got 0.5$/],
    [[2, 3, 1], { dropout: 1 }, /dropout: .*1/],
    [
      [2, 3, 1],
      { dropout: [0.1, 0.1] },
      /^dropout: expected a number, or 1 numbers, one for each hidden layer, got 2$/,
    ],
    [[2, 3, 1], { dropout: "0.5" }, /^dropout: .*got "0.5"$/],
    [[2, 3, 1], { dropout: NaN }, /dropout: /],
    [[2, 1], { huberDelta: 0 }, /^huberDelta: expected a positive finite number, got 0$/],
    [[2, 1], { loss: "huber", huberDelta: "1" }, /^huberDelta: expected a number, got "1"$/],
    [[2, 1], { loss: "quantile", quantile: 1 }, /quantile: .*1/],
    [[2, 1], { loss: "quantile", quantile: [0.5, 0.5] }, /^quantile: expected a number, or 1 numbers/],
    [[2, 3], { loss: "gaussian_nll" }, /gaussian_nll/],
  ]) {
    refused(() => new Network(sizes, options), message);
  }
  assert.throws(() => Network([2, 1]), TypeError); // as every class
  assert.throws(
    () => Network.prototype.forward.call({}, [1, 2]),
    (error) => error instanceof TypeError || error instanceof NetletError,
  );
});

test("networks that can be", () => {
  const full = new Network(Int8Array.of(2, 3, 4, 2), {
    ...{ activation: "relu", outputActivation: "identity", loss: "huber", reduction: "mean", dtype: "float32" },
    ...{ init: "he_uniform", seed: 2n ** 64n - 1n, dropout: [0.25, 0], huberDelta: 2 },
  });
  assert.deepEqual(full.layerSizes, [2, 3, 4, 2]);
  assert.deepEqual([full.inputs, full.outputs, full.targets], [2, 2, 2]);
  assert.deepEqual(full.activations, ["relu", "relu", "identity"]);
  assert.deepEqual(
    [full.lossName, full.reduction, full.dtype, full.seed],
    ["huber", "mean", "float32", 2n ** 64n - 1n],
  );
  assert.deepEqual([full.dropout, full.huberDelta, full.quantiles], [[0.25, 0], 2, [0.5, 0.5]]);
  assert.deepEqual([full.epochsTrained, full.savedNumericsVersion], [0, netlet.numericsVersion()]);
  const quantile = new Network([2, 2], { loss: "quantile", quantile: Float64Array.of(0.1, 0.9), seed: 1 });
  assert.deepEqual([quantile.quantiles, quantile.huberDelta], [[0.1, 0.9], 1]);
  assert.deepEqual(new Network([2, 3, 3], { loss: "cross_entropy" }).activations, ["sigmoid", "softmax"]);
  const undefinedIsDefault = { activation: undefined, dropout: undefined, seed: 0, loss: undefined };
  assert.equal(new Network([2, 3, 1], undefinedIsDefault).fingerprint(), net().fingerprint());
  const deep = new Network(new Array(3000).fill(2), { activation: "identity", seed: 0 });
  deep.fitSync([1, 2], [1, 2], { epochs: 2, learningRate: 1e-9 });
  assert.equal(Network.fromBytes(deep.toBytes()).fingerprint(), deep.fingerprint());
  const drawn = [new Network([2, 1]), new Network([2, 1], { seed: null })].map(({ seed }) => seed);
  assert.ok(drawn[0] !== drawn[1] && drawn.every((seed) => seed < 2n ** 53n));
  assert.equal(String(full), "Network 2-3-4-2, float32");
});

test("parameters", () => {
  const one = net();
  assert.equal(one.parameters.length, 13);
  assert.deepEqual(
    one.weights.map(({ length }) => length),
    [6, 3],
  );
  assert.deepEqual(
    one.biases.map(({ length }) => length),
    [3, 1],
  );
  one.weights[1][0] = 7;
  one.biases[1][0] = 8;
  assert.deepEqual([one.parameters[9], one.parameters[12]], [7, 8]);
  const before = one.parameters.slice();
  refused(() => (one.parameters = [1]), /^parameters: expected 13 numbers, got 1$/);
  refused(() => (one.parameters = 1), /^parameters: expected 13 numbers, got 1$/);
  refused(() => (one.parameters = new Array(13)), /^parameters: expected numbers, got undefined/);
  assert.deepEqual(one.parameters, before);
  one.parameters = Float32Array.from({ length: 13 }, (_, i) => i);
  assert.equal(one.parameters[12], 12);
  one.reset();
  assert.equal(one.fingerprint(), net().fingerprint());
  one.fitSync([0, 1], [1], { epochs: 1 });
  one.reset({ seed: 5, init: "he_uniform" });
  assert.deepEqual([one.seed, one.epochsTrained], [5n, 0]);
  assert.equal(one.fingerprint(), new Network([2, 3, 1], { seed: 5, init: "he_uniform" }).fingerprint());
  const copy = one.copy();
  copy.reset();
  assert.equal(copy.fingerprint(), one.fingerprint());
  const loaded = Network.fromBytes(one.toBytes());
  refused(() => loaded.reset(), /^init: expected one of the names glorot_uniform, he_uniform, got null$/);
  loaded.reset({ init: "he_uniform" });
  assert.equal(loaded.fingerprint(), one.fingerprint());
  refused(() => one.reset(5), /^options: expected an object, got 5$/);
});

test("scalings", () => {
  const one = new Network([2, 2], { activation: "identity", seed: 0 });
  assert.equal(one.inputScaling, null);
  one.inputScaling = { shift: [1, 2], scale: 2 };
  assert.deepEqual(one.inputScaling, { shift: Float64Array.of(1, 2), scale: Float64Array.of(2, 2) });
  for (const [value, message] of [
    [undefined, /^inputScaling: expected an object, got undefined$/],
    [{ shift: 1 }, /^scale: expected a number, or 2 numbers, one for each input, got undefined$/],
    [{ shift: [1], scale: 1 }, /^shift: expected a number, or 2 numbers, one for each input, got 1$/],
    [{ shift: 0, scale: 0 }, /scale/],
    [{ shift: NaN, scale: 1 }, /shift/],
    [{ mean: 0, std: 1 }, /^inputScaling: unknown name "mean"/],
  ]) {
    refused(() => (one.inputScaling = value), message);
  }
  assert.deepEqual(one.inputScaling.scale, Float64Array.of(2, 2));
  one.inputScaling = null;
  assert.equal(one.inputScaling, null);
  const pairs = new Network([1, 4], { loss: "gaussian_nll", seed: 0 });
  const scaling = { shift: Float64Array.of(1, 2), scale: Float64Array.of(3, 4) };
  pairs.outputScaling = scaling;
  assert.deepEqual(pairs.outputScaling, scaling);
  pairs.outputScaling = pairs.outputScaling;
  refused(() => (classifier().outputScaling = { shift: 0, scale: 1 }), /cross_entropy/);
});

test("labels, names and metadata", () => {
  const three = classifier();
  assert.deepEqual([three.classes, three.featureNames, three.metadata, three.provenance], [null, null, {}, null]);
  three.classes = ["é", "b", "😀"];
  three.featureNames = ["x", '"y"'];
  three.metadata = { text: "naïve", list: [1, null, true, { deep: "\u0000\u007f" }] };
  const again = Network.fromBytes(three.toBytes());
  assert.deepEqual(again.classes, ["é", "b", "😀"]);
  assert.deepEqual(again.featureNames, ["x", '"y"']);
  assert.deepEqual(again.metadata, three.metadata);
  const cyclic = {};
  cyclic.self = cyclic;
  for (const [work, message] of [
    [() => (three.classes = ["a", "b"]), /^classes: expected 3, got 2$/],
    [() => (three.classes = "abc"), /^classes: expected an array of 3, or null, got "abc"$/],
    [() => (three.classes = ["a", "b", "a"]), /^classes: expected each once, got "a" again$/],
    [() => (three.classes = [1, 2, NaN]), /^classes: expected text, booleans or finite numbers, got NaN$/],
    [() => (three.classes = [1, , 3]), /got undefined$/],
    [() => (net().classes = ["a"]), /^classes: expected null for squared_error, which has no classes$/],
    [() => (three.featureNames = [1, 2]), /^featureNames: expected text, got 1$/],
    [() => (three.metadata = [1]), /^metadata: expected a plain object or null, got an array of 1$/],
    [() => (three.metadata = "text"), /^metadata: expected a plain object or null, got "text"$/],
    [() => (three.metadata = { when: new Date() }), /^metadata: expected what JSON can say, got an object$/],
    [() => (three.metadata = { n: 1n }), /^metadata: expected what JSON can say, got 1n$/],
    [() => (three.metadata = { n: NaN }), /^metadata: expected what JSON can say, got NaN$/],
    [() => (three.metadata = { n: undefined }), /^metadata: expected what JSON can say, got undefined$/],
    [() => (three.metadata = { n: [,] }), /^metadata: expected what JSON can say, got undefined$/],
    [() => (three.metadata = cyclic), /^metadata: expected what JSON can say, but/],
    [() => (three.metadata = { netlet_provenance: {} }), /^metadata: expected other names than netlet_provenance$/],
  ]) {
    refused(work, message);
  }
  assert.deepEqual(three.toBytes(), again.toBytes());
  three.classes = three.featureNames = three.metadata = null;
  assert.deepEqual(three.toBytes(), classifier().toBytes());
  const two = new Network([1, 1], { loss: "binary_cross_entropy", seed: 0 });
  two.classes = [false, true];
  assert.deepEqual(two.copy().classes, [false, true]);
});

test("optimizers", () => {
  const names = ["sgd", "adam", "adamw", "rmsprop", "rprop"];
  assert.deepEqual(
    names.map((name) => new Optimizer(name).name),
    names,
  );
  assert.deepEqual(new Optimizer("sgd").settings, {
    ...{ learningRate: 0.1, momentum: 0, nesterov: false, l2: 0, l1: 0, clipValue: 0, clipNorm: 0 },
  });
  assert.deepEqual(new Optimizer("adamw", { beta2: 0.9, l1: undefined }).settings, {
    ...{ learningRate: 0.001, beta1: 0.9, beta2: 0.9, epsilon: 1e-8, weightDecay: 0.01 },
    ...{ l2: 0, l1: 0, clipValue: 0, clipNorm: 0 },
  });
  assert.deepEqual(new Optimizer("rprop").settings, {
    ...{ learningRate: 0.01, etaMinus: 0.5, etaPlus: 1.2, stepMin: 1e-6, stepMax: 50 },
    ...{ l2: 0, l1: 0, clipValue: 0, clipNorm: 0 },
  });
  const one = new Optimizer("sgd", { momentum: 0.9, nesterov: true });
  one.learningRate = 0.25;
  assert.deepEqual([one.learningRate, one.steps, one.settings.nesterov], [0.25, 0, true]);
  for (const [work, message] of [
    [() => new Optimizer(), /^optimizer: expected one of the names sgd, adam, adamw, rmsprop, rprop, got undefined$/],
    [() => new Optimizer("Adam"), /^optimizer: expected one of the names .*, got "Adam"$/],
    [() => new Optimizer("constructor"), /^optimizer: expected one of the names/],
    [
      () => new Optimizer("adam", { momentum: 0.9 }),
      /^adam: unknown name "momentum"; the known ones are learningRate, l2/,
    ],
    [() => new Optimizer("adam", { learning_rate: 0.9 }), /\(here it is learningRate\)/],
    [() => new Optimizer("adam", { beta_1: 0.9 }), /\(here it is beta1\)/],
    [() => new Optimizer("adam", { learningRate: "0.1" }), /^learningRate: expected a number, got "0.1"$/],
    [() => new Optimizer("adam", { learningRate: NaN }), /^learningRate: expected a number, got NaN$/],
    [() => new Optimizer("adam", { learningRate: 0 }), /^learningRate: expected a positive finite number, got 0$/],
    [() => new Optimizer("adam", { beta1: 1 }), /^beta1: expected a number >= 0 and < 1, got 1$/],
    [() => new Optimizer("sgd", { nesterov: true }), /^nesterov: expected a momentum > 0 with it, got momentum 0$/],
    [() => new Optimizer("sgd", { nesterov: 1 }), /^nesterov: expected true or false, got 1$/],
    [() => new Optimizer("sgd", { clipValue: 1, clipNorm: 1 }), /^clipNorm: give this or clipValue, not both$/],
    [() => (one.learningRate = -1), /^learningRate: expected a positive finite number, got -1$/],
    [() => (one.learningRate = null), /^learningRate: expected a number, got null$/],
    [() => net().toBytes({ optimizer: "sgd" }), /^optimizer: expected an Optimizer/],
  ]) {
    refused(work, message);
  }
  assert.equal(one.learningRate, 0.25);
  one.free();
  one.free();
  refused(() => one.steps, /^this optimizer was freed$/);
  refused(() => net().step([1, 2], [1], one), /^this optimizer was freed$/);
});

test("trainings that cannot be", async () => {
  const [x, y] = [
    [
      [0, 1],
      [1, 0],
      [1, 1],
    ],
    [1, 0, 1],
  ];
  const one = net();
  const before = one.toBytes();
  const used = new Optimizer("adam");
  new Network([9, 9], { seed: 0 }).step(new Array(9).fill(0), new Array(9).fill(0), used);
  const freed = new Optimizer("sgd");
  freed.free();
  for (const [options, message] of [
    [undefined, /^options: expected an object, got undefined$/],
    [{}, /^epochs: expected an integer of at least 1, got undefined$/],
    [{ epochs: 0 }, /^epochs: expected an integer of at least 1, got 0$/],
    [{ epochs: 1.5 }, /^epochs: .*got 1.5$/],
    [{ epochs: "3" }, /^epochs: .*got "3"$/],
    [{ epochs: Infinity }, /^epochs: .*got Infinity$/],
    [{ epochs: 3n }, /^epochs: .*got 3n$/],
    [{ epochs: 1, batchSize: 0 }, /^batchSize: expected an integer of at least 1, got 0$/],
    [{ epochs: 1, batch_size: 5 }, /^options: unknown name "batch_size" \(here it is batchSize\)/],
    [{ epochs: 1, optimizer: "SGD" }, /^optimizer: expected one of the names/],
    [{ epochs: 1, optimizer: 5 }, /^optimizer: expected an object, got 5$/],
    [{ epochs: 1, optimizer: {} }, /^optimizer: expected one of the names/],
    [{ epochs: 1, optimizer: { name: "adam", momentum: 1 } }, /^adam: unknown name "momentum"/],
    [{ epochs: 1, optimizer: used }, /^optimizer: /],
    [{ epochs: 1, optimizer: freed }, /^this optimizer was freed$/],
    [
      { epochs: 1, optimizer: new Optimizer("sgd"), learningRate: 1 },
      /^learningRate: expected none beside an Optimizer/,
    ],
    [{ epochs: 1, learningRate: -1 }, /^learningRate: expected a positive finite number, got -1$/],
    [{ epochs: 1, shuffle: 1 }, /^shuffle: expected true or false, got 1$/],
    [{ epochs: 1, seed: -1 }, /^seed: /],
    [{ epochs: 1, sampleWeight: [1, 2] }, /^sampleWeight: expected 3 rows of 1 numbers, got 2 numbers$/],
    [
      { epochs: 1, validationData: x },
      /^validationData: x: expected rows of 2 numbers, got 0 in row 0|^validationData: /,
    ],
    [
      { epochs: 1, validationData: { x, y } },
      /^validationData: expected \[x, y\] or \[x, y, sampleWeight\], got an object$/,
    ],
    [{ epochs: 1, validationData: [x, [1]] }, /^validationData: y: expected 3 rows of 1 numbers, got 1 numbers$/],
    [{ epochs: 1, validationData: [x, y, [1]] }, /^validationData: sampleWeight: expected 3 rows/],
    [{ epochs: 1, validationData: [[[0, NaN]], [1]] }, /^validationData: x: .*nan/i],
    [{ epochs: 1, patience: 0 }, /^patience: expected an integer of at least 1, got 0$/],
    [{ epochs: 1, patience: 1, minDelta: -1 }, /^minDelta: expected a finite number >= 0, got -1$/],
    [{ epochs: 1, schedule: "cosine" }, /^schedule: expected an object, got "cosine"$/],
    [
      { epochs: 1, schedule: {} },
      /^schedule: expected one of the names step, exponential, cosine, plateau, got undefined$/,
    ],
    [{ epochs: 1, schedule: { name: "cosine" } }, /^period: expected an integer of at least 1, got undefined$/],
    [
      { epochs: 1, schedule: { name: "step", floor: 1 } },
      /^schedule step: unknown name "floor"; the known ones are gamma, period$/,
    ],
    [{ epochs: 1, schedule: { name: "step", gamma: 2 } }, /^gamma: expected 0 < gamma <= 1, got 2$/],
    [{ epochs: 1, schedule: { name: "plateau", patience: 0 } }, /^patience: expected an integer of at least 1, got 0$/],
    [{ epochs: 1, schedule: { name: "cosine", period: 3, floor: 2 } }, /^floor: expected 0 <= floor <= 1, got 2$/],
    [{ epochs: 1, schedule: { name: "exponential", gamma: "1" } }, /^gamma: expected a number, got "1"$/],
    [{ epochs: 1, schedule: { name: "step" }, optimizer: "rprop" }, /^schedule: expected none, rprop adapts/],
    [{ epochs: 1, batchSize: 2, optimizer: "rprop" }, /^batchSize: rprop compares gradients/],
    [{ epochs: 1, resume: 1 }, /^resume: expected true or false, got 1$/],
    [{ epochs: 1, standardize: "all" }, /^standardize: expected one of the names inputs, outputs, got "all"$/],
    [{ epochs: 1, missing: null }, /^missing: expected one of the names/],
    [{ epochs: 1, onEpoch: "no" }, /^onEpoch: expected a function, got "no"$/],
    [{ epochs: 1, signal: {} }, /^signal: expected an AbortSignal, got an object$/],
  ]) {
    refused(() => one.fitSync(x, y, options), message);
    await assert.rejects(one.fit(x, y, options), NetletError);
  }
  refused(() => classifier().fitSync(x, y, { epochs: 1, standardize: "outputs" }), /cross_entropy/);
  assert.deepEqual(one.toBytes(), before);
});

test("what was freed cannot be used", () => {
  const one = net();
  one.free();
  one.free();
  const message = /^this network was freed$/;
  for (const name of Object.keys(Object.getOwnPropertyDescriptors(Network.prototype))) {
    const { get, value } = Object.getOwnPropertyDescriptor(Network.prototype, name);
    if (get) refused(() => one[name], message);
    else if (["copy", "fingerprint", "summary", "toString", "toBytes", "reset"].includes(name))
      refused(() => one[name](), message);
    else if (["forward", "predict", "jacobian"].includes(name)) refused(() => one[name]([0, 1]), message);
    else if (typeof value === "function" && !["constructor", "fit"].includes(name) && !name.startsWith("_")) {
      const third = ["step", "applyGradient"].includes(name) ? new Optimizer("sgd") : { epochs: 1 };
      refused(
        () =>
          name === "applyGradient"
            ? one[name]([0], third)
            : one[name]([0, 1], [0], name === "step" || name === "fitSync" ? third : {}),
        message,
      );
    }
  }
  for (const set of [
    () => (one.seed = 1),
    () => (one.parameters = [1]),
    () => (one.inputScaling = null),
    () => (one.metadata = null),
  ]) {
    refused(set, message);
  }
  if (Symbol.dispose) {
    const other = net();
    other[Symbol.dispose]();
    refused(() => other.inputs, message);
  }
});

test("bytes", () => {
  const bytes = net().toBytes();
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  const inside = new Uint8Array(bytes.length + 9);
  inside.set(bytes, 5);
  const detached = bytes.slice();
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  for (const given of [
    ...[
      bytes,
      bytes.buffer,
      shared,
      shared.buffer,
      inside.subarray(5, -4),
      new DataView(bytes.buffer),
      Buffer.from(bytes),
    ],
    new Int8Array(bytes.buffer),
  ]) {
    assert.equal(Network.fromBytes(given).fingerprint(), net().fingerprint());
  }
  for (const wrong of [undefined, null, 5, "netlet", [...bytes], {}, { byteLength: 5 }, detached]) {
    refused(() => Network.fromBytes(wrong), /^bytes: expected a Uint8Array or an ArrayBuffer, got/);
    refused(() => netlet.sha256(wrong), /^bytes: expected/);
  }
  refused(() => Network.fromBytes(new Uint8Array(0)), /./, "format");
  assert.equal(
    netlet.sha256(new TextEncoder().encode("abc")),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
  assert.equal(netlet.sha256(new ArrayBuffer(0)), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const adam = new Optimizer("adam");
  const one = net();
  one.step([0, 1], [1], adam);
  const both = Network.checkpointFromBytes(one.toBytes({ optimizer: adam }));
  assert.deepEqual([both.optimizer.name, both.optimizer.steps], ["adam", 1]);
  assert.deepEqual(both.network.toBytes({ optimizer: both.optimizer }), one.toBytes({ optimizer: adam }));
  assert.equal(Network.checkpointFromBytes(bytes).optimizer, null);
});

test("they show themselves in Node", () => {
  const net = new Network([2, 3, 1], { seed: 0 });
  const optimizer = new Optimizer("adam");
  assert.equal(inspect([net, optimizer]), "[ Network 2-3-1, float64, Optimizer adam, learningRate 0.001 ]");
  net.free();
  assert.equal(inspect(net), "network (freed)");
});
