# SPDX-License-Identifier: BSD-3-Clause
"""Random calls of the Python interface with good, odd and hostile arguments, some of them from within callbacks.

``python tests/fuzz_python.py --calls 1000000 --seed 7`` makes a million calls, in sequences of 40 on a few networks and
optimizers. A call that fails raises one of the documented errors and changes nothing; a call that reads changes
nothing either; no call ends the process. A finding says which sequence it is in; ``--first`` begins there.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import multiprocessing
import pickle
import random
import sys
import time
import types
import warnings
from decimal import Decimal
from fractions import Fraction

import netlet
import numpy as np
from netlet import SGD, Adam, AdamW, DivergenceError, Network, RMSprop, Rprop, _core, functional, schedules

CALLS = 40  # in a sequence
LOSSES, ACTIVATIONS = _core.NAMES["loss"], _core.NAMES["activation"]
READING = (ValueError, TypeError, MemoryError)
DTYPES = (
    ["f8"] * 8
    + ["f4"] * 4
    + ["f2", "g", ">f8", "i1", "i8", "u8", ">i4", "?", "c16", "O", "U3", "M8[D]", "m8[s]", "V8", []]
)


SETTINGS = {  # of Network._fit, besides x and y
    **dict.fromkeys(("sample_weight", "weight_mean", "next_batch", "callback", "validation_data", "schedule")),
    **dict.fromkeys(("on_step", "next_validation_batch", "progress", "sums")),
    **dict.fromkeys(("shuffle", "standardize_inputs", "standardize_outputs", "resume"), False),
    **dict.fromkeys(("batch_size", "seed", "patience"), 0),
    **dict.fromkeys(("epochs", "step_interval"), 2),
    "min_delta": 0.0,
    "missing": "refuse",
    "record": lambda *_: None,
}


class Hostile(Exception):  # noqa: N818
    """What the arguments raise."""


class Odd:
    """An object that offers numbers and arrays, and calls netlet meanwhile."""

    def __init__(self, world: World, value: object) -> None:
        self.world, self.value = world, value

    def _do(self):
        self.world.nested()
        return self.value

    def __float__(self):
        return self._do()

    def __index__(self):
        return self._do()

    def __len__(self):
        return self._do()

    def __array__(self, dtype=None, copy=None):
        return self._do()


class Subclass(np.ndarray):
    """Has all that an array has."""


class Mine(Network):
    """Of a user, with attributes of its own."""


def state(thing: object) -> tuple:
    """All that a network or an optimizer is."""
    if isinstance(thing, Network):
        scalings = [
            None if s is None else (s[0].tobytes(), s[1].tobytes()) for s in (thing.input_scaling, thing.output_scaling)
        ]
        return thing.parameters.tobytes(), thing.epochs_trained, thing.seed, scalings, repr(thing)
    return thing.steps, repr(thing), {name: values.tobytes() for name, values in thing.state.items()}


class World(random.Random):
    """Networks, optimizers, and the calls on them."""

    def __init__(self, seed: int, number: int) -> None:
        super().__init__(f"{seed} {number}")
        self.depth, self.changes, self.refused = 0, 0, 0
        self.things: list = [Network([2, 3, 1], seed=0), Adam()]
        self.known = [state(thing) for thing in self.things]

    # ---- arguments

    def maybe(self, good: object, share: float = 0.06) -> object:
        """The good argument, as a rule."""
        return self.anything() if self.random() < share else good

    def anything(self) -> object:
        return self.choice(
            [
                *(0, 1, -1, 2, 3, 0.5, -0.5, 1e-3, 1e-320, 1e308, 1e40, float("nan"), float("inf"), -float("inf")),
                *(2**31, 2**32, 2**62, 2**63, 2**64, -(2**63), 10**400, True, False, None, "", "1", "mean", b"1", 1j),
                *(np.float32(0.5), np.int8(-3), np.uint64(2**64 - 1), np.bool_(True), np.array(0.1), np.array([0.1])),
                *(
                    np.complex64(1),
                    np.timedelta64(1),
                    np.datetime64("NaT"),
                    np.longdouble(2),
                    Fraction(1, 3),
                    Decimal("0.1"),
                ),
                *(
                    [],
                    [1],
                    [1, 2],
                    (1, "a"),
                    {},
                    {0: 1.0},
                    object(),
                    np.ma.masked,
                    np.empty((0, 2)),
                    np.empty(()),
                    Adam,
                    [[[]]],
                ),
                *(
                    Odd(self, self.choice([0, 1, -1, 10**30, "a", None, 1.5, np.zeros(2)])),
                    self.raises,
                    self.choice(self.things),
                ),
                range(3),
                iter([1.0]),
                np.zeros(3, [("a", "f8")]),
                memoryview(b"abcdefgh"),
                slice(1),
                "\ud800",
            ]
        )

    def raises(self, *_args: object) -> None:
        raise Hostile

    def array(self, *shape: int, integers: int = 0) -> object:
        """Numbers in that shape, as a rule; of all dtypes and layouts."""
        if self.random() < 0.03:
            return self.anything()
        shape = tuple(max(0, n + self.choice([-1, 1])) if self.random() < 0.02 else n for n in shape)
        if self.random() < 0.02:
            shape = self.choice([(), (1, *shape), shape[:-1], (*shape, 1)])
        rng = np.random.default_rng(self.getrandbits(32))
        values = rng.integers(integers, size=shape) if integers else rng.normal(size=shape)
        if self.random() < 0.1 and values.size and not integers:
            values.flat[self.randrange(values.size)] = self.choice([np.nan, np.inf, -np.inf, 1e308, 1e-310, 1e30])
        if integers and self.random() < 0.05:
            values = values - self.choice([1, -100])
        if self.random() < 0.3:
            with contextlib.suppress(TypeError, ValueError), np.errstate(all="ignore"):
                values = values.astype(self.choice(DTYPES))
        return self.laid_out(values)

    def laid_out(self, values: np.ndarray) -> object:
        kind = self.randrange(24)
        if kind == 0:
            return values.tolist()
        if kind == 1:
            return np.asfortranarray(values)
        if kind == 2 and values.ndim:
            return np.repeat(values, 2, axis=0)[::2]
        if kind == 3 and values.ndim:
            return values[::-1].copy()[::-1]
        if kind == 4 and values.dtype != object and values.itemsize:
            moved = np.empty(values.nbytes + 1, np.uint8)[1:].view(values.dtype).reshape(values.shape)
            moved[...] = values
            return moved
        if kind == 5:
            values.flags.writeable = False
        if kind == 6 and values.size:
            return np.broadcast_to(values.flat[0], values.shape)
        if kind == 7:
            return np.ma.masked_array(values, mask=self.choice([False, True]))
        if kind == 8:
            return values.view(Subclass)
        if kind == 9:
            return Odd(self, values)
        return values

    def out(self, net: Network, x: object, *shape: int) -> object:
        """Where a result goes: none, as a rule."""
        kind = self.randrange(24)
        if kind > 5:
            return None
        if kind == 0:
            return self.array(*shape)
        if kind == 1:
            return np.zeros(shape, self.choice(DTYPES))
        if kind == 2:
            return self.choice([net.parameters, net.weights[0], x, self.anything()])
        return np.empty(shape, net.dtype)

    def rows(self) -> int:
        return self.choice([0, 1, 1, 2, 3, 3, 5, 8, 9, 40])

    def targets(self, net: Network, rows: int) -> object:
        if net.loss_name == "cross_entropy" and self.random() < 0.7:
            return self.array(rows, integers=net.layer_sizes[-1])
        y = self.array(rows, net._targets)
        if net.loss_name.endswith("cross_entropy") and isinstance(y, np.ndarray) and y.dtype.kind == "f":
            with np.errstate(all="ignore"):
                y = np.abs(y / (1 + np.abs(y)))
        return y

    def weights(self, rows: int) -> object:
        return (
            None if self.random() < 0.8 else self.choice([abs, np.asarray])(np.random.default_rng(0).normal(size=rows))
        )

    def compared(self, net: Network, rows: int, gradient: bool = True) -> dict:
        """y or output_gradient, and what belongs to them."""
        options: dict = {"missing": self.maybe(self.choice(["refuse", "ignore"]), 0.02)} if self.random() < 0.3 else {}
        if gradient and self.random() < 0.2:
            return {"output_gradient": self.array(rows, net.layer_sizes[-1]), "y": self.maybe(None, 0.02)}
        return {**options, "y": self.targets(net, rows), "sample_weight": self.maybe(self.weights(rows), 0.02)}

    # ---- things

    def net(self) -> Network:
        return self.choice([thing for thing in self.things if isinstance(thing, Network)])

    def optimizer(self) -> netlet.Optimizer:
        return self.choice([thing for thing in self.things if isinstance(thing, netlet.Optimizer)])

    def keep(self, thing: object) -> None:
        """Use it from now on, perhaps in place of another."""
        if not isinstance(thing, (Network, netlet.Optimizer)):
            return
        state(thing)
        if self.depth == 0 and len(self.things) > 6:
            del self.things[self.randrange(2, len(self.things))]
        self.things.append(thing)
        self.known = [state(thing) for thing in self.things] if self.depth == 0 else self.known
        self.changes += 1

    def new_network(self) -> None:
        sizes = [self.randint(1, 4) for _ in range(self.randint(2, 4))]
        loss = self.choice(LOSSES)
        if loss == "gaussian_nll":
            sizes[-1] += sizes[-1] % 2
        options = {"loss": self.maybe(loss), "seed": self.maybe(self.choice([None, 0, 2**64 - 1]))}
        if self.random() < 0.5:
            names = [self.maybe(self.choice(ACTIVATIONS), 0.03) for _ in sizes[1:]]
            options["activation"] = self.choice([names, names[0]])
        for name, good in {
            "dtype": "float32",
            "dropout": 0.5,
            "huber_delta": 0.3,
            "quantile": 0.25,
            "reduction": "mean",
            "init": "he_uniform",
        }.items():
            if self.random() < 0.2:
                options[name] = self.maybe(good, 0.2)
        if self.random() < 0.05:
            options["init"] = self.array(sum(a * b + b for a, b in itertools.pairwise(sizes)))
        if self.random() < 0.03:
            sizes = self.choice(
                [self.anything(), [2**62, 2**62], [2**60, 3], [3, 2**61, 2], [0, 1], [1, -1], [True, 2]]
            )
        self.keep(self.choice([Network, Network, Mine])(sizes, **options))

    def new_optimizer(self) -> None:
        cls = self.choice([SGD, Adam, AdamW, RMSprop, Rprop])
        good = {"learning_rate": 0.01, "momentum": 0.9, "nesterov": True, "beta_1": 0.5, "epsilon": 1e-6, "l2": 0.1}
        good |= {"l1": 0.1, "clip_value": 1.0, "clip_norm": 2.0, "rho": 0.5, "eta_plus": 1.5, "weight_decay": 0.0}
        names = [*cls._own, "l2", "l1", "clip_value", "clip_norm"]
        options = {name: self.maybe(good.get(name, 0.01), 0.1) for name in names if self.random() < 0.3}
        self.keep(cls(**options))

    # ---- calls that change nothing

    def read(self) -> None:
        net, n = self.net(), self.rows()
        x = self.array(n, net.layer_sizes[0]) if self.random() < 0.9 else self.array(net.layer_sizes[0])
        kind = self.randrange(12)
        if kind == 0:
            net.forward(x, out=self.out(net, x, n, net.layer_sizes[-1]))
        elif kind == 1:
            net.predict(x)
        elif kind == 2:
            self.choice([net.loss, net.evaluate])(x, **self.compared(net, n, False), weight_mean=self.maybe(None))
        elif kind == 3:
            net.backward(x, **self.compared(net, n), out=self.out(net, x, net.parameters.size))
        elif kind == 4:
            net.input_gradient(x, **self.compared(net, n), out=self.out(net, x, n, net.layer_sizes[0]))
        elif kind == 5:
            net.row_gradients(x, **self.compared(net, n), out=self.out(net, x, n, net.parameters.size))
        elif kind == 6:
            net.jacobian(x, out=self.out(net, x, n, net.layer_sizes[-1], net.layer_sizes[0]))
        elif kind == 7:
            self.changes += 1  # `out` may be a network's parameters
            getattr(functional, self.choice(functional.__all__))(x, out=self.out(net, x, n, net.layer_sizes[0]))
        elif kind == 8 and self.random() < 0.5:
            options = {"missing": self.maybe("ignore", 0.2)} | ({"metrics": ["r2"]} if self.random() < 0.2 else {})
            net.evaluate_batches(self.maybe(self.batches(net)), **options)
            for _ in net.predict_batches(self.maybe(self.batches(net))):
                pass
        elif kind == 8:
            self.choice([net.layer_outputs, net.views])(x)
        elif kind == 9:
            self.choice([repr, str, hash, pickle.dumps, lambda net: net.summary(), lambda net: net == self.anything()])(
                net
            )
        elif kind == 10:
            before = netlet.get_num_threads()
            netlet.set_num_threads(self.maybe(before))
        else:
            optimizer = self.maybe(self.choice([None, self.optimizer()]), 0.05)
            data = bytearray(net.to_bytes(optimizer=optimizer))
            if self.random() < 0.5:
                data[self.randrange(len(data))] ^= 1 << self.randrange(8)
            self.keep(
                self.choice([Network.from_bytes, lambda d: Network.checkpoint_from_bytes(d)[1]])(self.maybe(data))
            )

    def copy(self) -> None:
        """Through a pickle whose content may have been tampered with."""
        make, arguments, *_ = self.choice(self.things).__reduce__()
        if self.random() < 0.6:
            arguments = self.tampered(arguments)
        self.keep(make(*arguments))

    def tampered(self, value: object) -> object:
        """The same with something inside replaced."""
        if isinstance(value, dict) and value:
            name = self.choice(list(value))
            return {**value, name: self.tampered(value[name])}
        if isinstance(value, (tuple, list)) and value and self.random() < 0.9:
            i = self.randrange(len(value))
            return type(value)([*value[:i], self.tampered(value[i]), *value[i + 1 :]])
        if isinstance(value, np.ndarray):
            return self.choice(
                [
                    value[:-1],
                    value[::-1],
                    value[::2],
                    value.astype(self.choice(["f4", ">f8", "i8"])),
                    -value,
                    self.array(*value.shape),
                ]
            )
        if isinstance(value, type):
            return self.choice([value, Network, Adam, SGD, object])
        if isinstance(value, (int, float)) and self.random() < 0.5:
            return self.choice([value + 1, -value, value * 0.5, value * 2, 0])
        return self.anything()

    def private(self) -> None:
        """Functions that users have no reason to call, and objects that are not there yet."""
        kind, net, optimizer = self.randrange(14), self.net(), self.optimizer()
        if kind == 0:
            net._apply_gradient(self.array(net.parameters.size), self.maybe(optimizer))
            self.changes += 1
        elif kind == 1:
            if self.random() < 0.5:
                net._initialize(self.maybe(self.randrange(3)), self.maybe(0))
            else:
                self.choice([net._set_seed, net._set_epochs_trained])(self.maybe(3, 0.5))
            self.changes += 1
        elif kind == 2:
            optimizer._set_state(*self.tampered(self.optimizer()._get_state()))
            self.changes += 1
        elif kind == 3:
            self.choice([net, optimizer]).__init__(*self.choice([([2, 1],), (), (self.anything(),)]))
        elif kind == 4:
            _core.apply(self.maybe(self.randrange(16), 0.3), self.array(3), self.choice([None, self.array(3)]))
        elif kind == 5:
            raw, other = Network.__new__(Network, self.anything()), Adam.__new__(Adam)
            self.choice([net, raw]).step(np.zeros(2), 0, other)
        elif kind == 6:
            core = _core.Network(*self.tampered([[2, 3, 1], [0, 0], 0, 0, "float64", [], [0.0]]))
            self.choice([core.parameters, core.weights, core._snapshot(), core._fingerprint()])
        elif kind == 7:
            core = _core.Optimizer(*self.tampered([1, False, {"learning_rate": 0.1}]))
            core._get_state()
        elif kind == 8:
            net._set_scaling(self.maybe(self.choice([True, False])), self.array(2), self.array(2))
            self.changes += 1
        elif kind == 9:
            checkpoint = _core.Checkpoint.from_bytes(self.maybe(net.to_bytes(optimizer=self.choice([None, optimizer]))))
            for _ in range(2):
                self.choice([_core.Network, _core.Optimizer])(self.maybe(checkpoint))
                self.choice([lambda: checkpoint.optimizer, lambda: checkpoint.numerics_version])()
        elif kind == 10:
            _core.to_bytes(self.maybe(net), self.maybe(optimizer))
            _core.only_numbers(self.anything())
        elif kind == 11:
            _core.set_isa(self.maybe(self.choice(netlet.available_isas())))
        elif kind == 12:
            self.changes += 1
            settings = self.tampered({**SETTINGS, "x": self.array(3, net.layer_sizes[0]), "y": self.targets(net, 3)})
            if self.random() < 0.1:
                del settings[self.choice(list(settings))]
            if isinstance(settings.get("epochs"), int) and settings["epochs"] > 10:
                settings["epochs"] = 3
            net._fit(self.maybe(optimizer), self.maybe(settings))
        else:
            raw = self.choice([Network, Mine, Adam, SGD, _core.Network, _core.Optimizer, _core.Checkpoint])
            raw = raw.__new__(raw)
            files = ("from_", "load", "save", "to_", "plot")
            names = [name for name in dir(raw) if not hasattr(object, name) and not name.startswith(files)]
            name = self.choice([*names, "__reduce__"])
            member = getattr(raw, name)
            if callable(member):
                member(*(self.anything() for _ in range(self.randrange(4))))

    # ---- calls that change something

    def write(self) -> None:
        net, n = self.net(), self.rows()
        x, optimizer = self.array(n, net.layer_sizes[0]), self.maybe(self.optimizer(), 0.03)
        kind = self.randrange(8)
        if kind < 3:
            compared = self.compared(net, n)
            net.step(x, compared.pop("y"), optimizer, **compared, weight_mean=self.maybe(None, 0.05))
        elif kind == 3:
            net.apply_gradient(self.array(net.parameters.size), optimizer)
        elif kind == 4:
            name, count = self.choice([("input_scaling", net.layer_sizes[0]), ("output_scaling", net._targets)])
            setattr(net, name, self.maybe((self.array(count), np.abs(np.random.default_rng(0).normal(size=count)))))
        elif kind == 5:
            self.optimizer().learning_rate = self.maybe(0.01, 0.3)
        elif kind == 6:
            if self.random() < 0.3:
                options = {"standardize": self.maybe("inputs", 0.3), "missing": self.maybe("ignore", 0.2)}
                net.learn_scaling_batches(self.maybe(self.batches(net)), **options)
            else:
                net.learn_scaling(self.maybe(x), self.maybe(self.choice([None, self.targets(net, n)])))
        else:
            net.reset(self.maybe(3), init=self.maybe("he_uniform"))
        self.changes += 1

    def fit(self) -> None:
        net, n = self.net(), self.rows()
        epochs = self.maybe(self.randint(1, 4), 0.04)
        if isinstance(epochs, int) and 10 < epochs < 2**63:
            epochs = 3  # they would be trained
        options = {"epochs": epochs, "optimizer": self.maybe(self.optimizer(), 0.2)}
        rows, compared = self.rows(), self.compared(net, n, False)
        for name, good in {
            "seed": 7,
            "patience": 2,
            "min_delta": 0.1,
            "resume": True,
            "callback": self.callback,
            "callbacks": [self.stepping()],
            "validation_data": self.choice(
                [(self.array(rows, net.layer_sizes[0]), self.targets(net, rows)), self.batches(net)]
            ),
            "schedule": self.choice([self.factor, schedules.StepDecay(0.5, 1), schedules.ReduceOnPlateau(0.5, 1)]),
        }.items():
            if self.random() < 0.15:
                options[name] = self.maybe(good)
        if self.random() < 0.05:
            cls = self.choice(
                [schedules.StepDecay, schedules.ExponentialDecay, schedules.CosineDecay, schedules.ReduceOnPlateau]
            )
            options["schedule"] = cls(self.anything())
        # others may see to it
        self.changes += any(callable(option) or isinstance(option, list) for option in options.values())
        if self.random() < 0.2:
            self.changes += 1  # the steps before a bad batch are kept
            more = {"standardize": True, "class_weight": "balanced", "shuffle_buffer": 2}
            options |= {name: self.maybe(good, 0.2) for name, good in more.items() if self.random() < 0.15}
            net.fit_batches(
                self.maybe(self.batches(net)), **{**compared, **options} if self.random() < 0.01 else options
            )
            return
        for name, good in {"batch_size": 2, "shuffle": False, "standardize": True, "class_weight": "balanced"}.items():
            if self.random() < 0.15:
                options[name] = self.maybe(good, 0.2)
        net.fit(self.array(n, net.layer_sizes[0]), **compared, **options)
        self.changes += 1

    def stepping(self) -> object:
        return types.SimpleNamespace(on_step=self.callback, every_steps=self.maybe(self.randint(1, 3)))

    def batches(self, net: Network) -> object:
        def each():
            for _ in range(2):
                self.nested()
                n = self.rows()
                yield self.array(n, net.layer_sizes[0]), self.targets(net, n)

        return each

    def callback(self, *_args: object) -> object:
        self.nested()
        return self.maybe(None)

    def factor(self, _epoch: int) -> object:
        self.nested()
        return self.maybe(0.5)

    # ---- what must hold

    def nested(self) -> None:
        """Some calls by an argument, while the call that has it runs."""
        if self.depth < 2:
            self.depth += 1
            try:
                for _ in range(self.randrange(3)):
                    self.call()
            finally:
                self.depth -= 1
        if self.random() < 0.05:
            raise Hostile

    def call(self) -> None:
        """One call. Its errors are those that are documented, and it has changed nothing then."""
        kinds = {self.read: 8, self.write: 5, self.fit: 2, self.private: 3, self.copy: 2}
        kinds |= {self.new_network: 2, self.new_optimizer: 2} if self.depth == 0 else {}
        (call,) = self.choices(list(kinds), kinds.values())
        expected: tuple = (ValueError, TypeError, MemoryError, Hostile, DivergenceError)
        if call in (self.private, self.copy):
            expected += (RuntimeError, KeyError, AttributeError, IndexError, OverflowError)  # of Python and pybind11
        before = self.changes
        if self.depth == 0:
            self.busy = False
        try:
            call()
        except expected as error:
            if not str(error) and not isinstance(error, (Hostile, KeyError, MemoryError)):
                raise AssertionError("an error without a word") from error
            self.refused += 1
            if isinstance(error, DivergenceError):
                self.changes += call == self.fit
        except RuntimeError as error:
            if self.depth == 0 or "another call is using" not in str(error):
                raise
        if self.depth:
            return
        if self.changes == before:
            for thing, known in zip(self.things, self.known):
                if state(thing) != known:
                    raise AssertionError(f"{call.__name__} has changed {thing!r}")
        else:
            self.known = [state(thing) for thing in self.things]


def sequence(seed: int, number: int) -> int:
    """How many of its calls were refused."""
    world = World(seed, number)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            for _ in range(CALLS):
                world.call()
        except Exception as error:
            raise AssertionError(f"seed {seed}, sequence {number}") from error
    return world.refused


def fuzz(calls: int, seed: int = 0, first: int = 0, place=None) -> int:
    """How many calls were refused; `place` gets the number of each sequence before it begins."""
    refused = 0
    for number in range(first, first + -(-calls // CALLS)):
        if place is not None:
            place.value = number
        refused += sequence(seed, number)
    if place is not None:
        print(f"{calls} calls, {refused} refused")  # noqa: T201
    return refused


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000, metavar="COUNT", help="how many (100,000)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32), help="by default drawn")
    parser.add_argument("--first", type=int, default=0, metavar="NUMBER", help="the first sequence (0)")
    options = parser.parse_args()
    begin = time.perf_counter()
    place = multiprocessing.Value("Q")  # in a process of its own, whose end would be a finding
    process = multiprocessing.Process(target=fuzz, args=(options.calls, options.seed, options.first, place))
    process.start()
    process.join()
    where = f"seed {options.seed}, {time.perf_counter() - begin:.0f} s"
    if process.exitcode:
        sys.exit(f"{where}: ended with {process.exitcode} in sequence {place.value}")
    print(where)  # noqa: T201


if __name__ == "__main__":
    main()
