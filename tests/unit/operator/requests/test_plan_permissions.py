"""The operator's decision about what a namespace may: sources by grants, analyzers and priorities by limits."""

from __future__ import annotations

import pytest

from analysis_operator.api import ConditionType
from analysis_operator.requests.actions import Enqueue
from analysis_operator.requests.limits import Limits, NamespaceLimits
from analysis_operator.requests.observation import Policy
from analysis_operator.requests.plan import plan
from tests.support.operator.requests import EVERYTHING, NOW, observed, reason, request


def test_a_namespace_reads_only_what_it_was_granted() -> None:
    policy = Policy(grants={"bank": ("s3://media/bank/",), "*": ()})
    refused = plan(observed(request(namespace="bank"), policy=policy), NOW)
    assert reason(refused.status) == "SourceForbidden"
    granted = request(namespace="bank", source={"uri": "s3://media/bank/call.wav"})
    assert Enqueue("audio", None) in plan(observed(granted, policy=policy), NOW).actions
    assert reason(plan(observed(request(), policy=policy), NOW).status) == "SourceForbidden"


@pytest.mark.parametrize("key", ["bank/../other/call.wav", "bank/./a", "bank/a\u202egpj.wav", "bank/a\x9b"])
def test_a_key_that_is_not_what_it_looks_like_is_refused_though_it_was_stored_before_the_rule(key: str) -> None:
    policy = Policy(grants={"bank": ("s3://media/bank/",)})
    asked = request(namespace="bank", source={"uri": f"s3://media/{key}"})
    status = plan(observed(asked, policy=policy), NOW).status
    found = status.condition(ConditionType.SUCCEEDED)
    assert found is not None
    assert (found.reason, key in found.message) == ("SourceForbidden", False)


@pytest.mark.parametrize("uri", ["s3://media/bank-evil/call.wav", "s3://media-evil/bank/call.wav", "s3://media/ban"])
def test_a_grant_does_not_reach_what_only_begins_like_it(uri: str) -> None:
    policy = Policy(grants={"bank": ("s3://media/bank/",)})
    asked = request(namespace="bank", source={"uri": uri})
    assert reason(plan(observed(asked, policy=policy), NOW).status) == "SourceForbidden"


def test_without_a_grant_nothing_is_analysed() -> None:
    assert reason(plan(observed(request(), policy=Policy()), NOW).status) == "SourceForbidden"


def test_an_analyzer_is_asked_by_namespaces_that_may() -> None:
    limits = {"*": NamespaceLimits(analyzers=("audio", "video")), "bank": NamespaceLimits(analyzers=("*",))}
    policy = Policy(grants=EVERYTHING, limits=Limits(limits))
    refused = plan(observed(request(analyzers=["audio", "context"]), policy=policy), NOW)
    assert reason(refused.status) == "AnalyzerForbidden"
    assert not [action for action in refused.actions if isinstance(action, Enqueue)]
    allowed = plan(observed(request(namespace="bank", analyzers=["audio"]), policy=policy), NOW)
    assert Enqueue("audio", None) in allowed.actions


def test_what_a_namespaces_own_limits_leave_out_is_as_for_every_other() -> None:
    limits = Limits({"*": NamespaceLimits(analyzers=("audio",), max_priority=0), "a": NamespaceLimits(max_running=2)})
    assert limits.refused("a", ["audio", "context"]) == ["context"]
    assert (limits.running("a"), limits.running("b")) == (2, None)
    assert (limits.priority("a", 1000), limits.priority("a", -5)) == (0, -5)
