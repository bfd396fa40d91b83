"""Many requests at once: how fast they finish, each exactly once, and what the operator needs for that."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from tests.benchmarks.client import REQUESTS, Client, Json, condition, request, stop
from tests.benchmarks.memory import operator_megabytes
from tests.support.operator.deployment import Deployment

_CREATORS = 32


class Finishes:
    """When each request finished, and how often that was reported again."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.at: dict[str, float] = {}
        self.ends: Counter[tuple[str, str]] = Counter()

    def seen(self, item: Json, when: float) -> None:
        """Record what a watch reports."""
        name = item["metadata"]["name"]
        if name.startswith(self._prefix) and condition(item, "Finished") == "True":
            self.at.setdefault(name, when)
            status = item["status"]
            self.ends[name, f"{status.get('finishedAt')} {status.get('verdict')}"] += 1

    def changed_verdicts(self) -> int:
        """Count the requests whose verdict ever changed."""
        return sum(1 for count in Counter(name for name, _ in self.ends).values() if count > 1)


async def create(client: Client, collection: str, prefix: str, analyzer: str, count: int) -> None:
    """Create many requests with several clients at once."""
    numbers = iter(range(count))

    async def creator() -> None:
        for n in numbers:
            await client.api.call("POST", collection, body=request(f"{prefix}-{n}", "s3://media/null", analyzer))

    await asyncio.gather(*(creator() for _ in range(_CREATORS)))


async def all_of(finishes: Finishes, count: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while len(finishes.at) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(finishes.at)} of {count} finished in {seconds:.0f} s")
        await asyncio.sleep(0.05)


async def at_once(client: Client, analyzer: str, namespace: str, count: int = 500) -> Json:
    """Return how many requests finish in a second, from the first create to the last verdict."""
    collection, finishes = REQUESTS.format(namespace=namespace), Finishes("burst")
    watch = await client.watching(collection, finishes.seen)
    began = time.monotonic()
    await create(client, collection, "burst", analyzer, count)
    created = time.monotonic() - began
    await all_of(finishes, count, 120)
    await stop(watch)
    seconds = max(finishes.at.values()) - began
    return {
        f"burst_{count}_seconds": round(seconds, 1),
        f"burst_{count}_create_seconds": round(created, 1),
        "burst_per_second": round(count / seconds, 1),
        "burst_given_twice": finishes.changed_verdicts(),
    }


async def queued(client: Client, deployment: Deployment, analyzer: str, namespace: str, count: int = 5000) -> Json:
    """Queue many requests while no operator runs, start it, and return its figures."""
    collection, finishes = REQUESTS.format(namespace=namespace), Finishes("queue")
    deployment.kubectl("scale", "deployment/silver-guardian", "--replicas=0")
    deployment.kubectl("wait", "--for=delete", "pod", "-l", "app.kubernetes.io/name=silver-guardian-operator")
    await create(client, collection, "queue", analyzer, count)
    watch = await client.watching(collection, finishes.seen)
    deployment.kubectl("scale", "deployment/silver-guardian", "--replicas=1")
    began, most = time.monotonic(), 0.0
    sampling = asyncio.create_task(all_of(finishes, count, 600))
    started = None
    while not sampling.done():
        here = await asyncio.to_thread(operator_megabytes)
        if here and started is None:
            started = time.monotonic()
        most = max(most, here)
        await asyncio.wait({sampling}, timeout=0.2)
    sampling.result()
    await stop(watch)
    first, last = min(finishes.at.values()), max(finishes.at.values())
    return {
        f"queued_{count}_first_verdict_after_process_start_seconds": round(first - (started or began), 1),
        f"queued_{count}_first_verdict_after_scale_up_seconds": round(first - began, 1),
        f"queued_{count}_per_second": round(count / (last - first), 1),
        f"queued_{count}_operator_peak_mb": round(most, 1),
        f"queued_{count}_given_twice": finishes.changed_verdicts(),
    }
