"""Analyzers against a real API server: what is owned is applied, mended and reported; a dead watch is noticed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.integration.controller.conftest import World
from tests.support.operator import NAMESPACE, RULES, grant, until

pytestmark = pytest.mark.integration

OWNED = "deployment,service,poddisruptionbudget,serviceaccount,networkpolicy"


def owned(world: World) -> set[str]:
    listed = world.server.get(OWNED, "-n", NAMESPACE, "-l", "silverguardian.io/analyzer=scripted")
    return {item["kind"] for item in listed["items"]}


def test_what_an_analyzer_owns_is_applied_and_says_whose_it_is(world: World) -> None:
    until(lambda: len(owned(world)) == 5, "five owned objects")
    deployment = world.server.get("deployment", "scripted", "-n", NAMESPACE)
    (owner,) = deployment["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("Analyzer", "scripted", True)


@pytest.mark.parametrize("kind", OWNED.split(","))
def test_what_is_deleted_is_made_again(world: World, kind: str) -> None:
    until(lambda: len(owned(world)) == 5, "five owned objects")
    uid = world.server.get(kind, "scripted", "-n", NAMESPACE)["metadata"]["uid"]
    world.server.kubectl("delete", kind, "scripted", "-n", NAMESPACE)

    def made_again() -> bool:
        listed = world.server.get(kind, "-n", NAMESPACE, "-l", "silverguardian.io/analyzer=scripted")["items"]
        return any(item["metadata"]["uid"] != uid for item in listed)

    until(made_again, f"another {kind}")


def test_what_is_edited_is_mended_and_what_others_add_is_left_alone(world: World) -> None:
    until(lambda: len(owned(world)) == 5, "five owned objects")
    edit = {"spec": {"template": {"spec": {"nodeSelector": {"workload": "web"}}}}}
    patch = json.dumps({"metadata": {"annotations": {"team": "fraud"}}} | edit)
    world.server.kubectl("patch", "deployment", "scripted", "-n", NAMESPACE, "--type=merge", "-p", patch)

    def mended() -> bool:
        found = world.server.get("deployment", "scripted", "-n", NAMESPACE)
        return bool(found["spec"]["template"]["spec"]["nodeSelector"] == {"workload": "ml"})

    until(mended, "the node selector to be mended")
    found = world.server.get("deployment", "scripted", "-n", NAMESPACE)
    assert found["metadata"]["annotations"]["team"] == "fraud"


def test_the_status_of_an_analyzer_counts_pods_and_work(world: World) -> None:
    def status() -> dict[str, object]:
        found: dict[str, object] = world.server.get("analyzer", "scripted", "-n", NAMESPACE).get("status", {})
        return found

    until(lambda: status().get("readyReplicas") == 1, "a ready pod to be counted")
    uri = world.put("four", seconds=4)
    for name in ("one", "two"):
        world.ask(name, uri)
    until(lambda: (status()["running"], status()["queued"]) == (1, 1), "one running and one waiting")
    world.wait("one")
    world.wait("two")
    until(lambda: (status()["running"], status()["queued"]) == (0, 0), "an empty pool")


def test_metrics_tell_of_requests_and_backlog(world: World) -> None:
    world.ask("counted", world.put("any"))
    world.wait("counted")
    _, page = world.operator.get("/metrics")
    assert 'silver_guardian_requests_finished_total{reason="Completed",verdict="NoEvidence"} 1.0' in page
    assert 'silver_guardian_queued{analyzer="scripted"} 0.0' in page


def test_a_request_without_pods_says_so_and_runs_when_one_comes(make_world: Callable[..., World]) -> None:
    world = make_world(pods=0)
    world.pods.pool("scripted", port=world.port, pods=0)
    until(lambda: "scripted" in world.server.kubectl("get", "analyzers", "-n", NAMESPACE).stdout, "the analyzer")
    world.ask("early", world.put("any"))
    until(lambda: world.reason("early") in {"Scaling", "AnalyzerNotFound"}, "a reason")
    assert world.reason("early") == "Scaling"
    world.pods.add("scripted", "scripted-9", world.port)
    assert world.wait("early")["verdict"] == "NoEvidence"


def test_a_watch_that_says_nothing_is_noticed_and_its_work_is_done_all_the_same(
    make_world: Callable[..., World],
) -> None:
    world = make_world(resync_seconds=1)
    deaf = [
        {**rule, "verbs": [verb for verb in rule["verbs"] if verb != "watch"]}
        if rule["resources"] == ["analysisrequests"]
        else rule
        for rule in RULES
    ]
    assert world.operator.get("/healthz")[0] == 200
    world.operator.stop()
    grant(world.server, deaf)
    try:
        world.operator.start()
        uri = world.put("any")
        for n in range(3):
            world.ask(f"unheard-{n}", uri)
            assert world.wait(f"unheard-{n}")["verdict"] == "NoEvidence"
        until(lambda: world.operator.get("/healthz")[0] == 500, "the operator to call itself sick", timeout=60)
    finally:
        grant(world.server, RULES)
