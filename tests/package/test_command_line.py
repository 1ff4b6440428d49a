# SPDX-License-Identifier: BSD-3-Clause
"""What ``python -m netlet`` says of files and of this machine."""

import json
import sys
from pathlib import Path

import netlet
import pytest
from netlet import Adam, Network, __main__, _core, _golden

RELEASED = Path(__file__).parents[1] / "files" / "0.1.0-float32-scaled.netlet"


@pytest.fixture
def call(monkeypatch, capsys):
    """Exit code, output and errors of a command line."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["netlet", *map(str, arguments)])
        code = __main__.main()
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def saved(tmp_path):
    net, optimizer = Network([4, 8, 3], activation="relu", loss="cross_entropy", seed=3), Adam(0.01)
    net.fit([[1, 2, 3, 4]], [1], epochs=2, optimizer=optimizer)
    net.save(tmp_path / "net.netlet", optimizer=optimizer)
    return net, tmp_path / "net.netlet"


def test_show_describes_the_network_in_a_file(call, saved):
    net, path = saved
    code, output, errors = call("show", path)
    assert (code, errors) == (0, "")
    assert output.splitlines() == [
        *str(net.summary()).splitlines(),
        f"fingerprint: {net.fingerprint()}",
        f"file: {path.stat().st_size:,} bytes, numerics version {netlet.numerics_version()}; self-test passed",
        "optimizer: Adam(learning_rate=0.01, beta_1=0.9, beta_2=0.999, epsilon=1e-08)",
    ]
    facts = json.loads(call("show", path, "--json")[1])
    assert facts["layer_sizes"] == [4, 8, 3]
    assert facts["fingerprint"] == net.fingerprint()
    assert (facts["epochs_trained"], facts["parameters"], facts["ok"]) == (2, 67, True)
    assert facts["scaled"] == {"inputs": False, "outputs": False}


def test_verify_fails_if_a_file_is_not_as_it_was_written(call, saved, tmp_path):
    net, path = saved
    damaged = tmp_path / "damaged.netlet"
    data = bytearray(path.read_bytes())
    data[-9] ^= 1
    damaged.write_bytes(data)
    fine = f"{path}: ok, self-test passed, fingerprint {net.fingerprint()}\n"
    assert call("verify", path) == (0, fine, "")
    code, output, _ = call("verify", path, damaged, tmp_path / "nothing")
    assert code == 1
    first, second, third = output.splitlines(keepends=True)
    assert first == fine
    assert second.startswith(f"{damaged}: FAILED: ")
    assert "checksum" in second
    assert "No such file" in third
    lines = [json.loads(line) for line in call("verify", "--json", path, damaged)[1].splitlines()]
    assert [line["ok"] for line in lines] == [True, False]


def test_files_of_another_numerics_version_say_so(call):
    code, output, _ = call("verify", RELEASED)
    assert code == 0
    assert f"self-test skipped, as numerics version {netlet.numerics_version()} gives other bits" in output
    assert "numerics version 1; self-test skipped" in call("show", RELEASED)[1]


def test_selftest_trains_the_golden_networks(call, monkeypatch):
    before = netlet.isa(), netlet.get_num_threads()
    cases = _golden.read()[:2]
    monkeypatch.setattr(_golden, "read", lambda: cases)
    code, output, _ = call("selftest")
    assert code == 0
    assert all(isa in output for isa in netlet.available_isas())
    assert output.count("2 networks, all bits the same") >= len(netlet.available_isas())
    cases[1].fingerprint = "0" * 64
    code, output, _ = call("selftest")
    assert code == 1
    assert f"other bits: {cases[1].name}" in output
    assert "FAILED" in output
    assert (netlet.isa(), netlet.get_num_threads()) == before


def test_without_a_command_it_says_what_is_installed(call):
    code, output, _ = call()
    assert code == 0
    assert output.startswith(f"netlet           {netlet.__version__}\n")
    assert _core.BUILD in output
