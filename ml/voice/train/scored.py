"""What the parts of the wideband model say of trials: published speech as it is, and sent; kept in the cache."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime

from audio_analyzer.domain import Conditions, Limits, measure, why_outside
from audio_analyzer.levels import LevelMeter
from audio_analyzer.window_scores import prepared
from guardian_models.runtime import Model, open_session
from ml.common.packages import folder as cache
from ml.voice.data import published, sent
from ml.voice.data.sent import Trial
from ml.voice.data.sound import RATE, Sound
from ml.voice.train import texture

LIMITS: Final = Limits(min_snr_db=25.0, min_bandwidth_hz=5000.0, min_speech_seconds=2.0)
"""AASIST takes people for machines where noise is louder; the texture alone would do from 15 dB on."""
_VERSION: Final = 2
"""Raise it when the same models hear a trial otherwise."""


@dataclass(frozen=True)
class Scored:
    """What the parts say of one window, from the middle of a clip, as it is or sent; it is in the domain.

    Attributes:
        trial: clip, way and weight.
        fold: of the clip.
        parts: the texture's score, and that of the network which learned nothing of the fold.
        measures: of the texture.
        met: whether one of them learned from the same sound or speaker nevertheless.
    """

    trial: Trial
    fold: int
    parts: tuple[float, float]
    measures: npt.NDArray[np.float16]
    met: bool = False

    @property
    def clip(self) -> published.Clip:
        """The clip."""
        return self.trial.clip

    @property
    def way(self) -> str:
        """What it went through."""
        return self.trial.way

    @property
    def plain(self) -> bool:
        """Whether the clip is as it was published."""
        return self.way == sent.AS_RECORDED


def score(
    models: Sequence[Model],
    tried: Sequence[Trial],
    fold_of: Mapping[published.Clip, int],
    met: Collection[str],
    workers: int,
) -> list[Scored]:
    """Return what the parts of each fold's model say of its trials in the domain; what the cache has is not asked.

    Args:
        models: of :func:`ml.voice.train.fusion.build`, with any shares; one for each fold.
        tried: all trials.
        fold_of: the folds by which the networks were trained.
        met: names of the clips that are not new to what judges them.
        workers: number of threads.
    """
    ear = open_session(texture.front_end())
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for fold, model in enumerate(models):
        rows |= _rows(model, ear, [trial for trial in tried if fold_of[trial.clip] == fold], workers)
    return [
        Scored(
            trial,
            fold_of[trial.clip],
            (row["parts"][0], row["parts"][1]),
            _unpacked(row["measures"]),
            trial.clip.name in met,
        )
        for trial in tried
        if not why_outside(Conditions(**(row := rows[trial.key])["conditions"]), LIMITS)
    ]


def _rows(
    model: Model, ear: onnxruntime.InferenceSession, held: Iterable[Trial], workers: int
) -> dict[tuple[str, str], dict[str, Any]]:
    path = cache() / "published" / f"trials-v{_VERSION}-{model.manifest.sha256[:12]}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    known = {(row["clip"], row["way"]): row for row in map(json.loads, lines)}
    missing = [trial for trial in held if trial.key not in known]
    with path.open("a", encoding="utf-8") as file, ThreadPoolExecutor(workers) as pool:
        for row in pool.map(lambda trial: _row(model, ear, trial), missing):
            file.write(json.dumps(row) + "\n")
            file.flush()
            known[row["clip"], row["way"]] = row
    return known


def middle(sound: Sound) -> Sound:
    """Return four seconds from the middle of a clip."""
    start = max(0, (len(sound) - 4 * RATE) // 2)
    return sound[start : start + 4 * RATE]


def _row(model: Model, ear: onnxruntime.InferenceSession, trial: Trial) -> dict[str, Any]:
    window = middle(sent.sound(trial))
    meter = LevelMeter()
    meter.add(window)
    speech = meter.result().sound()
    conditions = measure(window, speech)
    row: dict[str, Any] = {"clip": trial.clip.name, "way": trial.way, "conditions": asdict(conditions)}
    if why_outside(conditions, LIMITS):
        return row
    sound = prepared(model.manifest.input, window, speech)
    measures = ear.run(None, {texture.INPUT: sound[None, : texture.SAMPLES]})[0][0]
    parts = [float(part) for part in model.run(sound).embedding[-2:]]
    return row | {"parts": parts, "measures": _packed(measures.astype(np.float16))}


def _packed(measures: npt.NDArray[np.float16]) -> str:
    return base64.b64encode(measures.tobytes()).decode()


def _unpacked(text: str) -> npt.NDArray[np.float16]:
    return np.frombuffer(base64.b64decode(text), np.float16)
