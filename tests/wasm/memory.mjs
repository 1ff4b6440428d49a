// SPDX-License-Identifier: BSD-3-Clause
// The module's memory: what is freed, what is too much for it, and views of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load, Network, NetletError, Optimizer } from "netlet";

// The module's own memory, to watch it.
let memory;
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (...given) => {
  const instance = await instantiate(...given);
  memory = instance.exports.memory;
  return instance;
};
await load();

const tooMuch = (work, message = /^out of memory|no memory|can address/) =>
  assert.throws(work, (error) => {
    assert.ok(error instanceof NetletError, String(error.stack));
    assert.equal(error.code, "memory", error.message);
    assert.match(error.message, message);
    return true;
  });

test("calls give back what they took", async () => {
  const x = new Float64Array(200).fill(0.5);
  const y = new Float64Array(100);
  const round = async () => {
    const net = new Network([2, 500, 1], { seed: 0 });
    const adam = new Optimizer("adam");
    net.evaluate(x, y);
    net.forward(x);
    await net.fit(x, y, { epochs: 1, optimizer: adam, standardize: true, validationData: [x, y], patience: 1 });
    net.fitSync(x, y, { epochs: 1, optimizer: "adam" });
    assert.throws(() => net.fitSync(x, y, { epochs: 1, optimizer: "adam", learningRate: -1 }), NetletError);
    assert.throws(() => net.fitSync(x, y.subarray(1), { epochs: 1 }), NetletError);
    assert.throws(() => net.forward(x.subarray(1)), NetletError);
    net.metadata = { text: "x".repeat(10_000) };
    const { network, optimizer } = Network.checkpointFromBytes(net.toBytes({ optimizer: adam }));
    assert.throws(() => Network.fromBytes(net.toBytes().subarray(1)), NetletError);
    Network.fromBytes(net.toBytes({ optimizer: adam })).free();
    for (const one of [net, adam, network, optimizer]) one.free();
  };
  for (let n = 0; n < 5; ++n) await round();
  const before = memory.buffer.byteLength;
  for (let n = 0; n < 30; ++n) await round();
  assert.equal(memory.buffer.byteLength, before);
});

test("what is garbage is freed", async (t) => {
  if (!globalThis.gc) return t.skip("needs --expose-gc");
  const make = () => {
    for (let n = 0; n < 20; ++n) new Network([1000, 1000], { seed: 0, dtype: "float32" }).copy();
  };
  const turn = () => new Promise((resolve) => setTimeout(resolve));
  make();
  for (let n = 0; n < 5; ++n) {
    gc();
    await turn();
  }
  const before = memory.buffer.byteLength;
  for (let round = 0; round < 3; ++round) {
    make();
    for (let n = 0; n < 5; ++n) {
      gc();
      await turn();
    }
  }
  assert.ok(memory.buffer.byteLength <= before);
});

test("sizes that 32 bits cannot hold are refused", () => {
  const most = 2 ** 32 - 1;
  for (const sizes of [
    ...[
      [65536, 65536],
      [65537, 65535],
      [2 ** 31, 2],
      [2 ** 31, 3],
      [most, 1],
      [most, most],
      [1, most],
      [2 ** 29, 8],
    ],
    ...[[2 ** 30, 4], [3, 2 ** 30, 3], [1, 2 ** 28, 1, 2 ** 28, 1], [46341, 46341], new Array(100_000).fill(1000)],
  ]) {
    for (const dtype of ["float32", "float64"]) tooMuch(() => new Network(sizes, { dtype, seed: 0 }), /can address/);
  }
  // rows times columns, whose bytes pass 2**32 or come round to a few again
  const wide = new Network([1, 1024], { seed: 0 });
  for (const rows of [2 ** 18, 2 ** 19, 2 ** 19 + 1, 2 ** 20]) {
    for (const call of ["forward", "predict", "jacobian"]) tooMuch(() => wide[call](new Int8Array(rows)));
  }
  const many = new Network([1024, 1], { seed: 0 });
  tooMuch(() => many.inputGradient(new Int8Array(2 ** 28), new Int8Array(2 ** 18)));
  const classes = new Network([1, 2], { loss: "cross_entropy", seed: 0 });
  tooMuch(() => classes.predict(new Int8Array(2 ** 28)));
  tooMuch(() => wide.forward(new Float64Array(2 ** 28))); // 2 GiB are more than one piece of memory may have
  const net = new Network([1, 1], { seed: 0 });
  tooMuch(() => net.evaluate(new Float64Array(2 ** 28), [0]));
  assert.equal(new Network([1, 1], { seed: 0 }).fingerprint(), net.fingerprint());
});

