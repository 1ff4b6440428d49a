# SPDX-License-Identifier: BSD-3-Clause
"""A network as one C99 file: sizes fixed, nothing allocated, nothing needed but fma, the same bits.

No compiler may fuse a product in the file with a sum: contraction is switched off there, and if a compiler does not
know the switch, the file's self-test reports it.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

from .._core import __version__
from .._names import ACTIVATIONS, LOSSES
from ..reference.elementary import COEFFICIENTS
from ..reference.sums import BLOCK_TERMS
from .parts import Parts

PANEL = 32  # outputs that are summed at once, in registers if the compiler keeps them there

# What both files declare, so that a compiler which has read one finds what differs in the other.
_DECLARATIONS = """\
/* The outputs y for one row x. */
void {name}_forward(const {input} x[{inputs}], {real} y[{outputs}]);
/* The same for rows one after the other. */
void {name}_forward_rows(size_t rows, const {input} *x, {real} *y);
{for_floats}/* 0 if this compiler and processor give the bits that netlet gives. */
int {name}_self_test(void);
"""

_FOR_FLOATS = """\
/* The same from floats, which lack digits where a shift is much larger than its scale. */
void {name}_forward_float(const float x[{inputs}], {real} y[{outputs}]);
void {name}_forward_rows_float(size_t rows, const float *x, {real} *y);
"""

_WRITTEN = "Written by netlet {version}; fingerprint {fingerprint}."

_HEADER = """\
/* {name}: {description}
 * {written}
 *
 * What {file} defines, for programs in C (C89 or newer) and C++. Any number of threads may call. Link the mathematical
 * library, too (-lm).
{names} */
#ifndef NETLET_{name}_H
#define NETLET_{name}_H

#include <stddef.h>

#if defined({upper}_INPUTS) && ({upper}_INPUTS != {inputs} || {upper}_OUTPUTS != {outputs})
#error "{upper}_INPUTS is another network's: names that differ in case alone need files of their own"
#endif
#define {upper}_INPUTS {inputs}
#define {upper}_OUTPUTS {outputs}

#ifdef __cplusplus
extern "C" {{
#endif

{declarations}
#ifdef __cplusplus
}}
#endif
#endif
"""

_HEAD = """\
/* {name}: {description}
 * {written}
 *
 * C99. Nothing is allocated, nothing is written but y and {stack} bytes of stack; any number of threads may call.
 * Compile with optimisation, for processors that have the instruction fma (on x86-64: -O3 -mfma -mavx2), and link the
 * mathematical library (-lm); without the instruction it works, too, but slowly. Not with -ffast-math.
 */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

{assumptions}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=off")
#else
#pragma STDC FP_CONTRACT OFF
#endif

{declarations}
typedef {real} real;
typedef {bits} bits;
static inline real times_add(real a, real b, real c) {{ return {fma}(a, b, c); }}
"""

_ROWS = """
void {name}_forward_rows{suffix}(size_t rows, const {input} *x, real *y) {{
  for (; rows; --rows, x += {inputs}, y += {outputs}) {name}_forward{suffix}(x, y);
}}
"""

_TAIL = """
int {name}_self_test(void) {{
{x}{expected}  real y[{count}];
  volatile real smallest = {smallest}; /* is half of it 0? Then somebody switched subnormal numbers off. */
  smallest = smallest / 2;
  if (smallest == 0) return 1;
  {name}_forward_rows({rows}, x, y);
  for (int j = 0; j < {count}; ++j)
    if (bits_of(y[j]) != bits_of(expected[j]) && (y[j] == y[j] || expected[j] == expected[j])) return 1;
{of_floats}  return 0;
}}
"""

_TEST_OF_FLOATS = """\
  for (int i = 0; i < {rows}; ++i) {{
    float given[{inputs}], from_floats[{outputs}];
    double exact[{inputs}];
    for (int k = 0; k < {inputs}; ++k) {{
      volatile float rounded = (float)x[i * {inputs} + k]; /* volatile: GCC 12 may drop a rounding in a loop */
      exact[k] = given[k] = rounded;
    }}
    {name}_forward_float(given, from_floats);
    {name}_forward(exact, y);
    for (int j = 0; j < {outputs}; ++j)
      if (bits_of(y[j]) != bits_of(from_floats[j]) && (y[j] == y[j] || from_floats[j] == from_floats[j])) return 1;
  }}
