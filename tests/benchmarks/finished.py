"""What finished requests cost an operator that starts: ``python -m tests.benchmarks.finished --finished 20000``.

Beside a real API server: memory, seconds to the first new verdict, and the longest gap between renewals of the Lease.
"""

from __future__ import annotations

import argparse
import base64
import itertools
import json
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.benchmarks.memory import MEGABYTE, peak_megabytes
from tests.benchmarks.parts import parts
from tests.cluster.shell import wait_until
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.operator.process import API, NAMESPACE, OperatorProcess, until
from tests.support.operator.world import DEPLOYMENT
from tests.support.records.postgres import Postgres

LEASE = DEPLOYMENT
_SPEC = {"source": {"uri": "s3://media/null"}, "analyzers": ["scripted"]}
_REQUEST = {"apiVersion": API, "kind": "AnalysisRequest", "spec": _SPEC}
_STORED = f"/registry/{API.partition('/')[0]}/analysisrequests"
_PUTS = 100
"""In one transaction of etcd, which takes 128 at most."""


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--finished", type=int, default=20_000)
    parser.add_argument("--queued", type=int, default=0)
    parser.add_argument("--database", choices=("none", "up", "down"), default="none")
    asked = parser.parse_args()
    with parts() as made:
        made.pool_without_work()
        _fill(made.server, asked.finished, asked.queued)
        with _database(asked.database) as url:
            figures = _measure(made.server, made.folder, url)
    print(json.dumps(vars(asked) | figures, indent=2))


@contextmanager
def _database(state: str) -> Iterator[str]:
    """Return the URL of a database that is there, or does not answer; empty for none."""
    if state == "none":
        yield ""
        return
    with Postgres() as postgres:
        if state == "down":
            postgres.kill()
        yield postgres.url()


def _fill(server: ApiServer, finished: int, queued: int) -> None:
    """Make finished requests as the operator leaves them, and some that nobody has begun.

    One of each is made by the API server and copied in etcd, where a hundred thousand take a minute and not ten.
    """
    kinds = [(name, number) for name, number in (("finished", finished), ("queued", queued)) if number]
    server.apply(*({**_REQUEST, "metadata": {"name": f"{name}-0", "namespace": "default"}} for name, _ in kinds))
    if finished:
        server.kubectl("patch", "areq", "finished-0", "--subresource=status", "--type=merge",
                       "-p", json.dumps({"status": _ended()}))  # fmt: skip
    for name, number in kinds:
        _copy(server.etcd_endpoint, f"{_STORED}/default/{name}", number)
    until(lambda: _seconds_to_read(server) < 1, "the API server to have read what etcd was given", timeout=600)


def _seconds_to_read(server: ApiServer) -> float:
    began = time.monotonic()
    server.kubectl("get", "--raw", f"/apis/{API}/analysisrequests?limit=1")
    return time.monotonic() - began


def _copy(etcd: str, key: str, number: int) -> None:
    """Put objects ``key-1``, ``key-2``, … that are like ``key-0``, until there are so many."""
    with httpx.Client(base_url=etcd, timeout=60) as client:
        found = client.post("/v3/kv/range", json={"key": _base64(f"{key}-0")}).raise_for_status().json()
        stored = json.loads(base64.b64decode(found["kvs"][0]["value"]))
        for batch in itertools.batched(range(1, number), _PUTS):
            puts = [{"requestPut": _put(key, stored, each)} for each in batch]
            client.post("/v3/kv/txn", json={"success": puts}).raise_for_status()


def _put(key: str, stored: dict[str, Any], number: int) -> dict[str, str]:
    meta = stored["metadata"] | {"name": f"{key.rpartition('/')[2]}-{number}", "uid": str(uuid.uuid4())}
    return {"key": _base64(f"{key}-{number}"), "value": _base64(json.dumps(stored | {"metadata": meta}))}


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


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


def _measure(server: ApiServer, folder: Path, database: str) -> dict[str, float]:
    operator = OperatorProcess(server, folder, None, lease=LEASE, identity="measured", database_url=database)
    renewals = _Renewals(server)
    meta = {"name": "the-new-one", "namespace": "other"}
    server.kubectl("create", "namespace", "other")
    server.apply({**_REQUEST, "metadata": meta})
    began = time.monotonic()
    operator.start()
    until(lambda: server.read.get("analysisrequest", "the-new-one", "other")["status"].get("verdict"), "a verdict")
    first = time.monotonic() - began
    assert operator.process is not None
    process = psutil.Process(operator.process.pid)
    at_first = process.memory_info().rss / MEGABYTE
    unfinished = ("get", "--raw", f"/apis/{API}/analysisrequests?fieldSelector=status.expiresAt%3D&limit=1")
    # Seldom: to find them the API server reads all that there are, and has little time for anything else meanwhile.
    wait_until(lambda: not json.loads(server.kubectl(*unfinished).stdout)["items"], "every verdict", interval=5)
    time.sleep(20)  # until everything else has been read, too
    memory = process.memory_info().rss / MEGABYTE
    peak = peak_megabytes(process.pid)
    gap = renewals.longest()
    operator.stop()
    return {
        "first_verdict_seconds": round(first, 1),
        "memory_at_first_verdict_mb": round(at_first),
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
