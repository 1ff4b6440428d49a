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

// What a network with two inputs says, row by row, of points from -0.25 to 1.25 in both directions; the first row is at the top.
function surface(network) {
  const size = SIZE;
  const points = new Float64Array(2 * size * size);
  for (let i = 0; i < size * size; ++i) {
    points[2 * i] = -0.25 + (1.5 * ((i % size) + 0.5)) / size;
    points[2 * i + 1] = 1.25 - (1.5 * (Math.floor(i / size) + 0.5)) / size;
  }
  return network.forward(points);
}

export async function trainXor(report) {
  const x = [[0, 0], [0, 1], [1, 0], [1, 1]];
  const y = [[0], [1], [1], [0]];
  const network = new Network([2, 3, 1], { seed: 0 });
  const history = await network.fit(x, y, {
    epochs: 10_000,
    learningRate: 0.1,
    onEpoch: frames(report, () => ({ surface: surface(network) })),
  });
  return {
    network,
    fingerprint: network.fingerprint(),
    milliseconds: 1000 * seconds(history),
    loss: history.loss,
    outputs: network.forward(x),
    surface: surface(network),
  };
}

// Every fourth digit is held out.
function split(data) {
  const rows = data.length / 65;
  const parts = { train: [], test: [] };
  for (let row = 0; row < rows; ++row) parts[row % 4 === 0 ? "test" : "train"].push(row);
  const taken = (chosen) => {
    const x = new Float64Array(64 * chosen.length);
    chosen.forEach((row, i) => x.set(Float64Array.from(data.subarray(64 * row, 64 * row + 64), (v) => v / 16), 64 * i));
    return { x, y: Int32Array.from(chosen, (row) => data[64 * rows + row]) };
  };
  return { train: taken(parts.train), test: taken(parts.test), testRows: parts.test };
}

export async function trainDigits(data, report) {
  const { train, test, testRows } = split(data);
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
  for (const [i, row] of testRows.entries()) {
    if (read[i] === test.y[i]) continue;
    misread.push({ pixels: data.slice(64 * row, 64 * row + 64), digit: test.y[i], read: read[i] });
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