"""

# What the file assumes, as conditions under which the preprocessor refuses it. Of what only shows in a running program,
# the self-test takes care.
_REFUSED = {
    "FLT_RADIX != 2": "FLT_RADIX must be 2",
    "FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16": (  # 16: as 0, but for the narrower _Float16
        "FLT_EVAL_METHOD must be 0, arithmetic in the type itself; on x86 compile with -msse2 -mfpmath=sse"
    ),
    "defined(__FAST_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__ASSOCIATIVE_MATH__) || \\\n"
    "    defined(_M_FP_FAST) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)": (
        "the same bits need IEEE arithmetic: compile without -ffast-math and all that it implies"
    ),
}
_OF_TYPES = {
    "float": {
        "FLT_MANT_DIG != 24 || FLT_MIN_EXP != -125 || FLT_MAX_EXP != 128": "float must be IEEE binary32",
        "defined(FLT_HAS_SUBNORM) && FLT_HAS_SUBNORM == 0": "float must have subnormal numbers",
    },
    "double": {
        "DBL_MANT_DIG != 53 || DBL_MIN_EXP != -1021 || DBL_MAX_EXP != 1024": (
            "double must be IEEE binary64, of 8 bytes; where it is not, a float32 network may do"
        ),
        "defined(DBL_HAS_SUBNORM) && DBL_HAS_SUBNORM == 0": "double must have subnormal numbers",
    },
}
_SIZES = """\
typedef char {name}_needs_{bits}_and_constants_as_large_as_{real}[
    sizeof({bits}) == sizeof({real}) && sizeof({one}) == sizeof({real}) ? 1 : -1];
"""
_ROUNDING = """\
#if defined(__GNUC__) && !defined(__clang__) /* others have no constant */
{check}#endif
"""


def _assumptions(name: str, types: list[str], largest: int) -> str:
    """Refuse at compile time what would give other bits.

    types: those of C that the file computes with; largest: the largest of its integers.
    """

    def check(condition: str, text: str) -> str:
        return f'#if {condition}\n#error "{name}: {text}"\n#endif\n'

    refused = dict(_REFUSED)
    for kind in types:
        refused |= _OF_TYPES[kind]
    refused[f"INT_MAX < {largest}"] = f"int must reach {largest}"
    texts = [check(condition, text) for condition, text in refused.items()]
    texts.append(_ROUNDING.format(check=check("FLT_ROUNDS != 1", "FLT_ROUNDS must be 1, rounding to nearest")))
    for kind in types:
        bits, one = ("uint32_t", "1.0f") if kind == "float" else ("uint64_t", "1.0")
        texts.append(_SIZES.format(name=name, bits=bits, real=kind, one=one))
    return "".join(texts)


# By their names in C, each after those that it calls; a file has those that it needs. The capitals: _definitions.
_FUNCTIONS = {
    "bits_of": """
static inline bits bits_of(real x) {
  union { real x; bits b; } u;
  u.x = x;
  return u.b;
}
""",
    "real_of": """\
static inline real real_of(bits b) {
  union { real x; bits b; } u;
  u.b = b;
  return u.x;
}
""",
    "magnitude": """\
static inline real magnitude(real x) { return real_of(bits_of(x) & ~bits_of(-ZERO)); }
""",
    "reduce": """
/* x = k ln 2 + r, |r| <= 0.3467; *p = expm1(r); the result has k in its low bits */
static inline real reduce(real x, real *k, real *p) {
  const real shifted = times_add(x, LOG2E, SHIFT);
  *k = shifted - SHIFT;
  const real high = times_add(-*k, LN2_HI, x), low = -*k * LN2_LO;
  const real r = high + low, r2 = r * r;
  *p = high + times_add(r2, EXPM1_TAIL, low);
  return shifted;
}
static inline real power_of_two(bits k) { return real_of((k + BIAS) << FRACTION); }
""",
    "exp_negative": """
/* exp(x) for x <= 0 */
static inline real exp_negative(real x) {
  real k, p;
  const bits whole = bits_of(reduce(x < EXP_MIN ? EXP_MIN : x, &k, &p));
  const bits half = bits_of(times_add(k, HALF, SHIFT));
  return ((ONE + p) * power_of_two(half)) * power_of_two(whole - half);
}
""",
    "expm1_negative": """
