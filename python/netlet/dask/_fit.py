# SPDX-License-Identifier: BSD-3-Clause
"""`Network.fit` on Dask data: the loop runs here, the sums of each step come from the workers."""

from __future__ import annotations

import contextlib
import pickle
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from distributed import Client, LocalCluster, default_client

from .. import _arguments as arguments
from .. import _labels as labels
from .. import _training as training
from .._arguments import with_hints
from .._data import flag, shown
from .._distributed import combine
from .._library import numerics_version
from ..batches import Batches
from ..history import History
from ..network import Network
from . import _tasks as tasks
from ._rows import Dealt, columns_of, is_of_dask

if TYPE_CHECKING:
    import numpy.typing as npt

    from .._metrics import Metrics
    from .._names import MissingName, OptimizerName
    from ..optimizers import Optimizer

    Array = npt.NDArray[Any]


@contextlib.contextmanager
def connected(client: Any) -> Iterator[Client]:
    """A client: the caller's, the present one, or that of a cluster of this machine for as long as this takes."""
    if client is None:
        try:
            client = default_client()
        except ValueError:  # there is none
            # in this process: netlet computes without the GIL, on all cores, and nothing is copied
            with (
                LocalCluster(n_workers=1, processes=False, dashboard_address=":0") as cluster,
                Client(cluster, set_as_default=False) as own,
                own.as_current(),
            ):
                yield own
            return
    if not isinstance(client, Client):
        raise TypeError(f"client: expected a distributed.Client or None, got {shown(client)}")
    if client.asynchronous:
        raise ValueError("client: expected one that waits, got an asynchronous one, whose event loop this would block")
    with client.as_current():  # futures within tasks look for it
        yield client


class Sums:
    """Called by `Network.fit_sums`: the sums of a batch, of all workers together."""

    def __init__(
        self,
        data: Data,
        batches: Dealt,
        rows: Array | None,
        weigh: Any,
        validation: Dealt | None,
        standardize: training.Standardize,
    ) -> None:
        self._client, self._network = data.client, data.network
        self._batches, self._validation = batches, validation
        self._whole: Dealt | None = None  # all rows as one batch, for the passes before the first step
        self._begin: Any = data, rows, weigh  # until that
        self._shell: Any = None
        self._scalings: list[Any] = []
        learned = training.standardize(self._network.loss_name, standardize)
        scaled = {
            "x": self._network.input_scaling is not None or learned["standardize_inputs"],
            "y": self._network.output_scaling is not None or learned["standardize_outputs"],
            "sample_weight": False,
        }
        if batches.batch_size < batches.rows:  # otherwise the first step looks at all rows, before anything changes
            batches.check(self._current_shell(), scaled)
        if validation is not None:
            validation.check(self._current_shell(), scaled)

    def __call__(self, task: Any) -> Any:
        if task.data == "validation":
            dealt: Any = self._validation
        elif task.kind == "gradient":
            self._end_of_passes()
            dealt = self._batches
        else:
            dealt = self._all_rows()
        return combine(*dealt.partials(self._current_shell(), self._network.parameters.copy(), task))

    def _all_rows(self) -> Dealt:
        if self._batches.batch_size == self._batches.rows:
            return self._batches
        if self._whole is None:
            data, rows, weigh = self._begin
            self._whole = data.dealt(None, rows, weigh)
        return self._whole

    def _end_of_passes(self) -> None:
        """Let go of all but the batches: Dask knows how to make the parts again that these are cut of."""
        if self._begin is not None:
            for column in self._begin[0].columns:
                column.forget()
            self._whole = self._begin = None

    def _current_shell(self) -> Any:
        """The network in a task of its own, without its parameters of this step; scalings are learned on the way."""
        pair = self._network.input_scaling, self._network.output_scaling
        scalings = [None if each is None else [part.tobytes() for part in each] for each in pair]
        if self._shell is None or scalings != self._scalings:
            self._scalings = scalings
            shell = uuid.uuid4().hex, numerics_version(), _pickled(self._network)
            self._shell = self._client.submit(tasks.same, shell, pure=False)
        return self._shell


