// SPDX-License-Identifier: BSD-3-Clause
// The two networks that the page trains: as xor.py and digits.py do.

import { Network } from "../netlet.js";

const FRAME = 30; // milliseconds between two reports to the page

// Calls `report` with what `progress` makes of the epochs since, as often as the page can show it.
function frames(report, progress) {
  let shown = -Infinity;
  let losses = [];
  return (epoch) => {
    losses.push(epoch.loss);
    if (performance.now() - shown < FRAME) return;
    report({ epoch: epoch.epoch, losses, ...progress(epoch) });
    losses = [];
    shown = performance.now();
  };
}

const seconds = (history) => history.seconds.reduce((sum, value) => sum + value, 0);

const SIZE = 48; // points of the surface in each direction

// What a network with two inputs says of points from -0.25 to 1.25 in both directions, row by row from the top.
function surface(network) {
  const points = new Float64Array(2 * SIZE * SIZE);
  for (let i = 0; i < SIZE * SIZE; ++i) {
    points[2 * i] = -0.25 + (1.5 * ((i % SIZE) + 0.5)) / SIZE;
    points[2 * i + 1] = 1.25 - (1.5 * (Math.floor(i / SIZE) + 0.5)) / SIZE;
  }
  return network.forward(points);
}

const XOR = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];
const STAGE = 100; // epochs between two that can be looked at again

export async function trainXor(report, signal) {
  const network = new Network([2, 3, 1], { seed: 0 });
  const stages = [network.parameters.slice()];
  const show = frames(report, () => ({ surface: surface(network) }));
  const history = await network.fit(XOR, [[0], [1], [1], [0]], {
    epochs: 10_000,
    learningRate: 0.1,
    signal,
    onEpoch(epoch) {
      if ((epoch.epoch + 1) % STAGE === 0) stages.push(network.parameters.slice());
      show(epoch);
    },
  });
  return {
    network,
    stages,
    fingerprint: network.fingerprint(),
    milliseconds: 1000 * seconds(history),
    loss: history.loss,
    ...lookedAt(network),
  };
}

const lookedAt = (network) => ({ outputs: network.forward(XOR), surface: surface(network) });

// What the network said when it had these parameters.
export function xorAt(network, parameters) {
  const copy = network.copy();
  copy.parameters = parameters;
  const result = lookedAt(copy);
  copy.free();
  return result;
}

// Every fourth digit is held out.
function split(data) {
  const count = data.length / 65;
  const chosen = (held) => Array.from({ length: count }, (_, row) => row).filter((row) => (row % 4 === 0) === held);
  const pixels = (row) => data.subarray(64 * row, 64 * row + 64);
  const taken = (rows) => ({
    rows,
    x: rows.map((row) => Float64Array.from(pixels(row), (value) => value / 16)),
    y: rows.map((row) => data[64 * count + row]),
  });
  return { train: taken(chosen(false)), test: taken(chosen(true)), pixels };
}

export async function trainDigits(data, report, signal) {
  const { train, test, pixels } = split(data);
  const network = new Network([64, 100, 10], {
    activation: "relu",
    loss: "cross_entropy",
    reduction: "mean",
    init: "he_uniform",
    seed: 0,
  });
  const history = await network.fit(train.x, train.y, {
    epochs: 50,
    batchSize: 32,
    optimizer: "adam",
    learningRate: 0.003,
    signal,
    validationData: [test.x, test.y],
    onEpoch: (epoch) =>
      report({
        epoch: epoch.epoch,
        loss: epoch.loss,
        validationLoss: epoch.validationLoss,
        accuracy: epoch.validationAccuracy,
        weights: network.weights[0].slice(),
      }),
  });
  const read = network.predict(test.x);
  const misread = [];
  for (const [i, row] of test.rows.entries()) {
    if (read[i] === test.y[i]) continue;
    misread.push({ pixels: pixels(row).slice(), digit: test.y[i], read: read[i] });
  }
  return {
    network,
    fingerprint: network.fingerprint(),
    milliseconds: 1000 * seconds(history),
    trained: train.y.length,
    heldOut: test.y.length,
    misread,
  };
}
