"""500 clients poll the status API over PostgreSQL: ``python -m tests.benchmarks.polling [CLIENTS] [SECONDS]``.

The status API is a process of its own, as in its pod; so is PostgreSQL. In the API server's place stands a listener
that counts who asks it. Each client follows an analysis of its own: it asks once a second, with the ETag that it
knows, while a writer takes every analysis from Queued to its verdict. Everything is on this machine.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from analysis_records.migrate import migrate
from analysis_records.record import Row
from analysis_records.writer import Writer
from status_api.naming import Key
from tests.benchmarks.client import percentile
from tests.support.ports import free_port
from tests.support.records.postgres import Postgres
from tests.support.records.rows import row
from tests.support.web.oidc import AUDIENCE, Provider

TENANTS = 10
INTERVAL = 1.0
CHANGES = 6
_READY_SECONDS = 60
_DONE = [
    {"type": kind, "status": "True", "reason": "Completed", "lastTransitionTime": "2026-11-25T12:00:00Z"}
    for kind in ("Succeeded", "Finished")
]


@dataclass
class Tally:
    """What the clients saw."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    verdicts: int = 0


def _state(queued: Row, step: int) -> Row:
    """Return an analysis after so many changes; the last one brings the verdict."""
    if step == CHANGES:
        status: dict[str, Any] = {"verdict": "Suspicious", "score": 85, "progress": 100, "conditions": _DONE}
        return replace(queued, resource_version=10 + step, reason="Completed", verdict="Suspicious", status=status)
    running = {"progress": step * 15, "startedAt": "2026-11-25T12:00:00Z", "conditions": []}
    return replace(queued, resource_version=10 + step, reason="Running", status=running)


async def _write(writer: Writer, rows: list[Row], seconds: float) -> None:
    """Change every analysis now and then, not all at once; the last ones end a few seconds before the clients do."""
    steps = [(step, queued) for step in range(1, CHANGES + 1) for queued in rows]
    pause = 0.8 * seconds / len(steps) * 50
    for first in range(0, len(steps), 50):
        await writer.upsert([_state(queued, step) for step, queued in steps[first : first + 50]])
        await asyncio.sleep(pause)


async def _poll(session: aiohttp.ClientSession, path: str, token: str, until: float, tally: Tally) -> None:
    headers, finished = {"Authorization": f"Bearer {token}"}, False
    await asyncio.sleep(INTERVAL * (hash(path) % 1000) / 1000)  # people do not begin at the same moment
    while time.monotonic() < until:
        began = time.monotonic()
        async with session.get(path, headers=headers) as answer:
            if answer.status == 200:
                headers["If-None-Match"] = answer.headers["ETag"]
                finished = json.loads(await answer.read())["state"] == "Finished"
        tally.seconds.append(time.monotonic() - began)
        tally.statuses[answer.status] += 1
        await asyncio.sleep(max(0.0, INTERVAL - (time.monotonic() - began)))
    tally.verdicts += finished


async def _ready(session: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(_READY_SECONDS):
        while True:
            try:
                async with session.get("/readyz") as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)


async def measure(database: str, clients: int, seconds: float) -> None:
    """Run everything and print the figures."""
    connections = 0

    async def ask(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        writer.close()

    listener = await asyncio.start_server(ask, "127.0.0.1", 0)
    port, writer, tally = free_port(), Writer(database), Tally()
    rows = [row(number, namespace=f"tenant-{number % TENANTS}") for number in range(1, clients + 1)]
    await writer.upsert(rows)
    with Provider() as provider, tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "token").touch()
        settings = {
            "HOST": "127.0.0.1", "PORT": str(port), "DATABASE_URL": database, "OIDC_ISSUER": provider.issuer,
            "OIDC_AUDIENCE": AUDIENCE, "TENANTS": json.dumps({f"tenant-{n}": f"tenant-{n}" for n in range(TENANTS)}),
            "KUBERNETES_URL": f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}",
            "KUBERNETES_TOKEN_FILE": f"{folder}/token", "RATE_PER_SECOND": str(clients), "RATE_BURST": str(clients),
        }  # fmt: skip
        env = os.environ | {f"GUARDIAN_{name}": value for name, value in settings.items()}
        tokens = [provider.token(tenant=f"tenant-{number}") for number in range(TENANTS)]
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "status_api", env=env)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=connector, trust_env=False) as session:
            await _ready(session)
            started, used = time.monotonic(), psutil.Process(process.pid).cpu_times()
            polls = [
                _poll(
                    session,
                    f"/v1/analyses/{Key(analysis.name, analysis.uid).id}",
                    tokens[number % TENANTS],
                    started + seconds,
                    tally,
                )
                for number, analysis in enumerate(rows, start=1)
            ]
            await asyncio.gather(_write(writer, rows, seconds), *polls)
            spent, after = time.monotonic() - started, psutil.Process(process.pid)
            cpu = sum(after.cpu_times()[:2]) - sum(used[:2])
            memory = after.memory_full_info().pss / 1e6
        process.terminate()
        await process.wait()
    listener.close()
    await writer.close()
    _print_figures(tally, clients, spent, connections, (cpu, memory))


def _print_figures(tally: Tally, clients: int, spent: float, connections: int, used: tuple[float, float]) -> None:
    total = len(tally.seconds)
    p50, p95, p99 = (1000 * percentile(tally.seconds, share) for share in (0.5, 0.95, 0.99))
    print(f"{clients} clients, once a second each, for {spent:.0f} s: {total} answers, {total / spent:.0f} a second")
    print(f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms, slowest {1000 * max(tally.seconds):.0f} ms")
    print(f"304 (nothing new): {100 * tally.statuses[304] / total:.1f} %; all answers: {dict(tally.statuses)}")
    print(f"clients that saw their verdict: {tally.verdicts} of {clients}")
    print(f"connections to the API server: {connections}")
    print(f"the status API used {100 * used[0] / spent:.0f} % of a core, {used[1]:.0f} MB")
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}")


def main() -> None:
    """Take the figures."""
    clients, seconds = (int(value) for value in (*sys.argv[1:3], "500", "30")[:2]) if len(sys.argv) > 1 else (500, 30)
    with Postgres() as server:
        database = server.create("polling")
        migrate(database)
        asyncio.run(measure(database, clients, seconds))


if __name__ == "__main__":
    main()
