# SPDX-License-Identifier: BSD-3-Clause
"""What a network carries along in copies and files, beside its numbers: names of classes and inputs, metadata, origin.

The core keeps each as a text, which it does not read. Those names are also attributes, which calls look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from . import _core

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

__all__ = ["Notes"]

_CLASSES, _FEATURE_NAMES, _METADATA = range(3)  # of the core's notes
_ORIGIN = "netlet_provenance"  # in the metadata of a file: earlier readers of the format know no other place


class _Metadata(dict[str, Any]):
    """A dict that says so where changing it would be in vain."""

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError("metadata: expected to be set as a whole: net.metadata = {**net.metadata, 'name': value}")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> Any:
        return dict, (dict(self),)


def _parsed(text: str) -> Any:
    import json  # it takes long to import

    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError(str(error)) from None


def _told(network: Any, history: Any, optimizer: Any, options: Any, said: dict[str, Any], ended_by: str | None) -> Any:
    """What `provenance` makes its dict of: there is no time for that in a short `fit`."""
    return {
        "optimizer": (type(optimizer).__name__, optimizer._own, optimizer._settings),
        "epochs": len(history),
        "epochs_asked_for": options["epochs"],
        "seed": network.seed if options["seed"] is None else options["seed"],
        "schedule": None if options["schedule"] is None else _schedule(options["schedule"]),
        "resume": bool(options["resume"]),
        "patience": options["patience"],
        "min_delta": options["min_delta"],
        "missing": options["missing"],
        "validation_data": options["validation_data"] is not None,
        **said,
        "last_epoch": history._last(),
        "ended_by": ended_by,
    }


def _schedule(value: Any) -> str:
    """A schedule by its settings, a function by its name: what it prints by itself may have its address."""
    if type(value).__module__ == "netlet.schedules":
        return repr(value)
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{named.__module__}.{named.__qualname__}"


class Notes(_core.Network):
    """The part of `Network` that it carries along."""

    _classes: Array | None = None
    _feature_names: list[str] | None = None
    _training: dict[str, Any] | None = None  # the last in this process; what a file says of it is in the core's note

    @property
    def classes(self) -> Array | None:
        """The label of each class, or None: predictions and targets are indices from 0.

        A read-only array, one label for each output, in their order; for binary_cross_entropy two, of 0 and of 1. Set
        it to text, booleans or numbers, or to None, or let `fit` learn it from its `y`.

        Examples
        --------
        >>> from netlet import Network
        >>> net = Network([1, 1], loss="binary_cross_entropy", seed=0)
        >>> history = net.fit([[0.0], [1.0]], ["no", "yes"], epochs=100, learning_rate=1.0)
        >>> net.classes.tolist(), net.predict([[-9.0], [9.0]]).tolist()
        (['no', 'yes'], ['no', 'yes'])
        """
        return self._classes

    @classes.setter
    def classes(self, value: Sequence[Any] | Array | None) -> None:
        from . import _labels

        classes = None if value is None else _labels.checked(value, self.loss_name, self.layer_sizes[-1])
        self._set_json(_CLASSES, None if classes is None else classes.tolist())
        self._classes = classes

    @property
    def feature_names(self) -> list[str] | None:
        """The name of each input, or None: tables are read by position.

        `fit` learns them from a table of pandas, polars or Arrow whose columns have names. From then on columns are
        taken by name, in any order; a table that lacks some, or has others, is refused. Arrays have no names, and are
        read by position. Set it to a list of distinct names, or to None.

        Examples
        --------
        >>> from netlet import Network
        >>> net = Network([2, 1], seed=0)
        >>> net.feature_names = ["mass", "speed"]
        >>> Network.from_bytes(net.to_bytes()).feature_names
        ['mass', 'speed']
        """
        return None if self._feature_names is None else list(self._feature_names)

    @feature_names.setter
    def feature_names(self, value: Sequence[str] | None) -> None:
        from . import _features

        names = None if value is None else _features.checked(value, self.layer_sizes[0])
        self._set_json(_FEATURE_NAMES, names)
        self._feature_names = names

    @property
    def metadata(self) -> dict[str, Any]:
        """What you want to keep with the network: a dict of what JSON can say, empty by default.

        It is saved and copied with the network, and nothing here reads it. What is read is a copy: set it as a whole,
        ``net.metadata = {**net.metadata, "name": value}``, or to None.

        Examples
        --------
        >>> from netlet import Network
        >>> net = Network([2, 1], seed=0)
        >>> net.metadata = {"made for": "a test"}
        >>> net.metadata["made for"]
        'a test'
        """
        stored = self._stored()
        stored.pop(_ORIGIN, None)
        return _Metadata(stored)

    @metadata.setter
    def metadata(self, value: Mapping[str, Any] | None) -> None:
        if value is not None and not isinstance(value, Mapping):
            raise TypeError(f"metadata: expected a dict or None, got {type(value).__name__}")
        import json

        given = dict(value or {})
        try:
            text = json.dumps(given, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"metadata: expected what JSON can say, but {error}") from None
        if json.loads(text) != given:
            raise ValueError(
                "metadata: expected what JSON gives back as it was: names that are str, and lists, no tuples"
            )
        if _ORIGIN in given:
            raise ValueError(f"metadata: expected other names than {_ORIGIN!r}, under which files have the provenance")
        origin = self._origin()
        self._set_json(_METADATA, given | ({} if origin is None else {_ORIGIN: origin}))

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the parameters come from: the library's version, and the settings and results of the last `fit`.

        A dict, empty for a network that `fit` or `fit_batches` has not trained; copies and pickles have it, files if
        they are saved with ``provenance=True``. It has no times and names no machine: the same training gives the same
        dict. Whatever else has changed the parameters since, such as `step`, is not in it.

        Examples
        --------
        >>> from netlet import Network
        >>> net = Network([2, 1], seed=0)
        >>> history = net.fit([[0, 1], [1, 1]], [1, 0], epochs=3, learning_rate=0.5)
        >>> net.provenance["epochs"], net.provenance["optimizer"]["learning_rate"]
        (3, 0.5)
        >>> Network.from_bytes(net.to_bytes(provenance=True)).provenance == net.provenance
        True
        """
        if self._training is not None:
            from ._provenance import of_fit

            return of_fit(self.loss_name, self.reduction, self._training)
        origin = self._origin()
        return dict(origin) if isinstance(origin, dict) else {}

    def _stored(self) -> dict[str, Any]:
        """The metadata as they are in a file."""
        text = self._note(_METADATA)
        try:
            stored = _parsed(text) if text else {}
        except ValueError as error:
            raise ValueError(f"metadata: expected a JSON object in the network's note, but {error}") from None
        if not isinstance(stored, dict):
            raise ValueError(f"metadata: expected a JSON object in the network's note, got {type(stored).__name__}")
        return stored

    def _origin(self) -> Any:
        """The provenance as it is in a file; None also if another program's note is no JSON object."""
        with suppress(ValueError):
            return self._stored().get(_ORIGIN)
        return None

    def _set_json(self, kind: int, value: Any) -> None:
        import json

        self._set_note(kind, json.dumps(value) if value else None)

    def _read_notes(self) -> None:
        """Take over what a file or a pickle says."""
        try:
            if classes := self._note(_CLASSES):
                from . import _labels

                self._classes = _labels.checked(_parsed(classes), self.loss_name, self.layer_sizes[-1])
            if names := self._note(_FEATURE_NAMES):
                from . import _features

                self._feature_names = _features.checked(_parsed(names), self.layer_sizes[0])
        except (TypeError, ValueError) as error:
            raise ValueError(f"the network's notes are not as netlet writes them: {error}") from None

    def _with_provenance(self) -> Any:
        """A copy whose file tells the provenance."""
        import copy

        provenance = self.provenance
        if not provenance:
            raise ValueError("provenance: expected a network that fit has trained, nothing is known of this one")
        network = copy.copy(self)
        network._set_json(_METADATA, {**self.metadata, _ORIGIN: provenance})
        return network

    def _forget_provenance(self) -> None:
        if _ORIGIN in (self._note(_METADATA) or "") and self._origin() is not None:
            self._set_json(_METADATA, dict(self.metadata))
        self._training = None

    def _known(self) -> tuple[Any, Any, int]:
        """What decides how data are read, and what they may teach."""
        return self._classes, self._feature_names, self.epochs_trained

    def _learn(self, fit: object, known: tuple[Any, Any, int], classes: Array | None, names: list[str] | None) -> None:
        """Take over what is new, unless another call has been here since the data were read."""
        learns = classes is not None or names is not None
        try:
            if not self._claimed(fit):
                raise RuntimeError("fit: another call is using this network")
            now = self._known()
            same = now[0] is known[0] and now[1] is known[1] and (not learns or now[2] == known[2])
            if not same:
                raise RuntimeError(
                    "fit: another call has trained this network, or changed its classes or feature_names, since x and "
                    "y were read"
                )
            self.__dict__.setdefault("_fits", set()).add(fit)
            if classes is not None:
                self.classes = classes
            if names is not None:
                self.feature_names = names
        finally:
            self._release(fit)

    def _claimed(self, fit: object) -> bool:
        """Whether this training, alone of all, may look at what the network has learned of data, and change it."""
        return self.__dict__.setdefault("_learning", fit) is fit

    def _release(self, fit: object) -> None:
        if self.__dict__.get("_learning") is fit:
            del self.__dict__["_learning"]

    @contextmanager
    def _noting(
        self,
        history: Any,
        optimizer: Any,
        options: Any,
        said: dict[str, Any],
        given: dict[str, Any],
        known: tuple[Any, Any, int],
        classes: Array | None = None,
        feature_names: list[str] | None = None,
    ) -> Iterator[None]:
        """For a training: keep what was learned from its data, unless it ends before anything has changed.

        Parameters
        ----------
        history, optimizer, options
            Of the training, for `provenance`.
        said : dict
            What else `provenance` says.
        given : dict
            Data as the caller passed them, for the names of columns in messages.
        known : tuple
            `_known` when the data were read.
        classes, feature_names
            What is new.
        """
        note, training = self._note(_METADATA), self._training
        epochs, steps = self.epochs_trained, optimizer.steps
        if feature_names is not None and len(feature_names) != self.layer_sizes[0]:
            feature_names = None
        before = after = (self._classes, self._feature_names)
        ended_by, fit = None, object()
        try:
            self._learn(fit, known, classes, feature_names)
            after = (self._classes, self._feature_names)
            self._forget_provenance()
            yield
        except BaseException as error:
            ended_by = type(error).__name__
            if isinstance(error, ValueError):
                from ._features import name_columns

                name_columns(error, self, **given)
            if self.epochs_trained == epochs and optimizer.steps == steps:
                self._unlearn(fit, before, after, note, training)
            raise
        finally:
            self.__dict__.get("_fits", set()).discard(fit)
            if len(history) or optimizer.steps != steps:
                self._training = _told(self, history, optimizer, options, said, ended_by)

    def _unlearn(
        self, fit: object, before: tuple[Any, Any], after: tuple[Any, Any], note: str | None, training: Any
    ) -> None:
        """Take back what a training has set that changed nothing else; what others have set since, or use, stays."""
        if self._training is None:
            self._training = training
        try:
            if not self._claimed(fit) or self.__dict__.get("_fits", set()) - {fit}:
                return  # another training has read its data by what is there
            with suppress(RuntimeError):  # as has another call that is using the network
                if after[0] is not before[0] and self._classes is after[0]:
                    self.classes = before[0]
                if after[1] is not before[1] and self._feature_names is after[1]:
                    self.feature_names = before[1]
                if self._note(_METADATA) != note:
                    self._set_note(_METADATA, note)
        finally:
            self._release(fit)
