"""The wideband model: the texture of a voice and AASIST's answer, joined into one graph and one score.

They see different things, and their errors on genuine speech have little to do with each other: the sum finds what
neither finds alone. What went through a coder of a low rate cannot be judged as surely: there the sum counts less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, compose, helper, numpy_helper

from guardian_models.aasist.network import SAMPLES
from ml.voice.train import texture
from ml.voice.train.coders import Detector

INPUT: Final = "samples"
EMBEDDING: Final = 9
"""The six networks of the texture, the evidence of a coder, then the texture's score and AASIST's."""


@dataclass(frozen=True)
class Shares:
    """How much each score counts, and what is added: the sum is the log odds of synthetic speech."""

    texture: float
    aasist: float
    offset: float


@dataclass(frozen=True)
class Joint:
    """The sum, and what is subtracted where a coder of a low rate was at work."""

    shares: Shares
    coder: Detector
    discount: float


def build(texture_model: bytes, aasist_model: bytes, joint: Joint) -> bytes:
    """Return the model: logits of "synthetic" and "recorded", and as embedding what the parts say.

    Args:
        texture_model: as :func:`ml.voice.train.texture.build` makes it.
        aasist_model: as :func:`guardian_models.aasist.network.build` makes it; its classes are "spoof", "bona-fide".
        joint: how they are joined.
    """
    parts = [
        compose.add_prefix(onnx.load_from_string(content), f"{name}-")
        for name, content in (("texture", texture_model), ("aasist", aasist_model))
    ]
    before = [
        helper.make_node("Slice", [INPUT, "start", "end", "axis"], ["texture-samples"]),
        helper.make_node("Identity", [INPUT], ["aasist-samples"]),
    ]
    graph = helper.make_graph(
        [*before, *(node for part in parts for node in part.graph.node), *_sum(_measures(parts[0]))],
        "voice-wideband",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [1, SAMPLES])],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 2]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, EMBEDDING]),
        ],
        [*_constants(joint), *(constant for part in parts for constant in part.graph.initializer)],
    )
    first = parts[0]
    model = helper.make_model(
        graph, opset_imports=first.opset_import, ir_version=first.ir_version, producer_name=first.producer_name
    )
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _measures(texture_part: onnx.ModelProto) -> str:
    """Return the name of the measures in the texture's graph, which begins as :func:`texture.front_end` does."""
    front_end = onnx.load_from_string(texture.front_end()).graph
    (end,) = (node for node in front_end.node if "measures" in node.output)
    name = f"texture-{end.input[0]}"
    if not any(name in node.output for node in texture_part.graph.node):
        raise ValueError("the texture's graph has another front end")
    return name


def _sum(measures: str) -> list[onnx.NodeProto]:
    """Return what follows the parts."""
    return [
        helper.make_node("MatMul", ["texture-logits", "sides"], ["texture-score"]),
        helper.make_node("MatMul", ["aasist-logits", "sides"], ["aasist-score"]),
        helper.make_node("Concat", ["texture-score", "aasist-score"], ["scores"], axis=1),
        helper.make_node("MatMul", ["scores", "weights"], ["weighted"]),
        helper.make_node("Add", ["weighted", "offset"], ["sum"]),
        helper.make_node("Sub", [measures, "coder-mean"], ["centred"]),
        helper.make_node("Mul", ["centred", "coder-scale"], ["standard"]),
        helper.make_node("Clip", ["standard", "coder-low", "coder-high"], ["clipped"]),
        helper.make_node("MatMul", ["clipped", "coder-weights"], ["coder-weighted"]),
        helper.make_node("Add", ["coder-weighted", "coder-bias"], ["evidence"]),
        helper.make_node("GreaterOrEqual", ["evidence", "nothing"], ["coded"]),
        helper.make_node("Cast", ["coded"], ["coded-number"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["coded-number", "discount"], ["less"]),
        helper.make_node("Sub", ["sum", "less"], ["log-odds"]),
        helper.make_node("Concat", ["log-odds", "nothing"], ["logits"], axis=1),
        helper.make_node("Concat", ["texture-embedding", "evidence", "scores"], ["embedding"], axis=1),
    ]


def _constants(joint: Joint) -> list[onnx.TensorProto]:
    shares, coder = joint.shares, joint.coder
    arrays: dict[str, npt.NDArray[Any]] = {
        "start": np.array([0], np.int64),
        "end": np.array([texture.SAMPLES], np.int64),
        "axis": np.array([1], np.int64),
        "sides": np.array([[1], [-1]], np.float32),
        "weights": np.array([[shares.texture], [shares.aasist]], np.float32),
        "offset": np.array([[shares.offset]], np.float32),
        "nothing": np.zeros((1, 1), np.float32),
        "coder-mean": coder.mean.astype(np.float32)[None],
        "coder-scale": coder.scale.astype(np.float32)[None],
        "coder-low": np.array(-texture.LIMIT, np.float32),
        "coder-high": np.array(texture.LIMIT, np.float32),
        "coder-weights": coder.weights.astype(np.float32)[:, None],
        "coder-bias": np.array([[coder.bias]], np.float32),
        "discount": np.array([[joint.discount]], np.float32),
    }
    return [numpy_helper.from_array(array, name) for name, array in arrays.items()]
