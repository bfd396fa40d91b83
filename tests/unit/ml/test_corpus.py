"""The scripts of made-up calls: families, and the talk that frauds and honest calls share."""

from __future__ import annotations

from itertools import islice

from ml.context.counts import choices, kinds, sentences, utterances
from ml.context.dialogues import SHARED, calls
from ml.context.templates import acts, scripts


def test_a_family_has_one_name() -> None:
    for language in ("ko", "en"):
        names = [script.family for script in scripts(language)]
        assert len(names) == len(set(names))


def test_korean_has_three_thousand_utterances_and_twelve_kinds() -> None:
    assert len(utterances("ko")) >= 3000
    assert len(kinds("ko")) >= 12


def test_a_line_stands_for_each_of_its_choices_and_slots() -> None:
    assert choices("[yes|no] I [am|was|] {telecom}") == 6
    assert sentences("[yes|no] I am {telecom}", "en") == 2 * sentences("I am {telecom}", "en") > 2


def test_each_act_is_shared_by_frauds_and_honest_calls() -> None:
    for name, lines in acts("ko").items():
        labels = {script.scam for script in scripts("ko") if lines in script.acts}
        assert labels == {True, False}, name


def test_an_act_is_no_stage_of_a_fraud() -> None:
    script = next(script for script in scripts("ko") if script.family == "loan-long-repay-first")
    stages = {turn.stage for made in islice(calls(script, 30, "test"), 30) for turn in made.turns}
    assert SHARED in stages
    assert stages & set(script.stages)
