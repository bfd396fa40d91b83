"""What finished requests cost an operator that starts: ``python -m tests.benchmarks.finished --finished 20000``.

Beside a real API server: memory, seconds to the first new verdict, and the longest gap between renewals of the Lease.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.client import REQUESTS, Client
from tests.benchmarks.memory import MEGABYTE, peak_megabytes
from tests.benchmarks.parts import parts
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.operator.process import API, NAMESPACE, OperatorProcess, until

LEASE = "silver-guardian"
_AT_A_TIME = 32
_SPEC = {"source": {"uri": "s3://media/null"}, "analyzers": ["scripted"]}


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--finished", type=int, default=20_000)
    parser.add_argument("--queued", type=int, default=0)
    asked = parser.parse_args()
    with parts() as made:
        made.pool_without_work()
        asyncio.run(_fill(made.server, asked.finished, asked.queued))
        figures = _measure(made.server, made.folder)
    print(json.dumps({"finished": asked.finished, "queued": asked.queued} | figures, indent=2))


async def _fill(server: ApiServer, finished: int, queued: int) -> None:
    """Make finished requests as the operator leaves them, and some that nobody has begun."""
    client = await Client.connect(server.kubeconfig)
    collection, turn = REQUESTS.format(namespace="default"), asyncio.Semaphore(_AT_A_TIME)

    async def make(number: int) -> None:
        body = {"apiVersion": API, "kind": "AnalysisRequest", "metadata": {"name": f"r-{number}"}, "spec": _SPEC}
        async with turn:
            made = await client.api.call("POST", collection, body=body)
            if number < finished:
                await client.api.call("PUT", f"{collection}/r-{number}/status", body=made | {"status": _ended()})

    try:
        await asyncio.gather(*(make(number) for number in range(finished + queued)))
    finally:
        await client.close()


def _ended() -> dict[str, Any]:
    now = datetime.now(UTC)
    condition = {"status": "True", "reason": "Completed", "message": "Nothing was found." * 4, "observedGeneration": 1}
    findings = [{"kind": "SyntheticVoice", "startSeconds": 1, "endSeconds": 2, "score": 20}] * 5
    return {
        "observedGeneration": 1,
        "verdict": "NoEvidence",
        "score": 20,
        "progress": 100,
        "finishedAt": now.isoformat(),
        "expiresAt": (now + timedelta(days=7)).isoformat(),
        "analyses": [
            {"name": "scripted", "state": "Succeeded", "verdict": "NoEvidence", "score": 20, "findings": findings}
        ],
        "conditions": [
            condition | {"type": kind, "lastTransitionTime": now.isoformat()} for kind in ("Succeeded", "Finished")
        ],
    }


def _measure(server: ApiServer, folder: Path) -> dict[str, float]:
    operator = OperatorProcess(server, folder, None, lease=LEASE, identity="measured")
    renewals = _Renewals(server)
    meta = {"name": "the-new-one", "namespace": "other"}
    server.kubectl("create", "namespace", "other")
    server.apply({"apiVersion": API, "kind": "AnalysisRequest", "metadata": meta, "spec": _SPEC})
    began = time.monotonic()
    operator.start()
    until(lambda: server.read.get("analysisrequest", "the-new-one", "other")["status"].get("verdict"), "a verdict")
    first = time.monotonic() - began
    unfinished = ("get", "areq", "-A", "--field-selector", "status.expiresAt=", "-o", "name")
    until(lambda: not server.kubectl(*unfinished).stdout, "every verdict")
    time.sleep(20)  # until everything else has been read, too
    assert operator.process is not None
    memory = psutil.Process(operator.process.pid).memory_info().rss / MEGABYTE
    peak = peak_megabytes(operator.process.pid)
    gap = renewals.longest()
    operator.stop()
    return {
        "first_verdict_seconds": round(first, 1),
        "memory_mb": round(memory),
        "peak_mb": round(peak),
        "longest_gap_of_the_lease_seconds": round(gap, 1),
    }


class _Renewals:
    """Looks at the Lease all the time, in a thread."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._times: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def longest(self) -> float:
        self._stop.set()
        self._thread.join()
        times = sorted(datetime.fromisoformat(time) for time in self._times)
        return max((later - earlier).total_seconds() for earlier, later in itertools.pairwise(times))

    def _look(self) -> None:
        while not self._stop.wait(0.3):
            found = self._server.kubectl(
                "get", "lease", LEASE, "-n", NAMESPACE, "-o", "jsonpath={.spec.renewTime}", check=False
            ).stdout
            if found:
                self._times.add(found)


if __name__ == "__main__":
    main()
