// SPDX-License-Identifier: BSD-3-Clause
/**
 * netlet for JavaScript: small fully connected networks, trained and evaluated with the same bits as in Python, C, C++
 * and Fortran.
 *
 * ```js
 * import { load, Network } from "netlet";
 *
 * await load();
 * const net = new Network([2, 3, 1], { seed: 0 });
 * await net.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], { epochs: 1000, learningRate: 1 });
 * net.forward([[0, 1]]); // Float64Array
 * net.fingerprint(); // what Python prints after the same training
 * ```
 *
 * Names, defaults and results are those of the Python package, with camelCase for underscores.
 *
 * **Errors.** Whatever goes wrong is a {@link NetletError}, whose message names the argument, what was expected and what
 * came. Nothing has changed then, unless stated otherwise.
 *
 * **Memory.** Arguments are copied into the module's memory for the length of a call (of a whole training), and results
 * are copied out of it, except `parameters`, `weights` and `biases`. Networks and optimizers live in the module's memory
 * until they are garbage-collected, or at once with `free()`; free many or large ones by hand, since the collector does
 * not know their size. The module's memory grows up to 4 GiB and never shrinks.
 *
 * @packageDocumentation
 */

declare global {
  interface SymbolConstructor {
    /** As the library `esnext.disposable` declares it, for those who do not have it. */
    readonly dispose: unique symbol;
  }
}

/** The module: its bytes, a response that has them, or the compiled module; or a promise of one. */
export type Source = BufferSource | WebAssembly.Module | Response;

/**
 * Loads `netlet.wasm`; everything else needs this first. Later calls wait for the same module, whatever their argument;
 * after a failure, which is what the platform says of it, the next call tries again.
 *
 * @param source By default `netlet.wasm` beside this file, by `fetch`, or in Node from the disk.
 */
export function load(source?: Source | PromiseLike<Source>): Promise<void>;

/** The library's version, such as `"0.1.0"`. */
export function version(): string;

/** Raised whenever a change alters any bit of a result. */
export function numericsVersion(): number;

/** The instruction set in use: `"wasm"`, WebAssembly's 128-bit vectors. */
export function isa(): string;

/** SHA-256 in hexadecimal, also where `crypto.subtle` is missing. */
export function sha256(bytes: ArrayBufferView | ArrayBufferLike): string;

/**
 * What went wrong, for programs:
 *
 * - `"argument"`: a value, shape or name that is not allowed, or an object that was freed
 * - `"memory"`: out of memory, or sizes beyond what 4 GiB can hold
 * - `"busy"`: a training is using the network or the optimizer
 * - `"diverged"`: a loss or a parameter is not finite
 * - `"stopped"`: the module was stopped by a trap or an exhausted stack, and with it all that it owns
 * - `"format"`: not a netlet file, or a damaged one, or one that is too new
 * - `"file"`: the server has no `netlet.wasm`
 */
export type ErrorCode = "argument" | "memory" | "busy" | "diverged" | "stopped" | "format" | "file";

/** Every error of this library. */
export class NetletError extends Error {
  /** What went wrong, for programs. */
  readonly code: ErrorCode;
  /** If a training diverged: its complete epochs. */
  readonly history?: History;
  constructor(code: ErrorCode, message: string);
}

/** What a network computes with: of parameters, activations and results. */
export type Dtype = "float32" | "float64";

/** See the Python class `Network`; `"leaky_relu"` has the slope 0.01, and `"softmax"` is for output layers. */
export type Activation =
  | "identity"
  | "sigmoid"
  | "tanh"
  | "relu"
  | "leaky_relu"
  | "elu"
  | "softplus"
  | "silu"
  | "gelu"
  | "hard_sigmoid"
  | "softmax"
  | "mish";

/** With output y and target t, summed over the targets of a row: see the Python class `Network` for the formulas. */
export type Loss =
  | "squared_error"
  | "absolute_error"
  | "huber"
  | "poisson"
  | "quantile"
  | "binary_cross_entropy"
  | "cross_entropy"
  | "log_cosh"
  | "gaussian_nll";

