"""Video models out of a folder: an ONNX graph and a manifest beside it, run by OpenCV's DNN module. None is shipped.

A manifest ``<id>.json``, as the audio models' (``manifestVersion`` 1), says ``input.kind`` ``video``; others are not
for this analyzer and are passed over. What names a video model and cannot be used is an error and not left out: a
detector that was asked for and does not run must not look like one that found nothing.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections import deque
from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from analyzer_contract import SUSPICIOUS_FROM, DetectorReport, Finding, ModelCard, Verdict
from analyzer_kit.analysis import Models
from analyzer_kit.errors import Misconfigured

_MOST_MANIFEST_BYTES, _MOST_MODEL_BYTES = 64 * 1024, 64 * 1024**2
_MOST_MODELS, _MOST_WINDOWS = 4, 30
"""Windows per stretch of 20 s or so; what a model costs is its own affair up to here."""

_LIKELY = 80

log = logging.getLogger(__name__)
_Name = Annotated[str, Field(min_length=1, max_length=63)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True)


class FrameWindow(_Part):
    """Neighbouring gray frames, from 0 to 1, as float32 of shape ``[1, frames, height, width]``."""

    kind: Literal["video"]
    name: _Name
    frames: int = Field(ge=1, le=64)
    height: int = Field(ge=8, le=512)
    width: int = Field(ge=8, le=512)
    every_seconds: float = Field(default=1.0, ge=0.2, le=60)
    """From the beginning of one window to the next."""


class Scores(_Part):
    """The answer: one logit for each class, float32 of shape ``[1, len(classes)]``."""

    name: _Name
    classes: tuple[_Name, ...] = Field(min_length=2, max_length=100)
    fake_index: int = Field(ge=0)


class Calibration(_Part):
    """Measured errors: without them a model cannot say ``LikelyFake``.

    Attributes:
        threshold: 5 % of the genuine held-out recordings score this or more (fake logit minus the largest other).
        strict_threshold: 1 % of them do; a recording's score is its windows' highest.
    """

    threshold: float = Field(allow_inf_nan=False)
    strict_threshold: float = Field(allow_inf_nan=False)


class VideoManifest(_Part):
    """One model. Without a calibration and an evaluation card its answer is a fact with score 0."""

    manifest_version: Literal[1]
    id: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
    file: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,99}\.onnx$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    input: FrameWindow
    logits: Scores
    licence: str = Field(min_length=1, max_length=500)
    calibration: Calibration | None = None
    eval_card: str | None = Field(default=None, min_length=1, max_length=300)


class VideoModel:
    """One model at work on one recording.

    Args:
        manifest: what it is.
        content: the ONNX graph, whose checksum was compared.

    Raises:
        Misconfigured: OpenCV cannot load or run it.
    """

    def __init__(self, manifest: VideoManifest, content: bytes) -> None:
        self.manifest = manifest
        try:
            self._net = cv2.dnn.readNetFromONNX(np.frombuffer(content, dtype=np.uint8))
        except cv2.error as error:
            raise Misconfigured(f"{manifest.file} cannot be loaded: {error}") from error
        self.reset()
        shape = (1, manifest.input.frames, manifest.input.height, manifest.input.width)
        self._run(np.zeros(shape, dtype=np.float32))

    def reset(self) -> None:
        """Forgets the recording before."""
        self._window: deque[tuple[float, NDArray[np.float32]]] = deque(maxlen=self.manifest.input.frames)
        self._next = 0.0
        self._in_stretch = 0
        self._scores: list[tuple[float, float, float]] = []

    @property
    def measured(self) -> bool:
        """Whether its error rate is stated."""
        return self.manifest.calibration is not None and self.manifest.eval_card is not None

    @property
    def likely_fake(self) -> bool:
        """Whether it was measured, and a window lies in the part where almost no genuine recording does."""
        calibration = self.manifest.calibration
        return self.measured and calibration is not None and self._highest >= calibration.strict_threshold

    @property
    def _highest(self) -> float:
        return max((score for _, _, score in self._scores), default=-np.inf)

    def add(self, time: float, frame: NDArray[np.uint8], *, begins: bool) -> None:
        """Takes the next frame, and runs the network when a window is due."""
        wanted = self.manifest.input
        if begins:
            self._window.clear()
            self._in_stretch, self._next = 0, time
        if self._in_stretch >= _MOST_WINDOWS or (not self._window and time < self._next):
            return
        small = cv2.resize(frame, (wanted.width, wanted.height), interpolation=cv2.INTER_AREA)
        self._window.append((time, small.astype(np.float32) / np.float32(255)))
        if len(self._window) == wanted.frames:
            window = np.stack([each for _, each in self._window])[None]
            self._scores.append((self._window[0][0], time, self._run(window)))
            self._next = self._window[0][0] + wanted.every_seconds
            self._in_stretch += 1
            self._window.clear()

    def report(self) -> DetectorReport:
        """Its answer; findings for the windows at or above its thresholds."""
        card = self.manifest
        findings = [
            Finding(
                kind="ModelScore",
                start_seconds=round(start, 3),
                end_seconds=round(end, 3),
                score=self._points(score),
                message=f"{card.id}: {score:.2f} (fake minus other).",
            )
            for start, end, score in self._scores
            if self._points(score) >= SUSPICIOUS_FROM
        ]
        limits = "Its errors were measured by whoever made it: see its evaluation card."
        return DetectorReport(
            name=f"Model:{card.id}"[:60],
            score=max((self._points(score) for *_, score in self._scores), default=0),
            claim=Verdict.LIKELY_FAKE if self.likely_fake else None,
            findings=findings[:200],
            limitations=[
                limits if self.measured else "No error rate was measured for it, so its score counts for nothing."
            ],
            model=ModelCard(id=card.id, version="1", sha256=card.sha256, eval_card=card.eval_card),
        )

    def _points(self, score: float) -> int:
        """0 to 100 by the calibration's two thresholds, linear between and beyond them; 0 without one."""
        calibration = self.manifest.calibration
        if calibration is None or not self.measured:
            return 0
        span = max(calibration.strict_threshold - calibration.threshold, 1e-6)
        points = SUSPICIOUS_FROM + (_LIKELY - SUSPICIOUS_FROM) * (score - calibration.threshold) / span
        return round(min(max(points, 0), 100))

    def _run(self, window: NDArray[np.float32]) -> float:
        logits = self.manifest.logits
        try:
            self._net.setInput(window, self.manifest.input.name)
            out = np.asarray(self._net.forward(logits.name), dtype=np.float64).reshape(-1)
        except cv2.error as error:
            raise Misconfigured(f"{self.manifest.file} cannot be run: {error}") from error
        if out.size != len(logits.classes) or not np.isfinite(out).all():
            raise Misconfigured(f"{self.manifest.file} answers {out.size} values, not {len(logits.classes)}")
        return float(out[logits.fake_index] - np.delete(out, logits.fake_index).max())


