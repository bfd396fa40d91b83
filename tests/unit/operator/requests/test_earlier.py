"""Earlier results are adopted instead of analysing the same object again: how that is decided."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from analysis_operator.api import AnalysisRequest, AnalysisState, ConditionType, PinnedSource
from analysis_operator.cache.entry import Earlier
from analysis_operator.requests.actions import Enqueue, LookUp
from analysis_operator.requests.observation import Observation
from analysis_operator.requests.plan import plan
from analyzer_contract import SourceFacts, Unchanged, Verdict
from tests.support.operator.adopting import SHA256
from tests.support.operator.cached import FINGERPRINT, place, report, said
from tests.support.operator.requests import FACTS, NOW, observed, request, run

EARLIER = Earlier("first", "uid-0", NOW, FINGERPRINT, said(report("uid-0"), place("first", "uid-0")))
CHECKED = SourceFacts(etag="e9", size_bytes=1000, sha256=SHA256)
BY_CONTENT = replace(EARLIER, sha256=SHA256)


def asked(**more: Any) -> Observation:
    found: dict[str, Any] = {"earlier": {}} | more
    made = observed(found.pop("request", request()), runs=found.pop("runs", None))
    return Observation(made.request, made.pools, made.runs, None, made.policy, **found)


def pinned(etag: str) -> AnalysisRequest:
    source = PinnedSource(etag=etag, size_bytes=1000).model_dump(by_alias=True)
    return request({"source": source})


FAILED_ONCE = request({"analyses": [{"name": "audio", "state": "Pending", "attempts": 1}]})
BEGINS = [
    ("nothing is adopted", asked(earlier=None), Enqueue("audio", None)),
    ("it was not looked up", asked(), LookUp("audio")),
    ("there is none", asked(earlier={"audio": None}), Enqueue("audio", None)),
    ("there is one", asked(earlier={"audio": EARLIER}), Enqueue("audio", None, known=EARLIER.known)),
    (
        "one was found by its content",
        asked(earlier={"audio": BY_CONTENT}),
        Enqueue("audio", None, known=BY_CONTENT.known),
    ),
    ("an attempt failed", asked(request=FAILED_ONCE, earlier={"audio": EARLIER}), Enqueue("audio", None)),
]


@pytest.mark.parametrize(("observation", "action"), [row[1:] for row in BEGINS], ids=[row[0] for row in BEGINS])
def test_how_an_analysis_begins(observation: Observation, action: object) -> None:
    assert plan(observation, NOW).actions == (action,)


def test_a_result_about_another_state_of_the_object_is_not_asked_about() -> None:
    for etag, known in (("e1", EARLIER.known), ("e2", None)):
        (begun,) = plan(asked(request=pinned(etag), earlier={"audio": EARLIER}), NOW).actions
        assert isinstance(begun, Enqueue)
        assert begun.known == known


def test_an_equal_request_waits_and_says_for_whom() -> None:
    decided = plan(asked(ahead={"audio": "first"}), NOW)
    assert decided.actions == ()
    condition = decided.status.condition(ConditionType.SUCCEEDED)
    assert condition is not None
    assert (condition.reason, "the same object for first" in condition.message) == ("Queued", True)


UNCHANGED = Unchanged(source=FACTS, fingerprint=FINGERPRINT)


def test_what_is_unchanged_gets_the_earlier_result_and_says_so() -> None:
    status = plan(asked(earlier={"audio": EARLIER}, runs={"audio": run(UNCHANGED)}), NOW).status
    (entry,) = status.analyses
    assert (entry.state, entry.verdict, entry.score, entry.attempts) == ("Succeeded", "Suspicious", 70, 0)
    assert entry.cached
    assert entry.cached_from is not None
    assert (entry.cached_from.name, entry.cached_from.uid) == ("first", "uid-0")
    assert (entry.result_uri, entry.result_sha256) == (EARLIER.result.result_uri, EARLIER.result.result_sha256)
    assert status.verdict is Verdict.SUSPICIOUS
    assert status.source is not None
    assert status.source.etag == "e1"
    condition = status.condition(ConditionType.SUCCEEDED)
    assert condition is not None
    assert "audio was not analysed again: the result is that of first." in condition.message


def test_a_result_of_another_object_with_the_same_content_is_about_the_one_that_was_named() -> None:
    answer = run(Unchanged(source=CHECKED, fingerprint=FINGERPRINT))
    for request_ in (request(), pinned("e9")):
        status = plan(asked(request=request_, earlier={"audio": BY_CONTENT}, runs={"audio": answer}), NOW).status
        (entry,) = status.analyses
        assert (entry.state, entry.verdict, entry.cached) == ("Succeeded", "Suspicious", True)
        assert status.source is not None
        assert status.source.etag == "e9"


@pytest.mark.parametrize(
    ("earlier", "answer"),
    [
        ({"audio": BY_CONTENT}, UNCHANGED),
        (
            {"audio": BY_CONTENT},
            UNCHANGED.model_copy(update={"source": CHECKED.model_copy(update={"sha256": "0" * 64})}),
        ),
        ({}, UNCHANGED),
        ({"audio": None}, UNCHANGED),
        ({"audio": EARLIER}, UNCHANGED.model_copy(update={"fingerprint": "0" * 64})),
        ({"audio": EARLIER}, UNCHANGED.model_copy(update={"source": SourceFacts(etag="e2", size_bytes=1000)})),
    ],
)
def test_an_analyzer_that_was_not_asked_so_is_not_believed(earlier: Any, answer: Unchanged) -> None:
    (entry,) = plan(asked(earlier=earlier, runs={"audio": run(answer)}), NOW).status.analyses
    assert (entry.state, entry.reason, entry.attempts) == (AnalysisState.PENDING, "InternalError", 1)
    assert entry.verdict is None


def test_an_object_that_was_replaced_meanwhile_is_told_as_ever() -> None:
    decided = plan(asked(request=pinned("e0"), earlier={"audio": EARLIER}, runs={"audio": run(UNCHANGED)}), NOW)
    assert decided.status.analyses[0].reason == "SourceChanged"
    assert not decided.status.analyses[0].cached
