"""The pipeline's state machine as a document: what must hold of it before anybody executes it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis_operator.api import AnalysisState, AnalysisStatus
from analysis_operator.requests.verdict import fuse
from analyzer_contract import Verdict
from tests.support.aws.state_machine import (
    ANALYZERS,
    create_definition,
    declarations,
    definition,
    evaluate,
    event_pattern,
    patches,
)

SETTINGS: dict[str, Any] = {
    "cluster_name": "guardian",
    "certificate_authority": "Y2E=",
    "endpoint": "https://cluster",
    "namespace": "calls",
    "poll_seconds": 3,
    "wait_seconds": 21600,
}
CREATE_ARN = "arn:aws:states:ap-northeast-2:123456789012:stateMachine:create"
TEXTS = {
    "poll": definition(**SETTINGS),
    "token": definition(CREATE_ARN, **SETTINGS),
    "create": create_definition(**SETTINGS),
    "function": definition(**SETTINGS, function_arn="arn:aws:lambda:::f", function_seconds=840, results="s3://r/"),
}
MACHINES = {name: json.loads(text) for name, text in TEXTS.items()}
MERGE = MACHINES["poll"]["States"]["Merge"]["Output"]
EKS_CALL = "arn:aws:states:::eks:call"
WHOLES = pytest.mark.parametrize("whole", TEXTS)

# What S3 sends through EventBridge when an object was put into a versioned bucket.
EVENT: dict[str, Any] = {
    "version": "0",
    "id": "17793124-05d4-b198-2fde-7ededc63b103",
    "detail-type": "Object Created",
    "source": "aws.s3",
    "account": "111122223333",
    "time": "2026-11-12T00:00:00Z",
    "region": "ap-northeast-2",
    "resources": ["arn:aws:s3:::guardian-media"],
    "detail": {
        "version": "0",
        "bucket": {"name": "guardian-media"},
        "object": {
            "key": "calls/2026/할머니.wav",
            "size": 511_204,
            "etag": "b1946ac92492d2347c6235b4d2611184",
            "version-id": "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e",
            "sequencer": "00617F08299329D189",
        },
        "request-id": "N4N7GDK58NMKJ12R",
        "requester": "123456789012",
        "source-ip-address": "203.0.113.7",
        "reason": "PutObject",
    },
}


def successors(state: dict[str, Any]) -> Iterator[str]:
    rules = [state, *state.get("Choices", []), *state.get("Catch", [])]
    yield from (rule["Next"] for rule in rules if "Next" in rule)
    yield from (state[key] for key in ("Default",) if key in state)


def parts(whole: str) -> list[dict[str, Any]]:
    """Return a state machine and the branches within it."""
    machine = MACHINES[whole]
    return [machine, *(branch for state in machine["States"].values() for branch in state.get("Branches", []))]


def calls() -> list[Any]:
    states = [(whole, *named) for whole in MACHINES for part in parts(whole) for named in part["States"].items()]
    return [
        pytest.param(state, id=f"{whole}: {name}") for whole, name, state in states if state.get("Resource") == EKS_CALL
    ]


@WHOLES
def test_the_interpreter_takes_it(whole: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

    for target, value in patches("", []):
        monkeypatch.setattr(target, value)
    AmazonStateLanguageParser.parse(TEXTS[whole])


@WHOLES
def test_every_state_is_reached_and_every_way_leads_to_one(whole: str) -> None:
    for part in parts(whole):
        states, reached, ahead = part["States"], set(), [part["StartAt"]]
        while ahead:
            name = ahead.pop()
            assert name in states
            if name not in reached:
                reached.add(name)
                ahead.extend(successors(states[name]))
        assert reached == set(states)


@WHOLES
def test_no_two_states_have_one_name_and_none_has_a_long_one(whole: str) -> None:
    names = [name for part in parts(whole) for name in part["States"]]
    assert len(names) == len(set(names))
    assert max(map(len, names)) <= 80


@pytest.mark.parametrize("task", calls())
def test_every_call_ends_is_tried_again_and_never_fails_the_other_branches(task: dict[str, Any]) -> None:
    assert task["TimeoutSeconds"] == 30
    never, _, again = task["Retry"]
    assert never["MaxAttempts"] == 0
    assert again["ErrorEquals"] == ["States.ALL"]
    assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"]


def test_the_longest_wait_stays_within_the_history_that_an_execution_may_have() -> None:
    waited, pause, rounds = 0, 3, 0
    while waited < 21600:
        waited, pause, rounds = waited + pause, min(-(-pause * 3 // 2), 30), rounds + 1
    events_of_a_round = 2 + 5 + 2  # Wait and Choice are entered and left; a Task is also scheduled, started and ended
    retried = 2 * (3 + 8) * 3  # both calls, each with every retry: scheduled, started and failed
    assert len(ANALYZERS) * (rounds * events_of_a_round + retried) + 50 < 25_000


def merged(analyses: list[dict[str, Any]]) -> dict[str, Any]:
    expression = MERGE.removeprefix("{%").removesuffix("%}")
    bindings = declarations({"$states": {"input": analyses}, "$source": {"uri": "s3://media/a.wav"}})
    output: dict[str, Any] = evaluate(f"({bindings}{expression})")
    return output


SPOKEN = st.builds(
    lambda verdict, score: {"state": "Succeeded", "verdict": verdict.value, "score": score},
    st.sampled_from(Verdict),
    st.integers(0, 100),
)
SILENT = st.sampled_from(["Failed", "Skipped", "Error"]).map(lambda state: {"state": state})
REASON = {"reason": "Because", "message": "A sentence."}


@given(st.lists(SPOKEN | SILENT, min_size=3, max_size=3))
def test_the_merge_is_the_rule_that_the_operator_has(analyses: list[dict[str, Any]]) -> None:
    names = dict(enumerate(ANALYZERS))
    output = merged([{"analyzer": names[number], **REASON, **analysis} for number, analysis in enumerate(analyses)])
    states = {"Error": AnalysisState.FAILED}
    rule = fuse(
        [
            AnalysisStatus(
                name=names[number],
                state=states.get(analysis["state"]) or AnalysisState(analysis["state"]),
                verdict=analysis.get("verdict"),
                score=analysis.get("score"),
            )
            for number, analysis in enumerate(analyses)
        ]
    )
    assert (output["verdict"], output["score"]) == ((rule.verdict, rule.score) if rule else (None, None))


def test_the_merge_tells_what_was_not_looked_at() -> None:
    output = merged(
        [
            {"analyzer": "audio", "state": "Succeeded", "verdict": "NoEvidence", "score": 3, **REASON},
            {"analyzer": "video", "state": "Skipped", "reason": "NoVideoStream", "message": "No picture."},
            {"analyzer": "context", "state": "Failed", "reason": "OutOfMemory", "message": "Too large."},
        ]
    )
    assert output["reason"] == "PartiallyCompleted"
    assert output["message"] == (
        "Inconclusive, score 3. video skipped (NoVideoStream): No picture. context failed (OutOfMemory): Too large."
    )
    assert [entry["analyzer"] for entry in output["analyses"]] == list(ANALYZERS)


def matches(**changes: Any) -> bool:
    from moto.events.models import EventPattern

    pattern = EventPattern.load(event_pattern("guardian-media", ["calls/", "videos/"]))
    event = copy.deepcopy(EVENT)
    for path, value in changes.items():
        *parents, last = path.split("__")
        node = event
        for parent in parents:
            node = node[parent]
        node[last] = value
    return bool(pattern.matches_event(event))


EVENTS = [
    ("an upload", {}, True),
    ("an upload under another prefix that is granted", {"detail__object__key": "videos/a.mp4"}, True),
    ("an upload elsewhere in the bucket", {"detail__object__key": "other/a.wav"}, False),
    ("a folder's empty mark", {"detail__object__size": 0}, False),
    ("an upload into another bucket", {"detail__bucket__name": "guardian-results"}, False),
    ("a deletion", {"detail-type": "Object Deleted"}, False),
]


@pytest.mark.parametrize(("changes", "starts"), [row[1:] for row in EVENTS], ids=[row[0] for row in EVENTS])
def test_an_upload_starts_it_and_nothing_else_does(changes: dict[str, Any], starts: bool) -> None:
    assert matches(**changes) is starts
