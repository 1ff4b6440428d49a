# SPDX-License-Identifier: BSD-3-Clause
"""Other forms of a network: ONNX, C source, and the models of other libraries. A module each, imported when needed."""
