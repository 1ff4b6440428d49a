# SPDX-License-Identifier: BSD-3-Clause
"""The environment sets the instruction set and the number of threads, and changes no bit."""

import textwrap

import netlet
import pytest

from helpers.processes import output, run


@pytest.mark.parametrize("optimizer", ["SGD(0.01, momentum=0.9, nesterov=True)", "Adam()"])
@pytest.mark.parametrize("threads", ["1", "3"])
@pytest.mark.parametrize("isa", netlet.available_isas())
def test_another_process_with_other_threads_goes_on_from_a_pickle(optimizer, threads, isa, tmp_path):
    """Minibatches in shuffled order; the first process has one setting, the second another."""
    train = textwrap.dedent(f"""
        import pickle
        from netlet import SGD, Adam
        path = {str(tmp_path / "net.pickle")!r}
        def train(net, optimizer, epochs):
            return net.fit(x, y, epochs=epochs, batch_size=600, optimizer=optimizer).loss.tolist()
        def start():
            return Network([40, 64, 10], reduction="mean", dtype="float32", seed=1), {optimizer}
        def dump(*both):
            with open(path, "wb") as file:
                pickle.dump(both, file)
        def load():
            with open(path, "rb") as file:
                return pickle.load(file)
    """)
    whole = output(train + "net, optimizer = start(); print(train(net, optimizer, 7), net.fingerprint())")
    first = train + "both = start(); losses = train(*both, 3); dump(*both); print(losses)"
    second = train + "net, optimizer = load(); print(train(net, optimizer, 4), net.fingerprint())"
    losses = output(first, NETLET_NUM_THREADS="2")
    rest = output(second, NETLET_NUM_THREADS=threads, NETLET_ISA=isa)
    assert losses[:-1] + ", " + rest[1:] == whole


REPORT = "print(netlet.isa(), netlet.get_num_threads(), work())"


@pytest.mark.parametrize("isa", netlet.available_isas())
@pytest.mark.parametrize("threads", ["1", "5"])
def test_the_environment_sets_instruction_set_and_threads_and_changes_no_bit(isa, threads):
    used, count, fingerprint = output(REPORT, NETLET_ISA=isa, NETLET_NUM_THREADS=threads).split()
    assert (used, count) == (isa, threads)
    assert fingerprint == output(REPORT).split()[2]


def test_by_default_the_best_instruction_set_and_the_cpus_of_the_affinity_mask_are_used():
    used, count, _ = output("os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n" + REPORT).split()
    assert (used, count) == (netlet.available_isas()[0], "1")


def test_empty_variables_are_as_good_as_none():
    assert output(REPORT, NETLET_ISA="", NETLET_NUM_THREADS="", OMP_NUM_THREADS="") == output(REPORT)


def test_openmp_s_variable_lowers_the_default():
    assert output(REPORT, OMP_NUM_THREADS="1,4").split()[1] == "1"  # for regions within regions, too
    assert output(REPORT, OMP_NUM_THREADS="1", NETLET_NUM_THREADS="3").split()[1] == "3"


@pytest.mark.parametrize("value", ["1000", "many"])
def test_openmp_s_variable_neither_raises_the_default_nor_fails(value):
    assert output(REPORT, OMP_NUM_THREADS=value) == output(REPORT)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *(("NETLET_NUM_THREADS", value) for value in ("0", "-1", "1025", "two", "2.5", "2 threads", "9" * 30)),
        *(("NETLET_ISA", value) for value in ("avx1024", "AVX2", "none", "x" * 1000)),
    ],
)
def test_a_variable_that_cannot_be_followed_stops_the_import(variable, value):
    result = run("", **{variable: value})
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: {variable}: ")
    assert value[:40] in last
    if variable == "NETLET_ISA":
        assert ", ".join(netlet.available_isas()) in last
