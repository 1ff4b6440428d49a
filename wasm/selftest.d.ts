// SPDX-License-Identifier: BSD-3-Clause

/** One golden network, as trained here. */
export interface GoldenResult {
  name: string;
  /** After training here. */
  fingerprint: string;
  /** That of every machine and language. */
  expected: string;
  /** Of the last epoch, in hexadecimal, as C and Python write it. */
  loss: string;
  /** That of every machine and language. */
  expectedLoss: string;
  /** Whether both are the same to the bit. */
  same: boolean;
}

/**
 * Trains the golden networks, in a few hundred milliseconds altogether, with pauses in which a page stays alive.
 *
 * @param golden The text of `golden.txt`.
 * @param options `onNetwork`: called after each network with its result, and how many there are so far.
 * @returns `together` is what `python -m netlet selftest` prints for all networks together.
 */
export function selftest(
  golden: string,
  options?: { onNetwork?: (result: GoldenResult, count: number) => void },
): Promise<{ networks: GoldenResult[]; together: string; expectedTogether: string; passed: boolean }>;
