# SPDX-License-Identifier: BSD-3-Clause
"""The Fortran module: what it says of netlet.h, and that a program of it gives Python's bits."""

import re
import sys

import netlet
import numpy as np
import pytest
from netlet import SGD, Adam, Network, _core
from netlet.schedules import CosineDecay

from helpers.tools import needed
from toolchains import ROOT, run

INCLUDE = ROOT / "cpp/include/netlet"
STRICT = ["-std=f2018", "-Wall", "-Wextra", "-Werror"]
IN_TESTS = ["-Wno-compare-reals", "-Wno-function-elimination"]  # bits are compared, of functions that may be left out
C_TYPES = {
    "double": "real(c_double)",
    "size_t": "integer(c_size_t)",
    "ptrdiff_t": "integer(c_ptrdiff_t)",
    "int32_t": "integer(c_int32_t)",
    "uint64_t": "integer(c_int64_t)",
    "netlet_schedule": "type(c_schedule)",
}


def header():
    return re.sub(r"/\*.*?\*/", "", (INCLUDE / "netlet.h").read_text(), flags=re.DOTALL)


def module():
    return re.sub(r" *&\n *", " ", re.sub(r" *!.*", "", (INCLUDE / "netlet.f90").read_text()))


def test_the_constants_are_those_of_the_header():
    expected = []
    for body in re.findall(r"typedef enum \w+ \{(.*?)\}", header(), flags=re.DOTALL):
        expected += re.findall(r"(NETLET_\w+) = (-?\d+)", body)
    assert len(expected) > 50
    assert re.findall(r"(NETLET_\w+) = (-?\d+)", module()) == expected


def fields(body):
    """Name and type in Fortran of each field of a struct."""
    for declaration in filter(None, (part.strip() for part in body.split(";"))):
        if "(*" in declaration:
            yield re.search(r"\(\*(\w+)\)", declaration)[1], "type(c_funptr)"
        elif "*" in declaration:
            yield re.search(r"(\w+)$", declaration)[1], "type(c_ptr)"
        elif "[" in declaration:
            yield re.search(r"(\w+)\[", declaration)[1], "character(kind=c_char)"
        else:
            kind, names = declaration.split(" ", 1)
            yield from ((name.strip(), C_TYPES[kind]) for name in names.split(","))


def components(body):
    for line in body.strip().splitlines():
        kind, names = line.strip().split(" :: ")
        yield from ((re.match(r"\w+", name.strip())[0], kind) for name in names.split(", "))


@pytest.mark.parametrize("name", re.findall(r"type, bind\(c\)(?:, public)? :: (\w+)", module()))
def test_the_derived_types_are_the_structs_of_the_header(name):
    """In their order: a field that only one of them has would move all others."""
    struct = name.replace("c_", "netlet_", 1) if name.startswith("c_") else name
    (body,) = re.findall(rf"typedef struct {struct} \{{(.*?)\}} {struct};", header(), flags=re.DOTALL)
    (derived,) = re.findall(rf"type, bind\(c\)(?:, public)? :: {name}\n(.*?)\n  end type", module(), flags=re.DOTALL)
    assert list(components(derived)) == list(fields(body))


def test_every_function_is_one_of_the_header():
    bound = re.findall(r'bind\(c, name="(netlet_\w+)"\)', module())
    declared = re.findall(r"^NETLET_API [^;]*?(netlet_\w+)\(", header(), flags=re.MULTILINE)
    assert len(bound) > 40
    assert set(bound) <= set(declared)
    for name in bound:
        (arguments,) = re.findall(rf"^NETLET_API [^;]*?\b{name}\(([^;]*?)\)[^;()]*;", header(), flags=re.MULTILINE)
        (ours,) = re.findall(rf'\(([^()]*)\) bind\(c, name="{name}"\)', module())
        assert len(ours.split(",")) == (1 if arguments == "void" and not ours else len(arguments.split(","))), name


@pytest.fixture(scope="module")
def program(once, cmakedir):
    """The native test in Fortran, on the installed package's module and library."""
    gfortran = needed("gfortran")
    include, lib = (run([sys.executable, "-m", "netlet", f"--{name}"]).strip() for name in ("includedir", "libdir"))

    def make(folder):
        folder.mkdir()
        source = f"{include}/netlet/netlet.f90"
        run([gfortran, *STRICT, "-Wpedantic", "-O2", "-c", source], cwd=folder)
        test = ROOT / "cpp/tests/fortran/test_fortran.f90"
        run([gfortran, *STRICT, *IN_TESTS, "-O1", "-fopenmp", "-c", test], cwd=folder)
        objects = ["netlet.o", "test_fortran.o"]
        run([gfortran, "-fopenmp", *objects, f"-L{lib}", "-lnetlet", "-pthread", "-lm", "-o", "program"], cwd=folder)

    return once("fortran", make) / "program"


