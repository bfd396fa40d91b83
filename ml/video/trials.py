"""Trials of the video evaluation: a clip, its edit, and the encoded file."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ml.common import packages
from ml.video.clips import CLIPS, Clip, Frames, fetch, load
from ml.video.edits import CONTROLS, EDITS, Truth, control, edit, encode, fitted

AS_SHIPPED = "as shipped"
REPEATS = 3


@dataclass(frozen=True)
class Trial:
    """One file to analyse.

    Attributes:
        file: path of the file.
        clip: name of the clip.
        source: recording that the clip is from.
        held_out: whether the recording is held out.
        encoder: name of the last encoder.
        rate: frames per second.
        truth: the edit.
    """

    file: str
    clip: str
    source: str
    held_out: bool
    encoder: str
    rate: float
    truth: Truth


def trials(seed: int) -> list[Trial]:
    """Return all trials; make the files that are not in the cache."""
    index = packages.folder() / "video" / f"trials-{seed}-{_fingerprint()}.json"
    if index.exists():
        return [Trial(**{**row, "truth": Truth(**row["truth"])}) for row in json.loads(index.read_text())]
    result = list(_make(seed))
    index.write_text(json.dumps([asdict(trial) for trial in result]))
    return result


def _fingerprint() -> str:
    """Return a checksum of the code that makes the trials."""
    package = Path(__file__).parent
    code = b"".join((package / name).read_bytes() for name in ("clips.py", "edits.py", "trials.py"))
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
            edited, truth = edit(kind, frames, np.random.default_rng((seed, number, at, repeat)))
            yield _trial(seed, clip, edited, rate, _encoder(repeat, number + at), truth, repeat)


def _controls(seed: int, number: int, clip: Clip, frames: Frames, rate: float) -> Iterator[Trial]:
    others = [entry for entry in CLIPS if entry.held_out == clip.held_out and entry.source != clip.source]
    for at, kind in enumerate(CONTROLS):
        for repeat in range(REPEATS if kind == "re-encode" else 1):
            rng = np.random.default_rng((seed, number, 100 + at, repeat))
            other = fitted(load(others[int(rng.integers(len(others)))])[0], frames)
            changed, truth = control(kind, frames, other, rng)
            encoder = _encoder(repeat if kind == "re-encode" else at % REPEATS, number + at)
            yield _trial(seed, clip, changed, rate, encoder, truth, repeat)


def _encoder(repeat: int, turn: int) -> str:
    """Return H.264 at two qualities, and VP9 or MPEG-4 in turn."""
    return ("H.264 crf 23", "H.264 crf 32", ("VP9", "MPEG-4")[turn % 2])[repeat]


def _trial(  # noqa: PLR0917 - one argument for each property of a trial
    seed: int, clip: Clip, frames: Frames, rate: float, encoder: str, truth: Truth, repeat: int
) -> Trial:
    key = f"{seed} {clip} {truth} {repeat} {frames.shape} {zlib.crc32(frames.tobytes())}"
    file = encode(frames, rate, encoder, key)
    return Trial(str(file), clip.name, clip.source, clip.held_out, encoder, rate, truth)
