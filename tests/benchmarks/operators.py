"""What the operator costs, beside an earlier one: ``python -m tests.benchmarks.operators [--tree FOLDER …]``.

Each checkout named runs its own operator and its own scripted analyzer (16 slots) beside a new API server, one after
the other within every round, so that a busy machine is equally busy for all: null analyses one at a time, then 500 at
once.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
from collections import defaultdict
from contextlib import chdir
from pathlib import Path

from tests.benchmarks.burst import at_once
from tests.benchmarks.client import REQUESTS, Client, Json, percentile, request
from tests.benchmarks.overhead import one
from tests.cluster.paths import repo_root
from tests.support.aws.s3 import S3Process
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.operator.process import NAMESPACE, OperatorProcess, Pods
from tests.support.ports import free_port

_ALONE, _UNTIMED = 40, 5
_SLOTS = 16


def sources(tree: Path) -> dict[str, str]:
    """Return the variables by which a Python process imports what a checkout has, and nothing of this one."""
    folders = [tree, *sorted(tree.glob("*/src")), *sorted(tree.glob("analyzers/*/src"))]
    return {"PYTHONPATH": os.pathsep.join(map(str, folders))}


def _measured(tree: Path) -> Json:
    """Return the figures of one checkout."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("apiserver", "s3", "pods"):
            (folder / part).mkdir()
        with (
            chdir(tree),  # where Python looks first for a module that it runs
            ApiServer(folder / "apiserver") as server,
            S3Process(folder / "s3") as s3,
            Pods(server, folder / "pods", s3.environment() | sources(tree) | {"GUARDIAN_NULL": "1"}) as pods,
        ):
            server.kubectl("apply", "--server-side", "-f", str(tree / "crds"))
            server.kubectl("wait", "--for=condition=Established", "crd", "--all")
            server.kubectl("create", "namespace", NAMESPACE)
            s3.make_bucket("media")
            s3.put("media", "null", b"{}")
            pods.pool("scripted", port=free_port(), concurrency=_SLOTS)
            operator = OperatorProcess(server, folder, server.kubeconfig, environment=sources(tree))
            operator.start()
            try:
                return asyncio.run(_asked(server.kubeconfig))
            finally:
                operator.stop()


async def _asked(kubeconfig: Path) -> Json:
    client, collection = await Client.connect(kubeconfig), REQUESTS.format(namespace="default")
    try:
        bodies = [request(f"alone-{n}", "s3://media/null", "scripted") for n in range(_UNTIMED + _ALONE)]
        seconds = [await one(client, collection, body, "Finished") for body in bodies][_UNTIMED:]
        burst = await at_once(client, "scripted", "default")
    finally:
        await client.close()
    return {"one at a time, p50 ms": percentile(seconds, 0.5) * 1000, "at once, per second": burst["burst_per_second"]}


def main() -> None:
    """Measure and print the medians of the rounds, and each as a share of the first checkout's, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", type=Path, action="append", help="a checkout (default: this one)")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    trees = [tree.absolute() for tree in arguments.tree or [repo_root()]]
    figures: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for _ in range(arguments.rounds):
        for tree in trees:
            for what, value in _measured(tree).items():
                figures[what][tree.name].append(value)
    for what, by_tree in figures.items():
        medians = {tree: statistics.median(values) for tree, values in by_tree.items()}
        base = medians[trees[0].name]
        told = {tree: f"{value:.1f} ({value / base:.2f})" for tree, value in medians.items()}
        print(json.dumps({what: told}))


if __name__ == "__main__":
    main()