test("all of 4 GiB is used, and no more", () => {
  const nets = [];
  const small = new Network([2, 3, 1], { seed: 0 });
  const adam = new Optimizer("adam");
  small.step([0, 1], [1], adam);
  const bytes = small.toBytes({ optimizer: adam });
  try {
    nets.push(new Network([4000, 8000], { seed: 0 }));
    const fill = () => {
      for (;;) nets.push(nets[0].copy());
    };
    tooMuch(fill);
    assert.ok(nets.length >= 12 && memory.buffer.byteLength > 3.5e9, `${nets.length} ${memory.buffer.byteLength}`);
    nets.pop().free();
    // in what lies beyond 2 GiB, whose addresses are negative to JavaScript: fill what is free below
    for (const sizes of [
      [2000, 2000],
      [300, 300],
      [30, 30],
      [2, 300, 1],
    ]) {
      do nets.push(new Network(sizes, { seed: 0 }));
      while (nets.at(-1).parameters.byteOffset < 2 ** 31);
    }
    const high = nets.at(-1);
    const same = Network.checkpointFromBytes(bytes);
    assert.deepEqual(same.network.toBytes({ optimizer: same.optimizer }), bytes);
    assert.equal(same.network.forward([0, 1])[0], small.forward([0, 1])[0]);
    high.metadata = { made: "high up" };
    high.fitSync([0, 1, 1, 1], [1, 0], { epochs: 3, onEpoch: ({ loss }) => assert.ok(loss > 0) });
    assert.deepEqual([high.metadata, high.layerSizes], [{ made: "high up" }, [2, 300, 1]]);
    const low = Network.fromBytes(high.toBytes());
    assert.equal(low.fingerprint(), high.fingerprint());
    assert.ok(high.summary().startsWith("Network 2-300-1, float64\n"));
    tooMuch(fill);
    tooMuch(() => nets[0].toBytes());
  } finally {
    for (const net of nets) net.free();
  }
  const again = new Network([2, 3, 1], { seed: 0 });
  again.step([0, 1], [1], new Optimizer("adam"));
  assert.equal(again.fingerprint(), small.fingerprint());
});

test("a view loses its memory when the module's grows", () => {
  const net = new Network([2, 3, 1], { seed: 0 });
  const view = net.parameters;
  const values = view.slice();
  const grown = memory.buffer;
  memory.grow(1);
  assert.notEqual(memory.buffer, grown);
  assert.equal(view.length, 0);
  assert.deepEqual(net.parameters, values);
});

test("shared memory may grow while it is read", () => {
  const buffer = new SharedArrayBuffer(16, { maxByteLength: 4096 });
  const x = new Float64Array(buffer); // its length follows
  const y = new Proxy([0], {
    get: (target, name) => (name === "0" && !grown && (grown = buffer.grow(4096) ?? true), target[name]),
  });
  let grown = false;
  const net = new Network([2, 1], { seed: 0 });
  assert.equal(net.evaluate(x, y).loss, net.evaluate([0, 0], [0]).loss);
  assert.equal(x.length, 512);
  assert.equal(net.forward(x).length, 256);
});
