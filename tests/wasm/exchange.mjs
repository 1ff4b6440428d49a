// SPDX-License-Identifier: BSD-3-Clause
// Trains what cases.json in the folder of the argument says, saves it there, and loads what Python saved there.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { load, Network, Optimizer } from "netlet";

await load();
const folder = process.argv[2];
const cases = JSON.parse(await readFile(`${folder}/cases.json`, "utf8"));
const base64 = (values) => Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("base64");
const numbers = (text) => new Float64Array(new Uint8Array(Buffer.from(text, "base64")).buffer);

const trained = {};
for (const [name, { sizes, settings, optimizer, fit, data }] of Object.entries(cases)) {
  const net = new Network(sizes, settings);
  const { name: kind, ...rest } = optimizer;
  const steps = new Optimizer(kind, rest);
  const { x, y, sampleWeight, validation } = Object.fromEntries(
    Object.entries(data).map(([key, text]) => [key, Array.isArray(text) ? text.map(numbers) : numbers(text)]),
  );
  const history = await net.fit(x, y, { optimizer: steps, sampleWeight, validationData: validation, ...fit });
  await writeFile(`${folder}/${name}.javascript`, net.toBytes({ optimizer: steps }));
  trained[name] = {
    loss: base64(Float64Array.from(history.loss)),
    rate: history.learningRate,
    evaluation: net.evaluate(x, y, { missing: "ignore" }),
  };
}

const loaded = {};
for (const file of (await readdir(folder)).filter((file) => file.endsWith(".netlet"))) {
  const { network, optimizer } = Network.checkpointFromBytes(await readFile(`${folder}/${file}`));
  const x = Float64Array.from({ length: 7 * network.inputs }, (_, n) => ((n * 37) % 101) / 50 - 1);
  loaded[file.slice(0, -7)] = {
    bytes: base64(network.toBytes({ optimizer })),
    fingerprint: network.fingerprint(),
    outputs: base64(network.forward(x)),
    jacobian: base64(network.jacobian(x)),
    predictions: Array.from(network.predict(x)),
    summary: network.summary(),
    classes: network.classes,
    metadata: network.metadata,
    provenance: network.provenance,
    optimizer: optimizer && { name: optimizer.name, steps: optimizer.steps, ...optimizer.settings },
  };
}
// what Python noted of its training stays when other metadata are set, and goes when the network is trained here
const notes = Network.fromBytes(await readFile(`${folder}/notes.netlet`));
notes.metadata = { ...notes.metadata, more: '"netlet_provenance": {}}' };
await writeFile(`${folder}/notes.kept`, notes.toBytes());
notes.fitSync([1, 2, 3], [0], { epochs: 1 });
await writeFile(`${folder}/notes.trained`, notes.toBytes());
notes.metadata = null;
await writeFile(`${folder}/notes.empty`, notes.toBytes());
console.log(JSON.stringify({ trained, loaded }));
