// SPDX-License-Identifier: BSD-3-Clause
// fit in pieces and fitSync in one give the same bits; how a training ends, and what the network keeps then.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load, Network, NetletError, Optimizer } from "netlet";

await load();

const [ROWS, INPUTS] = [600, 5];
const x = Float64Array.from({ length: ROWS * INPUTS }, (_, n) => ((n * 37) % 101) / 50 - 1);
const y = Float64Array.from({ length: ROWS }, (_, n) => ((n * 53) % 97) / 48 - 1);
const held = [x.slice(0, 100 * INPUTS), y.slice(0, 100)];
const tiny = [
  [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  [0, 1, 1, 0],
];
const regression = (options) => new Network([INPUTS, 8, 1], { outputActivation: "identity", seed: 3, ...options });
const refuses = (code, message) => (error) => {
  assert.ok(error instanceof NetletError, String(error));
  assert.equal(error.code, code);
  assert.match(error.message, message);
  return true;
};

// Every pause is taken after one epoch, by a clock that flies.
async function withPauses(work) {
  const now = performance.now;
  let time = 0;
  let pauses = 0;
  const Channel = globalThis.MessageChannel;
  globalThis.MessageChannel = class extends Channel {
    constructor() {
      super();
      ++pauses;
    }
  };
  performance.now = () => (time += 1000);
  try {
    return [await work(), pauses];
  } finally {
    performance.now = now;
    globalThis.MessageChannel = Channel;
  }
}

const CASES = {
  plain: [{}, {}],
  "batches and their order": [{}, { batchSize: 32 }],
  "batches in order": [{}, { batchSize: 32, shuffle: false }],
  "another seed": [{}, { batchSize: 32, seed: 2n ** 63n }],
  dropout: [{ dropout: 0.3 }, { batchSize: 50 }],
  "scaling and validation": [{ reduction: "mean" }, { standardize: true, validationData: held }],
  weights: [{ reduction: "mean" }, { batchSize: 64, sampleWeight: Float32Array.from(y, Math.abs) }],
  momentum: [{}, { batchSize: 100, optimizer: { name: "sgd", learningRate: 1e-3, momentum: 0.9, nesterov: true } }],
  adam: [{}, { batchSize: 100, optimizer: "adam" }],
  rprop: [{}, { optimizer: "rprop" }],
  "steps of the rate": [{}, { batchSize: 60, schedule: { name: "step", gamma: 0.5, period: 2 } }],
  "an exponential rate": [{}, { batchSize: 60, schedule: { name: "exponential", gamma: 0.8 } }],
  "a cosine": [{}, { batchSize: 60, schedule: { name: "cosine", period: 6, floor: 0.1 } }],
  plateaus: [{}, { batchSize: 60, schedule: { name: "plateau", gamma: 0.5, patience: 1, minDelta: 0.2 } }],
  "a function": [{}, { batchSize: 60, schedule: (epoch) => 1 / (1 + epoch) }],
  "a cosine that goes on": [{}, { batchSize: 60, resume: true, schedule: { name: "cosine", period: 12 } }],
  "plateaus that go on": [{}, { batchSize: 60, resume: true, schedule: { name: "plateau", patience: 2 } }],
  patience: [{}, { batchSize: 60, learningRate: 0.02, patience: 2 }],
  "patience with validation": [{}, { batchSize: 60, learningRate: 0.02, patience: 2, validationData: held }],
  "patience to the end": [{}, { batchSize: 60, learningRate: 1e-4, patience: 9, minDelta: 1e9 }],
  float32: [{ dtype: "float32" }, { batchSize: 32 }],
};

for (const [name, [settings, options]] of Object.entries(CASES)) {
  test(`pauses change no bit: ${name}`, async () => {
    const results = [];
    for (const pauses of [false, true]) {
      const net = regression(settings);
      const optimizer = new Optimizer("sgd", { learningRate: 1e-3 });
      const given = "optimizer" in options || "learningRate" in options ? options : { optimizer, ...options };
      net.fitSync(x, y, { ...given, epochs: 3, patience: undefined }); // so that epochs do not begin at 0
      const [history, count] = pauses
        ? await withPauses(() => net.fit(x, y, { ...given, epochs: 9 }))
        : [net.fitSync(x, y, { ...given, epochs: 9 }), 0];
      delete history.seconds;
      results.push({ history, bytes: net.toBytes(), steps: optimizer.steps });
      assert.equal(count, pauses ? history.epoch.length - 1 : 0);
      assert.equal(history.epoch[0], 3);
      if (name === "patience") assert.ok(history.epoch.length < 9);
    }
    assert.deepEqual(results[1], results[0]);
  });
}

test("short epochs are reported together, and pauses are still taken", async () => {
  const [one, other] = [new Network([2, 3, 1], { seed: 0 }), new Network([2, 3, 1], { seed: 0 })];
  one.fitSync(...tiny, { epochs: 1000 });
  const [, pauses] = await withPauses(() => other.fit(...tiny, { epochs: 1000 }));
  assert.ok(pauses > 5);
  assert.equal(one.fingerprint(), other.fingerprint());
});

test("timers have their turn", async () => {
  const net = regression();
  let turns = 0;
  const timer = setInterval(() => ++turns);
  await net.fit(x, y, { epochs: 2000, batchSize: 20, learningRate: 1e-4, onEpoch: () => turns > 3 });
  clearInterval(timer);
  assert.ok(turns > 3);
});

test("n epochs and m more are n + m", async () => {
  const [one, two] = [regression(), regression()];
  const [first, second] = [new Optimizer("adam"), new Optimizer("adam")];
  await one.fit(x, y, { epochs: 5, batchSize: 32, optimizer: first });
  await one.fit(x, y, { epochs: 4, batchSize: 32, optimizer: first });
  await two.fit(x, y, { epochs: 9, batchSize: 32, optimizer: second });
  assert.deepEqual(one.toBytes({ optimizer: first }), two.toBytes({ optimizer: second }));
  assert.equal(first.steps, 9 * 19);
});

test("history has what there is", () => {
  const history = regression().fitSync(x, y, { epochs: 2, learningRate: 1e-3 });
  const lengths = Object.fromEntries(Object.entries(history).map(([name, column]) => [name, column.length]));
  assert.deepEqual(lengths, {
    ...{ epoch: 2, loss: 2, seconds: 2, learningRate: 2, accuracy: 0, validationLoss: 0, validationAccuracy: 0 },
  });
  const classifier = new Network([INPUTS, 3], { loss: "cross_entropy", seed: 0 });
  const classes = Int8Array.from(y, (_, n) => n % 3);
  const more = classifier.fitSync(x, classes, { epochs: 2, learningRate: 1e-3, validationData: [x, classes] });
  assert.ok(Object.values(more).every((column) => column.length === 2 && column.every(Number.isFinite)));
});

test("onEpoch sees each epoch, and may end, evaluate, save, copy and write", async () => {
  for (const fit of ["fit", "fitSync"]) {
    const net = regression();
    const seen = [];
    const history = await net[fit](x, y, {
      epochs: 50,
      learningRate: 1e-3,
      onEpoch(epoch) {
        seen.push(epoch);
        assert.equal(net.epochsTrained, epoch.epoch + 1);
        assert.ok(net.evaluate(x, y).loss > 0);
        assert.equal(Network.fromBytes(net.toBytes()).fingerprint(), net.copy().fingerprint());
        new Network([2, 2], { seed: 0 }).fitSync([[1, 2]], [[0, 1]], {
          epochs: 2,
          onEpoch: () => net.forward([1, 2, 3, 4, 5]),
        });
        if (epoch.epoch === 5) net.parameters = new Array(net.parameters.length).fill(0.5);
        return epoch.epoch === 7;
      },
    });
    assert.equal(net.epochsTrained, 8);
    assert.deepEqual(
      history.loss,
      seen.map(({ loss }) => loss),
    );
    assert.equal(Object.keys(seen[0]).length, 7);
    assert.ok(Number.isNaN(seen[0].accuracy));
    const other = regression();
    other.fitSync(x, y, { epochs: 6, learningRate: 1e-3 });
    other.parameters.fill(0.5);
    other.fitSync(x, y, { epochs: 2, learningRate: 1e-3 });
    assert.deepEqual(net.toBytes(), other.toBytes());
  }
});

test("patience goes back to what onEpoch has written", async () => {
  for (const fit of ["fit", "fitSync"]) {
    const net = new Network([1, 1], { activation: "identity", seed: 0 });
    const written = [
      [2, 0],
      [5, 5],
      [7, 7],
    ]; // the first gives y, and an epoch leaves it as it is
    const onEpoch = ({ epoch }) => void (net.parameters = written[epoch]);
    const history = await net[fit]([1, 2], [2, 4], { epochs: 9, learningRate: 0.01, patience: 1, onEpoch });
    assert.deepEqual([history.epoch.length, history.loss[1]], [3, 0]);
    assert.deepEqual(Array.from(net.parameters), [2, 0]);
  }
});

test("fit waits for what onEpoch promises, and fitSync refuses it", async () => {
  const net = regression();
  const order = [];
  await net.fit(x, y, {
    epochs: 9,
    learningRate: 1e-3,
    async onEpoch({ epoch }) {
      order.push(`begin ${epoch}`);
      await new Promise((resolve) => setTimeout(resolve));
      net.parameters[0] = epoch;
      net.parameters = net.parameters.slice();
      order.push(`end ${epoch}`);
      return epoch === 1;
    },
  });
  assert.deepEqual(order, ["begin 0", "end 0", "begin 1", "end 1"]);
  assert.equal(net.parameters[0], 1);
  const options = { epochs: 9, learningRate: 1e-3, onEpoch: async () => {} };
  assert.throws(() => net.fitSync(x, y, options), refuses("argument", /^onEpoch: expected no promise in fitSync$/));
  const failing = { ...options, onEpoch: () => Promise.reject(new Error("later")) };
  await assert.rejects(net.fit(x, y, failing), /later/);
  assert.equal(net.epochsTrained, 4);
  net.free(); // nothing uses it any more
});

test("what onEpoch throws ends training; the epochs so far are kept", async () => {
  const [net, same] = [regression(), regression()];
  const oops = new Error("oops");
  const options = {
    epochs: 50,
    batchSize: 100,
    learningRate: 1e-3,
    onEpoch({ epoch }) {
      if (epoch === 4) throw oops;
    },
  };
  await assert.rejects(net.fit(x, y, options), (error) => error === oops);
  same.fitSync(x, y, { epochs: 5, batchSize: 100, learningRate: 1e-3 });
  assert.deepEqual(net.toBytes(), same.toBytes());
  net.fitSync(x, y, { epochs: 1, learningRate: 1e-3 });
});

test("a schedule's function is asked for each epoch; what it throws or gives wrong ends training", async () => {
  const net = regression();
  const asked = [];
  const schedule = (epoch) => asked.push(epoch) / 2;
  net.fitSync(x, y, { epochs: 1, learningRate: 1e-3 });
  const history = net.fitSync(x, y, { epochs: 3, learningRate: 1e-3, schedule });
  assert.deepEqual(asked, [0, 1, 2]);
  assert.deepEqual(history.learningRate, [0.5e-3, 1e-3, 1.5e-3]);
  net.fitSync(x, y, { epochs: 1, learningRate: 1e-3, schedule, resume: true });
  assert.equal(asked[3], 4);
  const fails = (bad) => net.fit(x, y, { epochs: 3, learningRate: 1e-3, schedule: (epoch) => (epoch ? bad() : 1) });
  for (const bad of [NaN, -1, Infinity, "1", undefined]) {
    await assert.rejects(
      fails(() => bad),
      refuses("argument", /^schedule: expected a finite factor >= 0 for epoch 1, got/),
    );
  }
  const oops = new Error("oops");
  await assert.rejects(
    fails(() => {
      throw oops;
    }),
    (error) => error === oops,
  );
  assert.equal(net.epochsTrained, 11);
});

test("a signal ends training with its reason", async () => {
  const net = regression();
  const reason = new Error("enough");
  await assert.rejects(net.fit(x, y, { epochs: 3, signal: AbortSignal.abort(reason) }), (error) => error === reason);
  assert.equal(net.epochsTrained, 0);
  const during = new AbortController();
  const onEpoch = ({ epoch }) => epoch === 2 && during.abort();
  const options = { epochs: 9, learningRate: 1e-3, signal: during.signal, onEpoch };
  await assert.rejects(net.fit(x, y, options), { name: "AbortError" });
  assert.equal(net.epochsTrained, 3);
  const between = new AbortController();
  const [fit] = await withPauses(async () => {
    const fit = net.fit(x, y, { epochs: 1e6, learningRate: 1e-4, signal: between.signal });
    between.abort(reason);
    return fit.catch((error) => error);
  });
  assert.equal(fit, reason);
  assert.equal(net.epochsTrained, 4);
  await net.fit(x, y, { epochs: 1, learningRate: 1e-4, signal: new AbortController().signal });
});

test("a divergence keeps the last good epoch", async () => {
  for (const fit of ["fit", "fitSync"]) {
    const net = regression();
    let error;
    try {
      await net[fit](x, y, { epochs: 1000, learningRate: 10 });
    } catch (caught) {
      error = caught;
    }
    refuses(
      "diverged",
      /^fit: training diverged: .* in epoch \d+; the parameters from before that epoch are kept/,
    )(error);
    assert.equal(error.history.epoch.length, net.epochsTrained);
    assert.ok(net.epochsTrained > 0);
    const same = regression();
    same.fitSync(x, y, { epochs: net.epochsTrained, learningRate: 10 });
    assert.deepEqual(net.toBytes(), same.toBytes());
  }
  const net = regression();
  assert.throws(
    () => net.fitSync(x, y, { epochs: 5, batchSize: 9, learningRate: 1e300, standardize: true }),
    refuses("diverged", /epoch 0/),
  );
  assert.equal(net.inputScaling, null); // nothing was done
});

test("a network and an optimizer serve one training at a time, and can be read meanwhile", async () => {
  const [net, optimizer] = [regression(), new Optimizer("adam")];
  const other = regression();
  const options = { epochs: 9, optimizer };
  await withPauses(async () => {
    const training = net.fit(x, y, options);
    const busy = refuses("busy", /^a training is using this (network|optimizer)$/);
    await assert.rejects(net.fit(x, y, { epochs: 1 }), busy);
    await assert.rejects(other.fit(x, y, options), busy);
    for (const change of [
      () => net.fitSync(x, y, { epochs: 1 }),
      () => net.step(x, y, new Optimizer("sgd")),
      () => other.step(x, y, optimizer),
      () => net.applyGradient(net.parameters, new Optimizer("sgd")),
      () => other.applyGradient(net.parameters, optimizer),
      () => net.reset(),
      () => (net.parameters = net.parameters.slice()),
      () => (net.seed = 1),
      () => (net.inputScaling = null),
      () => (net.outputScaling = { shift: 0, scale: 1 }),
      () => (net.metadata = { a: 1 }),
      () => (net.featureNames = null),
      () => net.free(),
      () => optimizer.free(),
    ]) {
      assert.throws(change, busy, String(change));
    }
    assert.equal(net.epochsTrained, 1);
    assert.ok(
      net.evaluate(x, y).loss > 0 && net.summary() && net.fingerprint() && net.copy() && net.toBytes({ optimizer }),
    );
    optimizer.learningRate = 0.002;
    await training;
  });
  const [same, adam] = [regression(), new Optimizer("adam")];
  same.fitSync(x, y, {
    epochs: 9,
    optimizer: adam,
    onEpoch: ({ epoch }) => void (epoch === 0 && (adam.learningRate = 0.002)),
  });
  assert.deepEqual(net.toBytes(), same.toBytes());
  net.free();
  optimizer.free();
});

test("two trainings take turns", async () => {
  const order = [];
  const results = await withPauses(() =>
    Promise.all(
      [1, 2].map(async (seed) => {
        const net = regression({ seed });
        await net.fit(x, y, { epochs: 5, learningRate: 1e-3, onEpoch: () => void order.push(seed) });
        return net.fingerprint();
      }),
    ),
  );
  assert.deepEqual(order.slice(0, 4), [1, 2, 1, 2]);
  const alone = [1, 2].map((seed) => {
    const net = regression({ seed });
    net.fitSync(x, y, { epochs: 5, learningRate: 1e-3 });
    return net.fingerprint();
  });
  assert.deepEqual(results[0], alone);
});

test("within onEpoch the network cannot be changed but for its parameters", () => {
  const net = regression();
  const busy = refuses("busy", /^a training is using this network$/);
  net.fitSync(x, y, {
    epochs: 2,
    learningRate: 1e-3,
    onEpoch() {
      assert.throws(() => net.fitSync(x, y, { epochs: 1 }), busy);
      assert.throws(() => net.free(), busy);
      assert.throws(() => net.reset(), busy);
    },
  });
  assert.equal(net.epochsTrained, 2);
});

test("what a training was refused for leaves everything as it was", async () => {
  const net = regression();
  const before = net.toBytes();
  const optimizer = new Optimizer("adam");
  const bad = y.slice();
  bad[7] = NaN;
  await assert.rejects(
    net.fit(x, bad, { epochs: 3, optimizer, standardize: true }),
    refuses("argument", /^y: .*nan.* row 7/i),
  );
  assert.deepEqual(net.toBytes(), before);
  assert.equal(optimizer.steps, 0);
  net.fitSync(x, bad, { epochs: 3, optimizer, missing: "ignore" });
});
