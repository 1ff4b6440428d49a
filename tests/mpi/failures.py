# SPDX-License-Identifier: BSD-3-Clause
"""Started on 4 ranks: in each case something fails on one or all; writes what each rank raised. Arguments: result."""

import json
import signal
import sys
import warnings
from pathlib import Path

import netlet.mpi
import numpy as np
from mpi4py import MPI
from netlet import Adam, Batches, Network
from netlet.callbacks import Callback
from netlet.mpi import _agreement, _ranks

COMM = MPI.COMM_WORLD
RANK = COMM.rank
LAST = COMM.size - 1
rng = np.random.default_rng(0)
X = rng.normal(size=(4000, 8))
Y = np.sin(X[:, 0]) + X[:, 1]
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


def network(cls=Network, **settings):
    settings = {"activation": "tanh", "output_activation": "identity", "reduction": "mean", "seed": 0, **settings}
    return cls([8, 300, 1], **settings)  # messages that are too large to be sent before they are awaited


def train(net=None, x=X, y=Y, **options):
    net = network() if net is None else net
    return netlet.mpi.fit(net, x, y, **{"epochs": 4, "batch_size": 1024, "shuffle": False, **options})


def alone(rank, value, otherwise=None):
    """The value on one rank."""
    return value if rank == RANK else otherwise


def fails(*_):
    raise KeyError("a failure")


class At(Network):
    """Does something before a certain sum on one rank."""

    def prepare(self, rank, count, action):
        self.left, self.action = alone(rank, count), action
        return self

    def _partial(self, *arguments):
        if getattr(self, "left", None) is not None:
            self.left -= 1
            if self.left == 0:
                self.action()
        return super()._partial(*arguments)


def interrupt():
    signal.raise_signal(signal.SIGINT)


def out_of_memory():
    raise MemoryError("no memory")


@case
def callback_fails():
    train(callback=lambda epoch, history: fails() if epoch == 2 else None)


@case
def callback_at_the_end_fails():
    class Watch(Callback):
        def on_end(self, history, network):
            fails()

    train(callbacks=[Watch()])


@case
def metric_fails():
    train(metrics=[fails])


@case
def schedule_fails():
    train(schedule=lambda epoch: 1 if epoch < 3 else fails())


@case
def interrupted_in_a_callback():
    train(callback=lambda epoch, history: interrupt())


@case
def interrupted_before_a_sum():
    train(network(At).prepare(LAST, 6, interrupt))


@case
def interrupted_while_waiting():
    pause = _ranks._Wait.__call__

    def interrupted(wait):
        _ranks._Wait.__call__ = pause
        interrupt()

    def wait_so():
        if RANK == 1:
            _ranks._Wait.__call__ = interrupted

    try:
        train(network(At).prepare(1, 6, wait_so))
    finally:
        _ranks._Wait.__call__ = pause


@case
def out_of_memory_in_a_sum():
    train(network(At).prepare(2, 3, out_of_memory))


@case
def two_fail():
    train(network(At).prepare(2 if RANK == 2 else 1, 3, out_of_memory))


@case
def bad_value():
    x = np.where((np.arange(4000) == 1234)[:, None] & (np.arange(8) == 5), np.nan, X)
    train(x=x)


@case
def bad_value_of_one():
    x = np.where((np.arange(4000) == 1234)[:, None] & (np.arange(8) == 5), np.nan, X)
    x, y = x[1000 * RANK : 1000 * RANK + 1000], Y[1000 * RANK : 1000 * RANK + 1000]
    train(x=x, y=y, local=True)


@case
def bad_validation_value():
    y = Y[:700].copy()
    y[699] = np.inf
    train(validation_data=(X[:700], y))


@case
def diverges():
    train(learning_rate=1e200)


@case
def bad_argument():
    train(patience=-1)


@case
def other_epochs():
    train(epochs=5 if RANK == 2 else 4)


@case
def other_shape():
    train(x=X[: 3000 + 100 * (RANK % 2)], y=Y[: 3000 + 100 * (RANK % 2)])


@case
def other_columns():
    train(y=Y[:, None] if RANK else Y, x=X)


@case
def other_rows():
    train(x=X[1000 * RANK : 1000 * RANK + 1000], y=Y[1000 * RANK : 1000 * RANK + 1000])


@case
def no_seed():
    train(network(seed=None))


@case
def other_parameters():
    net = network()
    if RANK == 3:
        net.parameters[7] += 1e-9
    train(net)


@case
def other_layers():
    train(Network([8, 300 + RANK // 2, 1], seed=0))


@case
def other_optimizer():
    train(optimizer=Adam(0.01 if RANK else 0.02))


@case
def other_state():
    adam, net = Adam(), network()
    if RANK == 1:
        net.step(X[:10], Y[:10], adam)
    train(optimizer=adam)


@case
def other_numerics():
    before = _agreement.numerics_version
    _agreement.numerics_version = lambda: 99 if RANK == 1 else before()
    try:
        train()
    finally:
        _agreement.numerics_version = before


@case
def weights_of_one():
    train(sample_weight=alone(0, np.ones(4000)))


@case
def shuffled_rows_of_one():
    train(local=True, shuffle=True)


@case
def net_of_one():
    train(net=alone(2, "none", network()))


@case
def batches_of_one():
    of_one = RANK == 1
    train(x=Batches.from_arrays(X, Y, batch_size=1024) if of_one else X, y=None if of_one else Y)


@case
def other_batch_size():
    train(x=Batches.from_arrays(X, Y, batch_size=300 if RANK == 3 else 700), y=None, batch_size=None)


@case
def validation_rows_without_targets():
    train(x=Batches.from_arrays(X, Y, batch_size=700), y=None, validation_data=(X[:700], Y[:500]))


@case
def validation_targets_without_rows():
    train(x=Batches.from_arrays(X, Y, batch_size=700), y=None, validation_data=(X[:500], Y[:700]))


@case
def sources_of_their_own():
    """Of which one has no rows, and one alone has weights: the others' rows have the weight 1."""
    bounds = 0, 0, 1000, 2700, 4000
    weights = np.where(np.arange(4000) < 2700, 1, rng.random(4000))
    own = slice(bounds[RANK], bounds[RANK + 1])
    source = Batches.from_arrays(X[own], Y[own], weights[own] if RANK == 3 else None, batch_size=1024)
    held = X[:500], Y[:500], None
    net, one = network(), network()
    train(net, source, None, local=True)
    one.fit(X, Y, sample_weight=weights, epochs=4, batch_size=1024, shuffle=False)
    assert net == one
    history = train(network(), Batches.from_arrays(X, Y, batch_size=1024), None, validation_data=held)
    expected = network().fit(X, Y, epochs=4, batch_size=1024, shuffle=False, validation_data=held)
    assert history.validation_loss.tolist() == expected.validation_loss.tolist()


@case
def other_shapes_of_one():
    train(x=X[:1000], y=Y[:1000] if RANK else Y[:1000].reshape(-1, 1, 1), local=True)


@case
def no_validation_rows():
    train(local=True, validation_data=(X[:0], Y[:0]))


@case
def no_rows():
    train(x=X[:0], y=Y[:0], local=True)


def main():
    warnings.simplefilter("ignore")
    results = {}
    for name, run in CASES.items():
        try:
            run()
            said = ["nothing", ""]
        except BaseException as error:
            said = [type(error).__name__, str(error)]
        results[name] = COMM.gather(said)
        net = network()
        train(net)  # all ranks can go on
        results[f"{name}, then"] = COMM.gather(net.fingerprint())
    if RANK == 0:
        Path(sys.argv[1]).write_text(json.dumps(results))


main()
