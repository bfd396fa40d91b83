"""Run cells against a real operator, API server, S3 server and analyzers, and hold each against one oracle."""

from __future__ import annotations

import contextlib
import itertools
import json
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.faults.cells import Cell
from tests.faults.proxy import Fault, FaultProxy, Kind, Place, S3Proxy
from tests.support.aws.s3 import S3Process
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.operator.process import until
from tests.support.operator.verdicts import VerdictWatch
from tests.support.operator.world import World, close_world, open_world

_END_SECONDS = 90
"""The longest way to an end: a lost event is found by the comparison, ten seconds after it began, on a busy machine."""
_PROGRESS_SECONDS = 2
_WRITES = 6
"""Beginning and end, the same of a first attempt that failed, and two that one fault may cost."""


@dataclass(frozen=True)
class Outcome:
    """What became of a cell. ``fired``: whether there was such a call; without one the cell does not count."""

    cell: Cell
    fired: bool
    problems: tuple[str, ...] = ()
    seconds: float = 0.0


class Matrix:
    """One operator behind the proxy, and the cells that are tried on it."""

    def __init__(self, world: World, proxy: FaultProxy, s3: S3Proxy, watch: VerdictWatch) -> None:
        self._world = world
        self._proxy = proxy
        self._s3 = s3
        self._watch = watch
        self._numbers = itertools.count(1)
        self._restarting = threading.Lock()

    def run(self, cell: Cell) -> Outcome:
        """Try one cell."""
        name, began = f"cell-{next(self._numbers)}", time.monotonic()
        fault, proxy = None, self._s3 if cell.place in {Place.HEAD, Place.GET} else self._proxy
        if cell.place is not None and cell.kind is not None:
            fault = Fault(name, cell.place, cell.kind, cell.nth, act=self._act)
            proxy.arm(fault)
        # Each object is a new one to an analyzer that crashes the first time it sees one.
        script = cell.scenario.script | {"score": 0, "examined": 1 - int(name[5:]) * 1e-6}
        try:
            self._world.ask(name, self._world.put(name, **script))
            problems = self._follow(cell, name)
        except TimeoutError as error:
            problems = [f"{error}; its status: {json.dumps(self._status(name))[:400]}"]
        finally:
            proxy.disarm(name)
        if fault is not None and fault.kind in _KILLS and fault.fired:
            with self._restarting:  # the operator is up again before the next cell begins
                pass
        seconds = time.monotonic() - began
        problems += self._writes(name, seconds)
        return Outcome(cell, fired=fault is None or fault.fired, problems=tuple(problems), seconds=seconds)

    def _follow(self, cell: Cell, name: str) -> list[str]:
        scenario, server = cell.scenario, self._world.server
        if scenario.then:
            until(lambda: self._is_running(name), f"{name} to run", timeout=_END_SECONDS)
        if scenario.then == "cancel":
            server.kubectl("patch", "areq", name, "--type=merge", "-p", '{"spec": {"cancel": true}}')
        if scenario.then == "delete":
            server.kubectl("delete", "areq", name, "--wait=false")
            return []  # that its work stopped, at_rest() says: it would go on for minutes
        until(lambda: self._condition(name, "Finished")["status"] == "True", f"{name} to finish", timeout=_END_SECONDS)
        return self._judge(cell, name)

    def _judge(self, cell: Cell, name: str) -> list[str]:
        """Return what is wrong with a finished request."""
        status, scenario = self._status(name), cell.scenario
        found = {
            "reason": self._condition(name, "Succeeded")["reason"],
            "verdict": status.get("verdict"),
            "attempts": status["analyses"][0].get("attempts", 0),
        }
        wanted = {"reason": scenario.reason, "verdict": scenario.verdict, "attempts": scenario.attempts}
        if cell.kind in _KILLS and found["attempts"] == scenario.attempts - 1:
            wanted.pop("attempts")  # the one that failed was over, and not written down yet: nobody knows of it
        problems = [f"{key}: {found[key]} instead of {wanted[key]}" for key in wanted if found[key] != wanted[key]]
        if scenario.verdict is not None:
            until(lambda: self._watch.written()[name] > 0, "the watch to see the end")
            if (times := self._watch.written()[name]) != 1:
                problems.append(f"its verdict is in {times} versions")
        return problems

    def _writes(self, name: str, seconds: float) -> list[str]:
        writes = sum("status" in entry for entry in self._world.server.writes("operator", name))
        allowed = _WRITES + int(seconds / _PROGRESS_SECONDS)
        return [f"{writes} writes, {allowed} allowed in {seconds:.0f} s"] if writes > allowed else []

    def at_rest(self) -> list[str]:
        """Return what is left of all the cells in the operator and in its pods: nothing may be."""
        lines = self._world.operator.get("/metrics")[1].splitlines()
        gauges = ("silver_guardian_queued{", "silver_guardian_running{")
        left = [line for line in lines if line.startswith(gauges) and not line.endswith(" 0.0")]
        return left + (["its pod is busy"] if self._world.pods.busy("scripted-0") else [])

    # ---- inside

    def _act(self, kind: Kind) -> None:
        process = self._world.operator.process
        if process is None:
            return
        if kind in _KILLS:
            self._restarting.acquire()
            process.kill()
            threading.Thread(target=self._restart).start()
        elif kind is Kind.SUSPENDED:
            process.send_signal(signal.SIGSTOP)
            threading.Timer(3, process.send_signal, (signal.SIGCONT,)).start()

    def _restart(self) -> None:
        try:
            self._world.operator.stop(signal.SIGKILL)
            self._world.operator.start()
        finally:
            self._restarting.release()

    def _status(self, name: str) -> dict[str, Any]:
        found = self._world.server.read.find("analysisrequest", name, "default")
        return {} if found is None else found.get("status", {})

    def _condition(self, name: str, kind: str) -> dict[str, Any]:
        conditions = self._status(name).get("conditions", [])
        unknown = {"status": "Unknown", "reason": ""}
        return next((entry for entry in conditions if entry["type"] == kind), unknown)

    def _is_running(self, name: str) -> bool:
        return any(entry["state"] == "Running" for entry in self._status(name).get("analyses", []))


_KILLS = {Kind.KILLED_BEFORE, Kind.KILLED_AFTER}


@contextlib.contextmanager
def matrix(server: ApiServer, s3: S3Process, folder: Path) -> Iterator[Matrix]:
    """Start an operator behind the proxy, with one pod: a script that crashes once does so in each pod."""
    with FaultProxy(server.endpoint) as proxy, S3Proxy(s3.endpoint_url) as of_s3:
        config = yaml.safe_load(server.operator_kubeconfig.read_text())
        config["clusters"][0]["cluster"] = {"server": f"http://127.0.0.1:{proxy.port}"}
        (folder / "proxied").write_text(yaml.safe_dump(config))
        environment = s3.environment() | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{of_s3.port}"}
        world = open_world(
            server, s3, folder, concurrency=8, kubeconfig=folder / "proxied", of_pods=environment, resync_seconds=1
        )
        try:
            with VerdictWatch(server.kubectl_path, server.kubeconfig, folder / "watch") as watch:
                yield Matrix(world, proxy, of_s3, watch)
        finally:
            close_world(world)
