"""Models for windows of frames out of a folder, run by OpenCV's DNN module: one detector for each. None is shipped."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from analyzer_contract import SUSPICIOUS_FROM, DetectorReport, Finding, Verdict
from analyzer_kit.analysis import Setup
from analyzer_kit.detector import DetectorSource
from analyzer_kit.errors import Misconfigured
from guardian_models.choice import choose
from guardian_models.errors import ModelError
from guardian_models.folder import read_model
from guardian_models.manifest import FrameManifest
from video_analyzer.detector import VideoDetector
from video_analyzer.reading import VideoReading

_MOST_MODELS, _MOST_WINDOWS = 4, 30
"""Windows per stretch of 20 s or so; what a model costs is its own affair up to here."""

_LIKELY = 80
NO_FACE_DETECTOR = "No detector that was measured for swapped or generated faces is installed."


class FrameModels(DetectorSource[VideoDetector, Setup]):
    """One :class:`FrameModel` for each installed model."""

    def install(self, setup: Setup) -> list[VideoDetector]:
        """Load the models.

        Raises:
            Misconfigured: one is missing, or cannot be used.
        """
        folder = Path(setup.models.folder) if setup.models.folder else None
        try:
            chosen = choose(FrameManifest, folder, setup.models.ids)
            if len(chosen) > _MOST_MODELS:
                raise Misconfigured(f"{folder} holds {len(chosen)} video models; at most {_MOST_MODELS} are run.")
            return [FrameModel(manifest, read_model(place, manifest)) for place, manifest in chosen]
        except ModelError as error:
            raise Misconfigured(str(error)) from error

    def gap(self, installed: Sequence[VideoDetector]) -> str:
        """Return what cannot be said without a measured model."""
        return "" if any(isinstance(model, FrameModel) and model.measured for model in installed) else NO_FACE_DETECTOR


class FrameModel(VideoDetector):
    """One model's answer about windows of frames.

    Args:
        manifest: what it is.
        content: the ONNX graph, whose checksum was compared.

    Attributes:
        measured: whether its error rate is stated.

    Raises:
        Misconfigured: OpenCV cannot load or run it.
    """

    version = "1"
    threads = True

    def __init__(self, manifest: FrameManifest, content: bytes) -> None:
        self.name = f"Model:{manifest.id}"[:60]
        self.id, self.eval_card = manifest.id, manifest.eval_card
        self.meters = (self._windows,)
        self._network = _Network(manifest, content)
        self._sha256 = manifest.sha256
        self._calibration = manifest.calibration if manifest.eval_card is not None else None
        self.measured = self._calibration is not None
        self.limitations = (
            "Its errors were measured by its maker: see its evaluation card."
            if self.measured
            else "No error rate was measured for it, so its score counts for nothing.",
        )

    def detect(self, reading: VideoReading) -> DetectorReport:
        """Return its answer; findings for the windows at or above its thresholds."""
        windows = reading.measured(self._windows)
        highest = max((window.score for window in windows), default=-np.inf)
        sure = self._calibration is not None and highest >= self._calibration.strict_threshold
        return self.report(
            max((self._points(window.score) for window in windows), default=0),
            [self._finding(window) for window in windows if self._points(window.score) >= SUSPICIOUS_FROM],
            claim=Verdict.LIKELY_FAKE if sure else None,
            sha256=self._sha256,
        )

    def summary(self, report: DetectorReport) -> str:
        """Return what it says, with the error that was measured."""
        if report.claim is Verdict.LIKELY_FAKE:
            return f"{self.id}: the picture is likely to be fake; of genuine recordings 1 % score as high."
        return super().summary(report)

    def _windows(self) -> _WindowMeter:
        return _WindowMeter(self._network)

    def _finding(self, window: WindowScore) -> Finding:
        return Finding(
            kind="ModelScore",
            start_seconds=round(window.start, 3),
            end_seconds=round(window.end, 3),
            score=self._points(window.score),
            message=f"{self.id}: {window.score:.2f} (fake minus other).",
        )

    def _points(self, score: float) -> int:
        """Return 0 to 100 by the calibration's two thresholds, linear between and beyond them; 0 without one."""
        calibration = self._calibration
        if calibration is None:
            return 0
        span = max(calibration.strict_threshold - calibration.threshold, 1e-6)
        points = SUSPICIOUS_FROM + (_LIKELY - SUSPICIOUS_FROM) * (score - calibration.threshold) / span
        return round(min(max(points, 0), 100))


class WindowScore(NamedTuple):
    """A model's raw score of the frames between two times, in seconds: the fake logit minus the largest other."""

    start: float
    end: float
    score: float


class _WindowMeter:
    """The meter of one recording's window scores; the network runs whenever a window is complete."""

    def __init__(self, network: _Network) -> None:
        self._network = network
        self._taken = network.manifest.input
        self._window: deque[tuple[float, NDArray[np.float32]]] = deque(maxlen=self._taken.frames)
        self._next = 0.0
        self._in_stretch = 0
        self._scores: list[WindowScore] = []

    def add(self, time: float, frame: NDArray[np.uint8], *, begins: bool) -> None:
        """Take the next frame, and run the network if it completes a window."""
        if begins:
            self._window.clear()
            self._in_stretch, self._next = 0, time
        if self._in_stretch >= _MOST_WINDOWS or (not self._window and time < self._next):
            return
        small = cv2.resize(frame, (self._taken.width, self._taken.height), interpolation=cv2.INTER_AREA)
        self._window.append((time, small.astype(np.float32) / np.float32(255)))
        if len(self._window) == self._taken.frames:
            start = self._window[0][0]
            window = np.stack([pixels for _, pixels in self._window])[None]
            self._scores.append(WindowScore(start, time, self._network.score(window)))
            self._next = start + self._taken.every_seconds
            self._in_stretch += 1
            self._window.clear()

    def result(self) -> list[WindowScore]:
        """Return the scores of all windows."""
        return self._scores


class _Network:
    """An ONNX graph in OpenCV.

    Raises:
        Misconfigured: OpenCV cannot load or run it.
    """

    def __init__(self, manifest: FrameManifest, content: bytes) -> None:
        self.manifest = manifest
        try:
            self._net = cv2.dnn.readNetFromONNX(np.frombuffer(content, dtype=np.uint8))
        except cv2.error as error:
            raise Misconfigured(f"{manifest.file} cannot be loaded: {error}") from error
        taken = manifest.input
        self.score(np.zeros((1, taken.frames, taken.height, taken.width), dtype=np.float32))

    def score(self, window: NDArray[np.float32]) -> float:
        """Return the fake logit minus the largest other one, of frames from 0 to 1: [1, frames, height, width]."""
        logits = self.manifest.logits
        try:
            self._net.setInput(window, self.manifest.input.name)
            out = np.asarray(self._net.forward(logits.name), dtype=np.float64).reshape(-1)
        except cv2.error as error:
            raise Misconfigured(f"{self.manifest.file} cannot be run: {error}") from error
        if out.size != len(logits.classes) or not np.isfinite(out).all():
            raise Misconfigured(f"{self.manifest.file} answers {out.size} values, not {len(logits.classes)}")
        return float(out[logits.fake_index] - np.delete(out, logits.fake_index).max())
