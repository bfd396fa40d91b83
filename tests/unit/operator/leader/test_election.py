"""Who works: each row is a sentence, what one operator knows, and what it does then."""

from __future__ import annotations

import pytest

from analysis_operator.leader.election import Lease, Standing, Step, Terms, decide
from analysis_operator.settings import Settings

TERMS = Terms(duration=10, deadline=6, renew_every=2, look_every=1)
NOW = 1000.0
MINE = Lease("me", "my-term", 10, "7")
THEIRS = Lease("other", "their-term", 10, "7")

ROWS = [
    ("There is no Lease: take it.", Standing(None, NOW), Step.ACQUIRE),
    ("It was given back: take it at once.", Standing(Lease("", "their-term", 10, "7"), NOW), Step.ACQUIRE),
    ("It was seen to change just now: wait.", Standing(THEIRS, NOW), Step.WAIT),
    ("It has not changed for nearly its duration: wait.", Standing(THEIRS, NOW - 9.9), Step.WAIT),
    ("It has not changed for its duration: take it.", Standing(THEIRS, NOW - 10), Step.ACQUIRE),
    ("Its holder asked for longer than this version does: wait that long.",
     Standing(Lease("other", "their-term", 30, "7"), NOW - 29), Step.WAIT),
    ("A predecessor in this pod held it, and is gone: take it at once.", Standing(MINE, NOW), Step.ACQUIRE),
    ("It is mine and was renewed a moment ago: renew it.", Standing(MINE, NOW - 2, "my-term", NOW - 2), Step.RENEW),
    ("Renewing has failed for nearly the deadline: try again.",
     Standing(MINE, NOW - 5.9, "my-term", NOW - 5.9), Step.RENEW),
    ("Renewing has failed until the deadline: stop, long before the others' wait ends.",
     Standing(MINE, NOW - 6, "my-term", NOW - 6), Step.LOST),
    ("This process was frozen and the Lease still reads as mine: stop all the same.",
     Standing(MINE, NOW - 60, "my-term", NOW - 60), Step.LOST),
    ("Another has taken it: stop.", Standing(THEIRS, NOW, "my-term", NOW - 1), Step.LOST),
    ("Another by my name has taken it: stop.",
     Standing(Lease("me", "another-term", 10, "8"), NOW, "my-term", NOW - 1), Step.LOST),
    ("It was deleted: stop, since another may create it again.", Standing(None, NOW, "my-term", NOW - 1), Step.LOST),
]  # fmt: skip


@pytest.mark.parametrize(("standing", "wanted"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_an_operator_does(standing: Standing, wanted: Step) -> None:
    assert decide(standing, "me", NOW, TERMS) is wanted


def test_a_deadline_that_is_not_before_the_end_is_no_election() -> None:
    with pytest.raises(ValueError, match="must grow"):
        Terms(duration=6, deadline=6)


@pytest.mark.parametrize(("host", "told"), [("10.0.0.7", "10.0.0.7:9090"), ("fd00::7", "[fd00::7]:9090")])
def test_keda_is_told_an_address_that_it_can_dial(host: str, told: str) -> None:
    assert Settings(scaler_host=host).scaler_address == told