def load_models(models: Models) -> list[VideoModel]:
    """The models for video: those that were named, or all that the folder has.

    Raises:
        Misconfigured: one of them is missing or cannot be used.
    """
    if models.folder is None:
        if models.ids:
            raise Misconfigured("Video models are named, but no folder of models is.")
        return []
    folder = Path(models.folder)
    paths = [folder / f"{each}.json" for each in models.ids] or sorted(folder.glob("*.json"))
    manifests = {path: _manifest(path) for path in paths}
    for_video = [manifest for manifest in manifests.values() if manifest is not None]
    if models.ids and len(for_video) < len(manifests):
        raise Misconfigured(f"Not all of {', '.join(models.ids)} in {folder} are models for video.")
    if len(for_video) > _MOST_MODELS:
        raise Misconfigured(f"{folder} holds {len(for_video)} video models; at most {_MOST_MODELS} are run.")
    return [VideoModel(manifest, _model(folder, manifest)) for manifest in for_video]


def _manifest(path: Path) -> VideoManifest | None:
    """What ``path`` says; None if it is of a model that takes no video."""
    try:
        with path.open("rb") as file:
            raw: Any = json.loads(file.read(_MOST_MANIFEST_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise Misconfigured(f"{path.name} cannot be read: {error}") from error
    kind = raw.get("input", {}).get("kind") if isinstance(raw, dict) and isinstance(raw.get("input"), dict) else None
    if kind != "video":
        log.warning("passed over: %s is not of a model for video", path)
        return None
    try:
        manifest = VideoManifest.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise Misconfigured(f"{path.name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    if manifest.logits.fake_index >= len(manifest.logits.classes):
        raise Misconfigured(f"{path.name}: logits.fakeIndex: there is no class {manifest.logits.fake_index}")
    calibration = manifest.calibration
    if calibration is not None and calibration.strict_threshold < calibration.threshold:
        raise Misconfigured(f"{path.name}: calibration: strictThreshold lies below threshold")
    return manifest


def _model(folder: Path, manifest: VideoManifest) -> bytes:
    try:
        with (folder / manifest.file).open("rb") as file:
            content = file.read(_MOST_MODEL_BYTES + 1)
    except OSError as error:
        raise Misconfigured(f"{manifest.file} cannot be read: {error.strerror}") from error
    if len(content) > _MOST_MODEL_BYTES:
        raise Misconfigured(f"{manifest.file} is larger than {_MOST_MODEL_BYTES} bytes")
    if hashlib.sha256(content).hexdigest() != manifest.sha256:
        raise Misconfigured(f"{manifest.file} is not the file that {manifest.id}.json names: its sha256 differs")
    return content


def say(models: list[VideoModel]) -> str:
    """What the models that say ``LikelyFake`` say, with the error that was measured."""
    sure = [model.manifest.id for model in models if model.likely_fake]
    return f"{', '.join(sure)}: the picture is likely to be fake; of genuine recordings 1 % score as high."
