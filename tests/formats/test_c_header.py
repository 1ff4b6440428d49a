# SPDX-License-Identifier: BSD-3-Clause
"""The header that is written beside exported C agrees with it, and suits every C and C++."""

import errno
import json
import os
import re
import shutil
import subprocess

import numpy as np
import pytest
from netlet import Network, _core

COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wno-unknown-pragmas"]


def scaled(dtype):
    net = Network([3, 4, 2], dtype=dtype, seed=1)
    net.learn_scaling(np.eye(3))
    return net


NETWORKS = {
    "float32": Network([3, 4, 2], dtype="float32", seed=1),
    "float64": Network([3, 4, 2], seed=1),
    "scaled float32": scaled("float32"),
    "scaled float64": scaled("float64"),
}
every_network = pytest.mark.parametrize("net", NETWORKS.values(), ids=NETWORKS)


def compiles(*command, cwd):
    result = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False)
    return result.returncode == 0, result.stderr


@pytest.mark.skipif(not COMPILERS, reason="there is no C compiler")
@pytest.mark.parametrize("compiler", COMPILERS)
@every_network
def test_the_source_compiles_alone_and_with_the_header(net, compiler, tmp_path):
    net.to_c(tmp_path / "net.c")
    for options in (["-std=c99"], ["-std=c99", "-include", "net.h"], ["-std=gnu17", "-Wmissing-prototypes"]):
        good, message = compiles(compiler, *STRICT, *options, "-fsyntax-only", "net.c", cwd=tmp_path)
        assert good, message
    for ours, other in (
        ("x[3]", "x[3], int more"),
        (" y[2]", " *const *y"),
        ("int net_self_test", "long net_self_test"),
    ):
        text = (tmp_path / "net.h").read_text()
        assert ours in text
        (tmp_path / "other.h").write_text(text.replace(ours, other, 1))
        good, message = compiles(compiler, "-include", "other.h", "-fsyntax-only", "net.c", cwd=tmp_path)
        assert not good
        assert "conflicting types" in message


@pytest.mark.skipif(not COMPILERS, reason="there is no C compiler")
@pytest.mark.parametrize("standard", ["c89", "c++98", "c++17"])
@every_network
def test_programs_of_every_standard_use_it(net, standard, tmp_path):
    net.to_c(tmp_path / "net.c")
    compiler = COMPILERS[0]
    language = "c++" if "++" in standard else "c"
    number = "float" if net.dtype == np.float32 and not net.input_scaling else "double"
    real = "float" if net.dtype == np.float32 else "double"
    include = '#include "net.h"\n'
    (tmp_path / "main.c").write_text(f"""{include}{include}#include <stdio.h>
int main(void) {{
  {number} x[2 * NET_INPUTS] = {{0.5, -1, 2, 0, 1, 4}};
  {real} y[2 * NET_OUTPUTS], alone[NET_OUTPUTS];
  int i;
  net_forward_rows(2, x, y);
  net_forward(x, alone);
  if (net_self_test() || alone[0] != y[0] || alone[1] != y[1]) return 1;
  for (i = 0; i < 2 * NET_OUTPUTS; ++i) printf("%.17g\\n", (double)y[i]);
  return 0;
}}
""")
    subprocess.run([compiler, "-O1", "-c", "net.c"], cwd=tmp_path, check=True)
    command = [compiler, *STRICT, f"-std={standard}", "-x", language, "main.c", "-x", "none", "net.o", "-lm"]
    good, message = compiles(*command, "-o", "main", cwd=tmp_path)
    assert good, message
    printed = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=True).stdout
    assert [*map(float, printed.split())] == net.forward([[0.5, -1, 2], [0, 1, 4]]).ravel().tolist()


