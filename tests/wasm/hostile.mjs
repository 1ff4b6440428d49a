// SPDX-License-Identifier: BSD-3-Clause
// Bytes that are no file of netlet's: each must be refused, or be a network that can be used. As cpp/tests/file/
// fuzz_files.cpp, which a sanitizer watches; here it is the module's own memory that must stay whole, and 32-bit sizes.
// Argument: the folder of files. Prints how many were tried and loaded.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { load, Network, NetletError, numericsVersion, Optimizer, sha256 } from "netlet";

await load();
const fingerprint = () => {
  const net = new Network([3, 5, 2], { seed: 1 });
  net.fitSync(
    [
      [0, 1, 2],
      [2, 1, 0],
    ],
    [
      [0, 1],
      [1, 0],
    ],
    { epochs: 5, optimizer: "adam" },
  );
  const result = net.fingerprint();
  net.free();
  return result;
};
const before = fingerprint();
const count = { tried: 0, loaded: 0 };

// sameSize: whether saving it again must give as many bytes
function attempt(bytes, sameSize = true) {
  ++count.tried;
  let found;
  try {
    found = Network.checkpointFromBytes(bytes);
  } catch (error) {
    assert.ok(error instanceof NetletError, error.stack);
    assert.equal(error.code, "format", error.message);
    assert.ok(error.message);
    return error.message;
  }
  ++count.loaded;
  const { network, optimizer } = found;
  network.forward(new Float64Array(network.inputs));
  assert.ok(network.summary().includes("parameters"));
  const again = network.toBytes({ optimizer });
  if (sameSize && network.savedNumericsVersion === numericsVersion()) assert.equal(again.length, bytes.length);
  network.free();
  optimizer?.free();
  return null;
}

// Random numbers below a limit: the same in each run.
let state = 1;
const below = (limit) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * limit);
};

// ---- the files of all versions and of other programs: whole, cut, with bits flipped

const files = [];
for (const name of await readdir(process.argv[2])) {
  const bytes = new Uint8Array(await readFile(`${process.argv[2]}/${name}`));
  const message = attempt(bytes);
  assert.equal(message === null, name.endsWith(".netlet"), `${name}: ${message}`);
  if (message === null) files.push(bytes);
  for (let n = 0; n < 20; ++n) assert.ok(attempt(bytes.subarray(0, below(bytes.length))));
  for (let n = 0; n < 40; ++n) {
    const changed = bytes.slice();
    changed[below(bytes.length)] ^= 1 << below(8);
    assert.ok(attempt(changed));
  }
}
assert.ok(files.length >= 4);

// ---- every bit of a small file

const small = new Network([1, 1], { seed: 0 }).toBytes();
for (let i = 0; i < 8 * small.length; ++i) {
  const changed = small.slice();
  changed[i >> 3] ^= 1 << (i & 7);
  assert.ok(attempt(changed));
}
for (let size = 0; size < small.length; ++size) assert.ok(attempt(small.subarray(0, size)));

// ---- changes whose checksum is right

const latin1 = {
  encode: (text) => Uint8Array.from(text, (c) => c.charCodeAt(0)),
  decode: (b) => Buffer.from(b).toString("latin1"),
};

function sign(bytes) {
  const at = latin1.decode(bytes.subarray(0, 4096)).indexOf('"sha256":"') + 10;
  if (at < 10 || at + 64 > bytes.length) return bytes;
  bytes.fill(48, at, at + 64);
  bytes.set(latin1.encode(sha256(bytes)), at);
  return bytes;
}

// A file with a changed header; its length, padding and checksum are right again.
function withHeader(bytes, change) {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  let header = change(latin1.decode(bytes.subarray(8, 8 + length)).trimEnd());
  header = header.padEnd(Math.ceil(header.length / 8) * 8);
  const changed = new Uint8Array(8 + header.length + bytes.length - 8 - length);
  new DataView(changed.buffer).setBigUint64(0, BigInt(header.length), true);
  changed.set(latin1.encode(header), 8);
  changed.set(bytes.subarray(8 + length), 8 + header.length);
  return sign(changed);
}

const adam = new Optimizer("adam");
const rprop = new Optimizer("rprop");
for (const [settings, optimizer] of [
  [{ loss: "huber", huberDelta: 2, dropout: 0.5 }, adam],
  [{ loss: "quantile", quantile: [0.1, 0.9], dtype: "float32" }, rprop],
]) {
  const net = new Network([2, 3, 2], { activation: "gelu", outputActivation: "identity", seed: 2, ...settings });
  net.inputScaling = { shift: [1, 2], scale: [3, 4] };
  net.featureNames = ["a", "b"];
  net.step([1, 2], [3, 4], optimizer);
  files.push(net.toBytes({ optimizer }));
}
for (const file of files) assert.equal(attempt(withHeader(file, (header) => header)), null);

