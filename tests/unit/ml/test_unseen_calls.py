"""Calls that nobody trained on stay as they were written, and are judged as docs/cards/words.md says at least."""

from __future__ import annotations

import hashlib

import pytest

from ml.common.paths import repo_root
from ml.context.unseen import FOLDER, PARTS, answer, unseen

CARD = (repo_root() / "docs" / "cards" / "words.md").read_text(encoding="utf-8")

LEAST_SHARE = {"first": 0.9, "second": 0.8, "third": 0.85, "fourth": 0.9, "fifth": 0.9, "sixth": 0.9, "seventh": 0.9}
LEAST_SHARE |= {"tenth": 0.95, "hard-five": 0.8, "eleventh": 0.93, "hard-six": 0.87}
LEAST_SHARE |= {"eighth": 0.9, "ninth": 0.95, "hard": 0.55, "hard-two": 0.9, "hard-three": 0.8, "hard-four": 0.9}
MOST_WRONG = {"first": 0, "second": 0, "third": 0, "fourth": 2, "fifth": 0, "sixth": 1, "seventh": 0, "eighth": 3}
MOST_WRONG |= {"eleventh": 2, "hard-six": 0, "tenth": 3, "hard-five": 0, "ninth": 0}
MOST_WRONG |= {"hard": 0, "hard-two": 0, "hard-three": 0, "hard-four": 0}
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


@pytest.mark.parametrize(
    ("batch", "part", "most", "least"),
    [
        ("tenth", "30 s", 3, 20), ("tenth", "60 s", 5, 35), ("tenth", "300 characters", 5, 28),
        ("eleventh", "30 s", 2, 20), ("eleventh", "60 s", 2, 31), ("eleventh", "300 characters", 2, 25),
    ],
)  # fmt: skip
def test_little_of_an_honest_call_accuses_hardly_anybody(batch: str, part: str, most: int, least: int) -> None:
    calls = unseen(batch)
    accused = [(call.scam, answer(PARTS[part](call)).joined) for call in calls]
    assert sum(wrong for scam, wrong in accused if not scam) <= most
    assert sum(found for scam, found in accused if scam) >= least
