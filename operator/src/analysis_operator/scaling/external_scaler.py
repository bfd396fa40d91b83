"""Serves KEDA's external-push scaler: how much work waits for, and runs in, each pool.

What KEDA 2.21 does with the answers, from its pkg/scalers/external_scaler.go and pkg/scaling:

- Every poll is GetMetrics and IsActive, before them GetMetricSpec unless a stream has told the spec. What the
  HorizontalPodAutoscaler asks comes as the same calls.
- An error leaves the pool as it is: KEDA neither wakes it nor takes it down, and a HorizontalPodAutoscaler without a
  metric does not scale in. But KEDA also closes its connection, streams included, and may make the autoscaler anew
  without the backlog; only a stream of metric specs has it mended. So errors are for what cannot be answered.
- A stream that ends in an error is tried again after 2, 4, ... 60 s, and only one that ends well starts at 2 s again.
- KEDA never pings, so a connection that died is found by this side.
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

log = structlog.get_logger(__name__)

SERVICE = "externalscaler.ExternalScaler"
METRIC = "backlog"

_MAX_NAME = 253  # Kubernetes' own limit
_MAX_MESSAGE_BYTES = 64 * 1024
_MAX_CALLS = 1000
"""At a time. KEDA holds two streams for each pool."""
_GOODBYE_SECONDS = 1.0
_OPTIONS = (
    ("grpc.so_reuseport", 0),  # or a second server would bind the same port, and take half of the calls
    ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),  # this bounds the wait for an answer; its default is a minute
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),  # a stream may have nothing to say for days
)


@dataclass(frozen=True, slots=True)
class Backlog:
    """The work of one pool: analyses that wait, analyses that run, and places for them.

    ``slots``: places in pods that take work now. ``concurrency``: analyses at a time in one pod.
    """

    queued: int
    running: int
    slots: int
    concurrency: int

    @property
    def total(self) -> int:
        """What KEDA sizes the pool by. What runs counts, or KEDA would take a busy pod away."""
        return self.queued + self.running

    @property
    def stuck(self) -> bool:
        """Whether work waits that nothing can take."""
        return self.queued > 0 and self.slots == 0


Edge = Callable[[Backlog | None, Backlog], bool]
"""Whether a stream has something to say, from what it saw before and sees now."""


def wakes(before: Backlog | None, now: Backlog) -> bool:
    """Say whether KEDA is to wake the pool: it gets work, or is left without a pod for what waits.

    The latter since KEDA may have scaled to zero just after it was told of the work. Nothing else may wake it: KEDA
    starts the cooldown anew each time.
    """
    if before is None:
        return now.total > 0
    return (now.total > 0 and before.total == 0) or (now.stuck and not before.stuck)


def resizes(before: Backlog | None, now: Backlog) -> bool:
    """Say whether a pod takes another number of analyses than before."""
    return before is None or before.concurrency != now.concurrency


@dataclass(eq=False, slots=True)
class _Stream:
    """One open stream: what it saw last, and whether there is news."""

    edge: Edge
    seen: Backlog | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def see(self, now: Backlog | None) -> None:
        if now is not None and self.edge(self.seen, now):
            self.news.set()
        self.seen = now


type _Context[Request, Response] = aio.ServicerContext[Request, Response]


class ExternalScaler:
    """Serves KEDA's external-push protocol. All calls come from one event loop.

    Args:
        namespace: the operator's own; ScaledObjects of others are refused.
        backlog: gives the work of a pool, or None for a pool that is not known.
        clock: monotonic seconds.
    """

    def __init__(
        self, namespace: str, backlog: Callable[[str], Backlog | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._namespace = namespace
        self._backlog = backlog
        self._clock = clock
        self._asked: dict[str, float] = {}
        self._streams: dict[str, set[_Stream]] = {}
        self._closing = False
        self._server: aio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Bind and serve; port 0 takes any that is free. Gives the port. Raises OSError if it cannot be bound."""
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
        """Stop serving, if it serves. Streams end well, so that KEDA comes back soon."""
        self._closing = True
        for streams in self._streams.values():
            for stream in streams:
                stream.news.set()
        server, self._server = self._server, None
        if server is not None:
            await server.stop(_GOODBYE_SECONDS)

    def changed(self, name: str) -> None:
        """Take note that a pool's backlog, slots or concurrency may be others than before."""
        streams = self._streams.get(name)
        if streams:
            now = self._backlog(name)
            for stream in streams:
                stream.see(now)

    def seconds_since_asked(self, name: str) -> float | None:
        """Give how long ago KEDA last asked about a pool, or None if it never did. An open stream is no question."""
        asked = self._asked.get(name)
        return None if asked is None else self._clock() - asked

    # ---- what KEDA asks

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
        with self._open(name, wakes) as stream:
            while (backlog := await self._next(name, stream)) is not None:
                if backlog.total > 0:  # it may have gone as fast as it came
                    await context.write(IsActiveResponse(result=True))

    async def _stream_metric_spec(
        self, ref: ScaledObjectRef, context: _Context[ScaledObjectRef, GetMetricSpecResponse]
    ) -> None:
        name, _ = await self._find(ref, context)
        with self._open(name, resizes) as stream:
            while (backlog := await self._next(name, stream)) is not None:
                await context.write(_spec(backlog))

    # ---- inside

    async def _find[Request, Response](
        self, ref: ScaledObjectRef, context: _Context[Request, Response]
    ) -> tuple[str, Backlog]:
        """Give the pool that is meant and its backlog, or refuse the call. Only names of pools are ever kept."""
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
        if name not in self._asked:
            self._asked = {kept: at for kept, at in self._asked.items() if self._backlog(kept) is not None}
        self._asked[name] = self._clock()
        return name, backlog

    @contextmanager
    def _open(self, name: str, edge: Edge) -> Iterator[_Stream]:
        stream = _Stream(edge)
        self._streams.setdefault(name, set()).add(stream)
        stream.see(self._backlog(name))
        try:
            yield stream
        finally:
            self._streams[name].discard(stream)
            if not self._streams[name]:
                del self._streams[name]

    async def _next(self, name: str, stream: _Stream) -> Backlog | None:
        """Wait for news of a pool. None: the server closes."""
        while not self._closing:
            await stream.news.wait()
            stream.news.clear()
            backlog = self._backlog(name)
            if backlog is not None and not self._closing:
                return backlog
        return None


def _spec(backlog: Backlog) -> GetMetricSpecResponse:
    target = backlog.concurrency
    return GetMetricSpecResponse(metricSpecs=[MetricSpec(metricName=METRIC, targetSize=target, targetSizeFloat=target)])
