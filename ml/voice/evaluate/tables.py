"""Tables and lists of the evaluation card of a voice detector, as lines of Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from ml.common import metrics
from ml.voice.data.corpus import Clip
from ml.voice.evaluate.judging import JudgedClip, ScoredClip

_SNR_EDGES: Final = (-100.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 200.0)
_BAND_EDGES: Final = (0.0, 4000.0, 5000.0, 6000.0, 7000.0, 8001.0)
MOST_ACCUSED: Final = 0.05
"""Share of a source's recordings that may be accused before the card lists the source."""
LEAST_CAUGHT: Final = 0.5
"""Share of a family's clips that must be ``LikelyFake``, or else the card lists the family."""
_FEW: Final = 5  # clips of a family; with fewer the card states no share


def failures(judged: Sequence[JudgedClip], *, attacks: bool = False) -> list[str]:
    """Return a list of families that are missed, and of sources and channels that are accused.

    Args:
        judged: clips in the domain.
        attacks: whether to leave out the recordings.
    """
    lines = []
    synthetic = (entry for entry in judged if entry.clip.label == "synthetic")
    for name, group in groups(synthetic, lambda entry: entry.clip.family):
        share = accused_share(group)
        if len(group) >= _FEW and share < LEAST_CAUGHT:
            lines.append(f"- **{name}**: {_percent(1 - share)} of {len(group)} clips are not `LikelyFake`.")
    recorded = [entry for entry in judged if entry.clip.label == "recorded" and not attacks]
    for kind, key in (("source", _source), ("channel", _channel)):
        for name, group in groups(recorded, key):
            for verdict, share in (
                ("LikelyFake", accused_share(group)),
                ("Suspicious or worse", suspected_share(group)),
            ):
                if share > MOST_ACCUSED:
                    lines.append(f"- {kind} **{name}**: {_percent(share)} of {len(group)} recorded clips: {verdict}.")
    return lines


def errors(clips: Sequence[ScoredClip], seed: int, score: Callable[[ScoredClip], float | None]) -> list[str]:
    """Return a table of EER and AUC against all recorded clips, for each kind and family of synthetic speech.

    Args:
        clips: recorded and synthetic ones.
        seed: of the bootstrap.
        score: function from a clip to its score; clips with None are left out.
    """
    scored = [(entry.clip, value) for entry in clips if (value := score(entry)) is not None]
    recorded = [pair for pair in scored if pair[0].label == "recorded"]
    synthetic = [pair for pair in scored if pair[0].label == "synthetic"]
    kinds = _grouped(synthetic, lambda clip: f"all {clip.kind}")
    sets = [("all synthetic", synthetic), *kinds, *_grouped(synthetic, lambda clip: clip.family)]
    piper_and_hibari = [pair for pair in synthetic if pair[0].family in {"piper", "hibari"}]
    if piper_and_hibari:
        sets.insert(1, ("piper and hibari", piper_and_hibari))
    head = ["synthetic speech", "clips", "voices", "EER", "95 % by clip", "95 % by speaker", "AUC", "95 % by speaker"]
    head += ["caught at 5 %", "at 1 %"]
    return table(head, [_error_row(name, recorded, group, seed) for name, group in sets])


def _error_row(
    name: str, recorded: Sequence[tuple[Clip, float]], synthetic: Sequence[tuple[Clip, float]], seed: int
) -> list[str]:
    first, second = (np.array([value for _, value in group], np.float64) for group in (recorded, synthetic))
    speakers = ([clip.speaker for clip, _ in recorded], [clip.speaker for clip, _ in synthetic])
    return [
        name,
        str(len(synthetic)),
        str(len(set(speakers[1]))),
        _percent(metrics.eer(first, second)),
        _interval(metrics.bootstrap(metrics.eer, first, second, seed=seed)),
        _interval(metrics.bootstrap(metrics.eer, first, second, speakers, seed=seed)),
        f"{metrics.auc(first, second):.3f}",
        _interval(metrics.bootstrap(metrics.auc, first, second, speakers, seed=seed), percent=False),
        *(_percent(metrics.detection_at(share)(first, second)) for share in (0.05, 0.01)),
    ]


