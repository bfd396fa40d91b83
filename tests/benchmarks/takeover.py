"""How long no operator works when the leader is killed or stopped: ``python -m tests.benchmarks.takeover``.

Two operators beside a real API server, and a pod that answers at once. Measured from the signal to when the other
leads, and to its first verdict.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import time
from functools import partial
from pathlib import Path

from tests.benchmarks.parts import parts
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.operator.process import API, OperatorProcess, until
from tests.support.operator.verdicts import VerdictWatch
from tests.support.operator.world import DEPLOYMENT

LEASE = DEPLOYMENT


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with parts() as made:
        made.pool_without_work()
        kinds = (signal.SIGKILL, signal.SIGTERM)
        figures = {how.name: _measure(made.server, made.folder, how, rounds) for how in kinds}
    print(json.dumps(figures, indent=2))


def _measure(server: ApiServer, folder: Path, how: signal.Signals, rounds: int) -> dict[str, float]:
    leads, seconds = [], []
    for n in range(rounds):
        first, second = (
            OperatorProcess(server, folder, None, lease=LEASE, identity=f"{how.name}-{n}-{which}") for which in "ab"
        )
        first.start()
        second.start()
        with VerdictWatch(server.kubectl_path, server.kubeconfig, folder / f"watch-{how.name}-{n}") as watch:
            _ask(server, f"{how.name}-{n}-before".lower())
            until(watch.written, "a verdict by the first")
            began = time.monotonic()
            first.stop(how)
            _ask(server, f"{how.name}-{n}-after".lower())
            until(second.leads, "the other to lead")
            leads.append(time.monotonic() - began)
            until(partial(_two, watch), "a verdict by the other")
            seconds.append(time.monotonic() - began)
        second.stop()
        server.kubectl("delete", "areq", "--all")
    return {
        "rounds": rounds,
        "other_leads_seconds_median": round(statistics.median(leads), 1),
        "verdict_by_the_other_seconds_median": round(statistics.median(seconds), 1),
        "verdict_by_the_other_seconds_longest": round(max(seconds), 1),
    }


def _two(watch: VerdictWatch) -> bool:
    return len(watch.written()) == 2


def _ask(server: ApiServer, name: str) -> None:
    spec = {"source": {"uri": "s3://media/null"}, "analyzers": ["scripted"]}
    server.apply({"apiVersion": API, "kind": "AnalysisRequest", "metadata": {"name": name}, "spec": spec})


if __name__ == "__main__":
    main()