def test_its_names(tmp_path):
    net = NETWORKS["float64"]
    net.to_c(tmp_path / "3 small-nets.v2.c")
    text = (tmp_path / "3 small-nets.v2.h").read_text()
    for part in ("#define NET_3_SMALL_NETS_V2_INPUTS 3", "#define NET_3_SMALL_NETS_V2_OUTPUTS 2", "3 small-nets.v2.c"):
        assert part in text
    net.to_c(tmp_path / "net.c", name="Brain")
    text = (tmp_path / "net.h").read_text()
    assert "#define BRAIN_INPUTS 3" in text
    assert "int Brain_self_test(void);" in text
    assert f"fingerprint {net.fingerprint()}." in text
    odd = tmp_path / "é*.c"
    net.to_c(os.fsencode(odd))
    assert odd.with_suffix(".h").read_text().isascii()
    net.to_c(tmp_path / "model")
    assert "model_forward" in (tmp_path / "model.h").read_text()


def test_the_declarations_are_the_same_texts(tmp_path):
    for number, net in enumerate(NETWORKS.values()):
        net.to_c(tmp_path / f"net_{number}.c")
        declared, defined = ((tmp_path / f"net_{number}{end}").read_text() for end in (".h", ".c"))
        prototypes = re.findall(r"^(?:int|void) \w+\(.*\);$", declared, flags=re.MULTILINE)
        assert len(prototypes) == (5 if "float32" in list(NETWORKS)[number] and net.input_scaling else 3)
        assert re.findall(r"^(?:int|void) \w+\(.*\);$", defined, flags=re.MULTILINE) == prototypes


def test_no_other_file_is_overwritten(tmp_path):
    net = NETWORKS["float64"]
    header, source = tmp_path / "net.h", tmp_path / "net.c"
    header.write_text("/* mine */\n")
    with pytest.raises(FileExistsError, match="no header that to_c has written") as caught:
        net.to_c(source)
    assert caught.value.filename == str(header)
    assert header.read_text() == "/* mine */\n"
    assert not source.exists()
    net.to_c(source, header=False)
    assert source.exists()
    assert header.read_text() == "/* mine */\n"
    header.unlink()
    net.to_c(source)
    before = header.read_text()
    NETWORKS["float32"].to_c(source)  # its own is
    assert header.read_text() != before
    with pytest.raises(ValueError, match=r"path: expected a C file such as net.c, got net.h"):
        net.to_c(header)
    for name in ("net.H", "other.H"):  # a file system may ignore case
        with pytest.raises(ValueError, match=rf"path: expected a C file such as net.c, got {name}"):
            net.to_c(tmp_path / name)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["net.c", "net.h"]
    net.to_c(tmp_path / "other.H", header=False)
    with pytest.raises(TypeError, match="header"):
        net.to_c(source, header="yes")


def test_a_folder_in_the_header_s_place_is_seen_before_anything_is_written(tmp_path):
    (tmp_path / "net.h").mkdir()
    with pytest.raises(FileExistsError, match="no header that to_c has written"):
        NETWORKS["float64"].to_c(tmp_path / "net.c")
    assert [path.name for path in tmp_path.iterdir()] == ["net.h"]


def test_names_that_differ_in_case_have_their_own_headers(tmp_path):
    """One program may include both, if what they say alike, sizes, is the same."""
    for name in ("net", "Net", "NET"):
        NETWORKS["float64"].to_c(tmp_path / f"file_{sum(map(str.isupper, name))}.c", name=name)
    headers = sorted(path.name for path in tmp_path.glob("*.h"))
    guards = {re.search(r"#ifndef (\w+)", (tmp_path / header).read_text())[1] for header in headers}
    assert guards == {"NETLET_net_H", "NETLET_Net_H", "NETLET_NET_H"}
    if COMPILERS:
        text = "".join(f'#include "{header}"\n' for header in headers)
        (tmp_path / "main.c").write_text(
            text + "int main(void) { return net_self_test() + Net_self_test() + NET_self_test(); }\n"
        )
        good, message = compiles(COMPILERS[0], *STRICT, "-fsyntax-only", "main.c", cwd=tmp_path)
        assert good, message


