"""What goes away while requests wait and run: pods, the operator, the API server, the watch. Nothing is lost."""

from __future__ import annotations

import itertools
import json
import signal
from collections.abc import Callable

import pytest

from tests.support.operator.process import NAMESPACE, RULES, grant, until
from tests.support.operator.world import World

pytestmark = pytest.mark.integration


def test_a_namespace_without_a_grant_is_refused(make_world: Callable[..., World]) -> None:
    world = make_world(grants=json.dumps({"*": ["s3://other/"]}))
    world.ask("foreign", world.put("any"))
    world.wait("foreign")
    assert world.reason("foreign") == "SourceForbidden"
    assert world.pods.busy("scripted-0") == 0


def test_a_lost_pod_costs_no_attempt(make_world: Callable[..., World]) -> None:
    world = make_world(pods=2)
    world.ask("lost", world.put("six", seconds=6))
    world.pods.kill(world.until_running("lost"))
    status = world.wait("lost")
    assert status["verdict"] == "NoEvidence"
    assert (status["analyses"][0]["attempts"], status["analyses"][0]["disruptions"]) == (1, 1)


def test_the_operator_is_killed_while_requests_queue_and_run_and_all_get_one_verdict(
    make_world: Callable[..., World],
) -> None:
    world = make_world(pods=2)
    uri = world.put("short", seconds=0.5)
    names = world.ask_many("burst", 12, uri)
    until(lambda: any(world.status(name).get("verdict") for name in names), "a first verdict")
    world.operator.stop(signal.SIGKILL)
    before = {name: world.status(name) for name in names}
    world.operator.start()
    for name in names:
        status = world.wait(name)
        assert status["verdict"] == "NoEvidence"
        if before[name].get("verdict"):
            assert status == before[name], "a verdict that was written never changes"


def test_the_operator_ends_in_order_at_sigterm(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.ask("running", world.put("long", seconds=60))
    pod = world.until_running("running")
    assert world.operator.stop(signal.SIGTERM) == 0
    assert all("event" in json.loads(line) for line in world.operator.log().splitlines()), "logs are JSON"
    until(lambda: world.pods.busy(pod) == 0, "the stream to be closed")


def test_the_api_server_goes_away_and_comes_back(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.ask("patient", world.put("three", seconds=3))
    world.until_running("patient")
    world.server.stop()
    until(lambda: world.pods.busy("scripted-0") == 0, "the work to end without an API server")
    world.server.start()
    assert world.wait("patient")["verdict"] == "NoEvidence"


def test_a_request_without_pods_says_so_and_runs_when_one_comes(make_world: Callable[..., World]) -> None:
    world = make_world(pods=0)
    world.pods.pool("scripted", port=world.port, pods=0)
    until(lambda: world.server.read.find("analyzer", "scripted", NAMESPACE), "the analyzer")
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
        uri, numbers = world.put("any"), itertools.count()

        def calls_itself_sick() -> bool:
            """Make another request: kopf lists now and then, and what it finds so no comparison finds."""
            name = f"unheard-{next(numbers)}"
            world.ask(name, uri)
            assert world.wait(name)["verdict"] == "NoEvidence"
            return world.operator.get("/healthz")[0] == 500

        until(calls_itself_sick, "the operator to call itself sick")
    finally:
        grant(world.server, RULES)


def test_a_request_waits_for_an_analyzer_that_comes_after_it(make_world: Callable[..., World]) -> None:
    world = make_world(pods=0, missing_analyzer_seconds=120)
    world.ask("early", world.put("any"))
    until(lambda: world.reason("early") == "AnalyzerNotFound", "the reason why it waits")
    world.pods.pool("scripted", port=world.port)
    assert world.wait("early")["verdict"] == "NoEvidence"
