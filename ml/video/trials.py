"""Every trial of the video evaluation: a clip, what was done to it, and the file that came out."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ml.common.paths import cache_dir
from ml.video.clips import CLIPS, Clip, Frames, fetch, load
from ml.video.edits import CONTROLS, EDITS, Truth, control, edit, encode, fitted

AS_SHIPPED = "as shipped"
REPEATS = 3


@dataclass(frozen=True)
class Trial:
    """One file to analyse.

    Attributes:
        file: what the analyzer gets.
        clip: its name.
        source: the recording that it is from.
        held_out: on which side of the split.
        encoder: last encoder, by name.
        rate: frames a second.
        truth: what was done.
    """

    file: str
    clip: str
    source: str
    held_out: bool
    encoder: str
    rate: float
    truth: Truth


def trials(seed: int) -> list[Trial]:
    """All of them; files that the cache holds already are not made again."""
    index = cache_dir() / "evaluation" / "video" / f"trials-{seed}-{_fingerprint()}.json"
    if index.exists():
        return [Trial(**{**each, "truth": Truth(**each["truth"])}) for each in json.loads(index.read_text())]
    made = list(_make(seed))
    index.write_text(json.dumps([asdict(each) for each in made]))
    return made


def _fingerprint() -> str:
    """Changes with what makes the trials."""
    folder = Path(__file__).parent
    code = b"".join((folder / name).read_bytes() for name in ("clips.py", "edits.py", "trials.py"))
    return f"{zlib.crc32(code):08x}"


def _make(seed: int) -> Iterator[Trial]:
    shipped: set[str] = set()
    for number, clip in enumerate(CLIPS):
        frames, rate = load(clip)
        path = fetch(clip)
        if clip.member not in shipped:
            shipped.add(clip.member)
            yield Trial(str(path), clip.source, clip.source, clip.held_out, "its own", rate, Truth(AS_SHIPPED))
        yield from _edited(seed, number, clip, frames, rate)
        yield from _controls(seed, number, clip, frames, rate)


def _edited(seed: int, number: int, clip: Clip, frames: Frames, rate: float) -> Iterator[Trial]:
    for at, kind in enumerate(EDITS):
        for repeat in range(REPEATS):
            made, truth = edit(kind, frames, np.random.default_rng((seed, number, at, repeat)))
            yield _trial(seed, clip, made, rate, _encoder(repeat, number + at), truth, repeat)


def _controls(seed: int, number: int, clip: Clip, frames: Frames, rate: float) -> Iterator[Trial]:
    others = [each for each in CLIPS if each.held_out == clip.held_out and each.source != clip.source]
    for at, kind in enumerate(CONTROLS):
        for repeat in range(REPEATS if kind == "re-encode" else 1):
            rng = np.random.default_rng((seed, number, 100 + at, repeat))
            other = fitted(load(others[int(rng.integers(len(others)))])[0], frames)
            made, truth = control(kind, frames, other, rng)
            encoder = _encoder(repeat if kind == "re-encode" else at % REPEATS, number + at)
            yield _trial(seed, clip, made, rate, encoder, truth, repeat)


def _encoder(repeat: int, turn: int) -> str:
    """H.264 at two qualities, and VP9 or MPEG-4 in turn."""
    return ("H.264 crf 23", "H.264 crf 32", ("VP9", "MPEG-4")[turn % 2])[repeat]


def _trial(  # noqa: PLR0917 - one call for each thing that a trial has
    seed: int, clip: Clip, made: Frames, rate: float, encoder: str, truth: Truth, repeat: int
) -> Trial:
    key = f"{seed} {clip} {truth} {repeat} {made.shape} {zlib.crc32(made.tobytes())}"
    file = encode(made, rate, encoder, key)
    return Trial(str(file), clip.name, clip.source, clip.held_out, encoder, rate, truth)
