"""Whether onnxruntime's int8 kernels saturate on this CPU: asked of onnxruntime, by a product whose exact result is known.

``python -m tests.contract.saturation`` prints ``true`` or ``false``. Without VNNI instructions, it adds pairs of products of
uint8 and int8 in 16 bits: what is larger is cut, and int8 outputs are several dB farther from the float ones.
"""

import json
import sys

import numpy as np


def saturates():
    """Whether 255 * 127, sixty-four times, is less than it should be."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    length = 64
    weights = numpy_helper.from_array(np.full((length, 16), 127, np.int8), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [1, length])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [1, 16])],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (outputs,) = session.run(None, {"x": np.full((1, length), 255, np.uint8)})
    return bool((outputs != 255 * 127 * length).any())


if __name__ == "__main__":
    sys.stdout.write(json.dumps(saturates()))
