"""Runs the operator in a cluster: ``python -m analysis_operator``."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from collections.abc import Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Any

import kopf
import structlog

from analysis_operator import watches as handlers
from analysis_operator.analyzers.controller import AnalyzerController
from analysis_operator.analyzers.http_runner import HttpRunner
from analysis_operator.analyzers.kube_store import KubeAnalyzers
from analysis_operator.callbacks.sender import CallbackSender
from analysis_operator.callbacks.step_functions import StepFunctions
from analysis_operator.errors import LeaseLost
from analysis_operator.health_server import Server
from analysis_operator.kube.client import KubeApi
from analysis_operator.leader.lease import LeaseElection, SingleInstance
from analysis_operator.records.sink import make_sink
from analysis_operator.report.writer import S3ReportWriter
from analysis_operator.requests.controller import RequestController
from analysis_operator.requests.dispatcher import Dispatcher
from analysis_operator.requests.kube_store import KubeRequests
from analysis_operator.requests.resync import Resync
from analysis_operator.scaling.external_scaler import Backlog, ExternalScaler
from analysis_operator.scaling.keda import KedaController
from analysis_operator.scaling.kube_store import KubeScaledObjects
from analysis_operator.settings import Settings
from guardian_service import logs
from guardian_service.settings import read_settings

Election = LeaseElection | SingleInstance

log = structlog.get_logger(__name__)

_LOG_LEVELS = {
    "aiohttp.access": logging.WARNING,
    "alembic": logging.WARNING,
    "botocore": logging.INFO,  # its DEBUG shows whole calls, with credentials and task tokens
    "kopf.objects": logging.WARNING,
}
_EXIT_SECONDS = 10.0
_LAST_SECONDS = 2.0
"""With the deadline of a renewal before it, this stays below the time for which others wait."""


def now() -> datetime:
    """Give the time, in UTC."""
    return datetime.now(UTC)


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; then every stream is closed, and what ran is planned again by who comes next.

    Of several operators one works, and the others stand by. Raises LeaseLost when another may work from now on.
    """
    api, stop = await KubeApi.connect(), _Stop()
    election = (
        LeaseElection(api, settings.namespace, settings.lease, settings.identity, now)
        if settings.lease
        else SingleInstance()
    )
    health = _Health(election)
    server = Server(health.problem, health.ready)
    await server.start(settings.host, settings.port)
    try:
        if await _before(stop, election.acquire()):
            await _lead(api, settings, stop, election, health)
            await election.release()  # not before everything has ended here
    finally:
        await api.close()
        await server.close()


def _election(api: KubeApi, settings: Settings) -> Election:
    if not settings.lease:
        return SingleInstance()
    return LeaseElection(api, settings.namespace, settings.lease, settings.identity, now)


async def _before(stop: _Stop, event: Coroutine[None, None, None], *others: Coroutine[None, None, None]) -> bool:
    """Wait for an event. False: a signal came first. Raises what one of the others does."""
    tasks = [asyncio.create_task(part) for part in (event, stop.wait(), *others)]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    for task in done:
        task.result()
    return tasks[0] in done


async def _hold(election: Election) -> None:
    """Renew the Lease until cancelled. Once it is lost this process ends soon, however long its parts would take."""
    try:
        await election.renew_until_lost()
    except LeaseLost:
        timer = threading.Timer(_LAST_SECONDS, os._exit, (1,))
        timer.daemon = True
        timer.start()
        raise


class _Health:
    """What the probes ask: one that stands by is as well as one that works."""

    def __init__(self, election: Election) -> None:
        self._election = election
        self.resync: Resync | None = None

    def problem(self) -> str:
        return self.resync.problem() if self.resync else ""

    def ready(self) -> bool:
        return self.resync.started if self.resync else self._election.stands_by()


