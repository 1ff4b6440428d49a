// SPDX-License-Identifier: BSD-3-Clause
// Prints the public names of the package, and of its classes.
import * as netlet from "netlet";

const found = { "": Object.keys(netlet) };
for (const [name, value] of Object.entries(netlet)) {
  if (!/^class /.test(String(value)) || name === "NetletError") continue;
  const names = Object.getOwnPropertyNames(value).filter((own) => !["length", "name", "prototype"].includes(own));
  for (let at = value.prototype; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    names.push(...Object.getOwnPropertyNames(at));
  }
  found[name] = [...new Set(names)].filter((own) => !own.startsWith("_")).sort();
}
console.log(JSON.stringify(found));
