"""A batch of small recordings against what its analyzers do by themselves: ``python -m tests.benchmarks.batches``.

Beside a real API server and S3, with scripted analyzers: recordings a minute when their jobs go straight to the pods,
and as a batch with its requests, reports and results; and how many requests there were at most.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from analysis_operator.analyzers.http_runner import HttpRunner
from analysis_operator.requests.ports import Endpoint
from analyzer_contract import AnalysisJob, Result, SourceObject
from tests.benchmarks.parts import parts
from tests.support.aws.s3 import S3Process
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.operator.process import API, OperatorProcess
from tests.support.ports import free_port
from tests.support.waiting import PATIENCE_SECONDS

_MOST_SECONDS = 3600
_AT_A_TIME = 8


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=2000)
    parser.add_argument("--pods", type=int, default=2)
    parser.add_argument("--concurrency", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=0.5, help="of one analysis")
    asked = parser.parse_args()
    with parts() as made:
        _fill(made.s3, asked.recordings, json.dumps({"seconds": asked.seconds}).encode())
        port = free_port()
        names = made.pods.pool("scripted", port=port, pods=asked.pods, concurrency=asked.concurrency)
        endpoints = [Endpoint(each, f"127.0.0.{place}:{port}") for place, each in enumerate(names, start=2)]
        alone = asyncio.run(_alone(endpoints, asked.concurrency, asked.recordings))
        os.environ.update(made.s3.environment())
        figures = _as_a_batch(made.server, made.folder, asked.recordings, 2 * asked.pods * asked.concurrency)
    figures |= {"alone_seconds": round(alone, 1), "share": round(alone / figures["batch_seconds"], 2)}
    print(json.dumps(vars(asked) | figures, indent=2))


def _fill(s3: S3Process, count: int, body: bytes) -> None:
    client = s3.client()
    with ThreadPoolExecutor(_AT_A_TIME) as threads:
        list(threads.map(lambda number: client.put_object(Bucket="media", Key=_key(number), Body=body), range(count)))


def _key(number: int) -> str:
    return f"calls/{number:06d}"


async def _alone(endpoints: list[Endpoint], concurrency: int, count: int) -> float:
    """Return the seconds that the analyzers take for all jobs, each slot one after the other."""
    runner, numbers = HttpRunner.create(), iter(range(count))

    async def slot(endpoint: Endpoint) -> None:
        for number in numbers:
            job = AnalysisJob(
                id=f"alone-{number}",
                source=SourceObject(uri=f"s3://media/{_key(number)}"),
                result_prefix=f"s3://media/alone/{number}/",
            )
            outcomes = [event async for event in runner.run(endpoint, job)]
            assert isinstance(outcomes[-1], Result), outcomes[-1]

    began = time.monotonic()
    await asyncio.gather(*(slot(endpoint) for endpoint in endpoints for _ in range(concurrency)))
    await runner.close()
    return time.monotonic() - began


def _as_a_batch(server: ApiServer, folder: Path, count: int, parallelism: int) -> dict[str, Any]:
    operator = OperatorProcess(server, folder, None, results_uri="s3://media/results", cached_seconds=0)
    operator.start()
    spec = {"source": {"prefix": "s3://media/calls/"}, "analyzers": ["scripted"], "parallelism": parallelism}
    most, stop = [0], threading.Event()

    def look() -> None:
        while not stop.wait(1):
            listed = server.kubectl("get", "areq", "-o", "name", check=False).stdout.split()
            most[0] = max(most[0], len(listed))

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    server.apply({"apiVersion": API, "kind": "AnalysisBatch", "metadata": {"name": "measured"}, "spec": spec})
    server.kubectl("wait", "--for=condition=Complete", "abatch/measured", f"--timeout={_MOST_SECONDS}s")
    stop.set()
    watching.join(PATIENCE_SECONDS)
    status = json.loads(server.kubectl("get", "abatch", "measured", "-o", "json").stdout)["status"]
    operator.stop()
    assert status["counts"]["noEvidence"] == count, status
    return {
        "batch_seconds": round(_seconds(status), 1),
        "most_requests": most[0],
        "status_bytes": len(json.dumps(status)),
    }


def _seconds(status: dict[str, Any]) -> float:
    begun, ended = (datetime.fromisoformat(status[name]) for name in ("startedAt", "finishedAt"))
    return (ended - begun).total_seconds()


if __name__ == "__main__":
    main()
