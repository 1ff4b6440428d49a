// SPDX-License-Identifier: BSD-3-Clause
// As examples/digits.py. Arguments: the images, a byte for each pixel; the labels, a byte for each.
import { readFile } from "node:fs/promises";
import { load, Network } from "netlet";

await load();
const [images, labels] = await Promise.all(process.argv.slice(2).map((path) => readFile(path)));
const x = Array.from(labels, (_, n) => Float64Array.from(images.subarray(64 * n, 64 * (n + 1)), (pixel) => pixel / 16));
const y = Array.from(labels);
const training = (_, n) => n % 4 !== 0;
const held = [x, y].map((all) => all.filter((_, n) => n % 4 === 0));

const options = { activation: "relu", loss: "cross_entropy", reduction: "mean", init: "he_uniform", seed: 0 };
const net = new Network([64, 100, 10], options);
const begin = performance.now();
const history = await net.fit(x.filter(training), y.filter(training), {
  ...{ epochs: 50, batchSize: 32, optimizer: "adam", learningRate: 0.003, validationData: held },
});
const seconds = (performance.now() - begin) / 1000;
const wrong = net.predict(held[0]).reduce((count, digit, n) => count + Number(digit !== held[1][n]), 0);
const accuracy = history.validationAccuracy.at(-1);
console.log(JSON.stringify({ fingerprint: net.fingerprint(), wrong, rows: held[1].length, accuracy, seconds }));
