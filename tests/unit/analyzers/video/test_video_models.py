"""The plug-in for video models: a real ONNX graph, made here, that calls bright pictures fake."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from analyzer_contract import Verdict
from analyzer_kit.analysis import Assessment, Caps, Models
from analyzer_kit.errors import Misconfigured
from tests.support.media.samples import encode_frames
from tests.support.media.scene import HEIGHT, WIDTH, Scene
from video_analyzer import analysis
from video_analyzer.detectors.models import NO_FACE_DETECTOR

FRAMES, SIDE = 4, 16
CALIBRATION = {"threshold": 0.2, "strictThreshold": 0.3}


def graph() -> bytes:
    """Mean brightness b of ``[1, 4, 16, 16]`` → logits ``[fake, other]`` = ``[b, -b]`` + ``[-0.5, 0.5]``."""
    taken = helper.make_tensor_value_info("frames", TensorProto.FLOAT, [1, FRAMES, SIDE, SIDE])
    given = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 2])
    size = FRAMES * SIDE * SIDE
    weights = np.stack([np.full(size, 1 / size), np.full(size, -1 / size)], axis=1).astype(np.float32)
    constants = [
        helper.make_tensor("w", TensorProto.FLOAT, [size, 2], weights.reshape(-1).tolist()),
        helper.make_tensor("b", TensorProto.FLOAT, [2], [-0.5, 0.5]),
    ]
    nodes = [
        helper.make_node("Flatten", ["frames"], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "w", "b"], ["logits"]),
    ]
    opset = [helper.make_opsetid("", 13)]
    model = helper.make_model(helper.make_graph(nodes, "bright", [taken], [given], constants), opset_imports=opset)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def install(folder: Path, **changes: Any) -> Models:
    content = graph()
    (folder / "bright.onnx").write_bytes(content)
    manifest = {
        "manifestVersion": 1,
        "id": "bright",
        "file": "bright.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "input": {"kind": "video", "name": "frames", "frames": FRAMES, "height": SIDE, "width": SIDE},
        "logits": {"name": "logits", "classes": ["fake", "other"], "fakeIndex": 0},
        "licence": "made by this test",
        "calibration": CALIBRATION,
        "evalCard": "made by this test",
    }
    (folder / "bright.json").write_text(json.dumps(manifest | changes))
    return Models(folder=str(folder))


@pytest.fixture(autouse=True)
def _no_model_stays() -> Iterator[None]:
    yield
    analysis.warm_up(Caps(), Models())


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    frames = list(Scene(5, pan=0, speed=0).frames(range(25)))
    assert frames[0].shape == (HEIGHT, WIDTH)
    for name, level in (("bright", 90), ("dark", -60)):
        made = [np.clip(frame.astype(np.int16) + level, 0, 255).astype(np.uint8) for frame in frames]
        encode_frames(folder / f"{name}.mp4", made)
    return {name: folder / f"{name}.mp4" for name in ("bright", "dark")}


def verdict(clip: Path, models: Models, folder: Path) -> Assessment:
    analysis.warm_up(Caps(threads=1), models)
    return analysis.analyze(clip, folder / "plot.png", Caps(threads=1), lambda _stage, _fraction: None)


def test_a_model_whose_errors_were_measured_can_say_likely_fake_and_where(
    clips: dict[str, Path], tmp_path: Path
) -> None:
    found = verdict(clips["bright"], install(tmp_path), tmp_path)
    assert found.verdict is Verdict.LIKELY_FAKE
    assert "bright: the picture is likely to be fake" in found.summary
    report = next(each for each in found.detectors if each.name == "Model:bright")
    assert report.model.sha256 == hashlib.sha256(graph()).hexdigest()
    assert [(finding.kind, finding.start_seconds) for finding in report.findings] == [("ModelScore", 0)]
    again = verdict(clips["dark"], install(tmp_path), tmp_path)
    assert again.verdict is Verdict.NO_EVIDENCE


@pytest.mark.parametrize("missing", ["calibration", "evalCard"])
def test_a_model_that_nobody_measured_cannot(missing: str, clips: dict[str, Path], tmp_path: Path) -> None:
    found = verdict(clips["bright"], install(tmp_path, **{missing: None}), tmp_path)
    assert (found.verdict, found.score) == (Verdict.NO_EVIDENCE, 0)
    report = next(each for each in found.detectors if each.name == "Model:bright")
    assert report.findings == []
    assert any("No error rate was measured" in limitation for limitation in report.limitations)
    assert NO_FACE_DETECTOR in found.summary


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sha256": "0" * 64}, "sha256 differs"),
        ({"file": "gone.onnx"}, "cannot be read"),
        ({"file": "../bright.onnx"}, "file"),
        ({"manifestVersion": 2}, "manifestVersion"),
        ({"logits": {"name": "logits", "classes": ["fake", "other"], "fakeIndex": 2}}, "no class 2"),
        ({"logits": {"name": "logits", "classes": ["a", "b", "c"], "fakeIndex": 0}}, "2 values, not 3"),
        ({"logits": {"name": "nothing", "classes": ["fake", "other"], "fakeIndex": 0}}, "cannot be run"),
        ({"input": {"kind": "video", "name": "frames", "frames": 3, "height": 16, "width": 16}}, "cannot be run"),
        ({"calibration": {"threshold": 2, "strictThreshold": 1}}, "lies below"),
    ],
)
def test_a_model_that_cannot_be_used_is_an_error_and_not_left_out(
    changes: dict[str, Any], says: str, tmp_path: Path
) -> None:
    with pytest.raises(Misconfigured, match=says):
        analysis.warm_up(Caps(), install(tmp_path, **changes))


def test_a_model_for_sound_is_passed_over_unless_it_was_named(tmp_path: Path) -> None:
    models = install(tmp_path, input={"kind": "audio"})
    analysis.warm_up(Caps(), models)
    with pytest.raises(Misconfigured, match="Not all of bright"):
        analysis.warm_up(Caps(), Models(folder=str(tmp_path), ids=("bright",)))
