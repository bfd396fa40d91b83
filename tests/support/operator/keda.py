"""KEDA's side of the external-push scaler: its calls, its streams, and the backlogs that the scaler reads."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from grpc import aio

from analysis_operator.scaling.external_scaler import SERVICE, Backlog, ExternalScaler
from analysis_operator.scaling.externalscaler_pb2 import (
    GetMetricSpecResponse,
    GetMetricsRequest,
    GetMetricsResponse,
    IsActiveResponse,
    ScaledObjectRef,
)
from analysis_operator.signals import Signal
from tests.support.waiting import PATIENCE_SECONDS

NAMESPACE = "guardian"
IDLE = Backlog(queued=0, running=0, slots=0, concurrency=4)


def reference(analyzer: str = "audio", namespace: str = NAMESPACE, name: str = "audio") -> ScaledObjectRef:
    """Return how KEDA names a pool."""
    return ScaledObjectRef(name=name, namespace=namespace, scalerMetadata={"analyzer": analyzer})


class FakePools:
    """The backlogs that the scaler reads, and its clock."""

    def __init__(self) -> None:
        self.backlogs: dict[str, Backlog] = {"audio": IDLE}
        self.now = 100.0
        self.scaler = ExternalScaler(NAMESPACE, self.backlogs.get, Signal(), lambda: self.now)

    def become(self, queued: int = 0, running: int = 0, slots: int = 0, concurrency: int = 4) -> None:
        self.backlogs["audio"] = Backlog(queued, running, slots, concurrency)
        self.scaler.on_backlog_changed("audio")


class Stream[Message]:
    """One open stream, as KEDA reads it."""

    def __init__(self, call: aio.UnaryStreamCall[Any, Message]) -> None:
        self._call = call
        self._messages = aiter(call)

    async def next(self) -> Message:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await anext(self._messages)

    async def rest(self) -> list[Message]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return [message async for message in self._messages]

    async def code(self) -> grpc.StatusCode:
        return await self._call.code()

    def leave(self) -> None:
        self._call.cancel()


class Client:
    """The calls that KEDA makes."""

    def __init__(self, channel: aio.Channel) -> None:
        send = ScaledObjectRef.SerializeToString
        path = f"/{SERVICE}/{{}}".format
        self.is_active = channel.unary_unary(path("IsActive"), send, IsActiveResponse.FromString)
        self.spec = channel.unary_unary(path("GetMetricSpec"), send, GetMetricSpecResponse.FromString)
        self.metrics = channel.unary_unary(
            path("GetMetrics"), GetMetricsRequest.SerializeToString, GetMetricsResponse.FromString
        )
        self._pushes = channel.unary_stream(path("StreamIsActive"), send, IsActiveResponse.FromString)
        self._specs = channel.unary_stream(path("StreamMetricSpec"), send, GetMetricSpecResponse.FromString)

    async def pushes(self, ref: ScaledObjectRef | None = None) -> Stream[IsActiveResponse]:
        return Stream(self._pushes(ref or reference()))

    async def specs(self) -> Stream[GetMetricSpecResponse]:
        return Stream(self._specs(reference()))

    async def code(self, ref: ScaledObjectRef) -> tuple[grpc.StatusCode, str]:
        with pytest.raises(aio.AioRpcError) as refused:
            await self.is_active(ref)
        return refused.value.code(), refused.value.details() or ""
