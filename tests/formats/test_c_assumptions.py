# SPDX-License-Identifier: BSD-3-Clause
"""A compiler whose arithmetic the exported C does not know is refused, with a word on what is wrong."""

import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from netlet import Network

COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
pytestmark = pytest.mark.skipif(not COMPILERS, reason="there is no C compiler")
every_compiler = pytest.mark.parametrize("compiler", COMPILERS)
FAST = "compile without -ffast-math"
METHOD = "FLT_EVAL_METHOD must be 0, arithmetic in the type itself; on x86 compile with -msse2 -mfpmath=sse"


@pytest.fixture(params=["float32", "float64"])
def source(request, tmp_path):
    path = tmp_path / "net.c"
    Network([2, 40, 1], activation="softplus", dtype=request.param, seed=0).to_c(path)
    return path


def errors(compiler, source, *options):
    """What the compiler says."""
    command = [compiler, "-fsyntax-only", *options, source]
    result = subprocess.run(command, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})
    found = re.findall(r"error: (?:#error )?(.*)", result.stderr)
    assert bool(found) == bool(result.returncode), result.stderr
    return found


def replaced(source, **macros):
    """The file as a compiler sees it whose headers define these macros otherwise."""
    other = "".join(f"#undef {name}\n#define {name} {value}\n" for name, value in macros.items())
    text = source.read_text()
    source.write_text(text.replace("#include <stdint.h>\n", f"#include <stdint.h>\n{other}"))
    assert source.read_text() != text
    return source


@every_compiler
@pytest.mark.parametrize("standard", ["c99", "c11", "gnu17"])
def test_no_compiler_of_today_is_refused(compiler, standard, source):
    warnings = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wno-unknown-pragmas"]
    assert errors(compiler, source, f"-std={standard}", *warnings) == []


@every_compiler
@pytest.mark.parametrize("option", ["-ffast-math", "-Ofast", "-ffinite-math-only"])
def test_arithmetic_that_breaks_the_rules(compiler, option, source):
    assert any(FAST in error for error in errors(compiler, source, option, "-Wno-deprecated"))


@pytest.mark.skipif("gcc" not in COMPILERS, reason="clang does not tell")
@pytest.mark.parametrize("option", ["-funsafe-math-optimizations", "-freciprocal-math"])
def test_a_part_of_fast_math(option, source):
    assert any(FAST in error for error in errors("gcc", source, option))


@every_compiler
@pytest.mark.parametrize(
    ("macros", "message"),
    [
        ({"FLT_RADIX": 16}, "FLT_RADIX must be 2"),
        ({"FLT_EVAL_METHOD": 1}, METHOD),
        ({"FLT_EVAL_METHOD": 2}, METHOD),
        ({"FLT_EVAL_METHOD": -1}, METHOD),
        ({"FLT_EVAL_METHOD": 16}, ""),  # GCC's, where it has _Float16
        ({"INT_MAX": 32767}, ""),  # it has no larger indices
        ({"INT_MAX": 30}, "int must reach 80"),
    ],
)
def test_what_headers_say(compiler, macros, message, source):
    assert errors(compiler, replaced(source, **macros)) == ([f'"net: {message}"'] if message else [])


@every_compiler
@pytest.mark.parametrize("macro", ["MANT_DIG", "MIN_EXP", "MAX_EXP", "HAS_SUBNORM"])
def test_the_format_of_the_type_that_the_file_uses_and_only_of_that(macro, compiler, source):
    kind, other = ("FLT", "DBL") if "typedef float real" in source.read_text() else ("DBL", "FLT")
    expected = {"MANT_DIG": "must be IEEE binary", "HAS_SUBNORM": "must have subnormal numbers"}
    assert errors(compiler, replaced(source, **{f"{other}_{macro}": 0})) == []
    (error,) = errors(compiler, replaced(source, **{f"{kind}_{macro}": 0}))
    assert expected.get(macro, "must be IEEE binary") in error


@pytest.mark.skipif("gcc" not in COMPILERS, reason="others have no constant")
def test_another_rounding(source):
    assert "FLT_ROUNDS must be 1, rounding to nearest" in errors("gcc", replaced(source, FLT_ROUNDS=2))[0]


def test_a_double_of_4_bytes(tmp_path):
    """As compilers for small processors have it."""
    net = Network([2, 3, 1], seed=0)
    net.to_c(tmp_path / "net.c")
    text = re.sub(r"\bdouble\b", "float", (tmp_path / "net.c").read_text())
    (tmp_path / "small.c").write_text(re.sub(r"\bfma\(", "fmaf(", text).replace("DBL_", "FLT_"))
    assert "must be IEEE binary64, of 8 bytes" in errors(COMPILERS[0], tmp_path / "small.c")[0]


@pytest.mark.skipif("gcc" not in COMPILERS, reason="an option of GCC")
def test_constants_of_another_size(source):
    (found,) = errors("gcc", source, "-fsingle-precision-constant") or [""]
    assert ("constants_as_large_as_double" in found) == ("typedef double real" in source.read_text())


@every_compiler
def test_arithmetic_in_registers_that_are_wider(compiler, source, tmp_path):
    """The first x86 processors'; the headers of a 64-bit system suffice to see that it is refused."""
    multiarch = Path("/usr/include/x86_64-linux-gnu")
    if not multiarch.is_dir():
        pytest.skip("needs headers for x86")
    (tmp_path / "gnu").mkdir()
    (tmp_path / "gnu" / "stubs-32.h").touch()
    headers = [f"-I{tmp_path}", f"-I{multiarch}", "-m32"]
    assert any(METHOD in error for error in errors(compiler, source, *headers, "-mno-sse"))
    assert errors(compiler, source, *headers, "-msse2", "-mfpmath=sse") == []


@pytest.mark.skipif(not shutil.which("avr-gcc"), reason="avr-gcc and avr-libc are missing")
def test_a_compiler_for_small_processors(source):
    found = errors("avr-gcc", source, "-mmcu=atmega2560", "-std=c99")
    assert bool(found) == ("typedef double real" in source.read_text())
    assert not found or "double must be IEEE binary64" in found[0]


def test_a_rounding_that_is_set_at_run_time_is_found_by_the_self_test(source, tmp_path):
    more = "\n#include <fenv.h>\nint rounded(int up) {\n  fesetround(up ? FE_UPWARD : FE_TONEAREST);\n"
    source.write_text(source.read_text() + more + "  int found = net_self_test();\n  fesetround(FE_TONEAREST);\n"
                      "  return found;\n}\n")  # fmt: skip
    library = tmp_path / "net.so"
    subprocess.run([COMPILERS[0], "-O2", "-shared", "-fPIC", source, "-lm", "-o", library], check=True)
    rounded = ctypes.CDLL(library).rounded
    assert (rounded(0), rounded(1), rounded(0)) == (0, 1, 0)