def printed(program, folder, *arguments):
    return [line.split() for line in run([program, *arguments], cwd=folder).splitlines()]


def pattern(columns, rows):
    return (37 * np.arange(rows * columns) % 101 / 50 - 1).reshape(rows, columns)


def bits(values):
    return [f"{value:016X}" for value in np.asarray(values, np.float64).ravel().view(np.uint64)]


def test_its_checks_pass_and_training_gives_python_s_bits(program, tmp_path):
    lines = {name: rest for name, *rest in printed(program, tmp_path)}
    assert int(lines["checks"][0]) > 90
    assert lines["checks"][1:] == ["passed,", "0", "failed"]
    x, y, weight = pattern(3, 40), pattern(2, 40), 1 + np.arange(40) % 3
    for number, dtype in enumerate(["float32", "float64"]):
        activation = {"activation": "tanh", "output_activation": "identity"}
        net = Network([3, 6, 2], **activation, reduction="mean", dtype=dtype, dropout=[0.25], seed=4)
        history = net.fit(
            *(x, y),
            epochs=9,
            batch_size=7,
            optimizer=Adam(0.01, l2=0.001),
            standardize=True,
            schedule=CosineDecay(8, floor=0.1),
            sample_weight=weight,
            validation_data=(pattern(3, 7), pattern(2, 7)),
            patience=5,
        )
        assert lines[f"fit{number}"] == [net.fingerprint()]
        last = [history.loss[-1], history.validation_loss[-1], history.learning_rate[-1]]
        assert lines[f"history{number}"] == [str(len(history)), *bits(last)]
    net = Network([3, 8, 3], activation="relu", loss="cross_entropy", reduction="mean", init="he_uniform", seed=1)
    net.fit(x, x.argmax(axis=1), epochs=400, optimizer=SGD(0.5))
    assert lines["classes"] == [net.fingerprint()]
    assert list(map(int, lines["predicted"])) == net.predict(x).tolist()


def test_outputs_and_predictions_are_python_s(program, tmp_path):
    nets = []
    for loss in _core.NAMES["loss"]:
        for dtype in ("float32", "float64"):
            net = Network([3, 5, 4], output_activation=None, loss=loss, dtype=dtype, seed=len(nets))
            if loss == "squared_error":
                net.learn_scaling(pattern(3, 9), pattern(4, 9))
            net.save(tmp_path / f"{len(nets)}.netlet")
            nets.append(net)
    files = [tmp_path / f"{number}.netlet" for number in range(len(nets))]
    lines = [line for line in printed(program, tmp_path, *files) if line[0] in ("fingerprint", "forward", "predict")]
    for number, net in enumerate(nets):
        fingerprint, forward, predict = lines[3 * number : 3 * number + 3]
        assert fingerprint[1] == net.fingerprint()
        assert forward[1:] == bits(net.forward(pattern(3, 7)))
        assert predict[1:] == bits(net.predict(pattern(3, 7)))


def test_an_error_without_stat_ends_the_program_with_its_message(program, tmp_path):
    with pytest.raises(RuntimeError, match=r"netlet: .*nowhere: cannot read: no such file"):
        run([program, tmp_path / "nowhere"], cwd=tmp_path)


def test_the_version_is_the_package_s(program, tmp_path):
    assert ["version", netlet.__version__] in printed(program, tmp_path)


@pytest.mark.builds
def test_nothing_is_leaked_or_freed_twice(cmakedir, tmp_path):
    gfortran = needed("gfortran")
    lib = run([sys.executable, "-m", "netlet", "--libdir"]).strip()
    sources = [INCLUDE / "netlet.f90", ROOT / "cpp/tests/fortran/test_fortran.f90"]
    options = ["-g", "-O1", "-fopenmp", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    run([gfortran, *options, *sources, f"-L{lib}", "-lnetlet", "-pthread", "-lm", "-o", "program"], cwd=tmp_path)
    assert "0 failed" in run([tmp_path / "program"], cwd=tmp_path)
