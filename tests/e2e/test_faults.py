"""Faults on a real cluster, each injected while work runs: nothing is lost, and no verdict is given twice."""

from __future__ import annotations

import signal

import pytest

from tests.cluster import Cluster
from tests.cluster.shell import WITH_PATIENCE, wait_until
from tests.e2e.conftest import Media
from tests.support.analyzers.ask import Requests, analysis, busy, condition
from tests.support.operator.deployment import Deployment
from tests.support.operator.scripted_pools import ScriptedPools
from tests.support.waiting import Stopwatch

besides_keda = pytest.mark.together("without KEDA")
"""None of these needs KEDA, which is down meanwhile: the pool has a fixed size."""


_LONG = 25
"""Longer than a signal takes to arrive on a busy machine."""


@besides_keda
def test_a_container_that_is_killed_costs_no_attempt(
    requests: Requests, media: Media, cluster: Cluster, deployment: Deployment, scripted: str
) -> None:
    requests.ask("killed", media.script("long", seconds=_LONG), scripted)
    cluster.signal_container(deployment.namespace, requests.running("killed"), signal.SIGKILL)
    entry = analysis(requests.wait("killed"), scripted)
    assert (entry["state"], entry["attempts"]) == ("Succeeded", 1)
    assert entry["disruptions"] >= 1  # more if it is sent there again before the pod is known to be gone


@besides_keda
def test_a_pod_that_is_deleted_by_force_costs_no_attempt(
    requests: Requests, media: Media, deployment: Deployment, scripted: str
) -> None:
    requests.ask("deleted", media.script("long", seconds=_LONG), scripted)
    pod = requests.running("deleted")
    deployment.kubectl("delete", "pod", pod, "--force", "--grace-period=0")
    entry = analysis(requests.wait("deleted"), scripted)
    assert (entry["state"], entry["attempts"]) == ("Succeeded", 1)
    assert entry["disruptions"] >= 1
    assert entry["pod"] != pod


@besides_keda
def test_a_pod_that_is_terminated_finishes_what_runs_and_takes_nothing_new(
    requests: Requests, media: Media, deployment: Deployment, scripted: str
) -> None:
    requests.ask("draining", media.script("long", seconds=_LONG), scripted)
    pod = requests.running("draining")
    deployment.kubectl("delete", "pod", pod, "--wait=false")
    requests.ask("next", media.script("null"), scripted)
    assert analysis(requests.wait("next"), scripted)["pod"] != pod
    entry = analysis(requests.wait("draining"), scripted)
    assert (entry["pod"], entry["disruptions"]) == (pod, 0)


@besides_keda
def test_a_child_that_is_killed_or_out_of_memory_is_tried_again(
    requests: Requests, media: Media, scripted: str
) -> None:
    crashes = (("crash", "sigkill", "WorkerCrashed"), ("oom", "oom", "OutOfMemory"))
    for name, crash, _ in crashes:
        requests.ask(name, media.script(crash, crash=crash), scripted, maxAttempts=2)
    for name, _, reason in crashes:
        status = requests.wait(name)
        entry = analysis(status, scripted)
        assert (condition(status)["reason"], entry["attempts"], entry["disruptions"]) == (reason, 2, 0)


def test_a_node_that_loses_power_costs_no_attempt(
    requests: Requests, media: Media, cluster: Cluster, scripted_pools: ScriptedPools
) -> None:
    with scripted_pools.made("lit", replicas=1) as lit:  # its pod has no other work that could be taken for this
        requests.ask("dark", media.script("forty", seconds=40), lit)
        requests.running("dark")
        try:
            cluster.stop_node("ml")
            wait_until(lambda: analysis(requests.status("dark"), lit)["disruptions"] > 0, "the loss to be noticed")
        finally:
            cluster.start_node("ml")
        entry = analysis(requests.wait("dark"), lit)
        assert (entry["state"], entry["attempts"]) == ("Succeeded", 1)


@pytest.mark.parametrize("how", ["killed", "deleted"])
def test_the_operator_that_works_goes_while_requests_queue_and_run(
    requests: Requests, media: Media, deployment: Deployment, scripted: str, how: str
) -> None:
    names = requests.ask_many(how, 16, media.script("two", seconds=2), scripted)
    wait_until(lambda: any("verdict" in requests.status(name) for name in names), "a first verdict")
    leader = deployment.operator_pod()
    if how == "killed":
        deployment.cluster.signal_container(deployment.namespace, leader, signal.SIGKILL)
    else:
        deployment.kubectl("delete", "pod", leader, "--wait=false")
        wait_until(lambda: deployment.leader() not in {"", leader}, "the other to take over")
    before = {name: requests.status(name) for name in names}
    for name in names:
        status = requests.wait(name)
        assert status["verdict"] == "NoEvidence"
        if "verdict" in before[name]:
            assert status == before[name]


@besides_keda
def test_a_request_that_is_not_wanted_any_more_stops_within_two_seconds(
    requests: Requests, media: Media, cluster: Cluster, scripted_pools: ScriptedPools
) -> None:
    with scripted_pools.made("stopping", replicas=1) as stopping:
        for name in ("cancelled", "deleted-request"):
            requests.ask(name, media.script("minute", seconds=60), stopping)
            pod = requests.running(name)
            if name == "cancelled":
                requests.kubectl("patch", "areq", name, "--type=merge", "-p", '{"spec": {"cancel": true}}')
            else:
                requests.kubectl("delete", "areq", name)
            stopwatch = Stopwatch()
            wait_until(lambda pod=pod: busy(cluster, pod) == 0, "the work to stop")  # type: ignore[misc]
            assert stopwatch.seconds <= 2


@besides_keda
def test_a_namespace_goes_away_while_its_requests_run(
    cluster: Cluster, media: Media, deployment: Deployment, scripted: str
) -> None:
    cluster.kubectl("create", "namespace", "short-lived")
    there = Requests(cluster, "short-lived")
    there.ask("orphan", media.script("minute", seconds=60), scripted)
    there.running("orphan")
    cluster.kubectl("delete", "namespace", "short-lived", WITH_PATIENCE)


def test_an_s3_server_that_is_away_for_a_while_is_waited_for_and_costs_no_attempt(
    requests: Requests, media: Media, cluster: Cluster, scripted_pools: ScriptedPools
) -> None:
    uri = media.script("null")
    with scripted_pools.made("impatient", env={"GUARDIAN_S3_RETRY_SECONDS": "2"}, replicas=1) as impatient:
        cluster.stop_s3()
        try:
            requests.ask("back", uri, impatient, maxAttempts=1)
            wait_until(lambda: condition(requests.status("back"))["reason"] == "Retrying", "a retry")
            assert analysis(requests.status("back"), impatient)["reason"] == "SourceUnavailable"
        finally:
            cluster.start_s3()
        status = requests.wait("back")
        assert (status["verdict"], analysis(status, impatient)["attempts"]) == ("NoEvidence", 1)
