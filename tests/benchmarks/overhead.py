"""What the operator adds to an analysis, beside a plain Job of the same image that does the same: nothing."""

from __future__ import annotations

import asyncio
import json
import time

from tests.benchmarks.client import JOBS, REQUESTS, Client, Json, condition, percentile, request, stop

ROUNDS = 60
JOB_ROUNDS = 5


async def one(client: Client, collection: str, body: Json, done: str) -> float:
    """Return the seconds from create to the moment in which a watch says that it is done."""
    name, ended = body["metadata"]["name"], asyncio.Event()
    at: list[float] = []

    def seen(item: Json, when: float) -> None:
        if item["metadata"]["name"] == name and condition(item, done) == "True" and not at:
            at.append(when)
            ended.set()

    watch = await client.watching(collection, seen)
    began = time.monotonic()
    await client.api.call("POST", collection, body=body)
    await asyncio.wait_for(ended.wait(), 60)
    await stop(watch)
    return at[0] - began


def _job(name: str, image: str) -> Json:
    """Return a Job of the analyzer's image that does what a null analysis does."""
    container = {
        "name": "null",
        "image": image,
        "imagePullPolicy": "Never",
        "command": ["python3", "-c", "pass"],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
    }
    pod = {
        "restartPolicy": "Never",
        "nodeSelector": {"workload": "ml"},
        "tolerations": [{"key": "workload", "operator": "Exists"}],
        "containers": [container],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"backoffLimit": 0, "template": {"spec": pod}},
    }


async def measure(client: Client, analyzer: str, image: str, namespace: str) -> Json:
    """Return the overhead of a null analysis, one at a time, warm, and of a Job, in turn in one run (seconds)."""
    requests, jobs = REQUESTS.format(namespace=namespace), JOBS.format(namespace=namespace)
    ours: list[float] = []
    theirs: list[float] = []
    for n in range(ROUNDS + 1):
        body = request(f"overhead-{n}", "s3://media/null", analyzer)
        seconds = await one(client, requests, body, "Finished")
        if n:  # the first one opens connections
            ours.append(seconds)
        if n % (ROUNDS // JOB_ROUNDS) == 1:
            theirs.append(await one(client, jobs, _job(f"job-{n}", image), "Complete"))
    return {
        "overhead_p50_ms": round(percentile(ours, 0.5) * 1000, 1),
        "overhead_p95_ms": round(percentile(ours, 0.95) * 1000, 1),
        "job_p50_ms": round(percentile(theirs, 0.5) * 1000, 1),
        "job_over_ours": round(percentile(theirs, 0.5) / percentile(ours, 0.5), 1),
    }


def writes(audit_log: str, user: str, name: str) -> int:
    """Count what a user wrote about one object, its events included."""
    count = 0
    for line in audit_log.splitlines():
        entry = json.loads(line)
        about = str(entry.get("objectRef", {}).get("name", "")).split(".")[0]
        count += entry["user"]["username"] == user and about == name
    return count
