# SPDX-License-Identifier: BSD-3-Clause
"""An installation that cannot work says what to do."""

import importlib.machinery
import shutil
import subprocess
import sys
from pathlib import Path

import netlet
import pytest

CORE = Path(netlet._core.__file__)


@pytest.fixture
def package(tmp_path):
    """A copy of the package without its compiled core."""
    ignored = shutil.ignore_patterns("_core.*.so", "_core.*.pyd", "__pycache__", "lib", "include")
    return Path(shutil.copytree(Path(netlet.__file__).parent, tmp_path / "netlet", ignore=ignored))


def message_of_import(folder, code="import netlet"):
    result = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 1, result.stdout
    return result.stderr.strip().splitlines()[-1]


def test_a_missing_core(package):
    message = message_of_import(package.parent)
    assert message.startswith("ImportError: netlet's compiled core is missing beside ")
    assert "python -m pip install ." in message
    assert "install netlet's wheel for this Python again" in message


def test_a_core_for_another_python(package):
    shutil.copy(CORE, package / "_core.cpython-37m-powerpc64-linux-gnu.so")
    message = message_of_import(package.parent)
    assert "_core.cpython-37m-powerpc64-linux-gnu.so, for another Python or another processor" in message
    assert "install netlet's wheel for this Python again" in message


def test_a_core_for_another_processor(package):
    wrong = bytearray(CORE.read_bytes())
    if wrong[:4] != b"\x7fELF":
        pytest.skip("no ELF file")
    wrong[18] = {0x3E: 0xB7}.get(wrong[18], 0x3E)  # x86-64 and aarch64 change places
    (package / CORE.name).write_bytes(wrong)
    assert importlib.machinery.EXTENSION_SUFFIXES[0] in CORE.name
    message = message_of_import(package.parent)
    assert "cannot be loaded" in message
    assert f"This is Python {sys.version.split()[0]} on " in message
    assert "install netlet's wheel for this Python again" in message


def test_a_missing_numpy_is_named(tmp_path, package):
    shutil.copy(CORE, package)
    (tmp_path / "numpy.py").write_text("raise ModuleNotFoundError(\"No module named 'numpy'\", name='numpy')")
    message = message_of_import(tmp_path)
    assert "numpy" in message
    assert "again" not in message


SUB_INTERPRETER = """
import sys
try:
    import _interpreters as interpreters  # from Python 3.13 on
except ImportError:
    import _xxsubinterpreters as interpreters
code = '''
try:
    import netlet
except ImportError as error:
    print(error)
'''
failure = interpreters.run_string(interpreters.create(), code)
sys.exit(str(failure) if failure else 0)
"""


def test_a_sub_interpreter_is_refused():
    command = [sys.executable, "-c", SUB_INTERPRETER]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if "No module named '_xxsubinterpreters'" in result.stderr:
        pytest.skip("this Python has no sub-interpreters")
    assert result.returncode == 0, result.stderr
    assert "main interpreter only" in result.stdout