/* exp(x) - 1 for x <= 0 */
static inline real expm1_negative(real x) {
  real k, p;
  const real scale = power_of_two(bits_of(reduce(x < -SIXTY_FOUR ? -SIXTY_FOUR : x, &k, &p)));
  return times_add(scale, p, scale - ONE);
}
""",
    "sigmoid": """
static inline real sigmoid(real x) {
  const real e = exp_negative(-magnitude(x));
  return (x < ZERO ? e : ONE) / (ONE + e);
}
""",
    "hyperbolic_tangent": """
static inline real hyperbolic_tangent(real x) {
  const real t = expm1_negative(-TWO * magnitude(x));
  return real_of((bits_of(t / (TWO + t)) & ~bits_of(-ZERO)) | (bits_of(x) & bits_of(-ZERO)));
}
""",
    "relu": "\nstatic inline real relu(real z) { return z < ZERO ? ZERO : z; }\n",
    "leaky_relu": "\nstatic inline real leaky_relu(real z) { return z < ZERO ? HUNDREDTH * z : z; }\n",
    "elu": "\nstatic inline real elu(real z) { return z > ZERO ? z : expm1_negative(z > ZERO ? ZERO : z); }\n",
    "silu": "\nstatic inline real silu(real z) { return z * sigmoid(z); }\n",
    "hard_sigmoid": """
static inline real hard_sigmoid(real z) {
  real y = times_add(z, SIXTH, HALF);
  y = y < ZERO ? ZERO : y;
  return y > ONE ? ONE : y;
}
""",
    "softplus": """
/* max(z, 0) + log(1 + exp(-|z|)), the logarithm by the series of atanh */
static inline real softplus(real z) {
  const real e = exp_negative(-magnitude(z));
  const real k = e >= HALF ? ONE : ZERO, f = e >= HALF ? (e - ONE) * HALF : e;
  const real s = f / (TWO + f), z1 = s * s, z2 = z1 * z1, half = HALF * (f * f);
  const real t = times_add(s, half + z1 * ATANH_TAIL, k * LN2_LO);
  return (z < ZERO ? ZERO : z) + times_add(k, LN2_HI, f - (half - t));
}
""",
    "mish": """
/* z tanh(log(1 + exp(z))) by exp(-|z|) */
static inline real mish(real z) {
  const real e = exp_negative(-magnitude(z));
  const real above = z < ZERO ? e * (e + TWO) : times_add(TWO, e, ONE);
  return z * (above / (above + (z < ZERO ? TWO : TWO * (e * e))));
}
""",
    "gelu": """
/* z times the normal distribution function; its tail is exp(-u^2 / 2) / (u + 4) times a polynomial */
static inline real gelu(real z) {
  const real size = magnitude(z), u = size > FORTY ? FORTY : size;
  const real square = u * u, rest = times_add(u, u, -square);
  const real e = exp_negative(-HALF * square), bell = times_add(e, -HALF * rest, e);
  const real r = ONE / (u + FOUR), t = (u - FOUR) * r, t2 = t * t;
  const real even = NORMAL_EVEN;
  const real odd = NORMAL_ODD;
  const real tail = bell * (times_add(odd, t, even) * r);
  return z * (z < ZERO ? tail : ONE - tail);
}
""",
}


def _literal(value: Any, is_float32: bool) -> str:
    """A hexadecimal floating constant: exact, and the same in every locale."""
    mantissa, exponent = float(value).hex().split("p")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}p{int(exponent)}{'f' if is_float32 else ''}"


def _chain(coefficients: list[str], variable: str) -> str:
    """A polynomial by Horner's rule."""
    text = coefficients[-1]
    for c in coefficients[-2::-1]:
        text = f"times_add({text}, {variable}, {c})"
    return text


