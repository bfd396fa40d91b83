"""Calls as text that are not part of this repository: ``../shared/text``, with one JSON object a line."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass

from context_analyzer.classifier.text import clean, pieces, spoken
from ml.common.paths import repo_root

FOLDER = repo_root().parent / "shared" / "text"
ROBOCALLS, SERVICE = "en_scam_robocalls_ftc.jsonl.gz", "en_honest_sgd_bank_payment_service.jsonl.gz"

_SAME = 0.3
"""Share of pieces in common from which on two robocalls are of one campaign."""


@dataclass(frozen=True)
class Text:
    """One call.

    Attributes:
        name: its id.
        turns: what is said.
    """

    name: str
    turns: tuple[str, ...]


def texts(file: str) -> list[Text]:
    """Return the calls of a file; none if it is not there."""
    path = FOLDER / file
    if not path.exists():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        entries = [json.loads(line) for line in lines]
    return [Text(entry["id"], tuple(turn["text"] for turn in entry["turns"])) for entry in entries]


def campaigns(calls: Sequence[Text]) -> list[list[Text]]:
    """Return robocalls grouped by campaign: each in the group of the first call of which it has much in common."""
    groups, firsts = list[list[Text]](), list[set[int]]()
    for call in calls:
        own = set(pieces(spoken([clean(turn) for turn in call.turns], "en")).ids.tolist())
        shares = [len(own & first) / max(min(len(own), len(first)), 1) for first in firsts]
        best = max(range(len(shares)), key=shares.__getitem__, default=-1)
        if best >= 0 and shares[best] >= _SAME:
            groups[best].append(call)
        else:
            groups.append([call])
            firsts.append(own)
    return groups
