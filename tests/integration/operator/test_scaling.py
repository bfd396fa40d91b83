"""Scaled pools against a real API server that has KEDA's kind or lacks it; what KEDA itself does is for the cluster."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
import yaml

from analysis_operator.scaling.external_scaler import METRIC, SERVICE
from analysis_operator.scaling.externalscaler_pb2 import (
    GetMetricsRequest,
    GetMetricsResponse,
    IsActiveResponse,
    ScaledObjectRef,
)
from tests.cluster.builder import ensure_tools
from tests.cluster.keda import local_manifests
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.operator.process import API, NAMESPACE, until
from tests.support.operator.world import World
from tests.support.waiting import PATIENCE_SECONDS, Stopwatch

pytestmark = pytest.mark.integration

CRD = "scaledobjects.keda.sh"


class Pool:
    """The Analyzer that scales, seen with kubectl."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.server = world.server
        meta = {"name": "scripted", "namespace": NAMESPACE}
        spec = {"image": "scripted", "port": world.port}
        self.server.apply({"apiVersion": API, "kind": "Analyzer", "metadata": meta, "spec": spec})

    def get(self, kind: str) -> dict[str, Any]:
        """Return an object of the pool, or an empty one."""
        return self.server.read.find(kind, "scripted", NAMESPACE) or {}

    def patch(self, kind: str, body: dict[str, Any]) -> None:
        self.server.kubectl("patch", kind, "scripted", "-n", NAMESPACE, "--type=merge", "-p", json.dumps(body))

    def condition(self, kind: str) -> tuple[str, str]:
        conditions = {entry["type"]: entry for entry in self.get("analyzer").get("status", {}).get("conditions", [])}
        return (conditions[kind]["status"], conditions[kind]["reason"]) if kind in conditions else ("", "")

    def replicas(self) -> int | None:
        """Return the replicas that the Deployment wants."""
        desired: int | None = self.get("deployment").get("spec", {}).get("replicas")
        return desired

    def applied(self) -> int:
        """Return how often the Deployment was applied."""
        return self.server.writes("operator", "scripted").count("patch deployments")

    def usage(self) -> dict[str, Any]:
        usage: dict[str, Any] = self.get("analyzer").get("status", {}).get("usage", {})
        return usage

    def two_resyncs(self) -> None:
        before = self.applied()
        until(lambda: self.applied() >= before + 2, "two resyncs")


def install(server: ApiServer) -> None:
    """Bring KEDA's kind, without KEDA."""
    (crd,) = [
        manifest
        for manifest in local_manifests(ensure_tools())
        if manifest["kind"] == "CustomResourceDefinition" and manifest["metadata"]["name"] == CRD
    ]
    server.kubectl("apply", "--server-side", "-f", "-", stdin=yaml.safe_dump(crd))
    server.kubectl("wait", "--for=condition=Established", f"crd/{CRD}")


@pytest.fixture
def scaled(make_world: Callable[..., World], api_server: ApiServer) -> Iterator[Callable[..., Pool]]:
    """An operator and a pool without pods; KEDA's kind is there if asked for."""
    pools: list[Pool] = []

    def make(*, keda: bool = True, **settings: object) -> Pool:
        if keda:
            install(api_server)
        pools.append(Pool(make_world(pods=0, **settings)))
        return pools[-1]

    yield make
    for pool in pools:
        pool.world.operator.stop()
    api_server.kubectl("delete", "crd", CRD, "--ignore-not-found")


def test_without_keda_a_pool_says_so_and_its_coming_needs_no_restart(scaled: Callable[..., Pool]) -> None:
    pool = scaled(keda=False)
    until(lambda: pool.condition("ScalingActive") == ("False", "KedaMissing"), "the pool to say that KEDA is missing")
    assert pool.condition("Ready") == ("False", "KedaMissing")
    pool.world.ask("early", pool.world.put("any"))
    until(lambda: pool.world.reason("early") == "Scaling", "the request to say what it waits for")
    (succeeded,) = [entry for entry in pool.world.status("early")["conditions"] if entry["type"] == "Succeeded"]
    assert "KEDA is not installed" in succeeded["message"]
    assert pool.replicas() == 0
    owners = [
        entry["manager"]
        for entry in pool.get("deployment")["metadata"]["managedFields"]
        if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
    ]
    assert owners == ["silver-guardian-first"]

    install(pool.server)
    until(lambda: pool.get("scaledobject"), "the ScaledObject")
    (owner,) = pool.get("scaledobject")["metadata"]["ownerReferences"]
    assert owner["uid"] == pool.get("analyzer")["metadata"]["uid"]
    until(lambda: pool.condition("ScalingActive")[1] == "KedaStarting", "the pool to wait for KEDA")
    events = pool.server.read.list("event", NAMESPACE, fields="reason=KedaMissing")
    assert [(event["type"], event["involvedObject"]["name"]) for event in events] == [("Warning", "scripted")]


