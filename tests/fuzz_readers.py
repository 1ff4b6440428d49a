# SPDX-License-Identifier: BSD-3-Clause
"""Random changes to other libraries' files: what comes out is a network that can be used, or a ValueError.

``python tests/fuzz_readers.py onnx --files 1000000 --seed 7`` makes a million files of one format. A finding says which
one it is; ``--first`` begins there. ``--atheris FOLDER`` has libFuzzer make them instead, which sees the code that they
reach (``pip install atheris``; it gets all other arguments), and keeps in FOLDER those that reach more.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from pathlib import Path

import numpy as np

FILES = Path(__file__).parent / "files"
NUMBERS = ["0", "-1", "1", "2", "7", "999999999", "99999999999999999999", "1e39", "1e309", "-0.0", "nan", "inf", "1_0"]
INTEGERS = [0, 1, 2, 3, 7, 11, 255, 2**16, 2**31 - 1, 2**40, 2**63 - 1, -1, -2, -(2**31), -(2**63)]
REALS = [0.0, -0.0, 1.0, -1.0, 1e-45, 3e38, float("inf"), float("-inf"), float("nan")]


class Random:
    """Draws of one file, which depend on its number alone."""

    def __init__(self, seed: int, number: int) -> None:
        self.draw = np.random.default_rng((seed, number))

    def below(self, limit: int) -> int:
        return int(self.draw.integers(limit))

    def one_of(self, values):
        return values[self.below(len(values))]


def changed_text(random: Random, good: list[bytes]) -> bytes:
    """A good file with some bytes, pieces or numbers changed."""
    data = bytearray(random.one_of(good))
    for _ in range(1 + random.below(4)):
        at = random.below(len(data) + 1)
        end = min(len(data), at + random.below(1 + random.one_of([4, 40, 4000])))
        kind = random.below(7)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << random.below(8)
        elif kind == 1:
            del data[at:end]
        elif kind == 2:  # a piece once more
            data[at:at] = data[at:end]
        elif kind == 3:  # of another file
            other = random.one_of(good)
            begin = random.below(len(other))
            data[at:end] = other[begin : begin + random.below(200)]
        elif kind == 4:
            del data[at:]
        else:  # a number becomes another
            while at < len(data) and chr(data[at]) not in "0123456789":
                at += 1
            end = at
            while end < len(data) and chr(data[end]) in "0123456789.e":
                end += 1
            data[at:end] = random.one_of(NUMBERS).encode()
    return bytes(data)


# ---- ONNX: changes to bytes, and to messages, which stay readable


def messages_in(message):
    """It, and all messages within."""
    found = [message]
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for part in [value] if not field.is_repeated else value:
                found += messages_in(part)
    return found


def changed_value(random: Random, field, value, names: list[str]):
    if field.type in (field.TYPE_FLOAT, field.TYPE_DOUBLE):
        return random.one_of(REALS)
    if field.type == field.TYPE_STRING:
        return random.one_of(names)
    if field.type == field.TYPE_BYTES:
        return changed_text(random, [value]) if value else b"\0" * random.below(40)
    if field.type == field.TYPE_ENUM:
        return random.one_of(field.enum_type.values).number
    number = random.one_of([*INTEGERS, value + 1, value - 1])
    low, high = {field.TYPE_INT32: (-(2**31), 2**31 - 1), field.TYPE_UINT64: (0, 2**64 - 1)}.get(
        field.type, (-(2**63), 2**63 - 1)
    )
    return min(max(number, low), high)


def change_message(random: Random, model, names: list[str]) -> None:
    """Change one field of one of its messages."""
    message = random.one_of(messages_in(model))
    fields = [field for field, _ in message.ListFields()] if random.below(8) else message.DESCRIPTOR.fields
    if not fields:
        return
    field = random.one_of(list(fields))
    value = getattr(message, field.name)
    if field.type == field.TYPE_MESSAGE:
        if not field.is_repeated:
            message.ClearField(field.name)
        elif len(value):
            part, kind = value[random.below(len(value))], random.below(3)
            if kind == 0:
                value.remove(part)
            elif kind == 1:
                value.add().CopyFrom(part)
            else:
                part.CopyFrom(random.one_of(list(value)))
    elif field.is_repeated:
        place = random.below(len(value) + 1)
        if place == len(value):
            zero = "" if field.type == field.TYPE_STRING else b"" if field.type == field.TYPE_BYTES else 0
            value.append(changed_value(random, field, zero, names))
        elif random.below(2):
            del value[place]
        else:
            value[place] = changed_value(random, field, value[place], names)
    else:
        setattr(message, field.name, changed_value(random, field, value, names))


def names_in(model) -> list[str]:
    from onnx import defs

    graph = model.graph
    used = {name for node in graph.node for name in (*node.input, *node.output, node.op_type)}
    attributes = {attribute.name for node in graph.node for attribute in node.attribute}
    kinds = {schema.name for schema in defs.get_all_schemas() if schema.domain in ("", "ai.onnx.ml")}
    return ["", "no such name", *sorted(used | attributes), *sorted(kinds)]


def onnx_models():
    """Models that use all operators, as exporters write them."""
    from helpers.onnx_models import model_of, node

    def values(*shape):
        return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)

    ml = {"domain": "ai.onnx.ml"}
    constants = {
        "w": values(6, 4), "b": values(4), "v": values(4, 2), "c": values(2), "left": values(4, 6), "six": values(6),
        "column": values(4, 1), "positive": [1, 2, 3, 4], "one": 1, "two": 2, "half": 0.5, "limit": 20, "root": 2**0.5,
        "zero": np.array([0]), "rest": np.array([6]), "axes": np.array([0]), "last": np.array([1]),
    }  # fmt: skip
    graphs = [
        [
            node("Flatten", ["x"], ["f"]), node("Gemm", ["f", "w", "b"], ["s"]), node("Relu", ["s"], ["r"]),
            node("BatchNormalization", ["r", "b", "b", "b", "positive"], ["n"]), node("Dropout", ["n", "half"], ["d"]),
            node("Gemm", ["d", "v", "c"], ["z"]), node("Softmax", ["z"], ["y"]),
        ],
        [
            node("Cast", ["x"], ["k"], to=1), node("Sub", ["k", "six"], ["s"]), node("Div", ["s", "two"], ["d"]),
            node("MatMul", ["d", "w"], ["m"]), node("Add", ["m", "b"], ["a"]), node("Tanh", ["a"], ["t"]),
            node("Clip", ["t", "half", "one"], ["q"]), node("MatMul", ["q", "v"], ["n"]), node("Neg", ["n"], ["e"]),
            node("Mul", ["e", "two"], ["u"]), node("Identity", ["u"], ["i"]), node("Add", ["i", "c"], ["y"]),
        ],
        [
            node("Shape", ["x"], ["all"]), node("Gather", ["all", "zero"], ["rows"], axis=0),
            node("Concat", ["rows", "rest"], ["to"], axis=0), node("Reshape", ["x", "to"], ["f"]),
            node("Gemm", ["f", "left", "b"], ["z"], transB=1), node("Softplus", ["z"], ["p"]),
            node("Greater", ["z", "limit"], ["g"]), node("Where", ["g", "z", "p"], ["h"]),
            node("MatMul", ["h", "v"], ["m"]), node("Softplus", ["m"], ["o"]), node("Tanh", ["o"], ["t"]),
            node("Mul", ["m", "t"], ["y"]),
        ],
        [
            node("Unsqueeze", ["x", "axes"], ["k"]), node("Squeeze", ["k", "axes"], ["i"]),
            node("Transpose", ["i"], ["j"], perm=[1, 0]), node("MatMul", ["left", "j"], ["z"]),
            node("Add", ["z", "column"], ["a"]), node("Div", ["a", "root"], ["d"]), node("Erf", ["d"], ["e"]),
            node("Add", ["e", "one"], ["f"]), node("Mul", ["a", "f"], ["g"]), node("Mul", ["g", "half"], ["y"]),
        ],
        [
            node("Scaler", ["x"], ["k"], offset=[0.5] * 6, scale=[2.0] * 6, **ml),
            node("Gemm", ["k", "w", "b"], ["s"]), node("LeakyRelu", ["s"], ["h"]),
            node("Constant", [], ["u"], value_floats=[1.0, 2.0, 3.0, 4.0]), node("Unsqueeze", ["u", "last"], ["e"]),
            node("MatMul", ["h", "e"], ["z"]), node("Sigmoid", ["z"], ["p"]), node("Sub", ["one", "p"], ["q"]),
            node("Concat", ["q", "p"], ["o"], axis=1), node("ZipMap", ["o"], ["y"], classlabels_int64s=[0, 1], **ml),
        ],
    ]  # fmt: skip
    made = []
    for number, nodes in enumerate(graphs):
        used = {name for one in nodes for name in one.input}
        rows = 1 if number == 3 else "rows"
        kept = {name: array for name, array in constants.items() if name in used}
        made.append(model_of(nodes, kept, (("x", (rows, 6)),)))
    return made


class Onnx:
    def __init__(self) -> None:
        self.models = onnx_models()
        self.names = [names_in(model) for model in self.models]
        self.good = [model.SerializeToString() for model in self.models]

    def changed(self, random: Random) -> bytes:
        if not random.below(4):
            return changed_text(random, self.good)
        number = random.below(len(self.models))
        model = type(self.models[number]).FromString(self.good[number])
        for _ in range(1 + random.below(3)):
            change_message(random, model, self.names[number])
        return model.SerializeToString()

    def read(self, data: bytes):
        import onnx
        from google.protobuf.message import DecodeError
        from netlet import Network

        try:
            model = onnx.load_model_from_string(data)
        except DecodeError:
            return
        outputs = [None, *range(len(model.graph.output))] if len(model.graph.output) != 1 else [None]
        for output in outputs[:4]:
            yield lambda output=output: Network.from_onnx(model, output=output)


# ---- text files


class Text:
    """A format with a reader of its text; `more` are further ways to call it."""

    def __init__(self, pattern: str, reader) -> None:
        self.good = [path.read_bytes() for path in sorted(FILES.glob(pattern))]
        self.read_text = reader

    def changed(self, random: Random) -> bytes:
        return changed_text(random, self.good)

    def read(self, data: bytes):
        from netlet import Network

        yield lambda: Network._from_parts(self.read_text(data))


def text_formats():
    from netlet.formats import fann, genann, nnet, rtneural

    def text(data: bytes) -> str:
        return data.decode("ascii", errors="replace")

    return {
        "fann": lambda: Text("fann_*.net", lambda data: fann.from_fann(text(data), True, None, "float32")),
        "genann": lambda: Text("*.ann", lambda data: genann.from_genann(text(data), "tanh", None, None, "float64")),
        "nnet": lambda: Text("*.nnet", lambda data: nnet.from_nnet(text(data), None, "float32")),
        "rtneural": lambda: Text("rtneural_*.json", lambda data: rtneural.from_rtneural(data, None, "float64")),
    }


# ---- PyTorch's state_dicts: odd names, shapes and dtypes


class Torch:
    """Dicts written as text, one line for each array: its name, dtype and shape; its values are drawn from the text."""

    good = (
        b"0.weight f4 4 3\n0.bias f4 4\n2.weight f4 2 4\n2.bias f4 2\n",
        b"body.0.weight f8 5 3\nbody.0.bias f8 5\nbody.10.weight f8 5 5\nhead.weight f8 2 5\nhead.bias f8 2\n",
        b"fc1.bias f4 4\nfc1.weight f4 4 3\nfc2.bias f4 1\nfc2.weight f4 1 4\n",
    )

    def changed(self, random: Random) -> bytes:
        return changed_text(random, list(self.good))

    def read(self, data: bytes):
        from netlet import Network

        state = {}
        for line in data.decode("latin-1").splitlines()[:50]:
            name, *rest = line.split(" ")
            shape = [int(size) % 9 for size in rest[1:4] if size.isdecimal()]
            dtype = rest[0] if rest and rest[0] in ("f2", "f4", "f8", "i4", "c8", "S3", "O") else "f4"
            values = np.resize(np.frombuffer(data[:64].ljust(64), np.int8), shape) / 32
            state[name] = np.asarray(values.astype(dtype))
        for activation in ("relu", ["tanh", "softmax"]):
            yield lambda activation=activation: Network.from_torch(state, activation=activation)


TEXTS = ("fann", "genann", "nnet", "rtneural")


def formats():
    return {"onnx": Onnx, "torch": Torch, **text_formats()}


# ---- what must hold


def use(make) -> bool:
    """Whether it is a network; anything but a refusal, or a network with finite parameters that runs, is a finding."""
    try:
        net = make()
    except ValueError:
        return False
    if not np.isfinite(net.parameters).all():
        raise AssertionError("a network whose parameters are not finite")
    if net.forward(np.zeros((2, net.layer_sizes[0]))).shape != (2, net.layer_sizes[-1]):
        raise AssertionError("outputs of another shape")
    return True


def fuzz(name: str, files: int, seed: int = 0, first: int = 0) -> tuple[int, float]:
    """How many files were networks, and the seconds that the slowest took."""
    format_ = formats()[name]()
    networks, slowest = 0, 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if not any(use(make) for data in format_.good for make in format_.read(data)):
            raise AssertionError(f"{name}: all good files are refused")
        for number in range(first, first + files):
            data = format_.changed(Random(seed, number))
            begin = time.perf_counter()
            try:
                networks += sum(use(make) for make in format_.read(data)) > 0
            except Exception as error:
                raise AssertionError(f"{name}, seed {seed}, file {number}: {data[:2000]!r}") from error
            slowest = max(slowest, time.perf_counter() - begin)
    return networks, slowest


def guided(name: str, folder: str, arguments: list[str]) -> None:
    """Let libFuzzer make the files."""
    import atheris

    with atheris.instrument_imports(include=["netlet.formats"]):
        format_ = formats()[name]()
    warnings.simplefilter("ignore")
    corpus = Path(folder)
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(format_.good):
        (corpus / f"good-{number}").write_bytes(data)

    def one(data: bytes) -> None:
        for make in format_.read(data):
            use(make)

    atheris.Setup([sys.argv[0], folder, *arguments], one)
    atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("format", choices=["onnx", "torch", *TEXTS])
    parser.add_argument("--files", type=int, default=100_000, metavar="COUNT", help="how many (100,000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, metavar="NUMBER", help="the first one's number (0)")
    parser.add_argument("--atheris", metavar="FOLDER", help="let libFuzzer make them")
    options, arguments = parser.parse_known_args()
    if arguments and not options.atheris:
        parser.error(f"unknown: {' '.join(arguments)}")
    import resource  # Windows has none

    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))  # what asks for more is a finding
    if options.atheris:
        return guided(options.format, options.atheris, arguments)
    begin = time.perf_counter()
    networks, slowest = fuzz(options.format, options.files, options.seed, options.first)
    seconds = time.perf_counter() - begin
    print(f"{options.format}: {options.files} files, {networks} networks, {seconds:.0f} s, slowest {slowest:.3f} s")  # noqa: T201
    return None


if __name__ == "__main__":
    main()
