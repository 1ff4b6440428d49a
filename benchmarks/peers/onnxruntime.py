# SPDX-License-Identifier: BSD-3-Clause
"""ONNX Runtime: with input and output bound once, or with plain run()."""

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

OPERATORS = {"sigmoid": "Sigmoid", "relu": "Relu"}


def model(case) -> bytes:
    work, nodes, values, name = case.workload, [], [], "x"
    for i, (w, b) in enumerate(zip(case.weights, case.biases)):
        last = i == len(case.weights) - 1
        activation = work.output if last else work.activation
        values += [numpy_helper.from_array(np.array(w), f"w{i}"), numpy_helper.from_array(np.array(b), f"b{i}")]
        sums = "y" if last and activation not in OPERATORS else f"z{i}"
        nodes.append(helper.make_node("Gemm", [name, f"w{i}", f"b{i}"], [sums]))
        name = sums
        if activation in OPERATORS:
            name = "y" if last else f"a{i}"
            nodes.append(helper.make_node(OPERATORS[activation], [sums], [name]))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [work.rows, work.sizes[0]])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [work.rows, work.sizes[-1]])
    graph = helper.make_graph(nodes, "network", [x], [y], values)
    opset = helper.make_opsetid("", 17)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()


class Peer:
    version = onnxruntime.__version__

    def __init__(self, case, threads, variant):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self.session = onnxruntime.InferenceSession(model(case), options, providers=["CPUExecutionProvider"])
        self.case, self.bound = case, variant != "run"

    def binding(self):
        """Bind input and output to memory; returns the binding and the output array."""
        work = self.case.workload
        binding = self.session.io_binding()
        x = np.ascontiguousarray(self.case.x).reshape(work.rows, -1)
        out = np.empty((work.rows, work.sizes[-1]), np.float32)
        binding.bind_input("x", "cpu", 0, np.float32, x.shape, x.ctypes.data)
        binding.bind_output("y", "cpu", 0, np.float32, out.shape, out.ctypes.data)
        self.memory = x  # the binding keeps only its address
        return binding, out

    def forward(self):
        if not self.bound:
            return lambda: self.session.run(None, {"x": self.case.x})[0]
        binding, out = self.binding()

        def forward():
            self.session.run_with_iobinding(binding)
            return out

        return forward

    def row(self):
        binding, out = self.binding()
        return "session.run_with_iobinding(binding)", {"session": self.session, "binding": binding, "out": out}
