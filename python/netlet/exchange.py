# SPDX-License-Identifier: BSD-3-Clause
"""What networks are saved as, and what they are made from."""

from __future__ import annotations

import errno
import io
import os
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._arguments import with_hints
from ._data import flag
from ._library import numerics_version
from ._names import LOSSES
from ._notes import Notes
from .optimizers import Optimizer, optimizer_class

if TYPE_CHECKING:
    import pathlib

    import numpy.typing as npt
    from _typeshed import SupportsRead, SupportsWrite
    from typing_extensions import Self  # typing has it from Python 3.11 on

    from ._names import ActivationName, DtypeName, LossName
    from .formats.parts import Parts

    Dtype = DtypeName | npt.DTypeLike
    Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]
    Target = Path | SupportsWrite[bytes]
    Source = Path | SupportsRead[bytes]

__all__ = ["Exchange"]

_QUIETLY = np.errstate(all="ignore")  # arithmetic on parameters, whatever numpy.seterr says


def _encoded(path: Any) -> bytes:
    try:
        return os.fsencode(path)
    except TypeError:
        raise TypeError(f"path: expected a str, bytes or path object, got {type(path).__name__}") from None


def _pathlib_path(path: Any) -> pathlib.Path:
    import pathlib  # it takes longer to import than all of netlet

    return pathlib.Path(os.fsdecode(_encoded(path)))


def _is_file(path: Any, method: str) -> bool:
    """Whether it is an open binary file with that method, rather than a path."""
    if isinstance(path, (str, bytes, os.PathLike)):
        return False
    if hasattr(path, "encoding"):
        raise TypeError(f"path: expected a binary file, got a text file ({type(path).__name__})")
    if hasattr(path, method):
        return True
    raise TypeError(
        f"path: expected a str, bytes, path object or open binary file to {method}, got {type(path).__name__}"
    )


def _write(file: Any, data: bytes) -> None:
    """Write all bytes, as often as a file without a buffer takes only some of them."""
    while data:
        count = file.write(data)
        if count is None and not isinstance(file, io.RawIOBase):
            return  # of another library, which does not count
        if not count:
            raise BlockingIOError(errno.EAGAIN, "path: the file takes no more bytes now")
        data = data[count:]


def _read(file: Any) -> bytes:
    """Read from the current position to the end."""
    parts: list[bytes] = []
    while True:
        part = file.read()
        if part is None:
            raise BlockingIOError(errno.EAGAIN, "path: the file has no bytes now")
        if not isinstance(part, (bytes, bytearray, memoryview)):
            raise TypeError(f"path: expected a binary file, whose read gives bytes, got {type(part).__name__}")
        if not part:
            break
        parts.append(bytes(part))
    if not parts:
        raise ValueError(
            "path: expected a network, but from where the file stands there are no bytes to its end; "
            "file.seek(0) goes to its beginning"
        )
    return b"".join(parts)


def _checkpoint(path: Any) -> _core.Checkpoint:
    if _is_file(path, "read"):
        return _core.Checkpoint.from_bytes(_read(path))
    return _core.Checkpoint.load(_encoded(path))


def _contiguous(data: Any) -> memoryview:
    try:
        view = memoryview(data)
    except TypeError:
        raise TypeError(f"data: expected bytes, got {type(data).__name__}") from None
    if not view.c_contiguous:
        raise ValueError("data: expected contiguous bytes")
    return view


def _check(optimizer: Any) -> Optimizer | None:
    if optimizer is None or isinstance(optimizer, Optimizer):
        return optimizer
    raise TypeError(f"optimizer: expected an Optimizer of netlet or None, got {type(optimizer).__name__}")