/** `"sum"` of the rows' losses and gradients, or their `"mean"`, weighted if there are weights. */
export type Reduction = "sum" | "mean";

/** Uniform in ±sqrt(6 / (inputs + outputs)), or in ±sqrt(6 / inputs); biases 0. */
export type Init = "glorot_uniform" | "he_uniform";

/** `"refuse"`: NaN among the targets is an error. `"ignore"`: it is a target that is missing, and adds nothing. */
export type Missing = "refuse" | "ignore";

/** Of the network's dtype. */
export type Floats = ReturnType<Float32Array["slice"]> | ReturnType<Float64Array["slice"]>;
type Int32s = ReturnType<Int32Array["slice"]>; // from TypeScript 5.7 on, of an ArrayBuffer that is not shared
type Bytes = ReturnType<Uint8Array["slice"]>;

/** A typed array of numbers, 64-bit integers included. It may lie in shared memory. */
export type TypedNumbers =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** Numbers in one dimension. */
export type Vector = TypedNumbers | readonly number[] | readonly boolean[];

/**
 * Rows of numbers: an array with a vector for each row, or all of them one after the other in a flat vector. Typed
 * arrays keep their precision (a `Float32Array` is read exactly by a network of float64), everything else is read as
 * float64.
 */
export type Rows = Vector | readonly Vector[];

/** What the constructor of {@link Network} takes. */
export interface NetworkOptions {
  /** For all hidden layers; or a list with one name for each layer, output layer included. Default `"sigmoid"`. */
  activation?: Activation | readonly Activation[];
  /**
   * Default: `"softmax"` for cross_entropy, `"sigmoid"` for binary_cross_entropy, `"identity"` for poisson and
   * gaussian_nll, otherwise `activation`.
   */
  outputActivation?: Activation;
  /** Default `"squared_error"`. */
  loss?: Loss;
  /** Default `"sum"`. */
  reduction?: Reduction;
  /** Default `"float64"`. */
  dtype?: Dtype;
  /** Default `"glorot_uniform"`. */
  init?: Init;
  /**
   * Determines the initial values, the order of the rows and dropout: from 0 to 2**64 - 1, beyond 2**53 as a bigint. If
   * there is none, one is drawn; the attribute `seed` has it.
   */
  seed?: number | bigint | null;
  /** The share of each hidden layer's outputs that a training step drops; one for all, or one for each. Default 0. */
  dropout?: number | readonly number[] | Float64Array;
  /** For the loss huber, on the network's scale. Default 1. */
  huberDelta?: number;
  /** For the loss quantile, between 0 and 1; one for all outputs, or one for each. Default 0.5. */
  quantile?: number | readonly number[] | Float64Array;
}

/** A network computes with `(x - shift) / scale` of its inputs, or gives `y * scale + shift` of its outputs. */
export interface Scaling {
  /** For each input or target. */
  shift: Float64Array;
  /** For each input or target; positive. */
  scale: Float64Array;
}

/** What {@link Network.evaluate} computes over all rows. */
export interface Evaluation {
  /** As `reduction` says; on the network's scale. */
  loss: number;
  /** The share of rows whose class is right; NaN for losses without classes. */
  accuracy: number;
  /** The root of the mean squared error, in the targets' own units; NaN for losses with classes. */
  rmse: number;
  /** The mean absolute error, likewise. */
  mae: number;
}

/** Options of the calls that compare with targets. */
export interface TargetOptions {
  /** A weight >= 0 for each row, that multiplies its loss. */
  sampleWeight?: Vector | null;
  /** Default `"refuse"`. */
  missing?: Missing;
}

/** What an epoch gave. */
export interface Epoch {
  /** Counted from 0 over the network's life. */
  epoch: number;
  /** That of its batches, each before its own update; on the network's scale. */
  loss: number;
  /** Wall time. */
  seconds: number;
  /** The schedule included. */
  learningRate: number;
  /** As in {@link Evaluation}, before each update. */
  accuracy: number;
  /** After the epoch; NaN without validation data. */
  validationLoss: number;
  /** After the epoch; NaN without validation data or classes. */
  validationAccuracy: number;
}

