"""The operator in a cluster: it waits until it leads, and then works until a signal comes."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

import structlog

from analysis_operator import watches
from analysis_operator.clock import utc_now
from analysis_operator.errors import LeaseLost, OperatorError
from analysis_operator.health_server import HealthServer
from analysis_operator.kube.client import KubeApi
from analysis_operator.leader.kube_store import KubeLease
from analysis_operator.leader.lease import Leadership, LeaseElection, SingleInstance
from analysis_operator.leader.thread import ElectionThread
from analysis_operator.lifecycle import StopSignal, finished_before, run_until_one_ends
from analysis_operator.parts import Operator, build_operator
from analysis_operator.settings import Settings

log = structlog.get_logger(__name__)

_LAST_SECONDS = 2.0
"""With the deadline of a renewal before it, this stays below the time for which other operators wait."""


def start_again() -> NoReturn:
    """Become a new process that stands by, at once and whatever still runs in this one.

    An end would count as a crash: after a few, while an API server is slow, kubelet leaves both operators down for
    minutes.
    """
    log.warning("another operator may lead from now on, starts again")
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # itself, with its own arguments


@asynccontextmanager
async def _leadership(settings: Settings) -> AsyncIterator[Leadership]:
    if not settings.lease:
        yield SingleInstance()
        return
    name, namespace = settings.lease, settings.namespace

    def elect(api: KubeApi) -> Leadership:
        return LeaseElection(KubeLease(api, namespace, name, utc_now), name, settings.identity, utc_now)

    election = ElectionThread(elect)
    await election.start()
    try:
        yield election
    finally:
        await election.close()


class _Health:
    """The answers to probes: an operator that stands by is as ready as one that leads."""

    def __init__(self, leadership: Leadership) -> None:
        self._leadership = leadership
        self.operator: Operator | None = None

    def problem(self) -> str:
        return self.operator.request_resync.problem() if self.operator else ""

    def ready(self) -> bool:
        return self.operator.analyzer_resync.started if self.operator else self._leadership.stands_by()


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT. Then every stream is closed; the next operator plans again what ran.

    Of several operators one leads, and the others stand by. Raises LeaseLost when another may lead from now on.
    """
    api, stop = await KubeApi.connect(), StopSignal()
    try:
        async with _leadership(settings) as leadership:
            await _run(api, settings, stop, leadership)
    finally:
        await api.close()


async def _run(api: KubeApi, settings: Settings, stop: StopSignal, leadership: Leadership) -> None:
    health = _Health(leadership)
    server = HealthServer(health.problem, health.ready)
    await server.start(settings.host, settings.port)
    try:
        if await finished_before(stop, leadership.acquire()):
            operator = health.operator = build_operator(api, settings, leadership.holds)
            try:
                await _lead(operator, settings, stop, leadership)
            finally:
                await leadership.release()  # not before everything has ended here; one that another holds stays its
    finally:
        await server.close()


async def _lead(operator: Operator, settings: Settings, stop: StopSignal, leadership: Leadership) -> None:
    """Do the work until a signal comes or one part fails."""
    try:
        if not await finished_before(stop, _prepare(operator), _hold(leadership)):
            return
        log.info("started", namespace=settings.namespace)
        analyzer_watches = watches.watch_analyzers(operator.analyzers)
        request_watch = watches.watch_requests(operator.requests, operator.request_resync)
        await run_until_one_ends(
            stop.wait(),
            _hold(leadership),
            _scale(operator, settings),
            operator.keda.run(),
            operator.requests.run(),
            operator.sink.run(operator.request_resync.versions, operator.requests.reoffer),
            _resync(operator, settings.resync_seconds),
            operator.closed_watch.run(),
            operator.eraser.run(),
            operator.batches.run(),
            operator.batch_watch.run(),
            operator.notifier.run(),
            operator.subscription_watch.run(),
            watches.watch(analyzer_watches, namespaces=(settings.namespace,)),
            watches.watch(request_watch),
        )
    finally:
        await operator.scaler.close()
        await operator.runner.close()


async def _prepare(operator: Operator) -> None:
    """Read what has to be known before the first request ends: the pools, and who subscribes to its end."""
    await operator.subscription_watch.start()
    await operator.analyzer_resync.start()


async def _hold(leadership: Leadership) -> None:
    """Lead until cancelled. Once the Lease is lost this process starts again soon, whatever its parts still do."""
    try:
        await leadership.renew_until_lost()
    except LeaseLost:
        timer = threading.Timer(_LAST_SECONDS, start_again)
        timer.daemon = True
        timer.start()
        raise


async def _scale(operator: Operator, settings: Settings) -> None:
    """Serve KEDA and the Analyzers until cancelled, once the backlog is complete: a busy pool must not look idle.

    Only the reconciling of Analyzers gives KEDA the scaler's address: KEDA calls it at once, and a call that is not
    answered makes an autoscaler without the backlog.
    """
    await operator.request_resync.caught_up()
    await operator.scaler.start(settings.host, settings.scaler_port)
    await operator.analyzers.run()


async def _resync(operator: Operator, every_seconds: float) -> None:
    """Compare the views with the API server, and plan everything again, until cancelled."""
    while True:
        await asyncio.sleep(every_seconds)
        try:
            await operator.request_resync.compare()
            await operator.analyzer_resync.compare()
            operator.analyzers.requeue_all()
            operator.requests.requeue_all()
        except OperatorError as error:
            log.warning("resync failed, will be tried again", error=str(error))
