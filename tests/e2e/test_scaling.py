"""KEDA scales pools from zero and back: real KEDA, real HorizontalPodAutoscalers, real pods."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from typing import Any

import pytest

from tests.cluster import KEDA_NAMESPACE, Cluster
from tests.cluster.shell import wait_until
from tests.e2e.conftest import Media
from tests.support.analyzers.ask import Requests, analysis, condition
from tests.support.operator.deployment import Deployment
from tests.support.operator.scripted_pools import ScriptedPools

calm = pytest.mark.together("calm")
COOLDOWN = 10
KEDA_PODS = "app=keda-operator"
OWNED = (
    "deployment", "service", "poddisruptionbudget", "serviceaccount", "networkpolicy", "scaledobject", "hpa", "pod",
)  # fmt: skip


class Pool:
    """One Analyzer that KEDA scales, seen from outside."""

    def __init__(self, deployment: Deployment, name: str) -> None:
        self._deployment = deployment
        self.name = name

    def get(self, kind: str) -> dict[str, Any]:
        return self._deployment.read.get(kind, self.name, self._deployment.namespace)

    def replicas(self) -> int:
        """What KEDA and the HorizontalPodAutoscaler want."""
        return int(self.get("deployment")["spec"].get("replicas", 0))

    def condition(self, kind: str) -> dict[str, Any]:
        return condition(self.get("analyzer")["status"], kind)

    def patch(self, **spec: Any) -> None:
        self._deployment.kubectl("patch", "analyzer", self.name, "--type=merge", "-p", json.dumps({"spec": spec}))

    def pods(self) -> list[dict[str, Any]]:
        """Every pod, those that are leaving included."""
        labels = f"silverguardian.io/analyzer={self.name}"
        return self._deployment.read.list("pod", self._deployment.namespace, labels=labels)

    def leaving(self) -> list[dict[str, Any]]:
        return [pod for pod in self.pods() if "deletionTimestamp" in pod["metadata"]]

    def asleep(self) -> None:
        """Wait until nothing of it runs."""
        wait_until(lambda: self.replicas() == 0 and not self.pods(), f"{self.name} to sleep", interval=0.2)


@contextmanager
def pool_of(deployment: Deployment, pools: ScriptedPools, name: str, **spec: Any) -> Iterator[Pool]:
    """Make a pool that KEDA scales, and that goes at the end."""
    scaling = {"cooldownSeconds": COOLDOWN, "pollingIntervalSeconds": 2, **spec.pop("scaling", {})}
    with pools.made(name, scaling=scaling, **spec):
        yield Pool(deployment, name)


@pytest.fixture(scope="module")
def elastic(deployment: Deployment, scripted_pools: ScriptedPools) -> Iterator[Pool]:
    """A pool that sleeps, for the tests that go one after the other."""
    with pool_of(deployment, scripted_pools, "elastic") as pool:
        pool.asleep()
        yield pool


def all_of(requests: Requests, names: list[str]) -> list[dict[str, Any]]:
    with ThreadPoolExecutor(4) as workers:
        return list(workers.map(requests.wait, names))


@calm
def test_a_request_wakes_a_pool_that_sleeps_and_the_pool_sleeps_again(
    requests: Requests, media: Media, deployment: Deployment, scripted_pools: ScriptedPools
) -> None:
    with pool_of(deployment, scripted_pools, "waking") as pool:
        pool.asleep()
        ready = pool.condition("Ready")
        assert (ready["status"], ready["reason"]) == ("True", "Idle")
        assert requests.verdict_of("wakes", media.script("null"), pool.name)["verdict"] == "NoEvidence"
        pool.asleep()
        usage = pool.get("analyzer")["status"]["usage"]
        assert usage["starts"] >= 1
        assert usage["podSeconds"] >= COOLDOWN // 2


@calm
def test_forty_requests_at_once_make_five_pods_and_all_finish(
    requests: Requests, media: Media, deployment: Deployment, scripted_pools: ScriptedPools
) -> None:
    with pool_of(deployment, scripted_pools, "bursting") as pool:
        pool.asleep()
        names = requests.ask_many("burst", 40, media.script("four", seconds=4), pool.name)
        wait_until(lambda: pool.replicas() == 5, "five pods")
        ended = all_of(requests, names)
        assert {status["verdict"] for status in ended} == {"NoEvidence"}
        spent = {(entry["attempts"], entry["disruptions"]) for status in ended for entry in status["analyses"]}
        assert spent == {(1, 0)}
        pool.asleep()
        assert [requests.status(name) for name in names] == ended  # nothing was run twice to another verdict


@calm
def test_a_pool_that_gets_smaller_while_every_pod_works_lets_each_finish(
    requests: Requests, media: Media, deployment: Deployment, scripted_pools: ScriptedPools
) -> None:
    with pool_of(deployment, scripted_pools, "shrinking", scaling={"minReplicas": 3}) as pool:
        wait_until(lambda: pool.get("deployment")["status"].get("readyReplicas") == 3, "three pods")
        names = requests.ask_many("shrink", 3, media.script("forty", seconds=40), pool.name)
        pods = {requests.running(name) for name in names}
        assert len(pods) == 3
        pool.patch(scaling={"minReplicas": 0, "maxReplicas": 1})
        wait_until(lambda: len(pool.leaving()) == 2, "two pods that work to be terminating")
        entries = [analysis(status, pool.name) for status in all_of(requests, names)]
        assert {entry["pod"] for entry in entries} == pods
        assert {(entry["attempts"], entry["disruptions"]) for entry in entries} == {(1, 0)}


@calm
def test_a_scaled_object_that_is_edited_or_deleted_is_corrected(
    deployment: Deployment, scripted_pools: ScriptedPools
) -> None:
    with pool_of(deployment, scripted_pools, "edited-pool") as pool:
        name, namespace = pool.name, deployment.namespace
        wait_until(lambda: deployment.read.find("scaledobject", name, namespace) is not None, "the ScaledObject")
        deployment.kubectl("patch", "scaledobject", name, "--type=merge", "-p", '{"spec": {"maxReplicaCount": 50}}')
        wait_until(lambda: pool.get("scaledobject")["spec"]["maxReplicaCount"] == 5, "the maximum to be corrected")
        uid = pool.get("scaledobject")["metadata"]["uid"]
        deployment.kubectl("delete", "scaledobject", name)

        def again() -> bool:
            item = deployment.read.find("scaledobject", name, namespace)
            return item is not None and bool(item["metadata"]["uid"] != uid)

        wait_until(again, "another ScaledObject")


@calm
def test_an_analyzer_that_is_deleted_leaves_nothing_behind(
    requests: Requests, media: Media, deployment: Deployment, scripted_pools: ScriptedPools
) -> None:
    with pool_of(deployment, scripted_pools, "passing") as pool:
        requests.verdict_of("before-the-end", media.script("null"), pool.name)
        deployment.kubectl("delete", "analyzer", pool.name)

        def left() -> list[dict[str, Any]]:
            read, namespace = deployment.read, deployment.namespace
            ours = [read.list(kind, namespace, labels=f"silverguardian.io/analyzer={pool.name}") for kind in OWNED]
            hpas = [hpa for hpa in read.list("hpa", namespace) if pool.name in hpa["metadata"]["name"]]
            return [*chain.from_iterable(ours), *hpas]

        wait_until(lambda: not left(), "everything that it owned to go")


NOTHING_STARTS: dict[str, tuple[dict[str, Any], str]] = {
    "imageless": ({"image": "localhost/not/there:1"}, "image"),
    "nodeless": ({"nodeSelector": {"workload": "gpu"}}, "no node"),
}


@calm
@pytest.mark.parametrize("name", NOTHING_STARTS)
def test_a_request_that_cannot_start_says_what_is_missing(
    requests: Requests, media: Media, deployment: Deployment, scripted_pools: ScriptedPools, name: str
) -> None:
    spec, missing = NOTHING_STARTS[name]
    with pool_of(deployment, scripted_pools, name, **spec) as pool:
        requests.ask(name, media.script("null"), pool.name)

        def says_why() -> bool:
            succeeded = condition(requests.status(name))
            return succeeded["reason"] == "Scaling" and missing in succeeded["message"]

        wait_until(says_why, f"the message to name {missing}")


def test_a_quota_that_is_used_up_is_named_and_the_request_finishes_when_there_is_more(
    requests: Requests, media: Media, elastic: Pool, deployment: Deployment
) -> None:
    elastic.asleep()
    deployment.kubectl("create", "quota", "tight", "--hard=pods=0")
    try:
        requests.ask("over-quota", media.script("null"), "elastic")
        wait_until(lambda: "quota" in condition(requests.status("over-quota"))["message"], "the quota to be named")
    finally:
        deployment.kubectl("delete", "quota", "tight")
    assert requests.wait("over-quota")["verdict"] == "NoEvidence"


@pytest.mark.together("without KEDA")
def test_keda_that_is_down_is_reported_and_what_waits_finishes_when_it_is_back(
    requests: Requests, media: Media, cluster: Cluster, deployment: Deployment, scripted_pools: ScriptedPools
) -> None:
    with pool_of(deployment, scripted_pools, "orphaned") as pool:
        pool.asleep()
        cluster.kubectl("scale", "deployment/keda-operator", "--namespace", KEDA_NAMESPACE, "--replicas=0")
        try:
            # Until its last pod is gone it scales, and the request would get a pod.
            wait_until(lambda: not deployment.read.list("pod", KEDA_NAMESPACE, labels=KEDA_PODS), "KEDA to be gone")
            requests.ask("patient", media.script("null"), pool.name)
            wait_until(lambda: pool.condition("ScalingActive")["reason"] == "KedaSilent", "KEDA to be missed")
            succeeded = condition(requests.status("patient"))
            wait_until(lambda: "KEDA" in condition(requests.status("patient"))["message"], "the request to report it")
            assert succeeded["reason"] == "Scaling"
            about = f"involvedObject.name={pool.name},reason=KedaSilent"

            def warned() -> bool:
                events = deployment.read.list("event", deployment.namespace, fields=about)
                return "Warning" in {event["type"] for event in events}

            wait_until(warned, "the event that says so")
        finally:
            cluster.kubectl("scale", "deployment/keda-operator", "--namespace", KEDA_NAMESPACE, "--replicas=1")
        assert requests.wait("patient")["verdict"] == "NoEvidence"
        wait_until(lambda: pool.condition("ScalingActive")["status"] == "True", "KEDA to be back")


def test_analyzers_run_on_ml_nodes_only_and_everything_else_on_system(
    requests: Requests, media: Media, deployment: Deployment, elastic: Pool
) -> None:
    requests.verdict_of("placed", media.script("null"), "elastic")
    pods = deployment.read.list("pod", None)
    nodes: dict[bool, set[str]] = {True: set(), False: set()}
    for pod in pods:
        if pod["spec"].get("nodeName"):
            is_analyzer = "silverguardian.io/analyzer" in pod["metadata"].get("labels", {})
            nodes[is_analyzer].add(pod["spec"]["nodeName"])
    assert nodes == {True: {"ml"}, False: {"system"}}


def test_a_node_that_is_drained_and_then_taken_away_costs_no_attempt_and_a_new_node_goes_on(
    requests: Requests, media: Media, cluster: Cluster, elastic: Pool
) -> None:
    """As Spot does it: a notice, two minutes in which the node is drained, and then the node is gone."""
    short = requests.ask("within-the-notice", media.script("five", seconds=5), "elastic")
    long = requests.ask("longer-than-the-notice", media.script("twenty", seconds=20), "elastic")
    for name in (short, long):
        requests.running(name)
    drain = (
        "drain",
        "ml",
        "--pod-selector=silverguardian.io/analyzer=elastic",
        "--timeout=9s",
        "--delete-emptydir-data",
    )
    cluster.kubectl(*drain, check=False)
    entry = analysis(requests.wait(short), "elastic")
    assert (entry["state"], entry["attempts"], entry["disruptions"]) == ("Succeeded", 1, 0)
    try:
        cluster.stop_node("ml")
        cluster.kubectl("delete", "node", "ml")
        waits = requests.ask("without-a-node", media.script("null"), "elastic")
        wait_until(lambda: "node" in condition(requests.status(waits))["message"], "the message to name the node")
        assert condition(requests.status(waits))["reason"] == "Scaling"
    finally:
        cluster.start_node("ml")
    assert requests.wait(waits)["verdict"] == "NoEvidence"
    entry = analysis(requests.wait(long), "elastic")
    assert (entry["state"], entry["attempts"]) == ("Succeeded", 1)
    assert entry["disruptions"] >= 1  # a node that comes back may take a second pod with it
