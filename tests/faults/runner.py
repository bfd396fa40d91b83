"""Run cells against a real operator, API server, S3, database and analyzers, and hold each against one oracle."""

from __future__ import annotations

import itertools
import json
import signal
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.faults.cells import Cell
from tests.faults.kinds import CLOCKS, KILLS, Fault, Kind, Place
from tests.faults.proxy import Proxy
from tests.faults.witness import Witness, condition
from tests.support.operator.process import until
from tests.support.operator.verdicts import VerdictWatch
from tests.support.operator.world import World

_END_SECONDS = 90
"""The longest way to an end: a lost event is found by the comparison, ten seconds after it began, on a busy machine."""
_PROGRESS_SECONDS = 2
_WRITES = 6
"""Beginning and end, the same of a first attempt that failed, and two that one fault may cost."""
_OF_CALLBACK = 2
"""What became of the answer, and that it is tried again."""
_APART = timedelta(minutes=5)


@dataclass(frozen=True)
class Outcome:
    """What became of a cell. ``fired``: whether there was such a call; without one the cell does not count."""

    cell: Cell
    fired: bool
    problems: tuple[str, ...] = ()
    seconds: float = 0.0
    name: str = ""


class Matrix:
    """One operator behind the proxies, and the cells that are tried on it."""

    def __init__(
        self, world: World, proxies: dict[Place, Proxy], watch: VerdictWatch, witness: Witness, clock: Path
    ) -> None:
        self.world = world
        self._proxies = proxies
        self._watch = watch
        self.witness = witness
        self._clock = clock
        self._numbers = itertools.count(1)
        self._restarting = threading.Lock()

    def run(self, cell: Cell) -> Outcome:
        """Try one cell."""
        name, began = f"cell-{next(self._numbers)}", time.monotonic()
        fault = None
        if cell.place is not None and cell.kind is not None:
            fault = Fault(name, cell.place, cell.kind, cell.nth, act=self._act)
            self._proxies[cell.place].arm(fault)
        # Each object is a new one to an analyzer that crashes the first time it sees one.
        script = cell.scenario.script | {"score": 0, "examined": 1 - int(name[5:]) * 1e-6}
        spec: dict[str, Any] = {}
        if cell.scenario.called_back:
            spec = {"callback": {"taskToken": self.witness.wait(name)}}
        try:
            self.world.ask(name, self.world.put(name, **script), **spec)
            problems = self._follow(cell, name)
            if cell.place in {Place.STATEMENT, Place.COMMIT, Place.ANSWER} or cell.scenario.then == "delete":
                self._until_kept(cell, name, fault)
        except TimeoutError as error:
            problems = [f"{error}; its status: {json.dumps(self._status(name))[:400]}"]
        finally:
            for proxy in self._proxies.values():
                proxy.disarm(name)
            if cell.kind in CLOCKS:
                self._clock.write_text("0")
        if fault is not None and fault.kind in KILLS and fault.fired:
            with self._restarting:  # the operator is up again before the next cell begins
                pass
        seconds = time.monotonic() - began
        problems += self._writes(cell, name, seconds)
        fired = fault is None or fault.fired
        return Outcome(cell, fired=fired, problems=tuple(problems), seconds=seconds, name=name)

    def _follow(self, cell: Cell, name: str) -> list[str]:
        scenario, server = cell.scenario, self.world.server
        if scenario.then:
            until(lambda: self._is_running(name), f"{name} to run", timeout=_END_SECONDS)
        if scenario.then == "cancel":
            server.kubectl("patch", "areq", name, "--type=merge", "-p", '{"spec": {"cancel": true}}')
        if scenario.then == "delete":
            server.kubectl("delete", "areq", name, "--wait=false")
            return []  # that its work stopped, at_rest() says: it would go on for minutes
        until(lambda: self._finished(name), f"{name} to finish", timeout=_END_SECONDS)
        return self._judge(cell, name)

    def _finished(self, name: str) -> bool:
        return bool(condition(self._item(name) or {}, "Finished")["status"] == "True")

    def _judge(self, cell: Cell, name: str) -> list[str]:
        """Return what is wrong with a finished request."""
        item, scenario = self._item(name) or {}, cell.scenario
        status = item["status"]
        found = {
            "reason": condition(item, "Succeeded")["reason"],
            "verdict": status.get("verdict"),
            "attempts": status["analyses"][0].get("attempts", 0),
        }
        wanted = {"reason": scenario.reason, "verdict": scenario.verdict, "attempts": scenario.attempts}
        if cell.kind in KILLS and found["attempts"] == scenario.attempts - 1:
            wanted.pop("attempts")  # the one that failed was over, and not written down yet: nobody knows of it
        problems = [f"{key}: {found[key]} instead of {wanted[key]}" for key in wanted if found[key] != wanted[key]]
        if abs(datetime.fromisoformat(status["finishedAt"]) - datetime.now(UTC)) > _APART:
            problems.append(f"it says that it finished at {status['finishedAt']}")
        until(lambda: self._watch.said()[name] > 0, "the watch to see the end")
        if (ends := self._watch.said()[name]) != 1:
            problems.append(f"{ends} different ends were to be read")
        return problems

    def _writes(self, cell: Cell, name: str, seconds: float) -> list[str]:
        writes = sum("status" in entry for entry in self.world.server.writes("operator", name))
        allowed = _WRITES + int(seconds / _PROGRESS_SECONDS) + cell.scenario.called_back * _OF_CALLBACK
        return [f"{writes} writes, {allowed} allowed in {seconds:.0f} s"] if writes > allowed else []

    # ---- after the cells

    def kept(self, outcome: Outcome) -> list[str]:
        """Return what is wrong with what is kept of a request: in the cluster, in the database, and by its task."""
        cell, item = outcome.cell, self._item(outcome.name)
        if (item is None) != (cell.scenario.then == "delete"):
            return ["it is gone" if item is None else "it is still there"]
        if item is None and cell.kind in KILLS and outcome.fired:
            # A deletion that no operator sees is kept and answered by nobody: 0035.
            return self.witness.of_row(outcome.name, None, needed=False)
        problems = self.witness.of_row(outcome.name, item)
        if not cell.scenario.called_back:
            return problems
        timed_out = cell.kind is Kind.TIMED_OUT and outcome.fired
        return problems + self.witness.of_token(outcome.name, item, nobody_waited=timed_out)

    def _until_kept(self, cell: Cell, name: str, fault: Fault | None) -> None:
        def problems() -> list[str]:
            return self.kept(Outcome(cell, fired=fault is not None and fault.fired, name=name))

        try:
            until(lambda: not problems(), f"{name} to be kept", timeout=_END_SECONDS)
        except TimeoutError as error:
            raise TimeoutError(f"{error}: {problems()}") from None

    def at_rest(self) -> list[str]:
        """Return what is left of all the cells in the operator and in its pods: nothing may be."""
        lines = self.world.operator.get("/metrics")[1].splitlines()
        gauges = ("silver_guardian_queued{", "silver_guardian_running{", "silver_guardian_records_waiting ")
        left = [line for line in lines if line.startswith(gauges) and not line.endswith(" 0.0")]
        return left + (["its pod is busy"] if self.world.pods.busy("scripted-0") else [])

    # ---- inside

    def _act(self, kind: Kind) -> None:
        process = self.world.operator.process
        if process is None:
            return
        if kind in KILLS:
            self._restarting.acquire()
            process.kill()
            threading.Thread(target=self._restart).start()
        elif kind is Kind.SUSPENDED:
            process.send_signal(signal.SIGSTOP)
            threading.Timer(3, process.send_signal, (signal.SIGCONT,)).start()
        elif kind in CLOCKS:
            self._clock.write_text(str(CLOCKS[kind]))

    def _restart(self) -> None:
        try:
            self.world.operator.stop(signal.SIGKILL)
            self.world.operator.start()
        finally:
            self._restarting.release()

    def _item(self, name: str) -> dict[str, Any] | None:
        return self.world.server.read.find("analysisrequest", name, "default")

    def _status(self, name: str) -> dict[str, Any]:
        status: dict[str, Any] = (self._item(name) or {}).get("status", {})
        return status

    def _is_running(self, name: str) -> bool:
        return any(entry["state"] == "Running" for entry in self._status(name).get("analyses", []))