async def _lead(api: KubeApi, settings: Settings, stop: _Stop, election: Election, health: _Health) -> None:
    """Do the work until a signal comes or one part fails."""
    runner, sink = HttpRunner.create(), make_sink(settings.database_url, now)
    dispatcher = Dispatcher(runner, now)
    controller = RequestController(
        KubeRequests(api, settings.identity),
        dispatcher,
        CallbackSender(StepFunctions(), now),
        reports=S3ReportWriter(),
        sink=sink,
        policy=settings.policy(),
        clock=now,
    )
    scaler = ExternalScaler(settings.namespace, partial(_backlog, dispatcher))
    dispatcher.backlog_changed.connect(scaler.changed)
    scaled_objects = KubeScaledObjects(api, settings.namespace)
    keda = KedaController(scaled_objects, settings.scaler_address, scaler.seconds_since_poll, now)
    pools = AnalyzerController(KubeAnalyzers(api, settings.identity), keda, dispatcher, now)
    health.resync = resync = Resync(api, controller, pools, settings.namespace)
    try:
        if not await _before(stop, resync.start(), _hold(election)):
            return
        log.info("started", namespace=settings.namespace)
        await _work(
            scaler,
            stop.wait(),
            _hold(election),
            _serve(scaler, resync, pools, settings),
            keda.run(),
            controller.run(),
            sink.run(resync.versions, controller.reoffer),
            resync.run(settings.resync_seconds),
            _watch(handlers.watch_pools(pools), stop, namespaces=[settings.namespace]),
            _watch(handlers.watch_requests(controller), stop, clusterwide=True),
        )
    finally:
        await scaler.close()
        await runner.close()


async def _serve(scaler: ExternalScaler, resync: Resync, pools: AnalyzerController, settings: Settings) -> None:
    """Serve KEDA until cancelled, but not before the backlog is whole: a pool that works may not look idle to it.

    Only then is KEDA told where, by `pools`: it asks at once, and from silence it makes an autoscaler without backlog.
    """
    await resync.caught_up()
    await scaler.start(settings.host, settings.scaler_port)
    await pools.run()


def _backlog(dispatcher: Dispatcher, name: str) -> Backlog | None:
    pool = dispatcher.pool(name)
    if pool is None:
        return None
    queued, running = dispatcher.backlog(name)
    return Backlog(queued=queued, running=running, slots=pool.slots, concurrency=pool.concurrency)


class _Stop:
    """Waits for SIGTERM or SIGINT. Kopf takes both for itself when it starts, and then lets five seconds pass."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self.started: list[asyncio.Event] = []

    async def wait(self) -> None:
        """Take the signals back once every kopf has started, and wait for one."""
        await asyncio.sleep(0)  # the watches begin in the same breath: let them add their flags
        for flag in self.started:
            await flag.wait()
        loop = asyncio.get_running_loop()
        for signum in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signum, self._asked.set)
        await self._asked.wait()
        log.info("stopping")


async def _watch(registry: kopf.OperatorRegistry, stop: _Stop, **where: Any) -> None:  # noqa: ANN401
    flag = asyncio.Event()
    stop.started.append(flag)
    await kopf.operator(registry=registry, settings=handlers.settings(), ready_flag=flag, **where)


async def _work(scaler: ExternalScaler, *parts: Coroutine[None, None, None]) -> None:
    """Run until one part ends, by a signal or by failing; our own parts are closed before the watches."""
    tasks = [asyncio.create_task(part) for part in parts]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await scaler.close()  # while it can still say goodbye: a kopf that ends cancels every task that it does not know
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=_EXIT_SECONDS)
    for task in done:
        task.result()


def main() -> None:
    """Read the settings and run."""
    settings = read_settings(Settings, "The operator")
    logs.configure(settings.log_level, _LOG_LEVELS)
    try:
        asyncio.run(run(settings))
    except LeaseLost as error:
        log.error("another operator takes over", error=str(error))
        sys.exit(1)


if __name__ == "__main__":
    main()