def _definitions(is_float32: bool) -> str:
    """The constants and tails of polynomials that the functions name in capitals."""
    table = COEFFICIENTS["float32" if is_float32 else "float64"]
    real = np.float32 if is_float32 else np.float64
    values = {"ZERO": 0.0, "ONE": 1.0, "TWO": 2.0, "FOUR": 4.0, "FORTY": 40.0, "SIXTY_FOUR": 64.0, "HALF": 0.5}
    values |= {"SIXTH": float(real(1) / real(6)), "HUNDREDTH": float(real(0.01))}
    values |= {name.upper(): table[name] for name in ("log2e", "shift", "ln2_hi", "ln2_lo", "exp_min")}
    texts = {name: f"({_literal(value, is_float32)})" for name, value in values.items()}
    texts |= {"BIAS": "127u", "FRACTION": "23"} if is_float32 else {"BIAS": "1023u", "FRACTION": "52"}
    e, a, normal = ([_literal(c, is_float32) for c in table[name]] for name in ("expm1", "atanh", "normal"))
    ep, ap = (
        [f"times_add({c[i + 1]}, {x}, {c[i]})" for i in range(0, len(c) - 1, 2)] for c, x in ((e, "r"), (a, "z1"))
    )
    if is_float32:
        texts["EXPM1_TAIL"] = f"times_add(times_add({e[4]}, r2, {ep[1]}), r2, {ep[0]})"
        texts["ATANH_TAIL"] = f"times_add({ap[1]}, z2, {ap[0]})"
    else:
        inner = f"times_add({ep[3]}, r2, {ep[2]})"
        texts["EXPM1_TAIL"] = (
            f"times_add(times_add({ep[4]}, r2 * r2, {inner}), r2 * r2, times_add({ep[1]}, r2, {ep[0]}))"
        )
        texts["ATANH_TAIL"] = f"times_add(times_add({ap[3]}, z2, {ap[2]}), z2 * z2, times_add({ap[1]}, z2, {ap[0]}))"
    texts["NORMAL_EVEN"] = _chain(normal[0::2], "t2")
    texts["NORMAL_ODD"] = _chain(normal[1::2], "t2")
    return "".join(f"#define {name} {text}\n" for name, text in texts.items())


def _array(name: str, values: Any, dtype: Any) -> str:
    numbers = [_literal(value, dtype == np.float32) for value in np.asarray(values).ravel()]
    lines = [", ".join(numbers[i : i + 6]) for i in range(0, len(numbers), 6)]
    return f"static const {_c_type(dtype)} {name}[{len(numbers)}] = {{\n  " + ",\n  ".join(lines) + "};\n"


def _c_type(dtype: Any) -> str:
    return "float" if dtype == np.float32 else "double"


def _panels(weight: Any) -> Any:
    """The columns in panels of PANEL, each contiguous, row after row."""
    return np.concatenate([weight[:, j : j + PANEL].ravel() for j in range(0, weight.shape[1], PANEL)])


def _sums(width: int) -> str:
    return f"""
/* y = x w + b for {width} outputs, each a chain of fused multiply-adds in the order of x, or chains of {BLOCK_TERMS} */
static void sums_{width}(size_t inputs, const real *x, const real *w, const real *b, real *y) {{
  for (size_t k = 0; k < inputs;) {{
    const size_t first = k, end = inputs - k < {BLOCK_TERMS} ? inputs : k + {BLOCK_TERMS};
    real s[{width}];
    for (int j = 0; j < {width}; ++j) s[j] = first ? ZERO : b[j];
    for (; k < end; ++k, w += {width})
      for (int j = 0; j < {width}; ++j) s[j] = times_add(x[k], w[j], s[j]);
    for (int j = 0; j < {width}; ++j) y[j] = first ? y[j] + s[j] : s[j];
  }}
}}
"""


def _softmax(outputs: int, array: str) -> str:
    return (
        f"  real largest = {array}[0], sum = ZERO;\n"
        f"  for (int j = 1; j < {outputs}; ++j) largest = {array}[j] > largest ? {array}[j] : largest;\n"
        f"  for (int j = 0; j < {outputs}; ++j) {array}[j] = exp_negative({array}[j] - largest);\n"
        f"  for (int i = 0; i < {outputs}; i += {BLOCK_TERMS}) {{\n"
        "    real part = ZERO;\n"
        f"    for (int j = i; j < {outputs} && j < i + {BLOCK_TERMS}; ++j) part = part + {array}[j];\n"
        "    sum = sum + part;\n"
        "  }\n"
        f"  for (int j = 0; j < {outputs}; ++j) {array}[j] = {array}[j] / sum;\n"
    )


def _activation(name: str, outputs: int, array: str) -> str:
    if name == "identity":
        return ""
    if name == "softmax":
        return _softmax(outputs, array)
    function = ACTIVATIONS.get(name, {}).get("c")
    if function not in _FUNCTIONS:
        raise ValueError(f"to_c: netlet cannot write the activation {name!r}")
    return f"  for (int j = 0; j < {outputs}; ++j) {array}[j] = {function}({array}[j]);\n"