/** The epochs of one training: an array of each figure. Figures that there are not have empty arrays. */
export type History = { [name in keyof Epoch]: number[] };

/** The factor by which the optimizer's learning rate is multiplied in an epoch, counted from 0 in the call. */
export type Schedule =
  /** `gamma ** floor(epoch / period)`; defaults 0.1 and 30. */
  | { name: "step"; gamma?: number; period?: number }
  /** `gamma ** epoch`; default 0.99. */
  | { name: "exponential"; gamma?: number }
  /** Half a period of the cosine from 1 down to `floor`, default 0. */
  | { name: "cosine"; period: number; floor?: number }
  /**
   * Multiplied by `gamma`, default 0.1, but at least `floor`, default 0, whenever `patience` epochs, default 10, have
   * passed without a loss (of the validation data, if any) that is lower by more than `minDelta`, default 0.
   */
  | { name: "plateau"; gamma?: number; patience?: number; minDelta?: number; floor?: number }
  /** Called at the beginning of each epoch. */
  | ((epoch: number) => number);

/** What {@link Network.fit} takes. */
export interface FitOptions extends TargetOptions {
  /** How many times to pass through all rows. */
  epochs: number;
  /** Rows in a batch. Default: all, so one step in each epoch. */
  batchSize?: number | null;
  /**
   * One that continues from its state; or a name, or a name and settings, for a new one. Default: gradient descent.
   */
  optimizer?: Optimizer | OptimizerName | ({ name: OptimizerName } & OptimizerSettings) | null;
  /** For gradient descent, 0.1 by default, or for an optimizer given by name. */
  learningRate?: number | null;
  /** Whether each epoch has a new order of the rows; never that of a single batch. Default true. */
  shuffle?: boolean;
  /** For the order of the rows and dropout. Default: the network's. */
  seed?: number | bigint | null;
  /** Its loss is computed after each epoch. */
  validationData?: readonly [x: Rows, y: Rows] | readonly [x: Rows, y: Rows, sampleWeight: Vector | null] | null;
  /**
   * Stop after this many epochs in which the loss (that of the validation data, if any) has not improved by more than
   * `minDelta`. However training ends, except by an error, the parameters of the last improvement are then restored:
   * those after its epoch or, without validation data, those before it.
   */
  patience?: number | null;
  /** For `patience`. Default 0. */
  minDelta?: number;
  /** Default: a constant learning rate. */
  schedule?: Schedule | null;
  /** Go on with a schedule where the network's life is, instead of beginning it with this call. Default false. */
  resume?: boolean;
  /**
   * Learn the scalings of inputs and of outputs from the data first, unless the network has them. Default false.
   */
  standardize?: boolean | "inputs" | "outputs";
  /**
   * Called after each epoch; `true` ends training. It may evaluate, save and copy the network, and write to its
   * parameters. {@link Network.fit} waits for a promise. What it throws ends training; the epochs so far are kept.
   */
  onEpoch?: ((epoch: Epoch) => unknown) | null;
  /** Ends training, with the signal's reason as the error, after the epoch that is running; the epochs so far are kept. */
  signal?: AbortSignal | null;
}

/** A fully connected network: forward pass, backward pass, training. */
export class Network {
  /**
   * @param layerSizes Inputs, hidden layers, outputs: at least two sizes.
   */
  constructor(layerSizes: Vector, options?: NetworkOptions);

