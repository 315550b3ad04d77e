"""A step of B sequences in ONNX Runtime: one graph, the most probable token fed back without a copy."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

import common


def make_session(work, T, threads, argmax):
    """A session from token [T, B] and h0… [1, B, H] to next [T, B] (or logits [T, B, V]), n0… [1, B, H]."""
    weights, nodes = [], []

    def weight(name, value):
        weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    nodes.append(
        helper.make_node("Gather", [weight("E", work.parameters["embedding.weight"]), "token"], ["y0"])
    )
    inputs = [helper.make_tensor_value_info("token", TensorProto.INT64, [T, work.B])]
    outputs = []
    weight("axis", np.array([1]))
    for l in range(work.L):
        inputs.append(helper.make_tensor_value_info(f"h{l}", TensorProto.FLOAT, [1, work.B, work.H]))
        outputs.append(helper.make_tensor_value_info(f"n{l}", TensorProto.FLOAT, [1, work.B, work.H]))
        w_ih, w_hh, b_ih, b_hh = (
            common.in_order_zrn(work.parameter(name, l))
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        bias = np.concatenate([b_ih, b_hh])
        gru = [
            f"y{l}",
            weight(f"W{l}", w_ih[None]),
            weight(f"R{l}", w_hh[None]),
            weight(f"b{l}", bias[None]),
            "",
            f"h{l}",
        ]
        nodes.append(
            helper.make_node("GRU", gru, [f"s{l}", f"n{l}"], hidden_size=work.H, linear_before_reset=1)
        )
        nodes.append(helper.make_node("Squeeze", [f"s{l}", "axis"], [f"y{l + 1}"]))
    output_weight = weight("Wo", work.parameters["output.weight"].T)
    nodes.append(helper.make_node("MatMul", [f"y{work.L}", output_weight], ["product"]))
    nodes.append(
        helper.make_node("Add", ["product", weight("bo", work.parameters["output.bias"])], ["logits"])
    )
    if argmax:
        nodes.append(helper.make_node("ArgMax", ["logits"], ["next"], axis=2, keepdims=0))
        outputs.insert(0, helper.make_tensor_value_info("next", TensorProto.INT64, [T, work.B]))
    else:
        outputs.insert(0, helper.make_tensor_value_info("logits", TensorProto.FLOAT, [T, work.B, work.V]))
    graph = helper.make_graph(nodes, "gru", inputs, outputs, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def main():
    args = common.arguments()
    work = common.Work(args.work)
    session = make_session(work, 1, args.threads, argmax=True)
    # Two sets of buffers, each the other's output: no allocation, no copy.
    names = ["token"] + [f"h{l}" for l in range(work.L)]
    zero = np.zeros((1, work.B, work.H), np.float32)
    start = {"token": work.generated[:1], **{name: zero for name in names[1:]}}
    # copy(), because an OrtValue uses the array's memory.
    buffers = [
        [onnxruntime.OrtValue.ortvalue_from_numpy(start[name].copy()) for name in names] for _ in range(2)
    ]
    bindings = []
    for source, target in (buffers, buffers[::-1]):
        binding = session.io_binding()
        for name, value in zip(names, source):
            binding.bind_ortvalue_input(name, value)
        for result, value in zip(session.get_outputs(), target):
            binding.bind_ortvalue_output(result.name, value)
        bindings.append(binding)

    def step():
        session.run_with_iobinding(bindings[0])
        bindings.reverse()
        buffers.reverse()  # the first are what the next step reads

    def checked(tokens):
        buffers[0][0].update_inplace(np.ascontiguousarray(tokens[None]))
        step()
        return buffers[0][0].numpy()[0]

    common.check_generated(work, checked)
    common.serve_step(f"onnxruntime-{onnxruntime.__version__} bound buffers", work, args, step)


if __name__ == "__main__":
    main()
