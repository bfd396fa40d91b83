"""Kubernetes events about the operator's resources."""

from __future__ import annotations

import asyncio
import secrets
from datetime import UTC, datetime
from typing import Literal, Protocol

import structlog

from analysis_operator.api import API_VERSION, GROUP, Metadata
from analysis_operator.errors import OperatorError
from analysis_operator.kube.client import Json, KubeApi
from analysis_operator.kube.objects import MANAGER

log = structlog.get_logger(__name__)


class Event(Protocol):
    """What an event says."""

    @property
    def kind(self) -> Literal["Normal", "Warning"]:
        """The type of the event."""

    @property
    def reason(self) -> str:
        """Why, in one CamelCase word."""

    @property
    def message(self) -> str:
        """Why, in a sentence for people."""


_AT_ONCE = 4
_MOST_WAITING = 1000


class EventPoster:
    """Posts events in the background, a few at a time: a slow API server does not hold up the work.

    Events are for people: what they say is in a status too, so a failure is only logged, and with too many that wait a
    new one is left out.

    Args:
        api: the API server.
        identity: of this process.
    """

    def __init__(self, api: KubeApi, identity: str) -> None:
        self._api = api
        self._identity = identity
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._posting: set[asyncio.Task[None]] = set()

    def post(self, kind: str, meta: Metadata, event: Event) -> None:
        """Post an event about the resource of this kind and metadata, soon."""
        about = f"{kind} {meta.namespace}/{meta.name}"
        if len(self._posting) >= _MOST_WAITING:
            log.warning("event left out: too many wait", about=about)
            return
        task = asyncio.create_task(self._post(about, _body(kind, meta, event, self._identity)))
        self._posting.add(task)
        task.add_done_callback(self._posting.discard)

    async def _post(self, about: str, body: Json) -> None:
        async with self._turns:
            try:
                await self._api.call("POST", f"api/v1/namespaces/{body['metadata']['namespace']}/events", body=body)
            except OperatorError as error:
                log.warning("event not posted", about=about, error=str(error))


def _body(kind: str, meta: Metadata, event: Event, identity: str) -> Json:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    about = {
        "apiVersion": API_VERSION,
        "kind": kind,
        "name": meta.name,
        "namespace": meta.namespace,
        "uid": meta.uid,
    }
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{meta.name[:230]}.{secrets.token_hex(8)}", "namespace": meta.namespace},
        "involvedObject": about,
        "type": event.kind,
        "reason": event.reason,
        "message": event.message[:1000],
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
        "source": {"component": MANAGER},
        "reportingComponent": f"{GROUP}/{MANAGER}",
        "reportingInstance": identity,
        "action": "Reconcile",
    }
