# SPDX-License-Identifier: BSD-3-Clause
"""What ``python -m netlet`` says of files and of this machine."""

import json
import os
import subprocess
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


def test_show_says_what_a_file_says_of_classes_inputs_and_provenance(call, tmp_path):
    net, path = Network([2, 1], loss="binary_cross_entropy", classes=["no", "yes"], seed=0), tmp_path / "net"
    net.feature_names, net.metadata = ["a", "b"], {"mine": 1}
    net.fit([[0, 1]], ["yes"], epochs=1)
    net.save(path, provenance=True)
    code, output, _ = call("show", path)
    assert code == 0
    for line in ("classes: 'no', 'yes'", "inputs: 'a', 'b'", 'metadata: {"mine": 1}'):
        assert line in output.splitlines()
    assert f"provenance: {json.dumps(net.provenance)}" in output.splitlines()
    facts = json.loads(call("show", path, "--json")[1])
    assert (facts["classes"], facts["feature_names"]) == (["no", "yes"], ["a", "b"])
    assert (facts["metadata"], facts["provenance"]) == ({"mine": 1}, net.provenance)


def test_notes_of_another_program_are_a_failure(call, tmp_path):
    for kind, text in ((0, "[1]"), (1, "{")):
        net = Network([2, 3], loss="cross_entropy", seed=0)
        net._set_note(kind, text)
        (tmp_path / "net").write_bytes(net.to_bytes())
        code, output, errors = call("show", tmp_path / "net")
        assert (code, output) == (1, "")
        assert errors.startswith(f"{tmp_path / 'net'}: ")
        assert call("verify", tmp_path / "net")[0] == 1


def test_metadata_of_another_program_are_none(call, tmp_path):
    for text in ("[1]", "{", "made by C"):
        net = Network([2, 3], loss="cross_entropy", seed=0)
        net._set_note(2, text)
        (tmp_path / "net").write_bytes(net.to_bytes())
        code, output, errors = call("show", tmp_path / "net")
        assert (code, errors) == (0, "")
        assert "metadata: no JSON object" in output.splitlines()
        assert json.loads(call("show", "--json", tmp_path / "net")[1])["metadata"] is None
        assert call("verify", tmp_path / "net")[0] == 0


def test_files_of_another_numerics_version_say_so(call):
    code, output, _ = call("verify", RELEASED)
    assert code == 0
    assert f"self-test skipped, as numerics version {netlet.numerics_version()} gives other bits" in output
    assert "numerics version 1; self-test skipped" in call("show", RELEASED)[1]


def test_selftest_trains_the_golden_networks(call, monkeypatch):
    before = netlet.isa(), netlet.get_num_threads()
    cases = _golden.read()[:2]
    monkeypatch.setattr(_golden, "read", lambda: cases)
    code, output, _ = call("selftest", "--fingerprints")
    assert code == 0
    assert all(isa in output for isa in netlet.available_isas())
    assert all(f"{case.fingerprint}  {case.name}\n" in output for case in cases)
    together = _golden.together([(case.fingerprint, case.loss) for case in cases])
    assert output.count(together) >= len(netlet.available_isas()) + 1
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--libdir", "show"], "--libdir: expected no command beside it, got show"),
        (["verify", "net", "--cmakedir"], "--cmakedir: expected no command beside it, got verify"),
        (["--libdir", "--includedir"], "not allowed with argument --libdir"),
        (["shw", "net"], "invalid choice: 'shw'"),
        (["show"], "the following arguments are required: file"),
        (["show", "net", "other"], "unrecognized arguments: other"),
        (["--lib"], "unrecognized arguments: --lib"),
    ],
)
def test_a_command_line_that_is_not_understood(call, capsys, arguments, message):
    with pytest.raises(SystemExit) as caught:
        call(*arguments)
    assert caught.value.code == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert message in errors


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such pipes")
@pytest.mark.parametrize("arguments", [["show"], ["show", "--json"], ["verify"]], ids=" ".join)
def test_whoever_reads_may_stop_at_any_time(saved, arguments):
    """As `head` does: nothing is said of it, and the exit code is a shell's for a closed pipe."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "netlet", *arguments, str(saved[1])]
    with os.fdopen(write, "wb") as output:
        result = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, text=True, check=False, timeout=120)
    assert (result.returncode, result.stderr) == (141, "")
