"""A model's scores of windows of sound: a raw one for each, and whether it lies in the model's domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from audio_analyzer.domain import Conditions, Limits, measure, why_outside
from audio_analyzer.levels import FRAME_SAMPLES
from audio_analyzer.windows import WindowPlan, plan_windows

if TYPE_CHECKING:
    from guardian_models.manifest import AudioWindow
    from guardian_models.runtime import Model


@dataclass(frozen=True)
class WindowScore:
    """One window that the model scored, or that is outside of its domain.

    Attributes:
        start: its first sample.
        score: the model's, raw; higher means more likely fake. Not a number: it was not asked.
        conditions: what its sound is like.
        outside: why nothing follows from it; empty if something does.
    """

    start: int
    score: float
    conditions: Conditions
    outside: str


class WindowScorer:
    """One model, as it is run over windows of sound.

    Args:
        model: takes mono sound at 16 kHz.
        everywhere: whether the model is asked outside of its domain, too, where nothing follows from its answer.

    Attributes:
        at_once: how many windows are run at a time.
        limits: the model's domain.
    """

    def __init__(self, model: Model, *, everywhere: bool = False) -> None:
        self._model = model
        self._everywhere = everywhere
        self.at_once = model.threads
        domain = model.manifest.domain
        self.limits = Limits(**domain.model_dump()) if domain else Limits()

    def plan(self, speech: NDArray[np.bool_], total: int) -> WindowPlan:
        """Choose the windows of a recording of ``total`` samples, by which frames of 10 ms hold speech."""
        return plan_windows(speech, total, self._model.manifest.input.samples, self.limits.min_speech_seconds)

    def score(
        self, starts: Sequence[int], windows: Mapping[int, NDArray[np.float32]], speech: NDArray[np.bool_]
    ) -> list[WindowScore]:
        """Return the scores of windows; those in which nothing swells and fades as speech does are left out.

        Args:
            starts: first samples of the windows.
            windows: samples of each, by its first one.
            speech: which frames of 10 ms of the recording hold speech.
        """
        heard: list[WindowScore] = []
        inputs: list[NDArray[np.float32]] = []
        asked: list[int] = []
        for start in starts:
            samples = windows[start]
            spoken = speech[start // FRAME_SAMPLES :][: samples.size // FRAME_SAMPLES]
            conditions = measure(samples, spoken)
            if conditions.steady:
                continue
            outside = why_outside(conditions, self.limits)
            if self._everywhere or not outside:
                asked.append(len(heard))
                inputs.append(prepared(self._model.manifest.input, samples, spoken))
            heard.append(WindowScore(start, float("nan"), conditions, outside))
        for index, answer in zip(asked, self._model.run_all(inputs), strict=True):
            heard[index] = replace(heard[index], score=answer.score)
        return heard


def prepared(window: AudioWindow, samples: NDArray[np.float32], spoken: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return samples of the model's length and loudness; what is too short is repeated, as by AASIST's authors.

    Args:
        window: what the model takes.
        samples: of one window or less.
        spoken: which of their frames of 10 ms hold speech.
    """
    gain = np.float32(1.0)
    if window.speech_level_dbfs is not None:
        gain = np.float32(10 ** ((window.speech_level_dbfs - _level_dbfs(samples, spoken)) / 20))
    tiled = np.tile(samples * gain, -(-window.samples // samples.size))[: window.samples]
    return np.clip(tiled, -1.0, 1.0)


def _level_dbfs(window: NDArray[np.float32], spoken: NDArray[np.bool_]) -> float:
    """Return the root mean square of the frames with speech."""
    frames = window[: spoken.size * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)[spoken]
    power = float(np.mean(np.square(frames, dtype=np.float64))) if frames.size else 0.0
    return 10 * float(np.log10(max(power, 1e-10)))
