"""The parts of an operator that leads: each is built here, once, from top to bottom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

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
from analysis_operator.kube.client import KubeApi
from analysis_operator.kube.resource_watch import ResourceWatch
from analysis_operator.kube.secrets import Secrets
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
    scaler = ExternalScaler(settings.namespace, partial(backlog_of, dispatcher), dispatcher.backlog_changed)
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


def backlog_of(dispatcher: Dispatcher, name: str) -> Backlog | None:
    """Return what KEDA is told of a pool, or None if there is none of this name."""
    pool = dispatcher.pool(name)
    if pool is None:
        return None
    queued, running = dispatcher.backlog(name)
    waiting = 0 if pool.paused else queued  # pods could do nothing for what waits
    return Backlog(queued=waiting, running=running, slots=pool.slots, concurrency=pool.concurrency)
