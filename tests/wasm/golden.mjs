// SPDX-License-Identifier: BSD-3-Clause
// Prints what the self-test finds, and what it finds if golden.txt were another.
import { readFile } from "node:fs/promises";
import { isa, load, numericsVersion, version } from "netlet";
import { selftest } from "netlet/selftest";

await load();
const golden = await readFile(new URL(import.meta.resolve("netlet/golden.txt")), "utf8");
const seen = [];
const found = await selftest(golden, { onNetwork: ({ name }, count) => seen.push([name, count]) });
const first = golden.split("\n").find((line) => line.startsWith("tutorial "));
const others = [first.replace(/ : ./, " : x"), first.replace(/p-1$/, "p-2"), "# nothing\n"];
const failed = [];
for (const other of others) failed.push((await selftest(other)).passed);
console.log(JSON.stringify({ isa: isa(), numerics: numericsVersion(), version: version(), seen, failed, ...found }));
