// SPDX-License-Identifier: BSD-3-Clause
// What the page shows of a network from a file.

// A name for each output, from what the network is.
function outputNames(network) {
  const { lossName: loss, outputs, classes } = network;
  if (loss === "cross_entropy") return classes?.map(String) ?? Array.from({ length: outputs }, (_, i) => `class ${i}`);
  if (loss === "binary_cross_entropy" && outputs === 1 && classes) return [`probability of ${classes[1]}`];
  if (loss === "quantile") {
    return network.quantiles.map((level, i) => `output ${i + 1}, quantile ${level}`);
  }
  if (loss === "gaussian_nll") {
    return Array.from({ length: outputs }, (_, i) => `${i % 2 ? "log variance" : "mean"} ${(i >> 1) + 1}`);
  }
  return Array.from({ length: outputs }, (_, i) => `output ${i + 1}`);
}

export function describe(network) {
  const names = network.featureNames;
  const centre = network.inputScaling?.shift ?? new Float64Array(network.inputs);
  return {
    summary: network.summary(),
    fingerprint: network.fingerprint(),
    inputs: names?.map(String) ?? Array.from({ length: network.inputs }, (_, i) => `input ${i + 1}`),
    outputs: outputNames(network),
    metadata: network.metadata,
    start: Array.from(centre),
    // outputs that are probabilities, to be shown as bars: a sigmoid's are not, if it has learned by squared errors
    shares: ["cross_entropy", "binary_cross_entropy"].includes(network.lossName),
    exclusive: network.lossName === "cross_entropy",
  };
}

export function outputs(network, values) {
  return Array.from(network.forward(Float64Array.from(values), 1));
}
