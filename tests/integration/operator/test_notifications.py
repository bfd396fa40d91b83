"""Subscriptions over a real API server and a real sink: the condition is what remembers that an event is to be sent."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.shell import WITH_PATIENCE, CommandError
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.operator.process import API, until
from tests.support.operator.sink import Sink, served
from tests.support.operator.world import World, close_world, open_world

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def world(api_server: ApiServer, s3: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("notifying")
    opened = open_world(api_server, s3, folder, sink_networks='["127.0.0.0/8"]', retry_cap_seconds="1")
    yield opened
    close_world(opened)
    api_server.kubectl("delete", "asub", "--all", "--all-namespaces")


def subscribe(world: World, name: str, sink: str, **spec: Any) -> None:
    meta = {"name": name, "namespace": "default"}
    body = {"apiVersion": API, "kind": "AnalysisSubscription", "metadata": meta, "spec": {"sink": sink, **spec}}
    world.server.apply(body)
    world.server.kubectl("wait", "--for=condition=Ready", f"asub/{name}", WITH_PATIENCE)


def notified(world: World, name: str) -> tuple[str, str]:
    told = {entry["type"]: entry for entry in world.status(name)["conditions"]}.get("Notified", {})
    return told.get("status", ""), told.get("reason", "")


def test_an_operator_killed_while_it_sends_sends_the_same_event_again(world: World) -> None:
    killed: list[int] = []

    def kill() -> None:
        if not killed:
            killed.append(world.operator.stop(signal.SIGKILL))

    with served(Sink(on_call=kill)) as sink:
        subscribe(world, "mine", sink.url)
        world.ask("told", world.put("told.json"), ttlSecondsAfterFinished=0)
        until(lambda: killed, "the operator to be killed")
        assert notified(world, "told") == ("Unknown", "Pending"), "not deleted by its age, though nothing is left of it"
        uid = world.server.read.get("analysisrequest", "told")["metadata"]["uid"]
        world.operator.start()
        until(lambda: len(sink.taken) >= 2, "the event to be sent again")
        assert set(sink.taken) == {f"{uid}.finished"}
        data: Any = sink.calls[0].event.get_data()
        assert (data["name"], data["verdict"]) == ("told", "NoEvidence")
        until(lambda: "told" not in json.dumps(world.server.read.list("analysisrequest")), "its deletion by age")
        world.server.kubectl("delete", "asub/mine")


def test_a_delivery_is_one_write_more_and_is_said(world: World) -> None:
    with served(Sink()) as sink:
        subscribe(world, "writes", sink.url, mode="binary")
        world.ask("written", world.put("written.json"))
        world.server.kubectl("wait", "--for=condition=Notified", "areq/written", WITH_PATIENCE)
        *progress, verdict, event, delivered = world.server.writes("operator", "written")
        assert (verdict, event, delivered) == (update := "update analysisrequests/status", "create events", update)
        assert set(progress) <= {update}
        assert world.server.kubectl("get", "areq", "written", "-o", "wide").stdout.split()[-1] == "True"
        world.server.kubectl("delete", "asub/writes")


def test_a_sink_inside_of_the_cluster_is_said_and_never_called(world: World) -> None:
    meta = {"name": "inside", "namespace": "default"}
    spec = {"sink": "https://169.254.169.254/latest/meta-data"}
    world.server.apply({"apiVersion": API, "kind": "AnalysisSubscription", "metadata": meta, "spec": spec})
    world.ask("unheard", world.put("unheard.json"))
    world.wait("unheard")
    reason = ("get", "asub", "inside", "-o", "jsonpath={.status.conditions[0].reason}")
    until(lambda: world.server.kubectl(*reason).stdout == "AddressForbidden", "the reason")
    assert notified(world, "unheard") == ("Unknown", "Pending")
    world.server.kubectl("delete", "asub/inside")
    until(lambda: notified(world, "unheard")[0] == "True", "the rest to be given up")


@pytest.mark.parametrize("sink", ["ftp://x.example/", "https://user:word@x.example/", "https:///path", "x.example"])
def test_what_is_no_sink_is_refused_with_a_sentence(world: World, sink: str) -> None:
    meta = {"name": "wrong", "namespace": "default"}
    with pytest.raises(CommandError, match="name a sink as https://HOST/PATH"):
        world.server.apply(
            {"apiVersion": API, "kind": "AnalysisSubscription", "metadata": meta, "spec": {"sink": sink}}
        )
