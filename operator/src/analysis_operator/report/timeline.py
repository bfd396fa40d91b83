"""Scores and findings over the time of a recording, as shapes that need no script and no font to be laid out.

Graphics live in a box of 1000 x 100 that is stretched; what carries text is placed in per cent, so that letters keep
their size on a narrow screen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analyzer_contract import MAX_SECONDS, AnalysisReport, DetectorReport, Finding, TimelinePoint, Verdict

SHOWN = 60
"""Findings of one analysis on the page; the rest is in its JSON."""

_COLUMNS = 250
_LANES = 20
_THINNEST = 0.7
"""Per cent: a short finding must be visible too."""

_LABEL_ROOM = 7.0
"""Per cent that a number takes on the narrowest screen."""

_STEPS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
_MOST_TICKS = 5


@dataclass(frozen=True, slots=True)
class Place:
    """One finding, with its number on the page."""

    number: int
    finding: Finding


@dataclass(frozen=True, slots=True)
class Group:
    """All shown findings of one kind, in the order of time."""

    kind: str
    score: int
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One finding on its lane: left edge and width in per cent; its number only where there is room for it."""

    number: int
    left: float
    width: float
    score: int
    labelled: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """One detector: its scores as an area in a box of 1000 x 100, and its findings."""

    name: str
    score: int
    area: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """One analysis over time."""

    seconds: float
    line: str
    """The highest score of all detectors at each time, in a box of 1000 x 100."""
    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[float, float], ...]
    """Where, in per cent, and which second."""


def seconds_of(result: AnalysisReport) -> float:
    """Give the length of a recording in seconds; if it was not told, the end of the last finding."""
    told = result.media.duration_seconds
    if math.isfinite(told) and 0 < told <= MAX_SECONDS:
        return told
    return max((found.end_seconds for found in _findings(result)), default=0.0)


def groups(result: AnalysisReport, first: int) -> list[Group]:
    """Give the strongest findings by kind, the strongest kind first, numbered from ``first`` in that order."""
    top = sorted(_findings(result), key=lambda found: -found.score)[:SHOWN]
    kinds = dict.fromkeys(found.kind for found in top)
    made: list[Group] = []
    for kind in kinds:
        same = sorted((each for each in top if each.kind == kind), key=lambda each: (each.start_seconds, -each.score))
        places = tuple(Place(first + index, found) for index, found in enumerate(same))
        made.append(Group(kind, max(found.score for found in same), places))
        first += len(same)
    return made


def hidden(result: AnalysisReport) -> int:
    """Give how many findings the page leaves to the JSON."""
    return max(0, len(_findings(result)) - SHOWN)


def chart(result: AnalysisReport, shown: Sequence[Group]) -> Chart | None:
    """Give one analysis over time, or None if its length is not known.

    Args:
        result: of the analysis.
        shown: its findings, from :func:`groups`.
    """
    length = seconds_of(result)
    if length <= 0:
        return None
    numbers = {id(place.finding): place.number for group in shown for place in group.places}
    scored = (each for each in result.detectors if _height(each) > 0)
    loud = sorted(scored, key=lambda each: -each.score)
    lanes = tuple(_lane(each, length, numbers) for each in loud[:_LANES])
    columns = _columns((point for each in result.detectors for point in each.timeline), length)
    return Chart(length, _step(columns), lanes, _ticks(length))


def quiet(result: AnalysisReport) -> list[str]:
    """Give the names of the detectors that looked and have nothing to show, each once."""
    named = [
        each.name
        for each in result.detectors
        if not each.findings and not _height(each) and each.claim is not Verdict.INCONCLUSIVE
    ]
    return list(dict.fromkeys(named))[:_LANES]


def unable(result: AnalysisReport) -> list[str]:
    """Give the names of the detectors that say that they cannot tell, each once."""
    named = [each.name for each in result.detectors if each.claim is Verdict.INCONCLUSIVE]
    return list(dict.fromkeys(named))[:_LANES]


def _height(detector: DetectorReport) -> float:
    """The highest score that there is to draw; facts that are no evidence have none."""
    return max([found.score for found in detector.findings] + [point.score for point in detector.timeline], default=0.0)


def _findings(result: AnalysisReport) -> list[Finding]:
    return [found for detector in result.detectors for found in detector.findings]


def _lane(detector: DetectorReport, length: float, numbers: dict[int, int]) -> Lane:
    bars: list[Bar] = []
    free = 0.0
    for found in sorted(detector.findings, key=lambda each: each.start_seconds):
        number = numbers.get(id(found))
        if number is None or not found.score:
            continue
        start, end = (100 * min(second / length, 1.0) for second in (found.start_seconds, found.end_seconds))
        width = max(end - start, _THINNEST)
        left = min(start, 100 - width)
        labelled = left >= free
        free = left + _LABEL_ROOM if labelled else free
        bars.append(Bar(number, round(left, 2), round(width, 2), found.score, labelled))
    area = f"{_step(_columns(detector.timeline, length))}V100H0Z"
    return Lane(detector.name, detector.score, area, tuple(bars))


def _columns(points: Iterable[TimelinePoint], length: float) -> list[float]:
    """Give the highest score in each of 250 equal parts of the time."""
    columns = [0.0] * _COLUMNS
    for point in points:
        first = min(int(_COLUMNS * min(point.start_seconds / length, 1.0)), _COLUMNS - 1)
        last = max(math.ceil(_COLUMNS * min(point.end_seconds / length, 1.0) - 1e-6), first + 1)
        for column in range(first, last):
            columns[column] = max(columns[column], point.score)
    return columns


def _step(columns: Sequence[float]) -> str:
    """Give the path of a step line over a box of 1000 x 100, zero at its bottom."""
    path, height = [f"M0 {100 - columns[0]:g}"], columns[0]
    for column, score in enumerate(columns):
        if score != height:
            path.append(f"H{1000 * column / _COLUMNS:g}V{round(100 - score, 1):g}")
            height = score
    return "".join([*path, "H1000"])


def _ticks(length: float) -> tuple[tuple[float, float], ...]:
    step = next((each for each in _STEPS if length / each <= _MOST_TICKS), length / _MOST_TICKS)
    return tuple(
        (round(100 * index * step / length, 2), index * step) for index in range(int(length / step + 1e-9) + 1)
    )
