"""KEDA scales pools from zero and back: real KEDA, real HorizontalPodAutoscalers, real pods."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.cluster import KEDA_NAMESPACE, Cluster
from tests.cluster.shell import wait_until
from tests.e2e.conftest import Media, make_scripted
from tests.support.analyzers.ask import Requests, analysis, condition
from tests.support.operator.deployment import Deployment

COOLDOWN = 10


class Pool:
    """One Analyzer that KEDA scales, seen with kubectl."""

    def __init__(self, deployment: Deployment, name: str) -> None:
        self._deployment = deployment
        self.name = name

    def get(self, kind: str) -> dict[str, Any]:
        item: dict[str, Any] = json.loads(self._deployment.kubectl("get", kind, self.name, "-o", "json"))
        return item

    def replicas(self) -> int:
        """Return the replicas that KEDA and the HorizontalPodAutoscaler want."""
        return int(self.get("deployment")["spec"].get("replicas", 0))

    def condition(self, kind: str) -> dict[str, Any]:
        return condition(self.get("analyzer")["status"], kind)

    def patch(self, **spec: Any) -> None:
        self._deployment.kubectl("patch", "analyzer", self.name, "--type=merge", "-p", json.dumps({"spec": spec}))

    def pods(self) -> list[dict[str, Any]]:
        """Return every pod, those that are terminating included."""
        selector = f"--selector=silverguardian.io/analyzer={self.name}"
        return list(json.loads(self._deployment.kubectl("get", "pods", selector, "-o", "json"))["items"])

    def asleep(self) -> None:
        """Wait until nothing of it runs."""
        wait_until(lambda: self.replicas() == 0 and not self.pods(), f"{self.name} to sleep", timeout=90, interval=0.5)


@pytest.fixture(scope="module")
def keda(cluster: Cluster) -> None:
    cluster.install_keda()


@pytest.fixture(scope="module")
def make_pool(cluster: Cluster, deployment: Deployment, keda: None) -> Iterator[Callable[..., Pool]]:
    names: list[str] = []

    def make(name: str, **spec: Any) -> Pool:
        scaling = {"cooldownSeconds": COOLDOWN, "pollingIntervalSeconds": 2, **spec.pop("scaling", {})}
        make_scripted(cluster, deployment, name, scaling=scaling, **spec)
        names.append(name)
        return Pool(deployment, name)

    yield make
    for name in names:
        deployment.kubectl("delete", "analyzer", name, "--ignore-not-found", "--wait=false")


@pytest.fixture(scope="module")
def elastic(make_pool: Callable[..., Pool]) -> Pool:
    """A pool that sleeps."""
    pool = make_pool("elastic")
    pool.asleep()
    return pool


def all_of(requests: Requests, names: list[str], seconds: int = 120) -> list[dict[str, Any]]:
    with ThreadPoolExecutor(4) as workers:
        return list(workers.map(lambda name: requests.wait(name, seconds), names))


def leaving(pool: Pool) -> list[dict[str, Any]]:
    return [pod for pod in pool.pods() if "deletionTimestamp" in pod["metadata"]]


def test_a_request_wakes_a_pool_that_sleeps_and_the_pool_sleeps_again(
    requests: Requests, media: Media, elastic: Pool
) -> None:
    ready = elastic.condition("Ready")
    assert (ready["status"], ready["reason"]) == ("True", "Idle")
    assert requests.verdict_of("wakes", media.script("null"), "elastic")["verdict"] == "NoEvidence"
    assert elastic.replicas() >= 1
    elastic.asleep()
    usage = elastic.get("analyzer")["status"]["usage"]
    assert usage["starts"] >= 1
    assert usage["podSeconds"] >= COOLDOWN // 2


def test_forty_requests_at_once_make_five_pods_and_all_finish(requests: Requests, media: Media, elastic: Pool) -> None:
    elastic.asleep()
    uri = media.script("two", seconds=2)
    names = [f"burst-{number}" for number in range(40)]
    with ThreadPoolExecutor(4) as workers:
        list(workers.map(lambda name: requests.ask(name, uri, "elastic"), names))
    wait_until(lambda: elastic.replicas() == 5, "five pods", timeout=60, interval=0.2)
    ended = all_of(requests, names)
    assert {status["verdict"] for status in ended} == {"NoEvidence"}
    assert {(entry["attempts"], entry["disruptions"]) for status in ended for entry in status["analyses"]} == {(1, 0)}
    elastic.asleep()
    assert [requests.status(name) for name in names] == ended  # nothing was run twice to another verdict


def test_a_pool_that_gets_smaller_while_every_pod_works_lets_each_finish(
    requests: Requests, media: Media, elastic: Pool
) -> None:
    uri = media.script("twenty", seconds=20)
    names = [requests.ask(f"shrink-{number}", uri, "elastic") for number in range(3)]
    pods = {requests.running(name) for name in names}
    assert len(pods) == 3
    elastic.patch(scaling={"maxReplicas": 1})
    try:
        wait_until(lambda: len(leaving(elastic)) == 2, "two pods that work to be terminating", timeout=40)
        entries = [analysis(status, "elastic") for status in all_of(requests, names)]
    finally:
        elastic.patch(scaling={"maxReplicas": 5})
    assert {entry["pod"] for entry in entries} == pods
    assert {(entry["attempts"], entry["disruptions"]) for entry in entries} == {(1, 0)}


def test_a_scaled_object_that_is_edited_or_deleted_is_corrected(elastic: Pool, deployment: Deployment) -> None:
    deployment.kubectl("patch", "scaledobject", "elastic", "--type=merge", "-p", '{"spec": {"maxReplicaCount": 50}}')
    wait_until(lambda: elastic.get("scaledobject")["spec"]["maxReplicaCount"] == 5, "the maximum to be corrected")
    uid = elastic.get("scaledobject")["metadata"]["uid"]
    deployment.kubectl("delete", "scaledobject", "elastic")

    def again() -> bool:
        text = deployment.kubectl("get", "scaledobject", "elastic", "--ignore-not-found", "-o", "json")
        return bool(text) and json.loads(text)["metadata"]["uid"] != uid

    wait_until(again, "another ScaledObject")


def test_an_analyzer_that_is_deleted_leaves_nothing_behind(
    requests: Requests, media: Media, make_pool: Callable[..., Pool], deployment: Deployment
) -> None:
    make_pool("passing")
    requests.verdict_of("before-the-end", media.script("null"), "passing")
    deployment.kubectl("delete", "analyzer", "passing")
    kinds = "deployment,service,poddisruptionbudget,serviceaccount,networkpolicy,scaledobject,hpa,pod"

    def left() -> str:
        return deployment.kubectl("get", kinds, "-l", "silverguardian.io/analyzer=passing", "-o", "name") + "".join(
            line for line in deployment.kubectl("get", "hpa", "-o", "name").splitlines() if "passing" in line
        )

    wait_until(lambda: not left(), "everything that it owned to go", timeout=60)


NOTHING_STARTS: dict[str, tuple[dict[str, Any], str]] = {
    "imageless": ({"image": "localhost/not/there:1"}, "image"),
    "nodeless": ({"nodeSelector": {"workload": "gpu"}}, "no node"),
}


@pytest.mark.parametrize("name", NOTHING_STARTS)
def test_a_request_that_cannot_start_says_what_is_missing(
    requests: Requests, media: Media, make_pool: Callable[..., Pool], name: str
) -> None:
    spec, missing = NOTHING_STARTS[name]
    make_pool(name, **spec)
    requests.ask(name, media.script("null"), name)

    def says_why() -> bool:
        succeeded = condition(requests.status(name))
        return succeeded["reason"] == "Scaling" and missing in succeeded["message"]

    wait_until(says_why, f"the message to name {missing}", timeout=40)


def test_a_quota_that_is_used_up_is_named_and_the_request_finishes_when_there_is_more(
    requests: Requests, media: Media, elastic: Pool, deployment: Deployment
) -> None:
    elastic.asleep()
    deployment.kubectl("create", "quota", "tight", "--hard=pods=0")
    try:
        requests.ask("over-quota", media.script("null"), "elastic")
        wait_until(
            lambda: "quota" in condition(requests.status("over-quota"))["message"], "the quota to be named", timeout=40
        )
    finally:
        deployment.kubectl("delete", "quota", "tight")
    assert requests.wait("over-quota", 120)["verdict"] == "NoEvidence"


def test_keda_that_is_down_is_reported_and_what_waits_finishes_when_it_is_back(
    requests: Requests, media: Media, cluster: Cluster, elastic: Pool, deployment: Deployment
) -> None:
    elastic.asleep()
    cluster.kubectl("scale", "deployment/keda-operator", "--namespace", KEDA_NAMESPACE, "--replicas=0")
    try:
        requests.ask("patient", media.script("null"), "elastic")
        wait_until(
            lambda: elastic.condition("ScalingActive")["reason"] == "KedaSilent", "KEDA to be missed", timeout=60
        )
        succeeded = condition(requests.status("patient"))
        wait_until(lambda: "KEDA" in condition(requests.status("patient"))["message"], "the request to report it")
        assert succeeded["reason"] == "Scaling"
        events = deployment.kubectl("get", "events", "--field-selector=involvedObject.name=elastic,reason=KedaSilent")
        assert "Warning" in events
    finally:
        cluster.kubectl("scale", "deployment/keda-operator", "--namespace", KEDA_NAMESPACE, "--replicas=1")
    assert requests.wait("patient", 120)["verdict"] == "NoEvidence"
    wait_until(lambda: elastic.condition("ScalingActive")["status"] == "True", "KEDA to be back", timeout=60)


def test_analyzers_run_on_ml_nodes_only_and_everything_else_on_system(
    requests: Requests, media: Media, cluster: Cluster, elastic: Pool
) -> None:
    requests.verdict_of("placed", media.script("null"), "elastic")
    pods = json.loads(cluster.kubectl("get", "pods", "--all-namespaces", "-o", "json").stdout)["items"]
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
    cluster.stop_node("ml")
    cluster.kubectl("delete", "node", "ml")
    try:
        waits = requests.ask("without-a-node", media.script("null"), "elastic")
        wait_until(
            lambda: "node" in condition(requests.status(waits))["message"], "the message to name the node", timeout=90
        )
        assert condition(requests.status(waits))["reason"] == "Scaling"
    finally:
        cluster.start_node("ml")
    assert requests.wait(waits, 120)["verdict"] == "NoEvidence"
    entry = analysis(requests.wait(long, 180), "elastic")
    assert (entry["state"], entry["attempts"]) == ("Succeeded", 1)
    assert entry["disruptions"] >= 1  # a node that comes back may take a second pod with it
