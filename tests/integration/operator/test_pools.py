"""Analyzers against a real API server: what is owned is applied, corrected and reported."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cluster.shell import CommandError
from tests.support.operator.process import API, NAMESPACE, until
from tests.support.operator.world import World

pytestmark = pytest.mark.integration

OWNED = ("deployment", "service", "poddisruptionbudget", "serviceaccount", "networkpolicy")
OF_SCRIPTED = "silverguardian.io/analyzer=scripted"


def owned(world: World) -> set[str]:
    return {item["kind"] for kind in OWNED for item in world.server.read.list(kind, NAMESPACE, labels=OF_SCRIPTED)}


def test_what_an_analyzer_owns_is_applied_and_says_whose_it_is(world: World) -> None:
    until(lambda: len(owned(world)) == 5, "five owned objects")
    deployment = world.server.read.get("deployment", "scripted", NAMESPACE)
    (owner,) = deployment["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("Analyzer", "scripted", True)


@pytest.mark.parametrize("kind", OWNED)
def test_what_is_deleted_is_made_again(world: World, kind: str) -> None:
    until(lambda: len(owned(world)) == 5, "five owned objects")
    uid = world.server.read.get(kind, "scripted", NAMESPACE)["metadata"]["uid"]
    world.server.kubectl("delete", kind, "scripted", "-n", NAMESPACE)

    def made_again() -> bool:
        listed = world.server.read.list(kind, NAMESPACE, labels=OF_SCRIPTED)
        return any(item["metadata"]["uid"] != uid for item in listed)

    until(made_again, f"another {kind}")


def test_what_is_edited_is_corrected_and_what_others_add_is_left_alone(world: World) -> None:
    until(lambda: len(owned(world)) == 5, "five owned objects")
    edit = {"spec": {"template": {"spec": {"nodeSelector": {"workload": "web"}}}}}
    patch = json.dumps({"metadata": {"annotations": {"team": "fraud"}}} | edit)
    world.server.kubectl("patch", "deployment", "scripted", "-n", NAMESPACE, "--type=merge", "-p", patch)

    def corrected() -> bool:
        deployment = world.server.read.get("deployment", "scripted", NAMESPACE)
        return bool(deployment["spec"]["template"]["spec"]["nodeSelector"] == {"workload": "ml"})

    until(corrected, "the node selector to be corrected")
    deployment = world.server.read.get("deployment", "scripted", NAMESPACE)
    assert deployment["metadata"]["annotations"]["team"] == "fraud"


def test_the_status_of_an_analyzer_counts_pods_and_work(world: World) -> None:
    def status() -> dict[str, object]:
        status: dict[str, object] = world.server.read.get("analyzer", "scripted", NAMESPACE).get("status", {})
        return status

    until(lambda: status().get("readyReplicas") == 1, "a ready pod to be counted")
    uri = world.put("four", seconds=4)
    for name in ("one", "two"):
        world.ask(name, uri)
    until(lambda: (status()["running"], status()["queued"]) == (1, 1), "one running and one waiting")
    world.wait("one")
    world.wait("two")
    until(lambda: (status()["running"], status()["queued"]) == (0, 0), "an empty pool")


def test_a_pool_of_gpus_is_made_as_its_analyzer_says_and_one_that_could_not_be_is_refused(world: World) -> None:
    spread = {"topologyKey": "kubernetes.io/hostname", "maxSkew": 2, "whenUnsatisfiable": "DoNotSchedule"}
    spec = {
        "image": "gpu:1",
        "replicas": 0,
        "extendedResources": {"nvidia.com/gpu": 1},
        "runtimeClassName": "nvidia",
        "priorityClassName": "interactive",
        "topologySpreadConstraints": [spread],
    }
    body = {"apiVersion": API, "kind": "Analyzer", "metadata": {"name": "gpu", "namespace": NAMESPACE}, "spec": spec}
    world.server.apply(body)

    def pod() -> dict[str, Any]:
        deployment = world.server.read.get("deployment", "gpu", NAMESPACE)
        pod: dict[str, Any] = deployment["spec"]["template"]["spec"]
        return pod

    until(lambda: world.server.read.list("service", NAMESPACE, labels="silverguardian.io/analyzer=gpu"), "its objects")
    until(lambda: pod().get("runtimeClassName") == "nvidia", "the whole Deployment")
    assert pod()["priorityClassName"] == "interactive"
    assert pod()["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert pod()["topologySpreadConstraints"][0].items() >= spread.items()
    for wrong, why in (
        ({"extendedResources": {"gpu": 1}}, "name a device as DOMAIN/NAME"),
        ({"extendedResources": {"nvidia.com/gpu": 0}}, "greater than or equal to 1"),
        ({"topologySpreadConstraints": [spread, spread]}, "Duplicate value"),
    ):
        with pytest.raises(CommandError, match=why):
            world.server.apply({**body, "spec": {**spec, **wrong}})


def finished(world: World) -> float:
    _, page = world.operator.get("/metrics")
    name = 'silver_guardian_requests_finished_total{reason="Completed",verdict="NoEvidence"} '
    return sum(float(line.removeprefix(name)) for line in page.splitlines() if line.startswith(name))


def test_metrics_tell_of_requests_and_backlog(world: World) -> None:
    before = finished(world)
    world.ask("counted", world.put("any"))
    world.wait("counted")
    until(lambda: finished(world) == before + 1, "the request to be counted")
    assert 'silver_guardian_queued{analyzer="scripted"} 0.0' in world.operator.get("/metrics")[1]
