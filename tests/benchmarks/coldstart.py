"""From an empty pool to a verdict, and where the time goes, beside a plain Job of the same image that does the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from tests.benchmarks.client import JOBS, REQUESTS, Client, Json, condition, percentile, request, stop
from tests.support.operator.deployment import Deployment

ROUNDS = 6
STAGES = ("activation", "pod", "node", "address", "dispatch", "verdict")
"""KEDA asks for a pod, the pod is there, has a node, has an address; the work is handed over; the verdict is there."""
PROBED = "kubelet says ready"
"""What would have to be waited for if the operator did not ask the pod itself."""

_JOB = Path(__file__).with_name("job_of_audio.py")
_PODS = "api/v1/namespaces/{namespace}/pods"
_DEPLOYMENTS = "apis/apps/v1/namespaces/{namespace}/deployments"


class _Timeline:
    """When each stage of one cold start was first seen, in seconds since its request was created."""

    def __init__(self, pool: str, name: str) -> None:
        self._pool, self._name = pool, name
        self._began, self._wall = time.monotonic(), time.time()
        self.at: dict[str, float] = {}
        self.ended = asyncio.Event()
        self.probed = asyncio.Event()

    def _note(self, stage: str, when: float) -> None:
        self.at.setdefault(stage, when - self._began)

    def deployment(self, item: Json, when: float) -> None:
        if item["metadata"]["name"] == self._pool and item["spec"].get("replicas"):
            self._note("activation", when)

    def pod(self, item: Json, when: float) -> None:
        if item["metadata"].get("labels", {}).get("silverguardian.io/analyzer") != self._pool:
            return
        self._note("pod", when)
        if item["spec"].get("nodeName"):
            self._note("node", when)
        if item["status"].get("podIP"):
            self._note("address", when)
        if condition(item, "Ready") == "True":
            self._note(PROBED, when)
            self.probed.set()

    def request(self, item: Json, when: float) -> None:
        if item["metadata"]["name"] == self._name and condition(item, "Finished") == "True":
            started = datetime.fromisoformat(item["status"]["analyses"][0]["startedAt"]).timestamp()
            self.at["dispatch"] = started - self._wall
            self._note("verdict", when)
            self.ended.set()


async def _asleep(client: Client, deployment: Deployment, pool: str) -> None:
    """Wait until the pool has no pod, not even one that is leaving."""
    while True:
        listed = await client.api.call(
            "GET",
            _PODS.format(namespace=deployment.namespace),
            query={"labelSelector": f"silverguardian.io/analyzer={pool}"},
        )
        if not listed["items"]:
            return
        await asyncio.sleep(0.5)


async def _ours(client: Client, deployment: Deployment, body: Json, namespace: str) -> Json:
    watches = [
        (_DEPLOYMENTS.format(namespace=deployment.namespace), "deployment"),
        (_PODS.format(namespace=deployment.namespace), "pod"),
        (REQUESTS.format(namespace=namespace), "request"),
    ]
    seen: dict[str, Callable[[Json, float], None]] = {}

    def observer(kind: str) -> Callable[[Json, float], None]:
        return lambda item, when: seen[kind](item, when) if kind in seen else None

    tasks = [await client.watching(collection, observer(kind)) for collection, kind in watches]
    timeline = _Timeline(body["spec"]["analyzers"][0], body["metadata"]["name"])
    seen.update(deployment=timeline.deployment, pod=timeline.pod, request=timeline.request)
    await client.api.call("POST", REQUESTS.format(namespace=namespace), body=body)
    for event in (timeline.ended, timeline.probed):
        await asyncio.wait_for(event.wait(), 120)
    for task in tasks:
        await stop(task)
    return timeline.at


async def _job(client: Client, deployment: Deployment, pool: str, name: str, uri: str) -> float:
    """Return the seconds from the creation of a Job, of the pool's image and environment, to its completion."""
    deployed = await client.api.call("GET", f"{_DEPLOYMENTS.format(namespace=deployment.namespace)}/{pool}")
    spec = deployed["spec"]["template"]["spec"]
    container = {
        key: value
        for key, value in spec["containers"][0].items()
        if key not in {"startupProbe", "readinessProbe", "livenessProbe", "lifecycle", "ports"}
    }
    container["command"] = ["python", "-c", _JOB.read_text(), uri]
    pod = {**spec, "restartPolicy": "Never", "containers": [container]}
    collection, ended = JOBS.format(namespace=deployment.namespace), asyncio.Event()
    at: list[float] = []

    def seen(job: Json, when: float) -> None:
        if job["metadata"]["name"] == name and condition(job, "Failed") == "True":
            raise RuntimeError(f"Job {name} failed")
        if job["metadata"]["name"] == name and condition(job, "Complete") == "True" and not at:
            at.append(when)
            ended.set()

    watch = await client.watching(collection, seen)
    began = time.monotonic()
    body = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"backoffLimit": 0, "template": {"spec": pod}},
    }
    await client.api.call("POST", collection, body=body)
    await asyncio.wait_for(ended.wait(), 120)
    await stop(watch)
    query = {"propagationPolicy": "Background"}
    await client.api.call("DELETE", f"{collection}/{name}", query=query)
    return at[0] - began


async def measure(client: Client, deployment: Deployment, pool: str, uri: str, namespace: str) -> Json:
    """Return the median of cold starts and of Jobs, in turn in one run, and the stages of a cold start (seconds)."""
    starts: list[Json] = []
    jobs: list[float] = []
    for n in range(ROUNDS):
        await _asleep(client, deployment, pool)
        starts.append(await _ours(client, deployment, request(f"cold-{n}", uri, pool), namespace))
        await _asleep(client, deployment, pool)
        jobs.append(await _job(client, deployment, pool, f"cold-job-{n}", uri))
    ours = percentile([start["verdict"] for start in starts], 0.5)
    theirs = percentile(jobs, 0.5)
    return {
        "cold_start_seconds": round(ours, 2),
        "cold_start_slowest_seconds": round(max(start["verdict"] for start in starts), 2),
        "cold_job_seconds": round(theirs, 2),
        "cold_job_over_ours": round(theirs / ours, 2),
        "cold_start_until_seconds": {
            stage: round(percentile([start[stage] for start in starts], 0.5), 2) for stage in (*STAGES, PROBED)
        },
    }
