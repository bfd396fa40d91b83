"""Seeded edits with known places, controls without an edit, and the encoders that follow."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml.common import packages
from ml.video.clips import Frames

EDITS = ("duplicate", "loop", "freeze", "drop")
CONTROLS = ("re-encode", "hard cut", "fade", "dissolve", "still scene", "still card")

ENCODERS: dict[str, tuple[str, ...]] = {
    "H.264 crf 23": ("mp4", "-c:v", "libx264", "-preset", "veryfast", "-crf", "23"),
    "H.264 crf 32": ("mp4", "-c:v", "libx264", "-preset", "veryfast", "-crf", "32"),
    "VP9": ("webm", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "0", "-crf", "36"),
    "MPEG-4": ("mp4", "-c:v", "mpeg4", "-q:v", "6"),
}
"""Container, and arguments for FFmpeg. The quality of crf 32 is that of messengers."""

_EDGE = 14
"""Frames at either end without an edit: detectors compare an edit with the frames before it."""

_SHORTEST, _LONGEST = 10, 45


@dataclass(frozen=True)
class Truth:
    """The edit of a clip.

    Attributes:
        kind: of the edit or control.
        place: first frame of the edit in the edited clip; None for controls.
        frames: number of frames that the edit adds or takes away.
    """

    kind: str
    place: int | None = None
    frames: int = 0


def edit(kind: str, frames: Frames, rng: np.random.Generator) -> tuple[Frames, Truth]:
    """Return a clip with one of :data:`EDITS`, anywhere in the clip, also where nothing moves."""
    count = len(frames)
    length = int(rng.integers(_SHORTEST, min(_LONGEST, count // 3) + 1))
    start = int(rng.integers(_EDGE, count - _EDGE - length))
    stretch = list(range(start, start + length))
    before, after = list(range(start + length)), list(range(start + length, count))
    if kind == "duplicate":
        later = int(rng.integers(0, max(len(after) - _EDGE, 1)))
        order, place = [*before, *after[:later], *stretch, *after[later:]], start + length + later
    elif kind == "loop":
        times = int(rng.integers(2, 5))
        order, place = [*before, *stretch * times, *after], start + length
        length *= times
    elif kind == "freeze":
        order, place = [*range(start + 1), *[start] * length, *range(start + 1, count)], start
    else:
        order, place = [*range(start), *after], start
    return frames[order], Truth(kind, place, length)


def control(kind: str, frames: Frames, other: Frames, rng: np.random.Generator) -> tuple[Frames, Truth]:
    """Return a clip with one of :data:`CONTROLS`; ``other`` is another scene of the same size."""
    half = len(frames) // 2
    if kind == "re-encode":
        changed = frames
    elif kind == "hard cut":
        changed = np.concatenate([frames[:half], other[: max(len(other) // 2, 20)]])
    elif kind == "fade":
        changed = _faded(frames, half)
    elif kind == "dissolve":
        changed = _dissolved(frames[: half + 12], other[: max(len(other) // 2, 40)])
    elif kind == "still scene":
        still = np.repeat(frames[half][None], 120, axis=0).astype(np.float32)
        changed = np.clip(still + rng.normal(0, 2, still.shape), 0, 255).astype(np.uint8)
    else:
        card = np.repeat(other[len(other) // 2][None], 40, axis=0)
        changed = np.concatenate([frames[:half], card, frames[half:]])
    return changed, Truth(kind)


def _faded(frames: Frames, middle: int, length: int = 12) -> Frames:
    """Fade to black over ``length`` frames before ``middle``, and back over as many after it."""
    faded = frames.copy()
    luma = frames.shape[1] * 2 // 3
    for index in range(max(middle - length, 0), min(middle + length, len(frames))):
        level = abs(index - middle) / length
        picture = frames[index].astype(np.float32)
        picture[:luma] = 16 + (picture[:luma] - 16) * level
        picture[luma:] = 128 + (picture[luma:] - 128) * level
        faded[index] = np.clip(picture, 0, 255).astype(np.uint8)
    return faded


def _dissolved(first: Frames, second: Frames, length: int = 12) -> Frames:
    weights = np.linspace(0, 1, length + 2)[1:-1, None, None].astype(np.float32)
    mixed = (1 - weights) * first[-length:] + weights * second[:length]
    return np.concatenate([first[:-length], mixed.astype(np.uint8), second[length:]])


def fitted(frames: Frames, like: Frames) -> Frames:
    """Return the frames at the size of ``like``, with the nearest pixels, plane by plane."""
    height, width = like.shape[1] * 2 // 3, like.shape[2]
    own_height, own_width = frames.shape[1] * 2 // 3, frames.shape[2]
    rows = np.arange(height) * own_height // height
    columns = np.arange(width) * own_width // width
    luma = frames[:, rows][:, :, columns]
    chroma = frames[:, own_height:].reshape(len(frames), 2, own_height // 2, own_width // 2)
    half = chroma[:, :, rows[: height // 2 * 2 : 2] // 2][:, :, :, columns[::2] // 2]
    return np.concatenate([luma, half.reshape(len(frames), height // 2, width)], axis=1)


def encode(frames: Frames, rate: float, encoder: str, key: str) -> Path:
    """Encode frames in one thread into the cache, under a name made from ``key``, unless that file exists."""
    suffix, *arguments = ENCODERS[encoder]
    folder = packages.folder() / "video" / "edited"
    folder.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(f"{key} {encoder} {arguments}".encode()).hexdigest()[:24]
    target = folder / f"{name}.{suffix}"
    if target.exists():
        return target
    size = f"{frames.shape[2]}x{frames.shape[1] * 2 // 3}"
    partial = folder / f"partial-{name}.{suffix}"
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", size]
    command += ["-r", f"{rate:.4f}", "-i", "-", "-threads", "1", *arguments, "-pix_fmt", "yuv420p", str(partial)]
    subprocess.run(command, input=frames.tobytes(), check=True)
    partial.replace(target)
    return target
