// SPDX-License-Identifier: BSD-3-Clause
// What ends in the middle of the module, whose memory then is as it happens to be.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load, Network, NetletError } from "netlet";

await load();
const made = () => new Network([2, 3, 1], { seed: 0 });
const stopped = (error) => error instanceof NetletError && error.code === "stopped";
const nested = (net) => net.fitSync([[0, 0]], [0], { epochs: 1, onEpoch: () => nested(made()) });

test("an exhausted stack stops the module, and each call says so", () => {
  const net = made();
  assert.throws(() => nested(made()), stopped);
  for (const call of [() => net.forward([0, 1]), () => net.fingerprint(), () => net.inputs, made]) {
    assert.throws(call, (error) => stopped(error) && /^netlet\.wasm was stopped by .*; load it again/.test(error.message));
  }
  net.free();
});
