"""Score clips and keep the scores in the cache by the clip's checksum, so that an interrupted run can go on."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

from audio_analyzer.levels import LevelMeter
from audio_analyzer.window_scores import WindowScorer
from guardian_models.manifest import SoundManifest
from guardian_models.runtime import Answer, Model
from ml.common.packages import folder
from ml.voice.data.corpus import Clip, load
from ml.voice.data.sound import Sound

Scorer = Callable[[Sound], Mapping[str, float]]
"""Function from mono sound at 16 kHz to named numbers."""


def run(name: str, scorer: Scorer, clips: Sequence[Clip], workers: int = 2) -> dict[str, dict[str, float]]:
    """Return the scorer's numbers for each clip, by the clip's sha256.

    Args:
        name: of the scorer and its version; scores under another name are not used.
        scorer: called from several threads at once.
        clips: to score.
        workers: number of threads.
    """
    path = folder() / "scores" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    scored = _read(path)
    missing = {clip.sha256: clip for clip in clips if clip.sha256 not in scored}
    lock = threading.Lock()
    is_truncated = path.exists() and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as file, ThreadPoolExecutor(workers) as pool:
        if is_truncated:  # the last line of a killed run
            file.write("\n")

        def score(clip: Clip) -> None:
            numbers = dict(scorer(load(clip)))
            with lock:
                file.write(json.dumps([clip.sha256, numbers]) + "\n")
                file.flush()
                scored[clip.sha256] = numbers

        list(pool.map(score, missing.values()))
    return {clip.sha256: scored[clip.sha256] for clip in clips}


def _read(path: Path) -> dict[str, dict[str, float]]:
    """Return the scores in a file, without a truncated last line."""
    result = {}
    for line in path.read_text("utf-8").splitlines() if path.exists() else []:
        try:
            sha256, numbers = json.loads(line)
        except ValueError:
            continue
        result[sha256] = numbers
    return result


def of_model(model: Model) -> Scorer:
    """Return a scorer that runs the audio analyzer's window scorer with a model.

    The numbers are ``score0``, ``snr_db0``, ``bandwidth_hz0``, ``speech_seconds0``, ``clipped0``, ``score1``, …; there
    are none if it takes no window.
    """
    scorer = WindowScorer(model, everywhere=True)

    def score(sound: Sound) -> Mapping[str, float]:
        meter = LevelMeter()
        meter.add(sound)
        speech = meter.result().sound()
        plan = scorer.plan(speech, sound.size)
        windows = {start: sound[slice(*plan.span(start))] for start in plan.first}
        numbers: dict[str, float] = {}
        for index, window in enumerate(scorer.score(plan.first, windows, speech)):
            numbers |= {f"{name}{index}": value for name, value in asdict(window.conditions).items()}
            numbers[f"score{index}"] = window.score
        return numbers

    return score


class Member(Model):
    """One network of an ensemble, as a model of its own.

    Args:
        manifest: of the whole model, whose embedding holds the logit of each network.
        content: the whole model file.
        index: of the network.
    """

    def __init__(self, manifest: SoundManifest, content: bytes, index: int) -> None:
        super().__init__(manifest, content, threads=1)
        self._index = index

    def run(self, window: Sound) -> Answer:
        """Return the answer for one window, with the network's logit as score."""
        answer = super().run(window)
        return replace(answer, score=float(answer.embedding[self._index]))


SCORED_AS = 3
"""Number of the method: raise it when the same model gives a clip another score (windows, level, conditions)."""


def name_of(manifest: SoundManifest) -> str:
    """Return the name under which a model's scores are kept."""
    return f"{manifest.id}-{manifest.sha256[:12]}-v{SCORED_AS}"
