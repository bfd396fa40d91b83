"""Runs a scorer over clips. What was scored is kept by the clip's checksum: a run that was broken off goes on."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np

from evaluation.corpus import Clip, load
from evaluation.measures import measure
from evaluation.packages import folder
from evaluation.sound import Sound, at_level, trim
from guardian_models.runtime import Model

Scorer = Callable[[Sound], Mapping[str, float]]
"""From mono sound at 16 kHz to named numbers; "score" is the one that is judged, higher means more likely synthetic."""


LEVEL = -26.0
"""dB of full scale (RMS of the active part) at which models hear a clip: AASIST's scores fall with loudness."""


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


def measures(sound: Sound) -> Mapping[str, float]:
    """A scorer: the measures of :mod:`evaluation.measures`."""
    return asdict(measure(sound))


def windows(sound: Sound, samples: int) -> list[Sound]:
    """Cut the active part of a sound, at :data:`LEVEL`, into windows of ``samples``: as many as fit, evenly spread.

    A part that is shorter than a window is repeated until it fills one, as AASIST's own evaluation does.
    """
    part = trim(sound)
    part = np.clip(at_level(part, LEVEL), -1, 1) if len(part) else part
    if len(part) <= samples:
        return [np.resize(part, samples)] if len(part) else []
    count = round(len(part) / samples)
    centres = (np.arange(count) + 0.5) * len(part) / count
    starts = np.clip(centres - samples / 2, 0, len(part) - samples).astype(int)
    return [part[start : start + samples] for start in starts]


def of_model(model: Model) -> Scorer:
    """Give a scorer: a model's mean score over a clip's windows ("score"), and that of each ("window0", …)."""

    def score(sound: Sound) -> Mapping[str, float]:
        each = [model.run(window).score for window in windows(sound, model.manifest.input.samples)]
        return {"score": float(np.mean(each)), **{f"window{i}": one for i, one in enumerate(each)}}

    return score


SCORED_AS = 2
"""Raised when the same model would score the same clip otherwise: windows, mean."""


def name_of(model: Model) -> str:
    """Give the name under which a model's scores are kept."""
    return f"{model.manifest.id}-{model.manifest.sha256[:12]}-v{SCORED_AS}"
