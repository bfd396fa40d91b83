"""Calls that nobody trained on stay as they were written, and are judged as docs/cards/words.md says at least."""

from __future__ import annotations

import hashlib

import pytest

from ml.common.paths import repo_root
from ml.context.unseen import FOLDER, PARTS, answer, unseen

CARD = (repo_root() / "docs" / "cards" / "words.md").read_text(encoding="utf-8")

LEAST_SHARE = {"first": 0.9, "second": 0.85, "third": 0.85, "fourth": 0.9, "fifth": 0.9, "sixth": 0.9, "seventh": 0.9}
LEAST_SHARE |= {"tenth": 0.88, "hard-five": 0.75}
LEAST_SHARE |= {"eighth": 0.9, "ninth": 0.95, "hard": 0.6, "hard-two": 0.9, "hard-three": 0.6, "hard-four": 0.8}
MOST_WRONG = {"first": 0, "second": 0, "third": 0, "fourth": 3, "fifth": 0, "sixth": 0, "seventh": 0, "eighth": 2}
MOST_WRONG |= {"tenth": 4, "hard-five": 0, "ninth": 0, "hard": 0, "hard-two": 0, "hard-three": 0, "hard-four": 0}
"""The card says which; of the hard frauds more than half are found, and each set is judged as its author wrote it."""


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.name)
def test_a_set_is_the_one_that_was_frozen(path: object) -> None:
    content = (FOLDER / str(path)).read_bytes()
    assert hashlib.sha256(content).hexdigest() in CARD


@pytest.mark.parametrize("batch", LEAST_SHARE)
def test_most_frauds_are_found_and_hardly_an_honest_call_accused(batch: str) -> None:
    calls = [call for call in unseen(batch) if call.language == "ko"]
    found = [answer(call.turns).joined for call in calls if call.scam]
    wrong = [answer(call.turns).joined for call in calls if not call.scam]
    assert sum(found) >= LEAST_SHARE[batch] * len(found)
    assert sum(wrong) <= MOST_WRONG[batch]


@pytest.mark.parametrize(("part", "most", "least"), [("30 s", 5, 16), ("60 s", 2, 32), ("300 characters", 6, 25)])
def test_little_of_an_honest_call_accuses_hardly_anybody(part: str, most: int, least: int) -> None:
    calls = unseen("tenth")
    accused = [(call.scam, answer(PARTS[part](call)).joined) for call in calls]
    assert sum(wrong for scam, wrong in accused if not scam) <= most
    assert sum(found for scam, found in accused if scam) >= least
