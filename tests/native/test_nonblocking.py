# SPDX-License-Identifier: BSD-3-Clause
"""Clang's check of real-time code (-Wfunction-effects) accepts programs that call what is meant for them."""

import importlib.util
import re
import subprocess
import sys

import pytest

import toolchains
from toolchains import ROOT

pytestmark = pytest.mark.builds
PROGRAM = """
#include <netlet/exchange.hpp>
using namespace netlet;
void by_network(const Network& net, const Array& x, double* out, std::vector<double>& vector, Workspace& workspace)
    EFFECT {
  (void)net.forward(x, out, workspace);
  (void)net.forward(x, vector, workspace);
}
void by_exchange(Exchange& exchange, const Array& x, float* out, std::vector<float>& vector) EFFECT {
  (void)exchange.forward(x, out);
  (void)exchange.forward(x, vector);
}
void with_c(netlet_network* net, const netlet_array* x, void* out, void* workspace, size_t size) EFFECT {
  (void)netlet_forward_realtime(net, x, out, workspace, size, nullptr);
}
"""


def compiler():
    for name in ("clang++-22", "clang++-21", "clang++-20", "clang++"):
        found = toolchains.tool(name)
        if found:
            version = subprocess.run([found, "-dumpversion"], capture_output=True, text=True, check=True).stdout
            if int(version.split(".")[0]) >= 20:
                return [found]
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "c++"]
    pytest.skip("Clang 20 or newer, or ziglang, is not installed")


def complaints(text, folder):
    (folder / "program.cpp").write_text(text)
    effect = "-DEFFECT=noexcept [[clang::nonblocking]]"
    command = [*compiler(), "-std=c++17", "-Wfunction-effects", effect, f"-I{ROOT}/cpp/include", "-c", "program.cpp"]
    result = subprocess.run([*command, "-o", "program.o"], cwd=folder, capture_output=True, text=True, check=True)
    return re.findall(r"warning: (.*)", result.stderr)


def test_what_is_meant_for_real_time(tmp_path):
    assert complaints(PROGRAM, tmp_path) == []
    other = PROGRAM.replace("net.forward(x, out, workspace)", "net.parameter_count()")
    assert any("parameter_count" in line for line in complaints(other, tmp_path))
