# SPDX-License-Identifier: BSD-3-Clause
"""The Fortran module: what it says of netlet.h, and that a program of it gives Python's bits."""

import os
import re
import subprocess
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
def built(once, cmakedir):
    """The installed package's module, and the native test in Fortran on it."""
    needed("gfortran")

    def make(folder):
        folder.mkdir()
        include = run([sys.executable, "-m", "netlet", "--includedir"]).strip()
        run([needed("gfortran"), *STRICT, "-Wpedantic", "-O2", "-c", f"{include}/netlet/netlet.f90"], cwd=folder)
        link(folder, ROOT / "cpp/tests/fortran/test_fortran.f90", folder / "program", *IN_TESTS, "-O1", "-fopenmp")

    return once("fortran", make)


def link(built, source, target, *options):
    """A program that uses the module."""
    lib = run([sys.executable, "-m", "netlet", "--libdir"]).strip()
    module = [f"-I{built}", f"-J{target.parent}", source, built / "netlet.o"]
    command = [needed("gfortran"), *STRICT, *options, *module, f"-L{lib}", "-lnetlet", "-pthread", "-lm", "-o", target]
    run(command, cwd=target.parent)


@pytest.fixture(scope="module")
def program(built):
    return built / "program"


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
    rows, targets, weight = pattern(3, 1000), pattern(2, 1000), 1 + np.arange(1000) % 3
    for number, dtype in enumerate(["float32", "float64"]):  # which the program trains on sums over its blocks
        net = Network([3, 6, 2], **activation, reduction="mean", dtype=dtype, dropout=[0.25], seed=4)
        options = {"batch_size": 300, "standardize": True, "sample_weight": weight, "patience": 3}
        held_out = (rows[:512], targets[:512], weight[:512])
        net.fit(rows, targets, epochs=5, optimizer=Adam(0.01), validation_data=held_out, **options)
        assert lines[f"sums{number}"] == [net.fingerprint()]
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


def test_the_program_of_the_documentation_gives_python_s_bits(built, tmp_path):
    text = (ROOT / "docs/fortran.md").read_text()
    source, *_ = re.findall(r"^```fortran\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    (tmp_path / "train.f90").write_text(source)
    link(built, tmp_path / "train.f90", tmp_path / "train")
    *outputs, fingerprint = run([tmp_path / "train"], cwd=tmp_path).split()
    x, net = [[0, 0], [0, 1], [1, 0], [1, 1]], Network([2, 3, 1], seed=0)
    net.fit(x, [0, 1, 1, 0], epochs=10_000, learning_rate=0.1)
    assert fingerprint == net.fingerprint() == Network.load(tmp_path / "xor.netlet").fingerprint()
    assert [*map(float, outputs)] == net.forward(x).round(2).ravel().tolist()


COUNTER = """
#include <stdio.h>
#include <stdlib.h>
extern void* __libc_malloc(size_t size);
static long count;
void* malloc(size_t size) { ++count; return __libc_malloc(size); }
__attribute__((destructor)) static void say(void) { fprintf(stderr, "%ld\\n", count); }
"""
REAL_TIME = """
program real_time
  use netlet
  implicit none
  type(netlet_network) :: net
  type(netlet_workspace) :: workspace
  real(kind(1d0)) :: x(8, 20) = 0, by_row(20, 4) = 0, y(2, 10), turned(10, 2), total = 0
  character(10) :: calls
  integer :: i, count, stat
  call get_command_argument(1, calls)
  read (calls, *) count
  call net%create([4, 30, 2])
  call workspace%create(net, 10)
  do i = 1, count
    call net%forward(x(::2, ::2), y, workspace=workspace, stat=stat)
    total = total + y(1, 1) + stat
    call net%forward(by_row(11:20, :), turned, rows_first=.true., workspace=workspace, stat=stat)
    total = total + turned(1, 1) + stat
  end do
  if (total < count / 10.0) error stop "not computed"
end program
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the counter takes the place of the C library's malloc")
def test_a_workspace_makes_calls_that_allocate_nothing(built, tmp_path):
    (tmp_path / "counter.c").write_text(COUNTER)
    run([needed("gcc"), "-shared", "-fPIC", "-O0", "counter.c", "-o", "counter.so"], cwd=tmp_path)
    (tmp_path / "real_time.f90").write_text(REAL_TIME)
    link(built, tmp_path / "real_time.f90", tmp_path / "real_time")

    def allocations(calls):
        environment = {**os.environ, "LD_PRELOAD": str(tmp_path / "counter.so")}
        command = [tmp_path / "real_time", str(calls)]
        return int(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stderr)

    assert allocations(10) == allocations(1000) > 0


@pytest.mark.builds
def test_nothing_is_leaked_or_freed_twice(cmakedir, tmp_path):
    gfortran = needed("gfortran")
    lib = run([sys.executable, "-m", "netlet", "--libdir"]).strip()
    sources = [INCLUDE / "netlet.f90", ROOT / "cpp/tests/fortran/test_fortran.f90"]
    options = ["-g", "-O1", "-fopenmp", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    run([gfortran, *options, *sources, f"-L{lib}", "-lnetlet", "-pthread", "-lm", "-o", "program"], cwd=tmp_path)
    assert "0 failed" in run([tmp_path / "program"], cwd=tmp_path)