def _pickled(network: Network) -> bytes:
    """What sums depend on: neither a class of the caller's, nor labels, which are indices by now."""
    bare = Network(**network._architecture(), seed=network.seed, dropout=network.dropout, init=network.parameters)
    bare.input_scaling, bare.output_scaling = network.input_scaling, network.output_scaling
    return pickle.dumps(bare)


class Data:
    """Rows of the caller's on the workers: read, with labels as indices."""

    def __init__(
        self, client: Client, network: Any, x: Any, y: Any, sample_weight: Any, reading: tasks.Reading
    ) -> None:
        self.client, self.network, self.reading = client, network, reading
        self.columns = columns_of(client, x, y, sample_weight)
        for column in self.columns:
            column.look(client, reading)
        self._check_shapes()

    def learn(self) -> None:
        """Learn what a network that has not seen data learns of them: labels, and names of columns."""
        if self.reading.classes is None and self.reading.has_classes:
            self.reading = self.reading._replace(classes=self._learned_classes())
        if self.reading.feature_names is None:
            self.reading = self.reading._replace(feature_names=self.columns[0].found[0].names)

    def warn_of_unreachable_targets(self, standardize: training.Standardize) -> None:
        """Warn as `Network.fit` does."""
        network, values = self.network, self.columns[1].values()
        if values is not None and not self.reading.has_classes:
            scaling, each = network.output_scaling, network.layer_sizes[-1] // network._targets
            training.warn_of_unreachable_targets(
                network.activations[-1],
                network.loss_name,
                scaling and (scaling[0][::each], scaling[1][::each]),
                training.standardize(network.loss_name, standardize)["standardize_outputs"],
                values,
            )

    def _check_shapes(self) -> None:
        x, y, *weight = self.columns
        inputs = self.reading.layer_sizes[:1]  # an estimator does not know them yet
        if not x.rows:
            raise ValueError("x: expected at least one row, got none")
        if len(x.shape) != 1 or inputs not in ((), x.shape):
            expected = inputs[0] if inputs else "inputs"
            raise ValueError(f"x: expected shape (rows, {expected}), got {(x.rows, *x.shape)}")
        for other in (y, *weight):
            if other.rows != x.rows:
                raise ValueError(f"{other.name}: expected {x.rows} rows, as many as x has, got {other.rows}")
        if weight and weight[0].shape != ():
            raise ValueError(f"sample_weight: expected shape ({x.rows},), got {(x.rows, *weight[0].shape)}")
        if weight and not np.any(weight[0].values()):
            raise ValueError(f"sample_weight: expected a weight above 0, got 0 for all of {x.rows} rows")

    def _learned_classes(self) -> Array | None:
        """The labels of classes, as `Network.fit` learns them of the whole y."""
        values = self.columns[1].values()
        if values is None:
            return None
        network = self.network
        return labels._learned(network.loss_name, network.layer_sizes[-1], network.epochs_trained > 0, values)[1]

    def dealt(self, batch_size: int | None = None, rows: Array | None = None, weigh: Any = None) -> Dealt:
        """All rows or some, dealt to the workers."""
        return Dealt(self.client, self.columns, self.reading, batch_size, rows, weigh)

    def split(self, share: float, seed: int) -> tuple[Array, Array]:
        """The numbers of the rows that `validation_split` leaves for training, and of those that it takes."""
        classes = np.concatenate(self.dealt().ask(tasks.classes_to_split, self.reading))
        if len(classes) < 2:
            raise ValueError(f"x: expected at least 2 rows for validation_split, got {len(classes)}")
        chosen = training._chosen(classes, share, seed)
        return np.flatnonzero(~chosen), np.flatnonzero(chosen)

    def weigh(self, class_weight: Any, rows: Array | None) -> Any:
        """Classes and their weights, for `stack`."""
        if not self.reading.has_classes:
            raise ValueError(f"class_weight: expected None for {self.reading.loss_name}, which has no classes")
        if self.reading.classes is not None:
            class_weight = labels.weights_by_index(class_weight, self.reading.classes)
        return self.weigh_indices(class_weight, rows)

    def weigh_indices(self, class_weight: Any, rows: Array | None) -> Any:
        """The same with weights by index."""
        counts: dict[Any, int] = {}
        for classes, numbers in self.dealt(rows=rows).ask(tasks.count_classes, self.reading):
            for cls, number in zip(classes.tolist(), numbers.tolist()):
                counts[cls] = counts.get(cls, 0) + number
        found = np.array(sorted(counts))
        of_class = training.weights_by_class(
            self.reading.loss_name,
            self.reading.layer_sizes[-1],
            class_weight,
            found,
            np.array([counts[cls] for cls in found.tolist()], int),
        )
        return self.reading, found, of_class


