"""DuplicatedFrames: a stretch of moving picture that occurs twice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import DetectorReport, Finding, ModelCard

_SHORTEST = 6
_FARTHEST = 3600
"""Frames between the copies: two minutes at 30 a second. The work grows with the square of it."""

_SMALLEST_LAG = 6
_SHARP = 0.5
"""Copies differ by coding noise alone; two frames earlier or later they must differ at least twice as much."""

_DIP = 0.9
"""And one frame earlier or later a little more: strong compression blurs the difference between neighbours."""

_LEAST_MOTION = 0.6
"""Gray levels (root mean square of the thumbnail): where less moves, all frames are alike."""

_GAP = 2
_BLOCK = 1024
_LIMITATIONS = [
    "Screen recordings, animations and looping clips repeat by nature.",
    "Copies more than 3,600 frames apart, or where almost nothing moves, are not found.",
]


@dataclass(frozen=True)
class Copy:
    """A stretch that repeats an earlier one: frame indices, ends exclusive."""

    first: int
    second: int
    frames: int
    sharpness: float


def find_copies(thumbs: NDArray[np.uint8]) -> list[Copy]:
    """Stretches of at least 6 frames that repeat earlier ones, longest first.

    A pair of frames i, j is a copy if it differs at most half as much as i differs from the frames two before and after
    j, and j from those around i. So a still scene has none (all differences are alike), nor has slow movement with
    camera noise.

    Args:
        thumbs: frames x pixels, gray.
    """
    pairs = _sharp_pairs(thumbs)
    found: list[Copy] = []
    for lag, places in pairs.items():
        ordered = sorted(places)
        start = 0
        for index in range(1, len(ordered) + 1):
            if index == len(ordered) or ordered[index][0] - ordered[index - 1][0] > _GAP:
                run = ordered[start:index]
                length = run[-1][0] - run[0][0] + 1
                if length >= _SHORTEST and len(run) >= max(_SHORTEST - 1, 0.7 * length):
                    sharp = float(np.median([ratio for _, ratio in run]))
                    found.append(Copy(run[0][0], run[0][0] + lag, length, sharp))
                start = index
    return _without_overlaps(found)


def _sharp_pairs(thumbs: NDArray[np.uint8]) -> dict[int, list[tuple[int, float]]]:
    """For each lag the frames whose later copy stands out, with how much."""
    pairs: dict[int, list[tuple[int, float]]] = {}
    count = thumbs.shape[0]
    for start in range(0, count, _BLOCK):
        rows = slice(max(start - 2, 0), min(start + _BLOCK + 2, count))
        columns = slice(rows.start, min(rows.stop + _FARTHEST, count))
        distance = _distances(thumbs[rows], thumbs[columns])
        row, column, ratio = _sharp(distance)
        first, second = row + rows.start, column + columns.start
        keep = (second - first >= _SMALLEST_LAG) & (first >= start) & (first < start + _BLOCK)
        for i, j, sharp in zip(first[keep], second[keep], ratio[keep], strict=True):
            pairs.setdefault(int(j - i), []).append((int(i), float(sharp)))
    return pairs


def _distances(rows: NDArray[np.uint8], columns: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Root mean square difference of every row to every column, in gray levels."""
    a, b = rows.astype(np.float32) - 128, columns.astype(np.float32) - 128
    squares = np.sum(a * a, axis=1)[:, None] + np.sum(b * b, axis=1)[None, :] - 2 * (a @ b.T)
    return np.asarray(np.sqrt(np.maximum(squares, 0) / rows.shape[1]), dtype=np.float32)


def _sharp(distance: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Where a distance is far below those one frame earlier and later, in both directions."""
    inner = distance[2:-2, 2:-2]
    beside = _least_around(distance, 1)
    around = _least_around(distance, 2)
    sharp = (inner < _SHARP * around) & (inner < _DIP * beside) & (around > _LEAST_MOTION)
    row, column = np.nonzero(sharp)
    ratio = (inner[row, column] / around[row, column]).astype(np.float32)
    return (row + 2).astype(np.int64), (column + 2).astype(np.int64), ratio


def _least_around(distance: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """For each inner place the least of the four that lie ``step`` frames off in one direction."""
    rows, columns = distance.shape
    center, low, high = slice(2, rows - 2), slice(2 - step, rows - 2 - step), slice(2 + step, rows - 2 + step)
    middle, left, right = (
        slice(2, columns - 2),
        slice(2 - step, columns - 2 - step),
        slice(2 + step, columns - 2 + step),
    )
    sides = np.minimum(distance[center, left], distance[center, right])
    return np.minimum(sides, np.minimum(distance[low, middle], distance[high, middle]))


def _without_overlaps(found: list[Copy]) -> list[Copy]:
    """The longest of copies that explain the same later stretch."""
    kept: list[Copy] = []
    for copy in sorted(found, key=lambda each: (-each.frames, each.sharpness, each.second)):
        if not any(
            copy.second < other.second + other.frames and other.second < copy.second + copy.frames for other in kept
        ):
            kept.append(copy)
    return kept


def report_copies(copies: list[Copy], times: NDArray[np.float64], version: str) -> DetectorReport:
    """One finding for each copied stretch; the score grows with its length and with how sharply it stands out."""
    findings = []
    for copy in copies:
        end = min(copy.second + copy.frames, times.size - 1)
        score = 60 + min(copy.frames, 20) + round(30 * (_SHARP - copy.sharpness))
        findings.append(
            Finding(
                kind="DuplicatedFrames",
                start_seconds=round(float(times[copy.second]), 3),
                end_seconds=round(float(times[end]), 3),
                score=max(50, min(score, 98)),
                message=(
                    f"{copy.frames} moving frames repeat those at {times[copy.first]:.2f} s: "
                    f"they differ {1 / max(copy.sharpness, 0.01):.0f} times less than neighbouring frames do."
                ),
            )
        )
    return DetectorReport(
        name="DuplicatedFrames",
        score=max((finding.score for finding in findings), default=0),
        findings=findings[:200],
        limitations=_LIMITATIONS,
        model=ModelCard(id="video.duplicated-frames", version=version),
    )