  /**
   * A network that any language has saved. The bytes are checked: their form, the checksum, all values, and that the
   * network computes the same bits here.
   */
  static fromBytes(bytes: ArrayBufferView | ArrayBufferLike): Network;
  /** The same, and the optimizer that was saved with the network; null if there is none. */
  static checkpointFromBytes(bytes: ArrayBufferView | ArrayBufferLike): {
    network: Network;
    optimizer: Optimizer | null;
  };
  /** The bytes of a `.netlet` file, which every language reads and writes. */
  toBytes(options?: { optimizer?: Optimizer | null }): Bytes;
  /** An independent network with the same everything. */
  copy(): Network;
  /** Frees its memory. Every later use is an error, but to free it again. */
  free(): void;
  [Symbol.dispose](): void;

  /** Inputs, hidden layers, outputs. */
  readonly layerSizes: number[];
  /** Inputs in a row. */
  readonly inputs: number;
  /** Outputs in a row. */
  readonly outputs: number;
  /** Targets in a row: as many as outputs, with gaussian_nll half as many. */
  readonly targets: number;
  /** Of each layer. */
  readonly activations: Activation[];
  /** The name of the loss. */
  readonly lossName: Loss;
  readonly reduction: Reduction;
  readonly dtype: Dtype;
  /** Of each hidden layer. */
  readonly dropout: number[];
  /** 1 for other losses than huber. */
  readonly huberDelta: number;
  /** Of each output; 0.5 for other losses than quantile. */
  readonly quantiles: number[];
  /** Of the initial values, of dropout and of the order of the rows. */
  get seed(): bigint;
  set seed(seed: number | bigint);
  /** Epochs of `fit` over the network's life. */
  readonly epochsTrained: number;
  /** The numerics version under which the network was saved; the present one for a new network. */
  readonly savedNumericsVersion: number;

  /**
   * W1, b1, W2, b2, ...: a view of the module's memory, which may be written to. It is valid until the module's memory
   * grows, which any call that allocates may do; it then has length 0. Read the property anew rather than keep it.
   * Setting it copies as many numbers into place.
   */
  get parameters(): Floats;
  set parameters(values: Vector);
  /** Views, as `parameters`: for each layer inputs x outputs values, row after row, as in `x @ W + b`. */
  readonly weights: Floats[];
  /** Views, as `parameters`: for each layer a value for each output. */
  readonly biases: Floats[];
  /**
   * Sets the parameters to initial values and `epochsTrained` to 0, as if the network were new.
   *
   * @param options `seed`: by default the network's own. `init`: by default what the network was made with; needed for
   * one that was loaded.
   */
  reset(options?: { seed?: number | bigint | null; init?: Init | null }): void;

  /** That of the inputs; null if there is none. */
  get inputScaling(): Scaling | null;
  set inputScaling(scaling: { shift: number | Vector; scale: number | Vector } | null);
  /** That of the outputs, a value for each target; null if there is none. Targets are scaled accordingly. */
  get outputScaling(): Scaling | null;
  set outputScaling(scaling: { shift: number | Vector; scale: number | Vector } | null);

  /** The label of each output (binary_cross_entropy: of 0 and of 1); null if there are none. Set it as a whole. */
  classes: (string | number | boolean)[] | null;
  /** The name of each input; null if there are none. */
  featureNames: string[] | null;
  /** Yours, saved with the network: what JSON can say. Set it as a whole. Integers beyond 2**53 are read rounded. */
  get metadata(): Record<string, unknown>;
  set metadata(object: Record<string, unknown> | null);
  /** What Python has noted about the last training; null if there is nothing. `fit` here forgets it. */
  readonly provenance: Record<string, unknown> | null;

  /** SHA-256 of all that outputs and losses depend on, in every language the same. */
  fingerprint(): string;
  /** A description, as in Python. */
  summary(): string;
  toString(): string;

  /**
   * The outputs of rows of inputs: rows x outputs values of the network's dtype, row after row.
   *
   * @param rows Their number, for a check.
   */
  forward(x: Rows, rows?: number): Floats;
  /**
   * With cross_entropy the index of each row's largest output; with binary_cross_entropy whether each output is above
   * 1/2, as 0 or 1; both as an `Int32Array`, also if the network has `classes`. With poisson the rates; with
   * gaussian_nll the means; with other losses the outputs.
   */
  predict(x: Rows, rows?: number): Int32s | Floats;
  /** The derivative of each output with respect to each input: rows x outputs x inputs values. */
  jacobian(x: Rows, rows?: number): Floats;