@with_hints
def fit(
    net: Network,
    x: Any,
    y: Any = None,
    *,
    client: Client | None = None,
    epochs: int,
    learning_rate: float | None = None,
    batch_size: int | None = None,
    optimizer: Optimizer | OptimizerName | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    callback: Callable[[int, History], object] | None = None,
    callbacks: Sequence[Any] | None = None,
    sample_weight: Any = None,
    class_weight: training.ClassWeight | None = None,
    validation_data: tuple[Any, ...] | None = None,
    validation_split: float | None = None,
    patience: int | None = None,
    min_delta: float = 0.0,
    schedule: Any = None,
    resume: bool = False,
    standardize: training.Standardize = False,
    missing: MissingName = "refuse",
    metrics: Metrics | None = None,
    progress: bool = False,
) -> History:
    """Train a network on Dask data, with the bits that `Network.fit` gives for all rows on one machine.

    The rows are dealt out to the workers once, in whole blocks of 256, and stay there; at each step the parameters go
    out and sums come back. The loop, with schedule, callbacks and progress, runs in the calling process. How many
    workers there are and how the data is cut does not change a bit, nor does a worker that is lost: Dask computes its
    rows again.

    Parameters
    ----------
    net : Network
    x : Dask collection, list of blocks, path, or Batches
        Inputs: a Dask array or data frame; a list of Delayed or Future, each with some rows, such as an array, or a
        table of pandas or Arrow; or the path of Parquet files, for `dask.dataframe.read_parquet`. Anything else that
        `Network.fit` takes is one block. Or a `Batches` whose number of rows is known and whose files the workers can
        read; its ``batch_size`` is that of training, unless there is another one.
    y : likewise, or str or list of str, optional
        Targets, with as many rows. Beside a Dask data frame or a path also the names of columns, which are taken out of
        `x`; all others are inputs. A `Batches` has its own.
    client : distributed.Client, optional
        By default the present one (`distributed.default_client`) or, without one, a cluster of this machine for the
        time of the call.
    epochs, learning_rate, batch_size, optimizer, seed, callback, callbacks
        As in `Network.fit`.
    shuffle : bool, default True
        Must be False beside `batch_size`: batches follow the order of the data.
    sample_weight : as y, optional
        As in `Network.fit`.
    class_weight, patience, min_delta, schedule, resume, standardize, missing, progress
        As in `Network.fit`.
    validation_data : tuple (x, y) or (x, y, sample_weight), optional
        If some of it is Dask's, the workers have it, too; otherwise the calling process computes its loss.
    validation_split : float, optional
        As in `Network.fit`: the same rows are taken.
    metrics : optional
        As in `Network.fit_sums`: for validation data of the calling process.

    Returns
    -------
    History

    Raises
    ------
    ValueError, TypeError
        If an argument or the data does not fit; nothing has changed then.
    Exception
        Whatever a task raises, such as one that reads a file; the steps taken so far are kept.
    DivergenceError, RuntimeError, KeyboardInterrupt
        As in `Network.fit`.

    Notes
    -----
    Each worker gets about the same number of rows, and uses all of its threads for them. Beside the sums a step costs
    some 10 ms, which is the time of Dask's scheduler: choose batches that take longer.

    Examples
    --------
    >>> import dask.array as da, netlet.dask
    >>> from netlet import Network
    >>> x = da.linspace(0, 1, 10_000, chunks=3_000)[:, None]
    >>> net, alone = (Network([1, 4, 1], reduction="mean", seed=0) for _ in range(2))
    >>> history = netlet.dask.fit(net, x, x**2, epochs=5)
    >>> history = alone.fit(x.compute(), x.compute() ** 2, epochs=5)
    >>> net.fingerprint() == alone.fingerprint()
    True
    """
    if not isinstance(net, Network):
        raise TypeError(f"net: expected a Network, got {shown(net)}")
    if isinstance(x, Batches) and batch_size is None:
        batch_size, shuffle = x.batch_size, False  # they come in their order
    batch = None
    if batch_size is not None:
        batch = arguments.integer("batch_size", batch_size, 1, 2**63, "a positive integer or None")
    shuffled = flag("shuffle", shuffle)
    own_seed = net.seed if seed is None else arguments.seed(seed)
    if validation_split is not None and validation_data is not None:
        raise ValueError("validation_split: give this or validation_data, not both")
    share = None if validation_split is None else training.split_share(validation_split)
    with connected(client) as client:
        reading = tasks.Reading(net.loss_name, net.layer_sizes, missing, net._classes, net._feature_names)
        data = Data(client, net, x, y, sample_weight, reading)
        data.learn()
        rows = held = validation = None
        if share is not None:
            rows, taken = data.split(share, own_seed)
            validation = data.dealt(rows=taken)
        elif _is_on_workers(validation_data):
            validation = _validation(data, validation_data)
        elif data.reading.classes is not None:
            held = labels.of_validation(net, validation_data, missing, data.reading.classes)
        else:
            held = validation_data
        count = data.columns[0].rows if rows is None else len(rows)
        if batch is not None and batch >= count:
            batch = None
        if batch is not None and shuffled:
            raise ValueError(
                "shuffle: expected False beside batch_size, since Dask data is taken in its own order, got True; "
                "put the rows in random order beforehand; frame.sample(frac=1) does so only within each partition"
            )
        weigh = None if class_weight is None else data.weigh(class_weight, rows)
        data.warn_of_unreachable_targets(standardize)
        with _learning(net, data.reading):
            history = trained(
                data,
                batch,
                rows,
                weigh,
                validation,
                epochs=epochs,
                learning_rate=learning_rate,
                optimizer=optimizer,
                seed=seed,
                callback=callback,
                callbacks=callbacks,
                validation_data=held,
                patience=patience,
                min_delta=min_delta,
                schedule=schedule,
                resume=resume,
                standardize=standardize,
                missing=missing,
                metrics=metrics,
                progress=progress,
            )
        net._training = {  # as `Network.fit` notes it
            **(net._training or {}),
            "method": "fit",
            "batch_size": batch_size,
            "shuffle": shuffled,
            "sample_weight": sample_weight is not None,
            "class_weight": dict(class_weight) if isinstance(class_weight, dict) else class_weight,
            "validation_data": validation_data is not None,
            "validation_split": validation_split,
        }
        return history


