"""Kubernetes events about the operator's resources."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Literal, Protocol

import structlog

from analysis_operator.api import API_VERSION, GROUP, Metadata
from analysis_operator.errors import OperatorError
from analysis_operator.kube.client import KubeApi
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


async def post_event(api: KubeApi, kind: str, meta: Metadata, event: Event, identity: str) -> None:
    """Post an event about the resource of this kind and metadata.

    Events are for people: what they say is in a status too, so a failure is only logged.
    """
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    about = {
        "apiVersion": API_VERSION,
        "kind": kind,
        "name": meta.name,
        "namespace": meta.namespace,
        "uid": meta.uid,
    }
    body = {
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
    try:
        await api.call("POST", f"api/v1/namespaces/{meta.namespace}/events", body=body)
    except OperatorError as error:
        log.info("event not posted", about=f"{kind} {meta.namespace}/{meta.name}", error=str(error))