class Exchange(Notes):
    """The part of `Network` that deals with files and other libraries."""

    @with_hints
    def save(self, path: Target, *, optimizer: Optimizer | None = None, provenance: bool = False) -> None:
        """Save the network to a file, for `load` in Python, C and C++.

        It is a safetensors file, whose parameters other programs can read. It holds architecture, parameters, scaling,
        dropout, seed and epochs trained, a checksum over all of that, and a self-test.

        Parameters
        ----------
        path : str, path-like or binary file
            Any file extension will do. An existing file is replaced as a whole: if saving fails, or the machine does,
            the old file is still there. Where that is impossible (the file is itself a mount, or its folder may not be
            written), it is written in place. To an open file, or anything else that has ``write``, the bytes of
            `to_bytes` are written where it stands; it is neither flushed nor closed.
        optimizer : Optimizer, optional
            Its settings and state are saved too, so that training can be resumed to the same bits: see
            `load_checkpoint`.
        provenance : bool, default False
            Save `provenance`, too; from then on the file's network has it. A copy of the network is made for that.

        Raises
        ------
        OSError
            If the file cannot be written; the message says what is left of an old one.
        TypeError
            If `path` is neither a path nor a binary file.
        ValueError
            If a parameter is not finite, or the optimizer's state has another size or dtype; with `provenance`, if
            `fit` has not trained the network.
        RuntimeError
            If another thread is training the network.

        Examples
        --------
        >>> from netlet import Network
        >>> import tempfile, os
        >>> net = Network([2, 3, 1], seed=0)
        >>> path = os.path.join(tempfile.mkdtemp(), "xor.netlet")
        >>> net.save(path)
        >>> Network.load(path) == net
        True
        """
        if _is_file(path, "write"):
            _write(path, self.to_bytes(optimizer=optimizer, provenance=provenance))
        else:
            _core.save(self._as_saved(provenance), _encoded(path), _check(optimizer))

    @with_hints
    def to_bytes(self, *, optimizer: Optimizer | None = None, provenance: bool = False) -> bytes:
        """Return what `save` writes.

        Parameters
        ----------
        optimizer : Optimizer, optional
            As in `save`; read it back with `checkpoint_from_bytes`.
        provenance : bool, default False
            As in `save`.

        Returns
        -------
        bytes

        Raises
        ------
        ValueError, RuntimeError
            As in `save`.

        Examples
        --------
        >>> from netlet import Network
        >>> net = Network([2, 3, 1], seed=0)
        >>> Network.from_bytes(net.to_bytes()) == net
        True
        """
        return _core.to_bytes(self._as_saved(provenance), _check(optimizer))

    @classmethod
    def load(cls, path: Source) -> Self:
        """Make a network from a file that `save` wrote, in any language.

        Everything in the file is checked: its format, checksum, values and fingerprint, and that the network gives the
        bits of the self-test here.

        Parameters
        ----------
        path : str, path-like or binary file
            An open file, or anything else that has ``read``, is read from where it stands to its end.

        Returns
        -------
        Network

        Raises
        ------
        OSError
            If the file cannot be read.
        TypeError
            If `path` is neither a path nor a binary file.
        ValueError
            If it is not a netlet network, or is truncated, damaged or too new, or the file stands at its end; the
            message says what was expected.

        Warns
        -----
        UserWarning
            If the file was written under another numerics version, which gave different bits.

        Examples
        --------
        >>> from netlet import Network
        >>> import tempfile, os
        >>> path = os.path.join(tempfile.mkdtemp(), "xor.netlet")
        >>> Network([2, 3, 1], seed=0).save(path)
        >>> Network.load(path).layer_sizes
        (2, 3, 1)
        """
        return cls._made_of(_checkpoint(path))

    @classmethod
    def load_checkpoint(cls, path: Source) -> tuple[Self, Optimizer]:
        """Make a network and its optimizer from a file that `save` wrote with an optimizer.

        Training resumes as if it had never stopped, to the same bits.

        Parameters
        ----------
        path : str, path-like or binary file
            As in `load`.

        Returns
        -------
        network : Network
        optimizer : Optimizer

        Raises
        ------
        OSError, TypeError, ValueError
            As in `load`; ValueError also if the file has no optimizer.

        Examples
        --------
        >>> from netlet import Network
        >>> import tempfile, os
        >>> import numpy as np, netlet
        >>> X, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
        >>> net, adam = Network([2, 3, 1], seed=0), netlet.Adam()
        >>> history = net.fit(X, y, epochs=10, optimizer=adam)
        >>> path = os.path.join(tempfile.mkdtemp(), "xor.netlet")
        >>> net.save(path, optimizer=adam)
        >>> resumed, resumed_adam = Network.load_checkpoint(path)
        >>> for network, optimizer in ((net, adam), (resumed, resumed_adam)):
        ...     history = network.fit(X, y, epochs=10, optimizer=optimizer)
        >>> resumed == net
        True
        """
        return cls._both(_checkpoint(path), "path" if hasattr(path, "read") else os.fsdecode(path))

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> Self:
        """Make a network from what `to_bytes` returned, or from the contents of a file.

        Parameters
        ----------
        data : bytes-like

        Returns
        -------
        Network

        Raises
        ------
        ValueError
            As in `load`.
        TypeError
            If `data` is not bytes.
        """
        return cls._made_of(_core.Checkpoint.from_bytes(_contiguous(data)))

    @classmethod
    def checkpoint_from_bytes(cls, data: bytes | bytearray | memoryview) -> tuple[Self, Optimizer]:
        """Make a network and its optimizer from what `to_bytes` returned with an optimizer.

        Parameters
        ----------
        data : bytes-like

        Returns
        -------
        network : Network
        optimizer : Optimizer

        Raises
        ------
        ValueError, TypeError
            As in `from_bytes`; also if the data has no optimizer.

        Examples
        --------
        >>> from netlet import Adam, Network
        >>> data = Network([2, 1], seed=0).to_bytes(optimizer=Adam(0.01))
        >>> network, optimizer = Network.checkpoint_from_bytes(data)
        >>> optimizer.learning_rate
        0.01
        """
        return cls._both(_core.Checkpoint.from_bytes(_contiguous(data)), "data")

    @classmethod
    def _both(cls, checkpoint: _core.Checkpoint, name: str) -> tuple[Self, Optimizer]:
        if checkpoint.optimizer is None:
            raise ValueError(f"{name}: expected a network saved with an optimizer; this one was saved without")
        optimizer = _optimizer_of(checkpoint)
        return cls._made_of(checkpoint), optimizer

    @_QUIETLY
    def to_c(self, path: Path, *, name: str | None = None, header: bool = True) -> None:
        """Write the network as one C99 file that gives the same bits, for programs without netlet, and its header.

        All sizes are fixed, nothing is allocated, and nothing is needed but `fma`. The file has ``NAME_forward`` for
        one row, ``NAME_forward_rows`` for many, and ``NAME_self_test``, which checks that compiler and processor keep
        the bits. The header beside it declares them for C and C++, and has the sizes, ``NAME_INPUTS`` and
        ``NAME_OUTPUTS`` in capitals, and `feature_names` and `classes` as comments. The C file does not need it. A file
        that includes the headers of two networks needs names that differ in more than case, unless the sizes are the
        same.

        Parameters
        ----------
        path : str or path-like
            The C file, ``net.c``; the header is then ``net.h``.
        name : str, optional
            The prefix of its functions' names; by default the file's name without its extension, with ``_`` for
            characters that names in C cannot have, without those at its beginning, which C reserves, and after
            ``net_`` if it begins with a digit; ``net`` if nothing is left.
        header : bool, default True
            Whether to write the header, too.

        Raises
        ------
        FileExistsError
            If something of the header's name is there which `to_c` has not written; nothing is written then.
        OSError
            If a file cannot be written.
        ValueError
            If `name` is not a valid name in C, a parameter is not finite, or `path` is that of a header.

        Examples
        --------
        >>> from netlet import Network
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "xor.c"
        >>> Network([2, 3, 1], seed=0).to_c(path)
        >>> "void xor_forward(const double x[2], double y[1]);" in path.with_suffix(".h").read_text()
        True
        """
        from .formats.c_source import c_header, c_name, c_source, is_header

        file = _pathlib_path(path)
        name = c_name(file.stem) if name is None else name
        parts, fingerprint = self._parts(), self._fingerprint()
        text = c_source(parts, name, fingerprint, lambda x: self._forward(x, None))
        if flag("header", header):
            beside = file.with_suffix(".h")
            if file.suffix.lower() == ".h":  # some file systems ignore case
                raise ValueError(
                    f"path: expected a C file such as net.c, got {file.name}; its header would be the same"
                )
            own = beside.is_file() and is_header(beside.read_text(encoding="utf-8", errors="replace"))
            if beside.exists() and not own:
                reason = "is no header that to_c has written; choose another path, or pass header=False"
                raise FileExistsError(errno.EEXIST, reason, str(beside))
            # the name as printable ASCII, which may not end the comment
            called = ascii(file.name)[1:-1].replace("*/", "*_")
            declarations = c_header(parts, name, fingerprint, called)
            # first: in a folder that takes no new files the C file stays as it is
            _core.replace_file(os.fsencode(beside), declarations.encode("ascii"))
        _core.replace_file(_encoded(path), text.encode("ascii"))

    @_QUIETLY
    def to_onnx(self, path: Path, *, dtype: Dtype | None = None) -> None:
        """Write the network as an ONNX model and check it with onnx's checker; needs ``pip install onnx``.

        Its input ``x`` has shape (rows, inputs), its output ``y`` (rows, outputs); the model includes any scaling.

        Parameters
        ----------
        path : str or path-like
        dtype : str or numpy.dtype, optional
            ``"float32"`` or ``"float64"``; by default the network's. ONNX Runtime computes leaky_relu, elu, softplus,
            gelu, hard_sigmoid and mish in float32 only.

        Raises
        ------
        ImportError
            If the package onnx is missing.
        OSError
            If the file cannot be written.
        """
        from .formats.onnx_model import to_onnx

        model = to_onnx(self._parts(), dtype, self._fingerprint())
        _core.replace_file(_encoded(path), model.SerializeToString())

    @classmethod
    @_QUIETLY
    def from_onnx(
        cls,
        model: Any,
        *,
        output: str | int | None = None,
        output_activation: ActivationName | None = None,
        loss: LossName | None = None,
        dtype: Dtype | None = None,
    ) -> Self:
        """Make a network from an ONNX model of linear maps and activations; needs ``pip install onnx``.

        Only what the chosen output depends on is read. Products with constants (Gemm, MatMul) are layers; everything
        else that is linear in each column (Add, Mul, BatchNormalization, scalers, ...) goes into their weights and
        biases, or becomes scaling before the first layer or after the last. Limits on both sides (Clip, ReLU6) become
        hard_sigmoid; activations that have no sums before them, as of the inputs, get a layer of their own. Inputs may
        have any shape whose rows stay rows: the network takes them flattened. docs/exchange.md lists what is read.

        Parameters
        ----------
        model : str, path-like or onnx.ModelProto
            A path if the model's tensors lie in other files. Of bytes, ``onnx.load_model_from_string(data)`` makes a
            model; of an open file, ``onnx.load(file)``.
        output : str or int, optional
            The name or the number, from 0, of the output to read, if the model has several.
        output_activation : str, optional
            Pass ``"softmax"`` or ``"sigmoid"`` if the model gives logits.
        loss : str, optional
            By default the one that goes with the output: cross_entropy with softmax, binary_cross_entropy with sigmoid,
            otherwise squared_error; for a model that `to_onnx` wrote, the network's own.
        dtype : str or numpy.dtype, optional
            By default that of the parameters.

        Returns
        -------
        Network

        Raises
        ------
        ImportError
            If the package onnx is missing.
        OSError
            If the file cannot be read.
        ValueError
            If the model has several outputs and none is chosen, or it is not such a network; the message names the
            outputs, or the node.

        Warns
        -----
        UserWarning
            If the model ends in LogSoftmax: the network gives the probabilities, of which these are the logarithms.

        Examples
        --------
        >>> from netlet import Network
        >>> import tempfile, os
        >>> path = os.path.join(tempfile.mkdtemp(), "net.onnx")
        >>> net = Network([2, 3, 1], seed=0)
        >>> net.to_onnx(path)
        >>> Network.from_onnx(path) == net
        True
        """
        from .formats.onnx_reader import from_onnx

        return cls._from_parts(from_onnx(model, output, output_activation, loss, dtype))

    @classmethod
    @_QUIETLY
    def from_sklearn(cls, model: Any, *, dtype: Dtype | None = None) -> Self:
        """Make a network from a fitted MLPClassifier or MLPRegressor of scikit-learn or netlet, with its scalers.

        Parameters
        ----------
        model : estimator
            The network itself; a Pipeline of scalers (StandardScaler, MinMaxScaler, MaxAbsScaler, RobustScaler), PCA
            and the network; a TransformedTargetRegressor whose transformer is such a scaler; or a search
            (GridSearchCV, ...), whose best estimator is taken. Scaling becomes `input_scaling` and `output_scaling`,
            PCA a layer of its own.
        dtype : str or numpy.dtype, optional
            By default that of the parameters.

        Returns
        -------
        Network
            With the model's ``classes_`` as `classes`, unless these are 0, 1, ..., and its ``feature_names_in_``.

        Raises
        ------
        ValueError, TypeError
            If the model is not fitted, not one of these, or a classifier that saw only one class; the message names
            what netlet does not have.

        Examples
        --------
        >>> from sklearn.neural_network import MLPRegressor  # doctest: +SKIP
        >>> net = Network.from_sklearn(MLPRegressor().fit(X, y))  # doctest: +SKIP
        """
        from .formats.sklearn_model import from_sklearn

        return cls._from_parts(from_sklearn(model, dtype))

    @classmethod
    @_QUIETLY
    def from_torch(
        cls,
        model: Any,
        *,
        activation: ActivationName | Sequence[ActivationName] | None = None,
        output_activation: ActivationName | None = None,
        loss: LossName | None = None,
        dtype: Dtype | None = None,
    ) -> Self:
        """Make a network from a PyTorch Sequential, or from a state_dict.

        Parameters
        ----------
        model : torch.nn.Sequential or dict
            Linear layers, activations that netlet has, ReLU6 and Hardtanh, BatchNorm1d with the moments that it has
            learned, Dropout, Flatten, and LogSoftmax at the end, in place of which the network has softmax; or the
            state_dict of Linear layers, of tensors or NumPy arrays (from a safetensors file, say).
        activation : str or sequence of str, optional
            Of the hidden layers, if there are any, or of all layers; a state_dict does not contain it.
        output_activation : str, optional
            Pass ``"softmax"`` if the model gives the logits for a CrossEntropyLoss, ``"sigmoid"`` for a
            BCEWithLogitsLoss.
        loss : str, optional
            By default the one that goes with the output: cross_entropy with softmax, binary_cross_entropy with sigmoid,
            otherwise squared_error.
        dtype : str or numpy.dtype, optional
            By default that of the parameters.

        Returns
        -------
        Network

        Raises
        ------
        ValueError, TypeError
            If netlet has no such layer; the message names it.

        Examples
        --------
        >>> from torch import nn  # doctest: +SKIP
        >>> model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))  # doctest: +SKIP
        >>> Network.from_torch(model).activations  # doctest: +SKIP
        ('tanh', 'identity')

        >>> import numpy as np
        >>> from netlet import Network
        >>> state = {"0.weight": np.zeros((3, 2)), "0.bias": np.zeros(3), "2.weight": np.zeros((1, 3))}
        >>> Network.from_torch(state, activation="relu").layer_sizes
        (2, 3, 1)
        """
        from .formats.torch_model import from_torch

        return cls._from_parts(from_torch(model, activation, output_activation, loss, dtype))

    @classmethod
    @_QUIETLY
    def from_keras(
        cls,
        model: Any,
        *,
        activation: ActivationName | Sequence[ActivationName] | None = None,
        output_activation: ActivationName | None = None,
        loss: LossName | None = None,
        dtype: Dtype | None = None,
    ) -> Self:
        """Make a network from a Keras model of Dense layers, or from its ``get_weights()``.

        Parameters
        ----------
        model : keras.Model or list of numpy.ndarray
            A chain of Dense, activations that netlet has, ReLU with a maximum, Normalization, Rescaling,
            BatchNormalization with the moments that it has learned, Dropout and Flatten; or the weights of Dense
            layers.
        activation : str or sequence of str, optional
            Of the hidden layers, if there are any, or of all layers; weights alone do not contain it.
        output_activation : str, optional
            Pass ``"softmax"`` or ``"sigmoid"`` if the model gives logits (``from_logits=True``).
        loss : str, optional
            As in `from_torch`; the loss that the model was compiled with is ignored.
        dtype : str or numpy.dtype, optional
            By default that of the parameters.

        Returns
        -------
        Network

        Raises
        ------
        ValueError, TypeError
            If netlet has no such layer; the message names it.

        Examples
        --------
        >>> from netlet import Network
        >>> import numpy as np
        >>> weights = [np.zeros((2, 3)), np.zeros(3), np.zeros((3, 1)), np.zeros(1)]
        >>> Network.from_keras(weights, activation="tanh").activations
        ('tanh', 'identity')
        """
        from .formats.keras_model import from_keras

        return cls._from_parts(from_keras(model, activation, output_activation, loss, dtype))

    @classmethod
    @_QUIETLY
    def from_fann(
        cls, path: Path, *, stepwise: bool = False, loss: LossName | None = None, dtype: Dtype = "float64"
    ) -> Self:
        """Make a network from a FANN text file (.net) in which each layer is fully connected to the next.

        The steepness of FANN's functions goes into the weights; its scaling becomes `input_scaling` and
        `output_scaling`, so that the network does what fann_scale_input, fann_run and fann_descale_output do. A network
        with shortcut connections is read if those that skip a layer are 0.

        Parameters
        ----------
        path : str or path-like
        stepwise : bool, default False
            Use sigmoid and tanh in place of FANN's stepwise approximations of them, which are off by about 0.01;
            otherwise a network that has them is refused.
        loss : str, optional
            squared_error by default.
        dtype : str or numpy.dtype, default "float64"

        Returns
        -------
        Network

        Raises
        ------
        OSError
            If the file cannot be read.
        ValueError
            If it is not such a file, or netlet does not have its functions; the message names the layer.
        """
        from .formats.fann import from_fann
        from .formats.reading import read_text

        return cls._from_parts(from_fann(read_text(path), stepwise, loss, dtype))

    @classmethod
    @_QUIETLY
    def from_genann(
        cls,
        path: Path,
        *,
        activation: ActivationName | Sequence[ActivationName] = "sigmoid",
        output_activation: ActivationName | None = None,
        loss: LossName | None = None,
        dtype: Dtype = "float64",
    ) -> Self:
        """Make a network from a file that genann_write wrote.

        Parameters
        ----------
        path : str or path-like
        activation : str or sequence of str, default "sigmoid"
            Of all hidden layers, or one for each layer, with or without the output layer, where the program sets others
            than genann's own: the file does not contain them. genann looks its sigmoid up in a table, which is off by
            up to 0.001.
        output_activation : str, optional
            By default the last of one for each layer, else sigmoid.
        loss : str, optional
            squared_error by default.
        dtype : str or numpy.dtype, default "float64"

        Returns
        -------
        Network

        Raises
        ------
        OSError
            If the file cannot be read.
        ValueError
            If it is not such a file.

        Examples
        --------
        >>> from netlet import Network
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "and.ann"
        >>> _ = path.write_text("2 0 0 1 30 20 20")  # one output: its bias first, for an input of -1
        >>> Network.from_genann(path).forward([[0, 1], [1, 1]]).round(3).ravel()
        array([0., 1.])
        """
        from .formats.genann import from_genann
        from .formats.reading import read_text

        return cls._from_parts(from_genann(read_text(path), activation, output_activation, loss, dtype))

    @classmethod
    @_QUIETLY
    def from_nnet(cls, path: Path, *, loss: LossName | None = None, dtype: Dtype = "float64") -> Self:
        """Make a network from a file in the format .nnet, which the networks of ACAS Xu have.

        Its means and ranges become `input_scaling` and `output_scaling`. Programs for this format clip inputs to the
        minima and maxima that the file states; netlet does not.

        Parameters
        ----------
        path : str or path-like
        loss : str, optional
            squared_error by default.
        dtype : str or numpy.dtype, default "float64"

        Returns
        -------
        Network

        Raises
        ------
        OSError
            If the file cannot be read.
        ValueError
            If it is not such a file; the message names the layer.
        """
        from .formats.nnet import from_nnet
        from .formats.reading import read_text

        return cls._from_parts(from_nnet(read_text(path), loss, dtype))

    @classmethod
    @_QUIETLY
    def from_rtneural(cls, path: Path, *, loss: LossName | None = None, dtype: Dtype = "float64") -> Self:
        """Make a network from a JSON file of RTNeural with dense layers, activations and batch normalization.

        Parameters
        ----------
        path : str or path-like
        loss : str, optional
            As in `from_torch`.
        dtype : str or numpy.dtype, default "float64"

        Returns
        -------
        Network

        Raises
        ------
        OSError
            If the file cannot be read.
        ValueError
            If it is not such a file, or has other layers (recurrent, convolutional, prelu); the message names the
            layer.
        """
        from .formats.reading import read_file
        from .formats.rtneural import from_rtneural

        return cls._from_parts(from_rtneural(read_file(path), loss, dtype))

    def _as_saved(self, provenance: bool) -> Notes:
        return self._with_provenance() if flag("provenance", provenance) else self

    def _loss_settings(self) -> dict[str, Any]:
        """The arguments that belong to this loss alone."""
        loss = LOSSES[self.loss_name]
        return {loss["parameter"]: getattr(self, loss["attribute"])} if "parameter" in loss else {}

    def _parts(self) -> Parts:
        from .formats.parts import Parts

        return Parts(
            weights=self.weights,
            biases=self.biases,
            activations=self.activations,
            loss=self.loss_name,
            reduction=self.reduction,
            dtype=self.dtype,
            loss_settings=self._loss_settings(),
            dropout=self.dropout,
            input_scaling=self._scaling(False),
            output_scaling=self._scaling(True),
            classes=self._classes,
            feature_names=self._feature_names,
        )

    @classmethod
    def _from_parts(cls, parts: Parts) -> Self:
        raise NotImplementedError  # `Network` has the constructor

    @classmethod
    def _made_of(cls, checkpoint: _core.Checkpoint) -> Self:
        if checkpoint.numerics_version != numerics_version():
            warnings.warn(
                f"this network was saved under numerics version {checkpoint.numerics_version}; from here on it uses "
                f"version {numerics_version()}, which gives different bits",
                stacklevel=3,
            )
        network = cls.__new__(cls)
        _core.Network.__init__(network, checkpoint)
        network._read_notes()
        return network


def _optimizer_of(checkpoint: _core.Checkpoint) -> Optimizer:
    assert checkpoint.optimizer is not None
    cls = optimizer_class(*checkpoint.optimizer)
    optimizer = cls.__new__(cls)
    _core.Optimizer.__init__(optimizer, checkpoint)
    return optimizer
