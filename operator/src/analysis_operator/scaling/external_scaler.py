"""Serve KEDA's external-push scaler: how many analyses wait for, and run in, each pool.

What KEDA 2.21 does with the answers, from its pkg/scalers/external_scaler.go and pkg/scaling:

- Every poll calls GetMetrics and IsActive, and GetMetricSpec first unless a stream has delivered the spec. The queries
  of the HorizontalPodAutoscaler arrive as the same calls.
- An error leaves the pool as it is: KEDA scales it neither up nor down, and a HorizontalPodAutoscaler without a metric
  does not scale in. But KEDA also closes its connection, streams included, and may create the autoscaler again without
  the backlog; only a stream of metric specs restores it. So errors are for questions that cannot be answered.
- A stream that ends in an error is opened again after 2, 4, ... 60 s; only a stream that ends well resets this to 2 s.
- KEDA never pings, so this side has to detect a dead connection.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
import structlog
from grpc import aio

from analysis_operator.scaling.externalscaler_pb2 import (
    GetMetricSpecResponse,
    GetMetricsRequest,
    GetMetricsResponse,
    IsActiveResponse,
    MetricSpec,
    MetricValue,
    ScaledObjectRef,
)
from analysis_operator.scaling.scaled_object import POOL_KEY
from analysis_operator.signals import Signal

log = structlog.get_logger(__name__)

SERVICE = "externalscaler.ExternalScaler"
METRIC = "backlog"

_MAX_NAME = 253  # Kubernetes' own limit
_MAX_MESSAGE_BYTES = 64 * 1024
_MAX_CALLS = 1000
"""At a time. KEDA holds two streams for each pool."""
_STOP_SECONDS = 1.0
_OPTIONS = (
    ("grpc.so_reuseport", 0),  # otherwise a second server could bind the same port and take half of the calls
    ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),  # limits the wait for an answer; the default is a minute
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),  # a stream may have nothing to send for days
)


@dataclass(frozen=True, slots=True)
class Backlog:
    """The work of one pool: analyses that wait, analyses that run, and slots for them.

    ``slots``: in pods that take work now. ``concurrency``: analyses at a time in one pod.
    """

    queued: int
    running: int
    slots: int
    concurrency: int

    @property
    def total(self) -> int:
        """The number that sizes the pool. Running analyses count, or KEDA would remove a busy pod."""
        return self.queued + self.running

    @property
    def stuck(self) -> bool:
        """Whether analyses wait while no pod takes work."""
        return self.queued > 0 and self.slots == 0


Trigger = Callable[[Backlog | None, Backlog], bool]
"""Whether a stream has something to send, from the backlog before and now."""


def is_activation(before: Backlog | None, now: Backlog) -> bool:
    """Return whether KEDA has to activate the pool: it gets work, or has no pod left for the work that waits.

    The latter since KEDA may have scaled to zero just after it received the backlog. Nothing else may activate the
    pool: KEDA restarts the cooldown each time.
    """
    if before is None:
        return now.total > 0
    return (now.total > 0 and before.total == 0) or (now.stuck and not before.stuck)


def is_new_target(before: Backlog | None, now: Backlog) -> bool:
    """Return whether the number of analyses that one pod takes has changed."""
    return before is None or before.concurrency != now.concurrency


@dataclass(eq=False, slots=True)
class _Stream:
    """One open stream: the last backlog, and whether there is something to send."""

    trigger: Trigger
    last: Backlog | None = None
    due: asyncio.Event = field(default_factory=asyncio.Event)

    def observe(self, now: Backlog | None) -> None:
        if now is not None and self.trigger(self.last, now):
            self.due.set()
        self.last = now


type _Context[Request, Response] = aio.ServicerContext[Request, Response]


class ExternalScaler:
    """Serves KEDA's external-push protocol. All calls come from one event loop.

    Args:
        namespace: the operator's own; ScaledObjects of other namespaces are refused.
        backlog: returns the work of a pool, or None for an unknown pool.
        backlog_changed: sent with the name of a pool whose backlog, slots or concurrency may have changed.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        namespace: str,
        backlog: Callable[[str], Backlog | None],
        backlog_changed: Signal[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._namespace = namespace
        self._backlog = backlog
        self._clock = clock
        self._polled_at: dict[str, float] = {}
        self._streams: dict[str, set[_Stream]] = {}
        self._closing = False
        self._server: aio.Server | None = None
        backlog_changed.connect(self.on_backlog_changed)

    async def start(self, host: str, port: int) -> int:
        """Bind and serve; port 0 takes any free port. Return the port. Raises OSError if it cannot be bound."""
        server = aio.server(options=_OPTIONS, maximum_concurrent_rpcs=_MAX_CALLS)
        server.add_generic_rpc_handlers((self._handlers(),))
        try:
            bound = server.add_insecure_port(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
        except RuntimeError as error:
            await server.stop(None)
            raise OSError(f"The scaler's port {port} cannot be bound: {error}") from error
        await server.start()
        self._server = server
        log.info("scaler serves KEDA", port=bound)
        return bound

    async def close(self) -> None:
        """Stop serving, if it serves. Streams end without an error, so that KEDA connects again soon."""
        self._closing = True
        for streams in self._streams.values():
            for stream in streams:
                stream.due.set()
        server, self._server = self._server, None
        if server is not None:
            await server.stop(_STOP_SECONDS)

    def on_backlog_changed(self, name: str) -> None:
        """Observe a pool whose backlog, slots or concurrency may have changed."""
        streams = self._streams.get(name)
        if streams:
            now = self._backlog(name)
            for stream in streams:
                stream.observe(now)

    def seconds_since_poll(self, name: str) -> float | None:
        """Return how long ago KEDA last asked about a pool, or None if it never did. An open stream does not count."""
        polled_at = self._polled_at.get(name)
        return None if polled_at is None else self._clock() - polled_at

    # ---- KEDA's calls

    def _handlers(self) -> grpc.GenericRpcHandler:
        unary, stream = grpc.unary_unary_rpc_method_handler, grpc.unary_stream_rpc_method_handler
        read = ScaledObjectRef.FromString
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "IsActive": unary(self._is_active, read, IsActiveResponse.SerializeToString),
                "StreamIsActive": stream(self._stream_is_active, read, IsActiveResponse.SerializeToString),
                "GetMetricSpec": unary(self._get_metric_spec, read, GetMetricSpecResponse.SerializeToString),
                "StreamMetricSpec": stream(self._stream_metric_spec, read, GetMetricSpecResponse.SerializeToString),
                "GetMetrics": unary(
                    self._get_metrics, GetMetricsRequest.FromString, GetMetricsResponse.SerializeToString
                ),
            },
        )

    async def _is_active(
        self, ref: ScaledObjectRef, context: _Context[ScaledObjectRef, IsActiveResponse]
    ) -> IsActiveResponse:
        _, backlog = await self._find(ref, context)
        return IsActiveResponse(result=backlog.total > 0)

    async def _get_metric_spec(
        self, ref: ScaledObjectRef, context: _Context[ScaledObjectRef, GetMetricSpecResponse]
    ) -> GetMetricSpecResponse:
        _, backlog = await self._find(ref, context)
        return _spec(backlog)

    async def _get_metrics(
        self, request: GetMetricsRequest, context: _Context[GetMetricsRequest, GetMetricsResponse]
    ) -> GetMetricsResponse:
        _, backlog = await self._find(request.scaledObjectRef, context)
        if request.metricName != METRIC:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"The only metric is {METRIC!r}.")
        value = MetricValue(metricName=METRIC, metricValue=backlog.total, metricValueFloat=backlog.total)
        return GetMetricsResponse(metricValues=[value])

    async def _stream_is_active(
        self, ref: ScaledObjectRef, context: _Context[ScaledObjectRef, IsActiveResponse]
    ) -> None:
        name, _ = await self._find(ref, context)
        with self._open(name, is_activation) as stream:
            while (backlog := await self._next(name, stream)) is not None:
                if backlog.total > 0:  # it may be gone already
                    await context.write(IsActiveResponse(result=True))

    async def _stream_metric_spec(
        self, ref: ScaledObjectRef, context: _Context[ScaledObjectRef, GetMetricSpecResponse]
    ) -> None:
        name, _ = await self._find(ref, context)
        with self._open(name, is_new_target) as stream:
            while (backlog := await self._next(name, stream)) is not None:
                await context.write(_spec(backlog))

    async def _find[Request, Response](
        self, ref: ScaledObjectRef, context: _Context[Request, Response]
    ) -> tuple[str, Backlog]:
        """Return the pool of a call and its backlog, or abort the call. Only names of known pools are kept."""
        name = ref.scalerMetadata.get(POOL_KEY, "")
        if not 0 < len(name) <= _MAX_NAME:
            message = f"The trigger's metadata {POOL_KEY!r} must name an Analyzer in 1 to {_MAX_NAME} characters."
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, message)
        if ref.namespace != self._namespace:
            message = f"Only ScaledObjects of the namespace {self._namespace!r} are served."
            await context.abort(grpc.StatusCode.NOT_FOUND, message)
        backlog = self._backlog(name)
        if backlog is None:
            message = f"There is no Analyzer {name!r} in the namespace {self._namespace!r}."
            await context.abort(grpc.StatusCode.NOT_FOUND, message)
        if name not in self._polled_at:
            self._polled_at = {pool: at for pool, at in self._polled_at.items() if self._backlog(pool) is not None}
        self._polled_at[name] = self._clock()
        return name, backlog

    @contextmanager
    def _open(self, name: str, trigger: Trigger) -> Iterator[_Stream]:
        stream = _Stream(trigger)
        self._streams.setdefault(name, set()).add(stream)
        stream.observe(self._backlog(name))
        try:
            yield stream
        finally:
            self._streams[name].discard(stream)
            if not self._streams[name]:
                del self._streams[name]

    async def _next(self, name: str, stream: _Stream) -> Backlog | None:
        """Wait until a stream has something to send. None: the server closes."""
        while not self._closing:
            await stream.due.wait()
            stream.due.clear()
            backlog = self._backlog(name)
            if backlog is not None and not self._closing:
                return backlog
        return None


def _spec(backlog: Backlog) -> GetMetricSpecResponse:
    target = backlog.concurrency
    return GetMetricSpecResponse(metricSpecs=[MetricSpec(metricName=METRIC, targetSize=target, targetSizeFloat=target)])
