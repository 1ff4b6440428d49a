# SPDX-License-Identifier: BSD-3-Clause
"""Networks exported as C give netlet's bits when compiled."""

import ctypes
import shutil
import subprocess
import sys

import netlet
import numpy as np
import pytest
from netlet import Network, _core

import toolchains

HIDDEN = [name for name in _core.NAMES["activation"] if name != "softmax"]
COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
OPTIONS = {"plain": ["-O2"], "contracting": ["-O3", "-march=native", "-ffp-contract=fast"]}
MORE_OPTIONS = {"not optimised": ["-O0"], "vectors": ["-O3", "-march=native"]}
BUILDS = [
    pytest.param(compiler, options, id=f"{compiler}-{name}", marks=[] if quick else pytest.mark.builds)
    for compiler in COMPILERS
    for some, quick in ((OPTIONS, compiler == COMPILERS[0]), (MORE_OPTIONS, False))
    for name, options in some.items()
]


def networks(dtype):
    """Every activation, widths around the panel's, one row of outputs and many, scaling, every kind of output."""
    for i, activation in enumerate(HIDDEN):
        yield activation, Network([3, 5 + i, 33], activation=activation, dtype=dtype, seed=i)
    yield "one layer", Network([4, 1], activation="sigmoid", dtype=dtype, seed=20)
    yield "wide", Network([70, 100, 64, 10], activation="tanh", loss="cross_entropy", dtype=dtype, seed=21)
    yield "wide sums", Network([4097, 1, 4097], activation="tanh", loss="cross_entropy", dtype=dtype, seed=23)
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(20, 3)) * 9 + [2460000, 0, 1e-3], rng.normal(size=(20, 2)) * 9 + 5
    for name, columns in {"scaled": (x, y), "scaled inputs": (x,), "scaled outputs": (None, y)}.items():
        net = Network([3, 4, 2], activation="relu", output_activation="identity", dtype=dtype, seed=22)
        net.learn_scaling(*columns)
        yield name, net


def inputs(net, dtype):
    rng = np.random.default_rng(9)
    x = np.concatenate([rng.normal(size=(20, net.layer_sizes[0])) * scale for scale in (1e-30, 1, 30, 1e4)])
    if net.input_scaling:
        x += net.input_scaling[0]
    return x.astype(dtype)


def compile_library(compiler, options, sources, target):
    warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas", "-std=c99", "-pedantic"]
    subprocess.run([compiler, *warnings, *options, "-shared", "-fPIC", *sources, "-lm", "-o", target], check=True)
    return ctypes.CDLL(target)


def pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