def at_thresholds(clips: Sequence[ScoredClip], judged: Sequence[JudgedClip], key: Callable[[Clip], str]) -> list[str]:
    """Return a table of the clips of each group: how many are in the domain, and which verdicts these get."""
    head = ["", "recorded", "in the domain", "Suspicious or worse", "LikelyFake"]
    head += ["synthetic", "in the domain", "Suspicious or worse", "LikelyFake"]
    body = []
    inside = dict(groups(judged, lambda entry: key(entry.clip)))
    for name, group in groups(clips, lambda entry: key(entry.clip)):
        cells = [name]
        for label in ("recorded", "synthetic"):
            of_label = [entry for entry in inside.get(name, []) if entry.clip.label == label]
            cells += [str(sum(entry.clip.label == label for entry in group)), str(len(of_label))]
            shares = [suspected_share(of_label), accused_share(of_label)]
            cells += [_percent(share) for share in shares] if of_label else ["", ""]
        body.append(cells)
    return table(head, body)


def buckets(clips: Sequence[ScoredClip], threshold: float) -> list[str]:
    """Return a table of the share of windows of recorded clips that reach a threshold, by noise and bandwidth."""
    windows = [window for entry in clips if entry.clip.label == "recorded" for window in entry.windows]
    bands = list(pairwise(_BAND_EDGES))
    head = ["signal to noise", *(f"{low / 1000:g} to {min(high, 8000) / 1000:g} kHz" for low, high in bands), "all"]
    body = []
    for low, high in pairwise(_SNR_EDGES):
        in_row = [window for window in windows if low <= window.conditions.snr_db < high]
        cells = [[window for window in in_row if a <= window.conditions.bandwidth_hz < b] for a, b in bands]
        texts = [
            f"{_percent(sum(window.score >= threshold for window in cell) / len(cell))} of {len(cell)}" if cell else ""
            for cell in [*cells, in_row]
        ]
        body.append([f"{low:g} to {high:g} dB" if low > _SNR_EDGES[0] else f"below {high:g} dB", *texts])
    return table(head, body)


def reliability(judged: Sequence[JudgedClip]) -> list[str]:
    """Return a table of predicted probabilities, by the calibration of the other folds, and observed shares."""
    probabilities = [
        np.array([_probability(entry) for entry in judged if entry.clip.label == label])
        for label in ("recorded", "synthetic")
    ]
    return reliability_table(*probabilities)


def reliability_table(recorded: metrics.Scores, synthetic: metrics.Scores) -> list[str]:
    """Return a table of predicted probabilities and observed shares.

    Args:
        recorded: probabilities of the recorded clips.
        synthetic: those of the synthetic ones.
    """
    body = [
        [
            f"{entry.low:.1f} to {entry.low + 0.1:.1f}",
            str(entry.count),
            f"{entry.predicted:.2f}",
            f"{entry.observed:.2f}",
            "▇" * round(20 * entry.observed),
        ]
        for entry in metrics.reliability(recorded, synthetic)
    ]
    return table(["probability", "clips", "mean", "share of synthetic clips, classes of equal weight", ""], body)


def _probability(judged: JudgedClip) -> float:
    calibration = judged.calibration
    return float(metrics.probability(np.array([judged.score]), calibration.slope, calibration.intercept)[0])


def table(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    """Return a Markdown table."""
    rows = [head, ["---"] * len(head), *body]
    return [f"| {' | '.join(cells)} |" for cells in rows]


def suspected_share(group: Sequence[JudgedClip]) -> float:
    """Return the share of clips that are at least ``Suspicious``; 0 of none."""
    return sum(entry.suspected for entry in group) / max(len(group), 1)


def accused_share(group: Sequence[JudgedClip]) -> float:
    """Return the share of clips that are ``LikelyFake``; 0 of none."""
    return sum(entry.accused for entry in group) / max(len(group), 1)


def groups[T](items: Iterable[T], key: Callable[[T], str]) -> list[tuple[str, list[T]]]:
    """Return the items by their keys, in the keys' order."""
    result: dict[str, list[T]] = {}
    for item in items:
        result.setdefault(key(item), []).append(item)
    return sorted(result.items())


def _grouped(
    scored: Iterable[tuple[Clip, float]], key: Callable[[Clip], str]
) -> list[tuple[str, list[tuple[Clip, float]]]]:
    return groups(scored, lambda pair: key(pair[0]))


def _source(judged: JudgedClip) -> str:
    return judged.clip.source


def _channel(judged: JudgedClip) -> str:
    return judged.clip.channel


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _interval(interval: metrics.Interval, percent: bool = True) -> str:
    if percent:
        return f"{100 * interval.low:.1f} to {100 * interval.high:.1f} %"
    return f"{interval.low:.3f} to {interval.high:.3f}"
