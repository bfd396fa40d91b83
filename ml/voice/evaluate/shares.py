"""Shares, with their intervals, and tables of clips of published speech that were judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from ml.common import metrics
from ml.voice.data.published import Clip
from ml.voice.evaluate.tables import groups, table
from ml.voice.train.joining import Judged


def share(hits: int, count: int) -> str:
    """Return a share in per cent, with Wilson's interval; empty of none."""
    if not count:
        return ""
    low, high = metrics.wilson(hits, count)
    return f"{100 * hits / count:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def by(group: Sequence[Judged], key: Callable[[Clip], str]) -> list[str]:
    """Return a table of the clips in the domain by a key: how many are suspected, how many accused."""
    body = [
        [name, str(len(of)), share(sum(e.suspected for e in of), len(of)), share(sum(e.accused for e in of), len(of))]
        for name, of in groups(group, lambda entry: key(entry.clip))
    ]
    return table(["", "in the domain", "`Suspicious` or worse", "`LikelyFake`"], body)


def by_class(judged: Sequence[Judged]) -> tuple[metrics.Scores, metrics.Scores]:
    """Return the scores of recordings, and those of synthetic clips."""
    recorded, synthetic = (
        np.array([entry.score for entry in judged if entry.clip.synthetic is label], np.float64)
        for label in (False, True)
    )
    return recorded, synthetic


def areas(where: str, judged: Sequence[Judged], bars: tuple[str, str, str]) -> list[list[str]]:
    """Return rows of AUC, EER and what is found at 1 % of false positives; none where a class is missing."""
    recorded, synthetic = by_class(judged)
    if not len(recorded) or not len(synthetic):
        return []
    return [
        [f"AUC, {where}", f"{metrics.auc(recorded, synthetic):.3f}", bars[0]],
        [f"EER, {where}", f"{100 * metrics.eer(recorded, synthetic):.1f} %", bars[1]],
        [f"found at 1 %, {where}", f"{100 * metrics.detection_at(0.01)(recorded, synthetic):.1f} %", bars[2]],
    ]


def people(recorded: Sequence[Judged]) -> list[str]:
    """Return how many people have how many clips that are suspected."""
    suspected = Counter(entry.clip.person for entry in recorded if entry.suspected)
    everybody = {entry.clip.person for entry in recorded}
    repeated = sorted(person for person, count in suspected.items() if count > 1)
    line = f"Of {len(everybody)} people, {len(suspected)} have a clip that is `Suspicious`; "
    return [line + (f"more than one: {', '.join(repeated)}." if repeated else "nobody has two.")]


def korean(clip: Clip) -> str:
    """Return whether a clip is Korean, as a table's first column."""
    return "Korean" if clip.language == "ko" else "other"


def counts_for_korean(entry: Judged) -> bool:
    """Whether a clip counts where Korean synthetic speech is compared with all recordings."""
    return not entry.clip.synthetic or entry.clip.language == "ko"
