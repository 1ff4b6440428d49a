// SPDX-License-Identifier: BSD-3-Clause
// The first calls of a process, for which the module's memory still has to grow.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load, Network } from "netlet";

test("the first summary has all its numbers", async () => {
  await load();
  assert.match(new Network([2, 3, 1], { seed: 0 }).summary(), /^13 parameters, 104 B$/m);
});
