// SPDX-License-Identifier: BSD-3-Clause
// A program that TypeScript must accept; a line with @ts-expect-error is one that it must refuse.
import type { Activation, Epoch, Floats, History, Schedule } from "netlet";
import { load, Network, NetletError, Optimizer, sha256, version } from "netlet";
import { selftest } from "netlet/selftest";

export async function main(source: Response): Promise<void> {
  await load();
  await load(source);
  await load(new Uint8Array(4));
  await load(fetch("netlet.wasm"));
  const activation: Activation = "relu";
  const net = new Network([2, 3, 1], { activation, seed: 1n, dropout: [0.5], loss: "huber" });
  const schedules: Schedule[] = [{ name: "cosine", period: 3 }, (epoch) => 1 / (1 + epoch), { name: "step" }];
  const history: History = await net.fit([[0, 1], new Float32Array(2)], Int8Array.of(1, 2), {
    epochs: 3,
    schedule: schedules[0],
    optimizer: { name: "adam", beta1: 0.5 },
    validationData: [[0, 1], [1]],
    onEpoch: async ({ loss }: Epoch) => loss < 1,
    signal: new AbortController().signal,
  });
  const last: number = history.validationLoss[0];
  const outputs: Floats = net.forward(new Float64Array(2), 1);
  outputs.fill(last);
  net.parameters = [1, 2, 3];
  net.parameters.set(net.weights[0]);
  net.inputScaling = { shift: 0, scale: [1, 2] };
  const bytes: Uint8Array = net.toBytes({ optimizer: new Optimizer("sgd", { momentum: 0.9 }) });
  new Blob([net.toBytes()]);
  const { network, optimizer } = Network.checkpointFromBytes(bytes.buffer);
  const steps: number | undefined = optimizer?.steps;
  const text: string = network.summary() + String(network.seed) + sha256(bytes) + version() + String(steps);
  try {
    net.step([1, 2], [1], new Optimizer("rprop"), { missing: "ignore" });
  } catch (error) {
    if (error instanceof NetletError && error.code === "diverged") console.log(error.history?.loss, text);
  }
  const { passed, together }: { passed: boolean; together: string } = await selftest("");
  console.log(passed, together);
  net[Symbol.dispose]();

  // @ts-expect-error
  new Network([2, 1], { activation: "Relu" });
  // @ts-expect-error
  new Network([2, 1], { output_activation: "relu" });
  // @ts-expect-error
  net.fit([1], [1], {});
  // @ts-expect-error
  net.fit([1], [1], { epochs: 1, schedule: { name: "cosine" } });
  // @ts-expect-error
  net.forward("x");
  // @ts-expect-error
  net.step([1], [1], "sgd");
  // @ts-expect-error
  net.epochsTrained = 3;
  // @ts-expect-error
  new Optimizer("Adam");
}
