"""Genuine recordings of kinds that look like edits: what cameras, phones, networks, screens and films do by themselves.

They are made from the clips of the evaluation and drawn ones, seeded; only luma, which is all that detectors see.
"""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ml.common import packages
from ml.video import drawn
from ml.video.clips import CLIPS, load

Luma = NDArray[np.uint8]
"""``[frames, height, width]``."""

WIDTH = 384

ENCODERS: dict[str, tuple[str, ...]] = {
    "H.264 crf 20": ("mp4", "-c:v", "libx264", "-preset", "veryfast", "-crf", "20"),
    "H.264 crf 27, key frame each second": ("mp4", "-c:v", "libx264", "-preset", "veryfast", "-crf", "27", "-g", "30"),
    "H.264 crf 34": ("mp4", "-c:v", "libx264", "-preset", "veryfast", "-crf", "34"),
    "VP9": ("webm", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "0", "-crf", "36"),
    "MPEG-4": ("mp4", "-c:v", "mpeg4", "-q:v", "6"),
}
_PHONE = ("3gp", "-c:v", "h263", "-q:v", "9", "-s", "176x144")


@dataclass(frozen=True)
class Recording:
    """What was recorded, before it is encoded.

    Attributes:
        frames: luma.
        rate: frames a second.
        lost: stretches (first frame, end) that were not recorded: the time stamps say so.
        filters: of FFmpeg.
        encoder: arguments in place of one of :data:`ENCODERS`.
    """

    frames: Luma
    rate: float
    lost: tuple[tuple[int, int], ...] = ()
    filters: tuple[str, ...] = ()
    encoder: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Genuine:
    """One file of a kind."""

    kind: str
    file: Path


def genuine(seed: int, variants: int) -> Iterator[Genuine]:
    """Yield ``variants`` files of each of :data:`KINDS`; those that are not in the cache are made."""
    names = list(ENCODERS)
    for number, (kind, make) in enumerate(KINDS.items()):
        for variant in range(variants):
            rng = np.random.default_rng((seed, number, variant))
            yield Genuine(kind, _encoded(make, rng, ENCODERS[names[variant % len(names)]], f"{seed} {kind} {variant}"))


def _encoded(make: Callable[[np.random.Generator], Recording], rng: np.random.Generator, usual: tuple[str, ...],
             key: str) -> Path:  # fmt: skip
    folder = packages.folder() / "video" / "genuine"
    folder.mkdir(parents=True, exist_ok=True)
    code = b"".join(Path(module).read_bytes() for module in (__file__, drawn.__file__))
    target = folder / hashlib.sha256(f"{key} {usual}".encode() + code).hexdigest()[:24]
    if target.exists():
        return target
    made = make(rng)
    container, *arguments = made.encoder or usual
    lost = "+".join(rf"between(n\,{first}\,{end - 1})" for first, end in made.lost)
    filters = [*made.filters, *([f"select=not({lost})"] if lost else [])]
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "gray"]
    command += ["-s", f"{made.frames.shape[2]}x{made.frames.shape[1]}", "-r", f"{made.rate:.4f}", "-i", "-"]
    command += ["-vf", ",".join(filters)] if filters else []
    command += ["-fps_mode", "vfr"] if lost else []
    partial = target.with_suffix(".partial")
    command += ["-threads", "1", *arguments, "-pix_fmt", "yuv420p", "-f", container, str(partial)]
    subprocess.run(command, input=made.frames.tobytes(), check=True)
    return partial.rename(target)


@cache
def _luma(number: int) -> tuple[Luma, float]:
    frames, rate = load(CLIPS[number])
    height, width = frames.shape[1] * 2 // 3, frames.shape[2]
    size = (WIDTH, round(height * WIDTH / width / 2) * 2)
    return np.stack([cv2.resize(frame[:height], size, interpolation=cv2.INTER_AREA) for frame in frames]), rate


def clip(rng: np.random.Generator) -> tuple[Luma, float]:
    """Return one of the evaluation's clips."""
    return _luma(int(rng.integers(len(CLIPS))))


def _few_frames(rng: np.random.Generator) -> Recording:
    frames, rate = clip(rng)
    few, many = [(6, 30), (12, 60), (5, 30), (10, 25), (15, 30), (7.5, 30)][int(rng.integers(6))]
    shown = np.floor(np.arange(int(len(frames) / rate * many)) * few / many) / few * rate
    return Recording(frames[np.minimum(shown.astype(int), len(frames) - 1)], many)