@pytest.mark.skipif(not COMPILERS, reason="there is no C compiler")
@pytest.mark.parametrize(("compiler", "options"), BUILDS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_bits_are_netlet_s(dtype, compiler, options, tmp_path):
    nets = list(networks(dtype))
    sources = [tmp_path / f"net_{i}.c" for i in range(len(nets))]
    for (_, net), source in zip(nets, sources):
        net.to_c(source)
    library = compile_library(compiler, options, sources, tmp_path / "nets.so")
    for i, (name, net) in enumerate(nets):
        found_out = library[f"net_{i}_self_test"]() != 0
        if found_out and compiler == "clang" and "-ffp-contract=fast" in options:
            continue  # Clang then contracts whatever a file says
        assert not found_out, name
        for suffix, given in [("", np.float64), ("_float", np.float32)] if "scaled" in name else [("", net.dtype)]:
            if suffix and dtype == "float64":
                continue
            x = inputs(net, given)
            y = np.empty((len(x), net.layer_sizes[-1]), net.dtype)
            library[f"net_{i}_forward_rows{suffix}"](ctypes.c_size_t(len(x)), pointer(x), pointer(y))
            assert y.tobytes() == net.forward(x).tobytes(), name
            row = np.empty(net.layer_sizes[-1], net.dtype)
            library[f"net_{i}_forward{suffix}"](pointer(x[3]), pointer(row))
            assert row.tobytes() == y[3].tobytes()


@pytest.mark.skipif(not COMPILERS, reason="there is no C compiler")
def test_two_files_in_one_program(tmp_path):
    for i in range(2):
        Network([2, 3 + i, 1], seed=i, dtype=("float32", "float64")[i]).to_c(tmp_path / f"net_{i}.c")
    program = tmp_path / "main.c"
    program.write_text("int net_0_self_test(void), net_1_self_test(void);\n"
                       "int main(void) { return net_0_self_test() + net_1_self_test(); }\n")  # fmt: skip
    files = [program, tmp_path / "net_0.c", tmp_path / "net_1.c"]
    subprocess.run([COMPILERS[0], *files, "-lm", "-o", tmp_path / "main"], check=True)
    subprocess.run([tmp_path / "main"], check=True)


@pytest.mark.skipif(not COMPILERS, reason="there is no C compiler")
def test_a_compiler_that_does_not_keep_the_bits_is_refused_or_found_out(tmp_path):
    net = Network([3, 40, 2], activation="softplus", seed=1)
    net.to_c(tmp_path / "net.c")
    command = [COMPILERS[0], "-O3", "-march=native", "-shared", "-fPIC"]
    result = subprocess.run([*command, "-ffast-math", tmp_path / "net.c"], capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "compile without -ffast-math" in result.stderr
    if "avx2" in netlet.available_isas():  # fused behind our back
        text = (tmp_path / "net.c").read_text()
        changed = text.replace('#pragma GCC optimize("fp-contract=off")', "").replace(
            "static inline real times_add(real a, real b, real c) { return fma(a, b, c); }",
            "static inline real times_add(real a, real b, real c) { return a * b + c + 0 * a; }",
        )
        assert changed != text
        (tmp_path / "changed.c").write_text(changed)
        library = compile_library(COMPILERS[0], ["-O2"], [tmp_path / "changed.c"], tmp_path / "changed.so")
        assert library.net_self_test() == 1


def test_names(tmp_path):
    net = Network([2, 1], seed=0)
    net.to_c(tmp_path / "3 small-nets.v2.c")
    assert "void net_3_small_nets_v2_forward(" in (tmp_path / "3 small-nets.v2.c").read_text()
    for stem, name in [
        ("é", "net"),
        ("__", "net"),
        ("_Net", "Net"),
        ("äb_", "b_"),
        ("_1", "net_1"),
    ]:  # C reserves others
        net.to_c(tmp_path / f"{stem}.c")
        assert f"int {name}_self_test(void)" in (tmp_path / f"{stem}.c").read_text()
    net.to_c(tmp_path / "net.c", name="brain")
    assert "int brain_self_test(void)" in (tmp_path / "net.c").read_text()
    for name in ("", "two words", "größe", "1st", "a;b"):
        with pytest.raises(ValueError, match="name: expected a name in C"):
            net.to_c(tmp_path / "other.c", name=name)
    assert not (tmp_path / "other.c").exists()
    net.parameters[0] = np.nan
    with pytest.raises(ValueError, match="parameters: expected finite numbers"):
        net.to_c(tmp_path / "other.c")
    with pytest.raises(FileNotFoundError):
        Network([2, 1], seed=0).to_c(tmp_path / "missing" / "net.c")


def test_time_is_in_proportion_to_the_layers(tmp_path):
    def calls(layers):
        net, events = Network([1] * (layers + 1), seed=0), []
        sys.setprofile(lambda *event: events.append(event[1]))
        net.to_c(tmp_path / "net.c")
        sys.setprofile(None)
        return len(events)

    assert calls(200) < 2.1 * calls(100)


@pytest.mark.builds
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_bits_are_netlet_s_on_aarch64(dtype, tmp_path):
    toolchain = toolchains.aarch64()
    if not toolchain:
        pytest.skip("aarch64-linux-gnu-g++ or qemu-aarch64 (Debian: g++-aarch64-linux-gnu, qemu-user) is missing")
    checks = []
    for i, (_, net) in enumerate(networks(dtype)):
        net.to_c(tmp_path / f"net_{i}.c")
        checks.append(f"net_{i}_self_test")
    program = tmp_path / "main.c"
    program.write_text(f"int {'(void), '.join(checks)}(void);\nint main(void) {{ return {'() + '.join(checks)}(); }}\n")
    for options in (["-O0"], ["-O3"], ["-O3", "-ffp-contract=fast"]):
        compiler = shutil.which("aarch64-linux-gnu-gcc")
        files = sorted(tmp_path.glob("*.c"))
        subprocess.run([compiler, *options, "-static", *files, "-lm", "-o", tmp_path / "main"], check=True)
        subprocess.run([*toolchain.processors[0].emulator, tmp_path / "main"], check=True)
