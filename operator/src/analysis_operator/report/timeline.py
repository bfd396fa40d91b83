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
    """The findings of one kind that are in the report, in the order of time."""

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
    """Return the length of a recording in seconds; if it is not known, the end of the last finding."""
    seconds = result.media.duration_seconds
    if math.isfinite(seconds) and 0 < seconds <= MAX_SECONDS:
        return seconds
    return max((finding.end_seconds for finding in _findings(result)), default=0.0)


def groups(result: AnalysisReport, first: int) -> list[Group]:
    """Return the strongest findings by kind, the strongest kind first, numbered from ``first`` in that order."""
    strongest = sorted(_findings(result), key=lambda finding: -finding.score)[:SHOWN]
    kinds = dict.fromkeys(finding.kind for finding in strongest)
    by_kind: list[Group] = []
    for kind in kinds:
        findings = [finding for finding in strongest if finding.kind == kind]
        findings.sort(key=lambda finding: (finding.start_seconds, -finding.score))
        places = tuple(Place(first + index, finding) for index, finding in enumerate(findings))
        by_kind.append(Group(kind, max(finding.score for finding in findings), places))
        first += len(findings)
    return by_kind


def hidden(result: AnalysisReport) -> int:
    """Return how many findings the report leaves to the JSON."""
    return max(0, len(_findings(result)) - SHOWN)


def chart(result: AnalysisReport, by_kind: Sequence[Group]) -> Chart | None:
    """Return one analysis over time, or None if its length is not known.

    Args:
        result: of the analysis.
        by_kind: its findings, from :func:`groups`.
    """
    length = seconds_of(result)
    if length <= 0:
        return None
    numbers = {id(place.finding): place.number for group in by_kind for place in group.places}
    scored = (detector for detector in result.detectors if _height(detector) > 0)
    strongest = sorted(scored, key=lambda detector: -detector.score)
    lanes = tuple(_lane(detector, length, numbers) for detector in strongest[:_LANES])
    columns = _columns((point for detector in result.detectors for point in detector.timeline), length)
    return Chart(length, _step(columns), lanes, _ticks(length))


def quiet(result: AnalysisReport) -> list[str]:
    """Return the names of the detectors that looked and have nothing to show, each once."""
    names = [
        detector.name
        for detector in result.detectors
        if not detector.findings and not _height(detector) and detector.claim is not Verdict.INCONCLUSIVE
    ]
    return list(dict.fromkeys(names))[:_LANES]


def unable(result: AnalysisReport) -> list[str]:
    """Return the names of the detectors that claim to be unable to tell, each once."""
    names = [detector.name for detector in result.detectors if detector.claim is Verdict.INCONCLUSIVE]
    return list(dict.fromkeys(names))[:_LANES]


def _height(detector: DetectorReport) -> float:
    """Return the highest score that there is to draw; a fact has none."""
    scores = [finding.score for finding in detector.findings] + [point.score for point in detector.timeline]
    return max(scores, default=0.0)


def _findings(result: AnalysisReport) -> list[Finding]:
    return [finding for detector in result.detectors for finding in detector.findings]


def _lane(detector: DetectorReport, length: float, numbers: dict[int, int]) -> Lane:
    bars: list[Bar] = []
    free = 0.0
    for finding in sorted(detector.findings, key=lambda finding: finding.start_seconds):
        number = numbers.get(id(finding))
        if number is None or not finding.score:
            continue
        start, end = (100 * min(second / length, 1.0) for second in (finding.start_seconds, finding.end_seconds))
        width = max(end - start, _THINNEST)
        left = min(start, 100 - width)
        labelled = left >= free
        free = left + _LABEL_ROOM if labelled else free
        bars.append(Bar(number, round(left, 2), round(width, 2), finding.score, labelled))
    area = f"{_step(_columns(detector.timeline, length))}V100H0Z"
    return Lane(detector.name, detector.score, area, tuple(bars))


def _columns(points: Iterable[TimelinePoint], length: float) -> list[float]:
    """Return the highest score in each of 250 equal parts of the time."""
    columns = [0.0] * _COLUMNS
    for point in points:
        first = min(int(_COLUMNS * min(point.start_seconds / length, 1.0)), _COLUMNS - 1)
        last = max(math.ceil(_COLUMNS * min(point.end_seconds / length, 1.0) - 1e-6), first + 1)
        for column in range(first, last):
            columns[column] = max(columns[column], point.score)
    return columns


def _step(columns: Sequence[float]) -> str:
    """Return the path of a step line over a box of 1000 x 100, zero at its bottom."""
    path, height = [f"M0 {100 - columns[0]:g}"], columns[0]
    for column, score in enumerate(columns):
        if score != height:
            path.append(f"H{1000 * column / _COLUMNS:g}V{round(100 - score, 1):g}")
            height = score
    return "".join([*path, "H1000"])


def _ticks(length: float) -> tuple[tuple[float, float], ...]:
    step = next((step for step in _STEPS if length / step <= _MOST_TICKS), length / _MOST_TICKS)
    return tuple(
        (round(100 * index * step / length, 2), index * step) for index in range(int(length / step + 1e-9) + 1)
    )
