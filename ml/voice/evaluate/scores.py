"""Runs a scorer over clips. What was scored is kept by the clip's checksum: a run that was broken off goes on."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

from audio_analyzer.levels import LevelMeter
from audio_analyzer.window_scores import WindowScorer
from guardian_models.manifest import Manifest
from guardian_models.runtime import Answer, Model
from ml.common.packages import folder
from ml.voice.data.corpus import Clip, load
from ml.voice.data.sound import Sound

Scorer = Callable[[Sound], Mapping[str, float]]
"""From mono sound at 16 kHz to named numbers."""


def run(name: str, scorer: Scorer, clips: Sequence[Clip], workers: int = 2) -> dict[str, dict[str, float]]:
    """Give the scorer's numbers for each clip, by the clip's sha256.

    Args:
        name: of the scorer and its version: what was kept under another name does not count.
        scorer: called from several threads at once.
        clips: to score.
        workers: threads.
    """
    path = folder() / "scores" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    known = _known(path)
    missing = {clip.sha256: clip for clip in clips if clip.sha256 not in known}
    lock = threading.Lock()
    half = path.exists() and not path.read_bytes().endswith(b"\n")
    with path.open("a", encoding="utf-8") as file, ThreadPoolExecutor(workers) as pool:
        if half:  # the last line of a killed run
            file.write("\n")

        def one(clip: Clip) -> None:
            numbers = dict(scorer(load(clip)))
            with lock:
                file.write(json.dumps([clip.sha256, numbers]) + "\n")
                file.flush()
                known[clip.sha256] = numbers

        list(pool.map(one, missing.values()))
    return {clip.sha256: known[clip.sha256] for clip in clips}


def _known(path: Path) -> dict[str, dict[str, float]]:
    """Read what is kept; a last line that was broken off is left out."""
    result = {}
    for line in path.read_text("utf-8").splitlines() if path.exists() else []:
        try:
            sha256, numbers = json.loads(line)
        except ValueError:
            continue
        result[sha256] = numbers
    return result


def of_model(model: Model) -> Scorer:
    """Give a scorer: what the audio analyzer's scorer hears with a model, window by window.

    The numbers are ``score0``, ``snr_db0``, ``bandwidth_hz0``, ``speech_seconds0``, ``clipped0``, ``score1``, …; none
    where it hears nothing.
    """
    scorer = WindowScorer(model)

    def score(sound: Sound) -> Mapping[str, float]:
        meter = LevelMeter()
        meter.add(sound)
        speech = meter.result().sound()
        chosen = scorer.plan(speech, sound.size)
        windows = {start: sound[slice(*chosen.span(start))] for start in chosen.first}
        numbers: dict[str, float] = {}
        for index, one in enumerate(scorer.score(chosen.first, windows, speech)):
            numbers |= {f"{name}{index}": value for name, value in asdict(one.conditions).items()}
            numbers[f"score{index}"] = one.score
        return numbers

    return score


class Member(Model):
    """One network of a model that is several: its score is what that one says.

    Args:
        manifest: of the whole model, whose embedding holds what each network says.
        content: the whole model.
        index: of the network.
    """

    def __init__(self, manifest: Manifest, content: bytes, index: int) -> None:
        super().__init__(manifest, content, threads=1)
        self._index = index

    def run(self, window: Sound) -> Answer:
        """Give the answer for one window."""
        answer = super().run(window)
        return replace(answer, score=float(answer.embedding[self._index]))


SCORED_AS = 3
"""Raised when the same model would score the same clip otherwise: windows, level, conditions."""


def name_of(manifest: Manifest) -> str:
    """Give the name under which a model's scores are kept."""
    return f"{manifest.id}-{manifest.sha256[:12]}-v{SCORED_AS}"
