"""What `kubectl guardian why` says: facts in, sentences out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analysis_operator.analyzers import pods as pod_reading
from analysis_operator.api import AnalysisRequest, Analyzer
from analysis_operator.cli.cluster import advice
from analysis_operator.cli.cluster.why import Answer, Facts, explain
from analyzer_contract import FailureReason
from tests.cluster.paths import repo_root

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
NO_NODE = "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector."


def request(reason: str = "Scaling", message: str = "", *, ended: bool = False, **more: Any) -> AnalysisRequest:
    condition = {"lastTransitionTime": NOW.isoformat(), "message": message, "reason": reason}
    status: dict[str, Any] = {
        "conditions": [
            {"type": "Succeeded", "status": "Unknown", **condition},
            {"type": "Finished", "status": str(ended), **condition},
        ],
        **more.pop("status", {}),
    }
    created = (NOW - timedelta(minutes=3)).isoformat()
    spec = {"source": {"uri": "s3://media/call.wav"}, "analyzers": ["video"], **more}
    return AnalysisRequest.model_validate(
        {"metadata": {"name": "call-7", "uid": "u", "creationTimestamp": created}, "spec": spec, "status": status}
    )


def pool(ready: tuple[str, str, str] = ("True", "PodsReady", ""), **spec: Any) -> Analyzer:
    state, reason, message = ready
    condition = {"type": "Ready", "status": state, "reason": reason, "message": message}
    status = {"queued": 4, "running": 2, "readyReplicas": 1, "conditions": [
        {**condition, "lastTransitionTime": NOW.isoformat()}
    ]}  # fmt: skip
    meta = {"name": "video", "namespace": "silver-guardian"}
    return Analyzer.model_validate({"metadata": meta, "spec": {"image": "x", **spec}, "status": status})


def pod(**status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "video-1", "labels": {"silverguardian.io/analyzer": "video"}}, "status": status}


def node(name: str = "n", labels: dict[str, str] | None = None, *, ready: bool = True, **spec: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": str(ready)}]
    return {"metadata": {"name": name, "labels": labels or {}}, "spec": spec, "status": {"conditions": conditions}}


def why(asked: AnalysisRequest, *pools: Analyzer, **more: Any) -> Answer:
    analyzers = {found.metadata.name: found for found in pools}
    return explain(Facts(asked, NOW, "silver-guardian", **{"analyzers": analyzers, **more}))


UNSCHEDULED = pod(conditions=[{"type": "PodScheduled", "status": "False", "message": NO_NODE}])
ML = {"workload": "ml"}


@pytest.mark.parametrize(
    ("nodes", "sentence"),
    [
        ([], "The cluster has no nodes."),
        ([node()], "No node has the labels that the pool asks for: workload=ml. Nodes in all: 1."),
        ([node(labels=ML, ready=False)], "No node with the labels workload=ml takes such a pod: 1 is not ready."),
        (
            [node(labels=ML, unschedulable=True), node(labels=ML, unschedulable=True)],
            "No node with the labels workload=ml takes such a pod: 2 are cordoned.",
        ),
        (
            [node(labels=ML, taints=[{"key": "gpu", "value": "yes", "effect": "NoSchedule"}])],
            "No node with the labels workload=ml takes such a pod: 1 is tainted with gpu=yes:NoSchedule.",
        ),
        (
            [node(labels=ML, taints=[{"key": "workload", "value": "ml", "effect": "NoSchedule"}]), node()],
            "1 of 1 nodes with the labels workload=ml may take such a pod, with room for 500m CPU and 512Mi.",
        ),
    ],
)
def test_a_pod_without_a_node_is_explained_by_the_nodes(nodes: list[dict[str, Any]], sentence: str) -> None:
    answer = why(request(message="No pod of video is ready."), pool(), pods=[UNSCHEDULED], nodes=nodes)
    assert answer.headline == "call-7 waits (Scaling): No pod of video is ready."
    assert f"Pod video-1 has no node: {NO_NODE}" in answer.because
    assert sentence in answer.because
    assert answer.todo[0].startswith("Add a node with the pool's labels")


@pytest.mark.parametrize(
    ("container", "sentence", "todo"),
    [
        ("ImagePullBackOff", "Its image cannot be pulled (pod video-1)", "Check the image's name and tag"),
        ("CrashLoopBackOff", "It crashes at its start (pod video-1)", "Read why: kubectl logs -n silver-guardian"),
        ("CreateContainerConfigError", "Its configuration is incomplete", "Make the Secret or key"),
    ],
)
def test_a_pod_that_does_not_start_is_named_with_what_to_do(container: str, sentence: str, todo: str) -> None:
    stuck = pod(containerStatuses=[{"state": {"waiting": {"reason": container}}}])
    answer = why(request(), pool(), pods=[stuck])
    assert any(told.startswith(sentence) for told in answer.because)
    assert answer.todo[0].startswith(todo)


def test_a_full_pool_is_told_in_numbers() -> None:
    answer = why(request("Queued", "Waiting for a free slot of video."), pool(concurrency=2))
    assert answer.because == [
        "Pool video: 4 queued, 2 running; 1 of at most 5 pods are ready, each for 2 at a time.",
    ]
    assert "raise spec.priority" in answer.todo[0]


@pytest.mark.parametrize(
    ("asked", "facts", "headline", "told", "todo"),
    [
        (
            request("Pending"), {"operators": 0}, "waits: the operator has not seen it yet.",
            "No pod of the operator in namespace silver-guardian is ready.", "Look at its pods",
        ),
        (
            request("Pending"), {}, "waits: the operator has not seen it yet.", "It was made 3m ago.",
            "If this lasts, find out whether the operator runs",
        ),
        (
            request("Suspended", "spec.suspend is set.", suspend=True), {}, "waits (Suspended)", "",
            "To let it run: kubectl guardian resume call-7",
        ),
        (
            request("Scaling"), {"analyzers": {}}, "waits (Scaling)",
            "There is no Analyzer video in namespace silver-guardian; there are: none.", "Name Analyzers that exist",
        ),
        (
            request("Scaling"), {"analyzers": None}, "waits (Scaling)",
            "You may not read the Analyzers in namespace silver-guardian", "Nothing while a pod is starting.",
        ),
        (
            request("Queued", deadlineSeconds=600), {}, "waits (Queued)",
            "It ends at 2026-11-23 10:07:00 UTC whatever happens", "",
        ),
        (
            request("CorruptMedia", "It ends early.", ended=True), {}, "has no verdict (CorruptMedia): It ends early.",
            "", "Upload it again",
        ),
        (
            request("FromTheFuture", "New.", ended=True), {}, "has no verdict (FromTheFuture): New.", "", "",
        ),
    ],
)  # fmt: skip
def test_what_it_waits_for_or_how_it_ended_is_said(
    asked: AnalysisRequest, facts: dict[str, Any], headline: str, told: str, todo: str
) -> None:
    answer = why(asked, pool(), **facts)
    assert headline in answer.headline
    assert told in " ".join(answer.because)
    assert todo in " ".join(answer.todo)


def test_what_runs_what_was_lost_and_what_is_tried_again_is_said() -> None:
    entries = [
        {"name": "video", "state": "Running", "pod": "video-1", "progress": 40, "message": "frames", "disruptions": 1,
         "startedAt": (NOW - timedelta(seconds=9)).isoformat()},
        {"name": "audio", "state": "Pending", "attempts": 1, "message": "It crashed.",
         "retryAt": (NOW + timedelta(seconds=8)).isoformat()},
    ]  # fmt: skip
    asked = request("Running", analyzers=["video", "audio"], status={"analyses": entries, "progress": 20})
    answer = why(asked, pool())
    assert answer.headline == "call-7 is under way (Running), 20 % done."
    assert answer.because[:4] == [
        "video runs in pod video-1 for 9s, 40 %: frames",
        "video lost its pod, or the operator that followed it, once; that is no attempt.",
        "audio: 1 of 3 attempts failed: It crashed.",
        "audio is tried again in 8s.",
    ]


def test_a_verdict_names_its_report_and_what_failed_beside_it() -> None:
    entries = [
        {"name": "video", "state": "Failed", "reason": "OutOfMemory", "message": "It needed too much."},
        {"name": "audio", "state": "Succeeded", "verdict": "Suspicious", "message": "Cut."},
    ]
    status = {"analyses": entries, "verdict": "Suspicious", "score": 80, "reportURI": "s3://r/report.html"}
    answer = why(request("PartiallyCompleted", "Suspicious, score 80.", ended=True, status=status))
    assert answer.headline == "call-7 has its verdict (PartiallyCompleted): Suspicious, score 80."
    assert answer.because == ["video, OutOfMemory: It needed too much.", "audio, Suspicious: Cut."]
    assert answer.todo[0] == "To read the evidence: kubectl guardian report call-7"
    assert "memory" in answer.todo[1]


def test_warnings_that_say_something_new_are_shown_the_last_three() -> None:
    events: list[dict[str, Any]] = [
        {"type": "Warning", "reason": f"R{n}", "message": f"m{n}", "lastTimestamp": f"2026-11-23T09:0{n}:00Z"}
        for n in (4, 1, 2, 3)
    ]
    events += [{"type": "Normal", "reason": "N", "message": "n"}, {"type": "Warning", "reason": "S", "message": "said"}]
    answer = why(request("Retrying", "It was said."), pool(), events=events)
    assert answer.because[-3:] == ["Event R2: m2", "Event R3: m3", "Event R4: m4"]


def test_every_reason_that_the_docs_explain_of_a_request_has_advice() -> None:
    page = (repo_root() / "docs" / "reasons.md").read_text(encoding="utf-8")
    tables = [
        page[page.index(f"## {title}") :].split("\n## ")[0] for title in ("Before the end", "Succeeded", "Failed")
    ]
    first_cells = [row.split("|")[1] for table in tables for row in table.splitlines() if row.startswith("| `")]
    documented = {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)} | set(FailureReason)
    assert documented - set(advice.FOR_REASON) == set()


def test_every_problem_of_a_pod_has_advice() -> None:
    problems = [f"{text} (pod p): x" for text in pod_reading._WAITING.values()] + ["Pod p has no node: x"]
    assert [problem for problem in problems if not advice.for_missing([problem], pool="p", system="s")] == []