def _layer(i: int, net: Parts, source: str, target: str) -> str:
    inputs, outputs = net.layer_sizes[i], net.layer_sizes[i + 1]
    full = outputs - outputs % PANEL
    text = ""
    if full:
        place = f"{source}, weight_{i} + j * {inputs}, bias_{i} + j, {target} + j"
        text += f"  for (int j = 0; j < {full}; j += {PANEL}) sums_{PANEL}({inputs}, {place});\n"
    if full < outputs:
        place = f"{source}, weight_{i} + {full * inputs}, bias_{i} + {full}, {target} + {full}"
        text += f"  sums_{outputs - full}({inputs}, {place});\n"
    return text + _activation(net.activations[i], outputs, target)


def _layers(net: Parts, signature: str) -> str:
    sizes = net.layer_sizes
    text = f"\n{signature} {{\n"
    source = "x"
    for i in range(len(sizes) - 1):
        target = "y" if i == len(sizes) - 2 else f"hidden_{i}"
        if target != "y":
            text += f"  real {target}[{sizes[i + 1]}];\n"
        text += _layer(i, net, source, target)
        source = target
    if net.output_scaling:
        scaled = "(real)fma((double)y[j], output_scale[j], output_shift[j])"
        text += f"  for (int j = 0; j < {sizes[-1]}; ++j) y[j] = {scaled};\n"
    return text + "}\n"


def _scaled(net: Parts, signature: str) -> str:
    value = "((double)x[k] - input_shift[k]) / input_scale[k]" if net.input_scaling else "x[k]"
    inputs = net.layer_sizes[0]
    return f"""
{signature} {{
  real scaled[{inputs}];
  for (int k = 0; k < {inputs}; ++k) scaled[k] = (real)({value});
  layers(scaled, y);
}}
"""


def _forward(name: str, net: Parts, inputs: list[str]) -> str:
    """The functions for each type of input: scaled in binary64, the layers in the network's dtype."""
    row = f"x[{net.layer_sizes[0]}], real y[{net.layer_sizes[-1]}]"
    if inputs == [_c_type(net.dtype)] and not net.input_scaling:
        text = _layers(net, f"void {name}_forward(const real {row})")
    else:
        text = _layers(net, "static void layers(const real *x, real *y)")
        for suffix, kind in zip(("", "_float"), inputs):
            text += _scaled(net, f"void {name}_forward{suffix}(const {kind} {row})")
    for suffix, kind in zip(("", "_float"), inputs):
        text += _ROWS.format(
            name=name, suffix=suffix, input=kind, inputs=net.layer_sizes[0], outputs=net.layer_sizes[-1]
        )
    return text


def _functions(text: str) -> str:
    """The definitions of what `text` calls, and of what these call."""
    wanted: list[str] = []
    for name, body in reversed(_FUNCTIONS.items()):
        if re.search(rf"\b{name}\(", text):
            wanted.insert(0, body)
            text += body
    return "".join(wanted)


def c_name(stem: str) -> str:
    """Make a name in C of a file's name; names that begin with _ are reserved there."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", stem).lstrip("_")
    return name if re.match(r"[A-Za-z]", name) else f"net_{name}".rstrip("_")


def _input_types(net: Parts) -> list[str]:
    """Those of x: a scaling is applied in binary64, which a float32 network's inputs may need."""
    if net.dtype == np.float32 and (net.input_scaling or net.output_scaling):
        return ["double", "float"]
    return [_c_type(net.dtype)]


