"""``python -m tests.faults.soak [--seconds N] [--rate R]``: random faults for hours, and whether the operator grows."""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from analysis_operator.errors import ApiUnavailable, Conflict
from tests.benchmarks.client import REQUESTS, Client
from tests.cluster.paths import repo_root
from tests.faults.card import with_section
from tests.faults.cells import KINDS, SCENARIOS, Scenario
from tests.faults.kinds import CLOCKS, KILLS, Fault, Kind, Place
from tests.faults.proxy import Proxy
from tests.faults.setting import proxied
from tests.faults.witness import Witness
from tests.support.aws.s3 import S3Process
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.operator.machines import StepFunctionsServer
from tests.support.operator.process import API, until
from tests.support.operator.world import World, prepare
from tests.support.records.postgres import Postgres

_FAULTY = 0.1
"""The share of requests that meet a fault."""
_TTL_SECONDS = 30
_LOOK_SECONDS = 5.0
_WARM = 0.25
"""The share of the time after which growth is counted: caches and pools have filled by then."""
_END_SECONDS = 300
_LEFT_OUT = {*KILLS, *CLOCKS, Kind.SUSPENDED}
"""A process that is new each time cannot grow."""
_ENDING_BY_THEMSELVES = [scenario for scenario in SCENARIOS if not scenario.then]
_FAULTS = [(place, kind) for place, kinds in KINDS.items() for kind in kinds if kind not in _LEFT_OUT]


@dataclass
class _Look:
    """What the operator's process holds at one time."""

    at: float
    megabytes: float
    files: int
    threads: int


@dataclass
class Soak:
    """One operator behind its proxies, and requests that come all the time."""

    world: World
    proxies: dict[Place, Proxy]
    witness: Witness
    random: random.Random
    expected: dict[str, Scenario] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    looks: list[_Look] = field(default_factory=list)

    async def run(self, seconds: float, rate: float) -> None:
        """Ask at this rate, and look at the process beside it."""
        client = await Client.connect(self.world.server.kubeconfig)
        began, looking = time.monotonic(), asyncio.create_task(self._look())
        try:
            async with asyncio.TaskGroup() as asking:
                for number in range(int(seconds * rate)):
                    await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
                    asking.create_task(self._ask(client, f"soak-{number}"))
        finally:
            looking.cancel()
            await client.close()

    async def _ask(self, client: Client, name: str) -> None:
        scenario = self.expected[name] = self.random.choice(_ENDING_BY_THEMSELVES)
        if self.random.random() < _FAULTY:
            place, kind = self.random.choice(_FAULTS)
            if place is not Place.ANSWER or (scenario.called_back and kind is not Kind.TIMED_OUT):
                fault = Fault(name, place, kind, self.random.randint(1, 3))
                self.proxies[place].arm(fault)
                self.faults.append(fault)
        script = scenario.script | {"score": 0, "examined": 1 - int(name[5:]) * 1e-6}
        uri = await asyncio.to_thread(self.world.put, name, **script)
        spec: dict[str, Any] = {
            "source": {"uri": uri}, "analyzers": ["scripted"], "ttlSecondsAfterFinished": _TTL_SECONDS
        }  # fmt: skip
        if scenario.called_back:
            spec["callback"] = {"taskToken": self.witness.wait(name)}
        body = {"apiVersion": API, "kind": "AnalysisRequest", "metadata": {"name": name}, "spec": spec}
        while True:
            try:
                await client.api.call("POST", REQUESTS.format(namespace="default"), body=body)
                return
            except Conflict:  # it was made, and the answer came too late
                return
            except ApiUnavailable:  # on a machine that is too slow for the rate
                await asyncio.sleep(1)
            if await asyncio.to_thread(self.witness.knows, name):  # it was made, has ended and was deleted since
                return

    async def _look(self) -> None:
        assert self.world.operator.process is not None
        process, began = psutil.Process(self.world.operator.process.pid), time.monotonic()
        while True:
            memory = process.memory_info().rss / 1e6
            self.looks.append(_Look(time.monotonic() - began, memory, process.num_fds(), process.num_threads()))
            await asyncio.sleep(_LOOK_SECONDS)

    def problems(self) -> list[str]:
        """Wait for the last end, and return what is wrong."""
        unfinished = ("get", "areq", "--field-selector", "status.expiresAt=", "-o", "name")
        until(lambda: not self.world.server.kubectl(*unfinished).stdout, "every end", timeout=_END_SECONDS)
        written = "silver_guardian_records_waiting 0.0"
        until(lambda: written in self.world.operator.get("/metrics")[1], "every row", timeout=_END_SECONDS)
        found = self.witness.ends()
        wanted = {
            name: Counter({(each.reason, each.verdict, each.attempts): 1}) for name, each in self.expected.items()
        }
        wrong = [f"{name}: {found[name]} instead of {wanted[name]}" for name in wanted if found[name] != wanted[name]]
        for name, scenario in self.expected.items():
            if scenario.called_back and (times := self.witness.answers(name)) != 1:
                wrong.append(f"{name}: its task was answered {times} times")
        return wrong

    def section(self, seconds: float, rate: float, problems: list[str]) -> str:
        """Return what the card says of it."""
        warm = [look for look in self.looks if look.at >= _WARM * seconds]
        first, last = warm[0], warm[-1]
        rows = [
            f"| {what} | {getattr(first, what):.0f} | {getattr(last, what):.0f} | {_per_hour(warm, what):+.2f} |"
            for what in ("megabytes", "files", "threads")
        ]
        met = sum(fault.fired for fault in self.faults)
        head = (
            f"{seconds / 60:.0f} minutes; {len(self.expected)} requests, {rate:g} a second by plan; {met} of them met a"
            f" fault, of any kind and place but those that end, suspend or misdate the process. {len(problems)}"
            " ended otherwise than without one. The same process from beginning to end; growth is counted after the"
            " first quarter of the time."
        )
        table = ["| of the operator | after a quarter | at the end | slope, per hour |", "|---|---|---|---|", *rows]
        return "\n".join([head, "", *table])


def _per_hour(looks: list[_Look], what: str) -> float:
    return statistics.linear_regression([e.at for e in looks], [float(getattr(e, what)) for e in looks]).slope * 3600


@contextmanager
def _setting(seed: int) -> Iterator[Soak]:
    with (
        tempfile.TemporaryDirectory() as name,
        ApiServer(Path(name)) as server,
        S3Process(Path(name)) as s3,
        Postgres() as postgres,
        StepFunctionsServer() as machines,
    ):
        prepare(server)
        s3.make_bucket("media")
        witness = Witness(postgres, machines)
        with proxied(server, s3, postgres, machines, Path(name)) as (world, proxies, _):
            until(witness.prepared, "the tables to be made")
            yield Soak(world, proxies, witness, random.Random(seed))


def main() -> int:
    """Soak, and write the section of the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=7200)
    parser.add_argument("--rate", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=repo_root() / "docs" / "faults.md")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing that was started is left
    with _setting(options.seed) as soak:
        assert soak.world.operator.process is not None
        pid = soak.world.operator.process.pid
        asyncio.run(soak.run(options.seconds, options.rate))
        problems = soak.problems()
        if soak.world.operator.process.poll() is not None or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            problems.append("the operator ended")
        section = soak.section(options.seconds, options.rate, problems)
    print("\n".join([*problems[:20], section]))
    options.out.write_text(with_section(options.out.read_text(), "Soak", section))
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
