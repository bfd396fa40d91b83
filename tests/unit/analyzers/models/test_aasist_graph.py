"""The graph against an independent numpy model of the paper, with random weights: no download needed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from guardian_models.aasist.encoder import Stage
from guardian_models.aasist.network import build
from guardian_models.errors import WeightsRefused
from tests.unit.analyzers.models import reference

SAMPLES = 9000
"""Four stretches of time after the last pooling, where the full window has 29."""

type Single = npt.NDArray[np.float32]


def sound(seed: int = 1) -> Single:
    numbers = np.random.default_rng(seed)
    tone = np.sin(np.arange(SAMPLES) ** 1.3 / 40)
    return (0.3 * tone + 0.1 * numbers.standard_normal(SAMPLES)).astype(np.float32)


def answer(model: bytes, samples: Single) -> tuple[Single, Single]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    logits, embedding = session.run(["logits", "embedding"], {"samples": samples[None]})
    return logits[0], embedding[0]


def without_attention(arrays: dict[str, Single]) -> dict[str, Single]:
    """Heterogeneous layers as training left the published ones: weights of 1e-40."""
    tiny = dict(arrays)
    for name, array in arrays.items():
        if name.startswith("HtrgGAT") and ".att_" in name:
            tiny[name] = (1e-40 * np.sign(array)).astype(np.float32)
    return tiny


@pytest.mark.parametrize("seed", [1, 2])
def test_the_graph_computes_what_the_paper_says(seed: int) -> None:
    arrays = reference.random_arrays(seed)
    expected_logits, expected_embedding = reference.run(arrays, sound(seed))
    logits, embedding = answer(build(arrays, SAMPLES), sound(seed))
    np.testing.assert_allclose(embedding, expected_embedding, atol=2e-4 * np.abs(expected_embedding).max())
    np.testing.assert_allclose(logits, expected_logits, atol=2e-4 * np.abs(expected_logits).max())


def test_attention_that_decayed_to_nothing_is_left_out_and_changes_nothing() -> None:
    arrays = without_attention(reference.random_arrays(4))
    model = build(arrays, SAMPLES)
    expected_logits, expected_embedding = reference.run(arrays, sound())
    logits, embedding = answer(model, sound())
    np.testing.assert_allclose(embedding, expected_embedding, atol=2e-4 * np.abs(expected_embedding).max())
    np.testing.assert_allclose(logits, expected_logits, atol=2e-4 * np.abs(expected_logits).max())
    softmaxes = [node for node in onnx.load_from_string(model).graph.node if node.op_type == "Softmax"]
    assert len(softmaxes) == 2, "those of the two homogeneous layers"


@pytest.mark.parametrize(
    "stages",
    [
        [Stage((0, 1, 2, 3, 4, 5), 10_000)],
        [Stage((0,), 50), *(Stage((block,), 3) for block in range(1, 6))],
        [Stage((0, 1, 2), 7), Stage((3, 4), 5), Stage((5,), 1)],
    ],
)
def test_how_the_work_is_cut_does_not_change_the_answer(stages: list[Stage]) -> None:
    arrays = reference.random_arrays(5)
    logits, embedding = answer(build(arrays, SAMPLES), sound())
    cut_logits, cut_embedding = answer(build(arrays, SAMPLES, stages), sound())
    tolerance = 1e-5 * np.abs(embedding).max()
    np.testing.assert_allclose(cut_embedding, embedding, atol=tolerance)
    np.testing.assert_allclose(cut_logits, logits, atol=tolerance)


def test_the_same_weights_make_the_same_file() -> None:
    arrays = reference.random_arrays(6)
    assert build(arrays, SAMPLES) == build(dict(reversed(arrays.items())), SAMPLES)


def test_no_number_of_the_graph_is_subnormal() -> None:
    arrays = reference.random_arrays(7)
    arrays["encoder.3.0.conv2.weight"] *= np.float32(1e-39)
    constants = [numpy_helper.to_array(c) for c in onnx.load_from_string(build(arrays, SAMPLES)).graph.initializer]
    slow = [
        c for c in constants if c.dtype == np.float32 and ((np.abs(c) < np.finfo(np.float32).tiny) & (c != 0)).any()
    ]
    assert slow == []


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("out_layer.bias", None, "lack out_layer.bias"),
        ("out_layer.bias", np.zeros(3, np.float32), r"shape \(3,\)"),
        ("pos_S", np.full((1, 23, 64), np.nan, np.float32), "not finite"),
        ("first_bn.running_var", np.full(1, -1, np.float32), "negative"),
    ],
)
def test_weights_that_are_not_the_networks_are_refused(name: str, value: Single | None, told: str) -> None:
    arrays = reference.random_arrays(8)
    del arrays[name]
    if value is not None:
        arrays[name] = value
    with pytest.raises(WeightsRefused, match=told):
        build(arrays, SAMPLES)