// Numbers that 32 bits, 64 bits or a double cannot hold, in place of each number of the header.
const numbers = [31, 32, 33, 53, 63, 64].flatMap((power) =>
  [-1n, 0n, 1n, 2n, 3n].map((more) => 2n ** BigInt(power) + more),
);
numbers.push(0n, 10n ** 30n, ...[61, 62, 29, 30].map((power) => 2n ** BigInt(power)));
const ANY = /"(netlet_version|numerics_version|seed|epochs_trained|optimizer_steps|optimizer_plateau_epochs)":"[^"]*$/;
for (const file of files.slice(-2)) {
  let places = 1;
  for (let place = 0; place < places; ++place) {
    for (const number of numbers) {
      let [at, before] = [-1, ""];
      const changed = withHeader(file, (header) => {
        places = header.match(/\d+/g).length;
        return header.replace(/\d+/g, (own, offset) => {
          if (++at !== place) return own;
          before = header.slice(0, offset);
          return String(number);
        });
      });
      const refused = attempt(changed, !/"netlet_version":"[^"]*$/.test(before));
      assert.ok(refused || ANY.test(before) || changed.length === file.length, `${before.slice(-40)}${number}`);
    }
  }
}

const words = ['"', "{", "}", ",", ":", " ", "0", "9", "18446744073709551616", "4294967296", "relu", "softmax", "none"];
words.push("optimizer", "layers.0.weight", "F32", "F64", "-1", "\\u0000", "\xff");
for (let n = 0; n < 4000; ++n) {
  let bytes = Array.from(files[below(files.length)]);
  for (let changes = 1 + below(4); changes > 0 && bytes.length > 8; --changes) {
    const header = bytes[0] + 256 * bytes[1];
    const at = below(below(3) && header < bytes.length - 8 ? header + 8 : bytes.length);
    const kind = below(7);
    if (kind === 0) bytes[at] ^= 1 << below(8);
    if (kind === 1) bytes[at] = below(256);
    if (kind === 2) bytes.length = at;
    if (kind === 3) bytes.splice(at, 1);
    if (kind === 4) bytes.splice(at, 0, ...latin1.encode(words[below(words.length)]));
    if (kind === 5) bytes.splice(at, 0, ...bytes.slice(at, at + below(bytes.length - at)));
    if (kind === 6) {
      for (let i = at; i < Math.min(bytes.length, at + 20); ++i)
        if (bytes[i] >= 48 && bytes[i] < 58) bytes[i] = 48 + below(10);
    }
  }
  bytes = Uint8Array.from(bytes);
  if (below(4) && bytes.length >= 8) {
    const end = latin1.decode(bytes).lastIndexOf("]}}");
    if (end >= 0 && below(2))
      new DataView(bytes.buffer).setBigUint64(0, BigInt(Math.ceil((end + 3 - 8) / 8) * 8), true);
    sign(bytes);
  }
  attempt(bytes);
}

// ---- notes of other programs

const noted = new Network([2, 2], { loss: "cross_entropy", seed: 0 });
noted.classes = ["a", "b"];
noted.metadata = { a: 1 };
const notes = noted.toBytes();
const quoted = (value) => JSON.stringify(JSON.stringify(value)).slice(1, -1);
for (const other of ["5", "null", "{}", "[1]", "[1,null]", "[[],[]]", "no", "", quoted(["a"]), quoted({ length: 2 })]) {
  const bytes = withHeader(notes, (header) => header.replace(quoted(["a", "b"]), other));
  if (other !== "null" && other !== "") assert.match(attempt(bytes, false) ?? "", /notes|damaged/, other);
  const changed = withHeader(notes, (header) => header.replace(quoted({ a: 1 }), other));
  assert.notDeepEqual(changed, notes);
  let net;
  try {
    net = Network.fromBytes(changed);
  } catch (error) {
    assert.equal(error.code, "format");
    continue;
  }
  if (other.startsWith("{")) assert.deepEqual(Object.keys(net.metadata), other === "{}" ? [] : ["length"]);
  else assert.throws(() => net.metadata, { code: "format" });
  assert.equal(net.provenance, null);
  net.fitSync([1, 2], [0], { epochs: 1 });
  net.metadata = { b: 2 };
  assert.deepEqual(net.copy().metadata, { b: 2 });
}

// ---- headers that lie about their own length, and depths that a stack cannot hold

for (const length of [0n, 1n, 8n, 2n ** 31n, 2n ** 32n, 2n ** 32n + 8n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n - 8n]) {
  const bytes = small.slice();
  new DataView(bytes.buffer).setBigUint64(0, length, true);
  assert.ok(attempt(bytes));
}
for (const text of ['{"__metadata__":', "[", '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},', "\xff\xfe"]) {
  const header = latin1.encode(text.repeat(100_000));
  const bytes = new Uint8Array(8 + header.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(header, 8);
  assert.ok(attempt(bytes));
}

assert.equal(fingerprint(), before);
console.log(JSON.stringify(count));