def test_a_header_that_cannot_be_written_leaves_the_c_file(tmp_path, monkeypatch):
    """As in a folder that takes no new files, with a C file that may be written."""

    def replace_file(path, data):
        raise OSError(errno.EROFS, "read-only", os.fsdecode(path))

    NETWORKS["float32"].to_c(tmp_path / "net.c", header=False)
    before = (tmp_path / "net.c").read_bytes()
    monkeypatch.setattr(_core, "replace_file", replace_file)
    with pytest.raises(OSError, match=r"net\.h"):
        NETWORKS["float64"].to_c(tmp_path / "net.c")
    assert (tmp_path / "net.c").read_bytes() == before


NASTY = [
    "*/ int evil; /*",
    "*\\",  # a backslash at the end of a line joins it with the next one
    "??/",  # the same as a trigraph
    "/* nested",
    "// line",
    "a\nb\r\x00\x1b\x7f\u2028",
    '"quoted" \\" é 😀 \ud800',
    "#error no",
    "???/??/",
    "{name} %s",
]


@pytest.mark.parametrize("standard", ["c89", "c99", "c++17"])
def test_feature_names_and_classes_are_comments_whatever_they_are(standard, tmp_path):
    names = [name for name in NASTY if "\ud800" not in name]  # files are UTF-8
    net = Network([len(names), 3, len(names)], loss="cross_entropy", seed=0, classes=names)
    net.feature_names = [name[::-1] + name for name in names]
    net.to_c(tmp_path / "net.c")
    text = (tmp_path / "net.h").read_bytes().decode("ascii")
    assert not set(text) - set(map(chr, range(32, 127))) - {"\n"}
    comment, rest = text.split("*/", 1)
    assert comment.count("/*") == 1
    assert not any("evil" in line or "nested" in line for line in rest.splitlines())
    assert rest.lstrip().startswith("#ifndef NETLET_net_H")
    assert "??" not in text
    found = re.findall(r"^ \* (x|y)\[(\d+)\]: (.*)$", comment, flags=re.MULTILINE)
    assert [json.loads(text) for what, _, text in found if what == "x"] == net.feature_names
    assert [json.loads(text) for what, _, text in found if what == "y"] == names
    if COMPILERS:
        language = "c++" if "++" in standard else "c"
        (tmp_path / "main.c").write_text('#include "net.h"\nint main(void) { return NET_INPUTS - NET_OUTPUTS; }\n')
        options = [*STRICT, "-Wcomment", "-Wtrigraphs", "-trigraphs", f"-std={standard}", "-x", language]
        good, message = compiles(COMPILERS[0], *options, "-fsyntax-only", "main.c", cwd=tmp_path)
        assert good, message
    net.to_c(tmp_path / "net.c")  # it is known as one of to_c's


def test_comments_of_numbers_and_of_yes_and_no(tmp_path):
    net = Network([2, 3], loss="cross_entropy", seed=0, classes=[10, 20, 30])
    net.to_c(tmp_path / "net.c")
    assert " * y[0]: 10\n * y[1]: 20\n * y[2]: 30\n */\n" in (tmp_path / "net.h").read_text()
    net = Network([2, 1], loss="binary_cross_entropy", seed=0, classes=["no", "yes"])
    net.to_c(tmp_path / "net.c")
    assert ' *\n * y: probabilities of "yes", as against "no"\n */\n' in (tmp_path / "net.h").read_text()
    Network([2, 1], seed=0).to_c(tmp_path / "net.c")
    assert "(-lm).\n */\n" in (tmp_path / "net.h").read_text()


@pytest.mark.skipif(not COMPILERS, reason="there is no C compiler")
def test_two_networks_whose_names_differ_in_case_alone_are_refused_if_their_sizes_differ(tmp_path):
    Network([3, 4, 2], seed=1).to_c(tmp_path / "a.c", name="net")
    Network([3, 4, 1], seed=1).to_c(tmp_path / "b.c", name="Net")
    (tmp_path / "main.c").write_text('#include "a.h"\n#include "b.h"\nint main(void) { return 0; }\n')
    good, message = compiles(COMPILERS[0], "-fsyntax-only", "main.c", cwd=tmp_path)
    assert not good
    assert "names that differ in case alone need files of their own" in message
