"""The flood of the core's benchmark beside a real API server: ``python -m tests.benchmarks.scale_server``.

The operator is a process of its own, the pods are scripted analyzers that answer at once. Requests of several
namespaces wait, half of them of one, when the operator starts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from typing import Any

import psutil

from tests.benchmarks.burst import Finishes, all_of
from tests.benchmarks.client import REQUESTS, Client, request, stop
from tests.benchmarks.memory import peak_megabytes
from tests.benchmarks.parts import Parts, parts
from tests.benchmarks.scale import arrivals, figures
from tests.support.operator.process import OperatorProcess
from tests.support.ports import free_port

_EVERYWHERE = "apis/silverguardian.io/v1alpha1/analysisrequests"
_CREATORS = 32
_MOST_SECONDS = 900


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=3000)
    parser.add_argument("--namespaces", type=int, default=6)
    parser.add_argument("--pods", type=int, default=2)
    parser.add_argument("--concurrency", type=int, default=16)
    asked = parser.parse_args()
    os.environ["GUARDIAN_NULL"] = "1"  # the pods answer without a look at the recording
    with parts() as made:
        made.s3.put("media", "null", b"{}")
        made.pods.pool("scripted", port=free_port(), pods=asked.pods, concurrency=asked.concurrency)
        found = asyncio.run(_measure(made, arrivals(asked.requests, asked.namespaces)))
    print(json.dumps(vars(asked) | found, indent=2))


async def _measure(made: Parts, order: list[str]) -> dict[str, Any]:
    client, finishes = await Client.connect(made.server.kubeconfig), Finishes("flood")
    for namespace in set(order):
        made.server.kubectl("create", "namespace", namespace)
    numbers = iter(range(len(order)))

    async def creator() -> None:
        for number in numbers:
            body = request(f"flood-{number}", "s3://media/null", "scripted")
            await client.api.call("POST", REQUESTS.format(namespace=order[number]), body=body)

    await asyncio.gather(*(creator() for _ in range(_CREATORS)))
    watch = await client.watching(_EVERYWHERE, finishes.seen)
    operator = OperatorProcess(made.server, made.folder, None, cached_seconds=0)
    began = time.monotonic()
    await asyncio.to_thread(operator.start)
    await all_of(finishes, len(order), _MOST_SECONDS)
    await stop(watch)
    await client.close()
    assert operator.process is not None
    cpu, peak = psutil.Process(operator.process.pid).cpu_times(), peak_megabytes(operator.process.pid)
    operator.stop()
    finished = [(at, order[int(name.rpartition("-")[2])]) for name, at in finishes.at.items()]
    return figures(finished, order, began) | {
        "operator_cpu_ms_per_request": round((cpu.user + cpu.system) / len(order) * 1000, 2),
        "operator_peak_mb": round(peak),
        "given_twice": finishes.changed_verdicts(),
    }


if __name__ == "__main__":
    main()