def _shared(net: Parts, name: str, fingerprint: str) -> dict[str, Any]:
    """What source and header say alike."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", str(name)):
        raise ValueError(f"name: expected a name in C, of letters, digits and _, got {name!r}")
    sizes, inputs = net.layer_sizes, _input_types(net)
    places = {"name": name, "inputs": sizes[0], "outputs": sizes[-1], "real": _c_type(net.dtype)}
    for_floats = _FOR_FLOATS.format(**places) if len(inputs) == 2 else ""
    return {
        **places,
        "description": f"a network of layers {'-'.join(map(str, sizes))}, {', '.join(net.activations)}",
        "written": _WRITTEN.format(version=__version__, fingerprint=fingerprint),
        "declarations": _DECLARATIONS.format(**places, input=inputs[0], for_floats=for_floats),
    }


def c_header(net: Parts, name: str, fingerprint: str, file: str) -> str:
    """Write the header of the source that is called `file`."""
    return _HEADER.format(**_shared(net, name, fingerprint), upper=name.upper(), file=file, names=_names(net))


def _names(net: Parts) -> str:
    """Lines of a comment that say what inputs and outputs are, if they have names."""
    lines = [f"x[{i}]: {_quoted(name)}" for i, name in enumerate(net.feature_names or ())]
    classes = [] if net.classes is None else list(map(_quoted, net.classes.tolist()))
    if classes and LOSSES[net.loss].get("classes") == "output":
        lines.append(f"y: probabilities of {classes[1]}, as against {classes[0]}")
    else:
        lines += [f"y[{i}]: {name}" for i, name in enumerate(classes)]
    return "".join(f" * {line}\n" for line in ["", *lines]).replace(" * \n", " *\n") if lines else ""


def _quoted(name: Any) -> str:
    """A name as a JSON string of printable ASCII in which no comment ends or begins, nor a trigraph."""
    text = json.dumps(name).replace("\x7f", "\\u007f")
    return text.replace("/*", "/\\u002a").replace("*/", "*\\/").replace("??", "?\\u003f")


def is_header(text: str) -> bool:
    """Whether `c_header` has written it."""
    pattern = re.escape(_WRITTEN).replace(r"\{version\}", ".+").replace(r"\{fingerprint\}", "[0-9a-f]{64}")
    return re.match(rf"/\* .*\n \* {pattern}\n", text) is not None


def c_source(net: Parts, name: str, fingerprint: str, forward: Callable[[Any], Any]) -> str:
    """Write the network in C; `name` begins the names of its functions, `forward` gives outputs for its self-test."""
    shared = _shared(net, name, fingerprint)
    if not net.all_finite():
        raise ValueError("parameters: expected finite numbers, got nan or inf")
    is_float32 = net.dtype == np.float32
    sizes = net.layer_sizes
    inputs = _input_types(net)
    input_dtype = np.float32 if inputs == ["float"] else np.float64
    # enough rows for a bit that is lost anywhere to show in an output
    rows = 16 if sizes[0] <= 64 else 4
    x = (2 * ((np.arange(1, rows * sizes[0] + 1) * 0.6180339887498949) % 1) - 1).reshape(rows, -1)
    if net.input_scaling:
        x = x * net.input_scaling[1] + net.input_scaling[0]
    x = x.astype(input_dtype)
    expected = forward(x)
    widths = {n % PANEL for n in sizes[1:]} | {PANEL for n in sizes[1:] if n >= PANEL}
    widths.discard(0)
    body = _forward(name, net, inputs)
    scaled = net.input_scaling or net.output_scaling
    types = [kind for kind, used in (("float", is_float32), ("double", not is_float32 or scaled)) if used]
    largest = max(*(weight.size for weight in net.weights), rows * sizes[0], rows * sizes[-1])
    parts = [
        _HEAD.format(
            **shared,
            assumptions=_assumptions(name, types, largest),
            bits="uint32_t" if is_float32 else "uint64_t",
            fma="fmaf" if is_float32 else "fma",
            stack=net.dtype.itemsize * (sum(sizes[1:-1]) + (sizes[0] if "scaled[" in body else 0) + PANEL),
        ),
        "\n",
        _definitions(is_float32),
        _functions(body + _TAIL),
        "".join(map(_sums, sorted(widths))),
        "\n",
    ]
    for i, (weight, bias) in enumerate(zip(net.weights, net.biases)):
        parts += [_array(f"weight_{i}", _panels(weight), net.dtype), _array(f"bias_{i}", bias, net.dtype)]
    for side, scaling in (("input", net.input_scaling), ("output", net.output_scaling)):
        for what, values in zip(("shift", "scale"), scaling or ()):
            parts.append(_array(f"{side}_{what}", values, np.float64))
    parts.append(body)
    parts.append(
        _TAIL.format(
            name=name,
            smallest="FLT_MIN" if is_float32 else "DBL_MIN",
            rows=rows,
            count=expected.size,
            x=textwrap.indent(_array("x", x, input_dtype), "  "),
            expected=textwrap.indent(_array("expected", expected, net.dtype), "  "),
            of_floats=_TEST_OF_FLOATS.format(rows=rows, **shared) if len(inputs) == 2 else "",
        )
    )
    return "".join(parts)