def trained(
    data: Data, batch_size: int | None, rows: Array | None, weigh: Any, validation: Dealt | None, **options: Any
) -> History:
    """Train the network on some rows of the data, or all; `options`: for `Network.fit_sums`."""
    batches = data.dealt(batch_size, rows, weigh)
    history: History = data.network.fit_sums(
        Sums(data, batches, rows, weigh, validation, options["standardize"]),
        rows=batches.rows,
        weighted=batches.weighted,
        validation_rows=validation.rows if validation else 0,
        batch_size=batch_size,
        shuffle=False,
        **options,
    )
    return history


def _is_on_workers(validation_data: Any) -> bool:
    """Whether some of it is Dask's."""
    return isinstance(validation_data, (tuple, list)) and any(map(is_of_dask, validation_data))


def _validation(known: Data, value: Any) -> Dealt:
    """Validation data on the workers, read as the data of training."""
    if len(value) not in (2, 3):
        raise ValueError("validation_data: expected a tuple (x, y) or (x, y, sample_weight)")
    x, y, *weight = value
    try:
        return Data(known.client, known.network, x, y, weight[0] if weight else None, known.reading).dealt()
    except (TypeError, ValueError) as error:
        raise type(error)(f"validation_data: {error}") from None


@contextlib.contextmanager
def _learning(net: Network, reading: tasks.Reading) -> Iterator[None]:
    """The network has the labels and names that its data taught it, unless training ends before the first epoch."""
    before = net.classes, net.feature_names
    try:
        if reading.classes is not net._classes:
            net.classes = reading.classes
        if reading.feature_names != net._feature_names:
            net.feature_names = reading.feature_names
        yield
    except BaseException as error:
        if not len(getattr(error, "history", ())):
            net.classes, net.feature_names = before
        raise
