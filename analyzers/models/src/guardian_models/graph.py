"""Writes an ONNX graph, one operation at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NewType

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 18
"""The newest that OpenCV's importer reads whole; onnxruntime reads it since 1.14."""
_IR_VERSION = 8
_PRODUCER = "silver-guardian"

Tensor = NewType("Tensor", str)
"""A tensor of the graph, by its name there."""

type Attribute = int | float | list[int]
type Numbers = npt.NDArray[np.float32] | npt.NDArray[np.float16] | npt.NDArray[np.int64]
type Operand = Tensor | Numbers | None


class Graph:
    """A graph in the making. Equal constants are stored once; nodes keep the order in which they were written."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], Tensor] = {}
        self._initializers: list[onnx.TensorProto] = []

    def constant(self, array: Numbers) -> Tensor:
        """Store numbers in the graph."""
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            name = Tensor(f"constant_{len(self._constants)}")
            self._constants[key] = name
            self._initializers.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return self._constants[key]

    def op(self, kind: str, *operands: Operand, **attributes: Attribute) -> Tensor:
        """Add an operation of the ONNX standard with one result; None leaves an optional operand out."""
        return self.ops(kind, 1, *operands, **attributes)[0]

    def ops(self, kind: str, results: int, *operands: Operand, **attributes: Attribute) -> list[Tensor]:
        """Add an operation with several results."""
        inputs = [self._name(operand) for operand in operands]
        number = len(self._nodes)
        outputs = [Tensor(f"{kind.lower()}_{number}" + (f"_{index}" if index else "")) for index in range(results)]
        node = helper.make_node(kind, inputs, outputs)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self._nodes.append(node)
        return outputs

    def number(self, value: float) -> Tensor:
        """Store one float32."""
        return self.constant(np.array(value, np.float32))

    def ints(self, *values: int) -> Tensor:
        """Store a vector of int64."""
        return self.constant(np.array(values, np.int64))

    def model(
        self, name: str, input_: tuple[Tensor, list[int]], outputs: Mapping[str, tuple[Tensor, list[int]]]
    ) -> bytes:
        """Return the finished, checked model.

        Args:
            name: of the graph.
            input_: the one input's name and shape.
            outputs: public name of each output → its tensor and shape.
        """
        ends = [helper.make_node("Identity", [tensor], [public]) for public, (tensor, _) in outputs.items()]
        graph = helper.make_graph(
            self._nodes + ends,
            name,
            [helper.make_tensor_value_info(input_[0], TensorProto.FLOAT, input_[1])],
            [helper.make_tensor_value_info(public, TensorProto.FLOAT, shape) for public, (_, shape) in outputs.items()],
            self._initializers,
        )
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=_IR_VERSION, producer_name=_PRODUCER)
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString(deterministic=True))

    def _name(self, operand: Operand) -> str:
        if operand is None:
            return ""
        return operand if isinstance(operand, str) else self.constant(operand)
