"""The operator in a cluster: every part is built here, once, from top to bottom, and run until a signal comes."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import NoReturn

import structlog

from analysis_operator import watches
from analysis_operator.analyzers.controller import AnalyzerController
from analysis_operator.analyzers.http_runner import KEEP_SECONDS, HttpRunner
from analysis_operator.analyzers.kube_store import KubeAnalyzers
from analysis_operator.analyzers.resync import AnalyzerResync
from analysis_operator.api import AnalysisBatch, AnalysisSubscription
from analysis_operator.batches.controller import BatchController
from analysis_operator.batches.kube_store import KubeBatches
from analysis_operator.batches.results import S3Results
from analysis_operator.batches.sources import S3Sources
from analysis_operator.cache.store import VerdictCache
from analysis_operator.callbacks.kube_tokens import KubeTokens
from analysis_operator.callbacks.sender import CallbackSender
from analysis_operator.callbacks.step_functions import StepFunctions
from analysis_operator.clock import utc_now
from analysis_operator.errors import LeaseLost, OperatorError
from analysis_operator.health_server import HealthServer
from analysis_operator.kube.client import KubeApi
from analysis_operator.kube.resource_watch import ResourceWatch
from analysis_operator.kube.secrets import Secrets
from analysis_operator.leader.kube_store import KubeLease
from analysis_operator.leader.lease import Leadership, LeaseElection, SingleInstance
from analysis_operator.leader.thread import ElectionThread
from analysis_operator.lifecycle import StopSignal, finished_before, run_until_one_ends
from analysis_operator.notifications.http_sinks import HttpSinks
from analysis_operator.notifications.kube_store import SUBSCRIPTIONS, KubeSubjects
from analysis_operator.notifications.notifier import Notifier
from analysis_operator.notifications.subscriptions import Subscriptions
from analysis_operator.records.sink import NoSink, PostgresSink, Sinks, make_sink
from analysis_operator.report.store import ObjectStore
from analysis_operator.report.writer import S3ReportWriter
from analysis_operator.requests.closed_watch import ClosedWatch
from analysis_operator.requests.controller import RequestController
from analysis_operator.requests.dispatcher import Dispatcher
from analysis_operator.requests.erasing import Eraser
from analysis_operator.requests.kube_erasures import KubeErasures
from analysis_operator.requests.kube_store import KubeRequests
from analysis_operator.requests.resync import RequestResync
from analysis_operator.requests.spans import Spans
from analysis_operator.scaling.external_scaler import Backlog, ExternalScaler
from analysis_operator.scaling.keda import KedaController
from analysis_operator.scaling.kube_store import KubeScaledObjects
from analysis_operator.settings import Settings
from guardian_service import tracing
from guardian_service.signatures import SecretFile

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


@dataclass(frozen=True, slots=True)
class Operator:
    """The parts of an operator that leads."""

    runner: HttpRunner
    sink: NoSink | PostgresSink
    requests: RequestController
    request_resync: RequestResync
    closed_watch: ClosedWatch
    eraser: Eraser
    batches: BatchController
    batch_watch: ResourceWatch[AnalysisBatch]
    notifier: Notifier
    subscription_watch: ResourceWatch[AnalysisSubscription]
    scaler: ExternalScaler
    keda: KedaController
    analyzers: AnalyzerController
    analyzer_resync: AnalyzerResync


def build_operator(api: KubeApi, settings: Settings, may_write: Callable[[], bool]) -> Operator:
    """Build every part. Each gets what it uses by its constructor, and connects there to the signals it follows.

    Nothing of it is written or answered while `may_write` says no.
    """
    api, clock = api.fenced(may_write), api.clock
    clock.measure()
    secrets = SecretFile(settings.secret_file) if settings.secret_file else None
    runner = HttpRunner.create(secrets, keep_seconds=KEEP_SECONDS)
    policy = settings.policy()
    spans = Spans(tracing.from_environment("silver-guardian-operator"))
    dispatcher = Dispatcher(runner, clock.now, policy.limits, spans)
    subjects = KubeSubjects(api, settings.identity, clock.now)
    notifier = Notifier(
        subjects,
        HttpSinks(settings.event_source, Secrets(api), clock.now, settings.sink_networks),
        Subscriptions(settings.installed_subscriptions()),
        clock=clock.now,
        pause=policy.retry_pause,
        patience=timedelta(hours=settings.notification_hours),
        may_send=may_write,
        clock_doubted=clock.doubted,
    )
    callbacks = CallbackSender(StepFunctions(), KubeTokens(api), clock.now, may_write)
    sink = make_sink(settings.database, clock.now, settings.records_kept)
    batch_store = KubeBatches(api, settings.identity)
    batches = BatchController(
        batch_store,
        S3Sources(settings.results_uri),
        S3Results(may_write),
        policy=policy,
        clock=clock.now,
        clock_doubted=clock.doubted,
        notifier=notifier,
        spans=spans,
    )
    request_store, objects = KubeRequests(api, settings.identity), ObjectStore()
    requests = RequestController(
        request_store,
        dispatcher,
        callbacks,
        reports=S3ReportWriter(objects, settings.phones),
        sink=Sinks(sink, batches),
        policy=policy,
        clock=clock.now,
        clock_doubted=clock.doubted,
        cache=_cache(settings, clock.now),
        notifier=notifier,
        spans=spans,
    )
    scaler = ExternalScaler(settings.namespace, partial(_backlog, dispatcher), dispatcher.backlog_changed)
    scaled_objects = KubeScaledObjects(api, settings.namespace)
    keda = KedaController(scaled_objects, settings.scaler_address, scaler.seconds_since_poll, clock.now)
    analyzer_store = KubeAnalyzers(api, settings.identity)
    analyzers = AnalyzerController(
        analyzer_store, keda, dispatcher, clock.now, secret_name=settings.secret_name, notifier=notifier
    )
    return Operator(
        runner=runner,
        sink=sink,
        requests=requests,
        request_resync=RequestResync(request_store, requests),
        closed_watch=ClosedWatch(request_store, requests, notifier),
        notifier=notifier,
        subscription_watch=ResourceWatch(api, SUBSCRIPTIONS, AnalysisSubscription, notifier),
        batches=batches,
        batch_watch=ResourceWatch(api, "analysisbatches", AnalysisBatch, batches),
        eraser=Eraser(KubeErasures(api, settings.identity), request_store, objects, sink, settings.erasing_scope()),
        scaler=scaler,
        keda=keda,
        analyzers=analyzers,
        analyzer_resync=AnalyzerResync(analyzer_store, analyzers, settings.namespace),
    )


def _cache(settings: Settings, clock: Callable[[], datetime]) -> VerdictCache | None:
    if settings.results_uri is None or not settings.cached_seconds:
        return None
    return VerdictCache(settings.results_uri, timedelta(seconds=settings.cached_seconds), clock)


def _backlog(dispatcher: Dispatcher, name: str) -> Backlog | None:
    pool = dispatcher.pool(name)
    if pool is None:
        return None
    queued, running = dispatcher.backlog(name)
    waiting = 0 if pool.paused else queued  # pods could do nothing for what waits
    return Backlog(queued=waiting, running=running, slots=pool.slots, concurrency=pool.concurrency)


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