def test_a_scaled_object_is_corrected_and_what_others_say_in_it_stays(scaled: Callable[..., Pool]) -> None:
    pool = scaled()
    until(lambda: pool.get("scaledobject"), "the ScaledObject")
    paused = {"autoscaling.keda.sh/paused-replicas": "0"}
    pool.patch("scaledobject", {"metadata": {"annotations": paused}, "spec": {"maxReplicaCount": 50}})
    until(lambda: pool.get("scaledobject")["spec"]["maxReplicaCount"] == 5, "the maximum to be corrected")
    assert pool.get("scaledobject")["metadata"]["annotations"] == paused
    uid = pool.get("scaledobject")["metadata"]["uid"]
    pool.server.kubectl("delete", "scaledobject", "scripted", "-n", NAMESPACE)
    until(lambda: pool.get("scaledobject").get("metadata", {}).get("uid", uid) != uid, "another one")


def test_a_fixed_size_takes_the_place_of_keda_and_leaves_the_pods_there_when_it_goes(
    scaled: Callable[..., Pool],
) -> None:
    pool = scaled(resync_seconds=1)
    until(lambda: pool.get("scaledobject"), "the ScaledObject")
    pool.patch("analyzer", {"spec": {"replicas": 2}})
    until(lambda: pool.replicas() == 2 and not pool.get("scaledobject"), "a fixed size without KEDA")
    until(lambda: pool.condition("ScalingActive") == ("False", "FixedSize"), "the pool to say so")
    pool.patch("analyzer", {"spec": {"replicas": None}})
    until(lambda: pool.get("scaledobject"), "the ScaledObject again")
    assert pool.replicas() == 2, "the pods that may be working stay until KEDA decides"
    pool.server.kubectl("scale", "deployment", "scripted", "-n", NAMESPACE, "--replicas=3")
    pool.two_resyncs()
    assert pool.replicas() == 3


def test_the_running_operator_reports_to_keda_what_waits_and_runs(scaled: Callable[..., Pool]) -> None:
    pool = scaled()
    reference = ScaledObjectRef(name="scripted", namespace=NAMESPACE, scalerMetadata={"analyzer": "scripted"})
    with grpc.insecure_channel(f"127.0.0.1:{pool.world.operator.scaler_port}") as channel:
        ask = channel.unary_unary(
            f"/{SERVICE}/GetMetrics", GetMetricsRequest.SerializeToString, GetMetricsResponse.FromString
        )
        listen = channel.unary_stream(
            f"/{SERVICE}/StreamIsActive", ScaledObjectRef.SerializeToString, IsActiveResponse.FromString
        )

        def backlog() -> int:
            query = GetMetricsRequest(scaledObjectRef=reference, metricName=METRIC)
            return int(ask(query, timeout=PATIENCE_SECONDS).metricValues[0].metricValue)

        until(lambda: pool.condition("ScalingActive")[1], "the pool to be known")
        assert backlog() == 0
        pushes = listen(reference, timeout=2 * PATIENCE_SECONDS)
        pool.world.ask("one", pool.world.put("ages", seconds=3600))
        assert next(iter(pushes)).result
        pool.world.ask("two", pool.world.put("one", seconds=1))
        until(lambda: backlog() == 2, "both to wait")
        pool.world.pods.add("scripted", "scripted-1", pool.world.port)
        pool.world.until_running("one")
        assert backlog() == 2
        pool.world.server.kubectl("delete", "analysisrequest", "one", "-n", "default", "--wait=false")
        until(lambda: backlog() < 2, "the one that nobody wants any more to count no longer")
        pool.world.wait("two")
        until(lambda: backlog() == 0, "nothing to be left")
        stopwatch = Stopwatch()
        assert pool.world.operator.stop() == 0, pool.world.operator.log()[-3000:]
        assert stopwatch.seconds < 5, "a stream that KEDA keeps open holds nothing up"
        assert list(pushes) == [], "the stream ends well, so KEDA comes back soon"


def test_what_a_pool_has_used_outlives_the_operator(scaled: Callable[..., Pool]) -> None:
    pool = scaled()
    pool.world.pods.add("scripted", "scripted-1", pool.world.port, node="node-1")
    uri = pool.world.put("two", seconds=2)
    pool.world.ask("before", uri)
    pool.world.wait("before")
    until(lambda: pool.get("analyzer")["status"]["running"] == 0 and pool.usage()["busySeconds"] >= 1, "its usage")
    pool.world.operator.stop(signal.SIGKILL)
    before = pool.usage()
    assert before["podSeconds"] >= 1
    pool.world.operator.start()
    pool.world.ask("after", uri)
    pool.world.wait("after")
    until(lambda: pool.usage()["busySeconds"] > before["busySeconds"], "the count to go on")
    after = pool.usage()
    assert after["podSeconds"] > before["podSeconds"]
    assert (after["since"], after["starts"]) == (before["since"], before["starts"])


def test_a_pod_that_answers_takes_work_before_the_api_calls_it_ready(scaled: Callable[..., Pool]) -> None:
    pool = scaled()
    pool.world.pods.add("scripted", "scripted-1", pool.world.port, ready=False)
    pool.world.ask("soon", pool.world.put("any"))
    assert pool.world.wait("soon")["verdict"] == "NoEvidence"