  /**
   * Loss, accuracy and errors over all rows.
   *
   * @param y Rows of targets; with cross_entropy also one class index for each row, from 0, whatever `classes` says.
   */
  evaluate(x: Rows, y: Rows, options?: TargetOptions): Evaluation;
  /** The loss over all rows, and its gradient with respect to the parameters, in their layout. */
  backward(x: Rows, y: Rows, options?: TargetOptions): { loss: number; gradient: Floats };
  /** The gradient of each row's own loss with respect to its inputs: rows x inputs values. */
  inputGradient(x: Rows, y: Rows, options?: TargetOptions): Floats;
  /** Takes one step of an optimizer on one batch; gives the loss before it. A loss that is not finite changes nothing. */
  step(x: Rows, y: Rows, optimizer: Optimizer, options?: TargetOptions): number;
  /** Takes one step of an optimizer along a gradient of your own, in the layout of `parameters`. */
  applyGradient(gradient: Vector, optimizer: Optimizer): void;

  /**
   * Trains the network from its present parameters on, with pauses between epochs, about every 12 ms, in which a page
   * can paint and react. The pauses change no bit. Until it ends, the network and the optimizer can be read, but
   * whatever changes or frees them is refused (`"busy"`).
   *
   * If training diverges, the network keeps the parameters of the last good epoch. Whatever else ends it, the epochs so
   * far are kept.
   */
  fit(x: Rows, y: Rows, options: FitOptions): Promise<History>;
  /** The same without pauses: for Node and for workers. */
  fitSync(x: Rows, y: Rows, options: FitOptions): History;
}

/** Gradient descent, Adam (2015), AdamW (2019), RMSprop (2012), or iRprop- (2000) for full batches. */
export type OptimizerName = "sgd" | "adam" | "adamw" | "rmsprop" | "rprop";

/** Settings of optimizers; each kind refuses those that it lacks. */
export interface OptimizerSettings {
  /** Default 0.1 for sgd, 0.001 for adam, adamw and rmsprop, 0.01 for rprop, where it is the first step's length. */
  learningRate?: number;
  /** sgd, rmsprop: default 0. */
  momentum?: number;
  /** sgd: needs a momentum. Default false. */
  nesterov?: boolean;
  /** adam, adamw: default 0.9. */
  beta1?: number;
  /** adam, adamw: default 0.999. */
  beta2?: number;
  /** adam, adamw, rmsprop: default 1e-8. */
  epsilon?: number;
  /** adamw: default 0.01. */
  weightDecay?: number;
  /** rmsprop: default 0.9. */
  rho?: number;
  /** rprop: default 0.5. */
  etaMinus?: number;
  /** rprop: default 1.2. */
  etaPlus?: number;
  /** rprop: default 1e-6. */
  stepMin?: number;
  /** rprop: default 50. */
  stepMax?: number;
  /** Added to the gradient of each weight, times the weight. Default 0. */
  l2?: number;
  /** Added with the weight's sign. Default 0. */
  l1?: number;
  /** The largest magnitude of a gradient's values; 0: no limit. */
  clipValue?: number;
  /** The largest norm of a gradient; 0: no limit. Not together with `clipValue`. */
  clipNorm?: number;
}

/** Settings, and the state that is carried from step to step; for one network, from its first use on. */
export class Optimizer {
  constructor(name: OptimizerName, settings?: OptimizerSettings);
  readonly name: OptimizerName;
  /** All settings. */
  readonly settings: Required<OptimizerSettings>;
  /** May be changed, also during a training. */
  learningRate: number;
  /** Steps taken so far. */
  readonly steps: number;
  /** Its name and learning rate. */
  toString(): string;
  /** Frees its memory. Every later use is an error, but to free it again. */
  free(): void;
  [Symbol.dispose](): void;
}