def _pulldown(rng: np.random.Generator) -> Recording:
    frames, _ = clip(rng)
    few, many = [(24, 30), (24, 60), (25, 30), (25, 60), (24, 0)][int(rng.integers(5))]
    if not many:  # by fields
        return Recording(frames, 24, filters=("telecine",))
    return Recording(frames[np.floor(np.arange(len(frames) * many // few) * few / many).astype(int)], many)


def _old_phone(rng: np.random.Generator) -> Recording:
    frames, rate = clip(rng)
    holds = rng.geometric(rng.uniform(0.15, 0.5), 300)
    shown = np.minimum(np.repeat(np.cumsum(holds) - holds[0], holds), int(len(frames) / rate * 15) - 1)
    picked = frames[(shown * rate / 15).astype(int)]
    return Recording(picked[: int(len(frames) / rate * 15)], 15, encoder=_PHONE)


def _stalls(rng: np.random.Generator, frames: int) -> list[tuple[int, int]]:
    count = int(rng.integers(1, 5))
    starts = np.sort(rng.choice(np.arange(20, frames - 45, 45), min(count, (frames - 65) // 45), replace=False))
    return [(int(start), int(start) + int(rng.integers(3, 40))) for start in starts]


def _honest_stalls(rng: np.random.Generator) -> Recording:
    frames, rate = clip(rng)
    return Recording(frames, rate, lost=tuple(_stalls(rng, len(frames))))


def _call(rng: np.random.Generator) -> Recording:
    """Frames that come late are shown late: the last one stands, and then the picture leaps or runs to catch up."""
    frames, rate = clip(rng)
    order = np.arange(len(frames))
    for start, end in _stalls(rng, len(frames)):
        order[start:end] = start
        if drawn.happens(rng, 0.3):
            catching = min(end + (end - start), len(frames))
            order[end:catching] = np.linspace(start, catching, catching - end, endpoint=False)
    if drawn.happens(rng, 0.5):  # few frames, as calls mostly have, at uneven distances
        kept = np.cumsum(rng.integers(1, 4, len(frames)))
        order = order[kept[np.searchsorted(kept, np.arange(len(frames)), side="right") - 1].clip(0, len(frames) - 1)]
    return Recording(frames[order], rate)


def _film(rng: np.random.Generator) -> Recording:
    """Shots of different scenes, each framed again."""
    shots = []
    for _ in range(int(rng.integers(4, 9))):
        frames, _ = clip(rng)
        first = int(rng.integers(0, max(len(frames) - 60, 1)))
        shots.append(_framed(frames[first : first + int(rng.integers(20, 60))], rng))
    return Recording(np.concatenate(shots), 25)


def _two_cameras(rng: np.random.Generator) -> Recording:
    """One scene without a gap in time, seen from near and far in turn."""
    frames, rate = clip(rng)
    ends = np.cumsum(rng.integers(25, 60, 8))
    cuts = [0, *ends[ends < len(frames)], len(frames)]
    seeds = rng.integers(0, 2**32, 2)
    shots = [
        _framed(frames[first:end], np.random.default_rng(seeds[turn % 2]))
        for turn, (first, end) in enumerate(pairwise(cuts))
        if first < end
    ]
    return Recording(np.concatenate(shots), rate)


def _framed(frames: Luma, rng: np.random.Generator) -> Luma:
    height, width = frames.shape[1:]
    zoom = rng.uniform(1.0, 1.7)
    high, wide = int(height / zoom), int(width / zoom)
    top, left = int(rng.integers(0, height - high + 1)), int(rng.integers(0, width - wide + 1))
    part = frames[:, top : top + high, left : left + wide]
    return np.stack([cv2.resize(frame, (WIDTH, 216), interpolation=cv2.INTER_LINEAR) for frame in part])


def _flicker(rng: np.random.Generator) -> Recording:
    """Slow motion by a lamp on mains: 100 or 120 flashes a second, seen at 120 or 240 frames a second."""
    frames, _ = clip(rng)
    slower = int(rng.integers(4, 9))
    place = np.arange(min((len(frames) - 1) * slower, 240)) / slower
    low, part = place.astype(int), (place % 1)[:, None, None]
    slow = frames[low] * (1 - part) + frames[low + 1] * part
    flashes, seen = [(100, 120), (100, 240), (120, 240), (100, 119.88), (120, 239.76)][int(rng.integers(5))]
    rows = np.linspace(0, rng.uniform(0, 2), frames.shape[1])[None, :, None] * drawn.happens(rng, 0.6)
    lit = np.linspace(rng.uniform(0, 1), 1, frames.shape[2])[None, None, :] if drawn.happens(rng, 0.5) else 1.0
    phase = 2 * np.pi * (np.arange(len(slow))[:, None, None] * flashes / seen + rows)
    slow *= 1 + rng.uniform(0.02, 0.15) * lit * np.cos(phase)
    return Recording(drawn.noisy(slow, rng), 30)


def _drawn(make: Callable[[np.random.Generator, Luma], Luma], rate: float = 30) -> Callable[[np.random.Generator], Recording]:  # fmt: skip  # noqa: E501
    return lambda rng: Recording(make(rng, clip(rng)[0]), rate)


KINDS: dict[str, Callable[[np.random.Generator], Recording]] = {
    "few frames at a higher rate": _few_frames,
    "pulldown": _pulldown,
    "phone of 2004": _old_phone,
    "stalls with honest time stamps": _honest_stalls,
    "video call with stalls": _call,
    "film of several scenes": _film,
    "two cameras": _two_cameras,
    "lamp flicker in slow motion": _flicker,
    "rope, strokes, pendulum": _drawn(drawn.rhythm),
    "fan, wheel": _drawn(drawn.machine),
    "handheld still life": _drawn(drawn.still_life),
    "screen recording": _drawn(drawn.screen),
    "title cards and slides": _drawn(drawn.slides, 25),
    "drawn film": _drawn(drawn.cartoon, 25),
}
