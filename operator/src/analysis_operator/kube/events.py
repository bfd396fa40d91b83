"""Kubernetes events about our resources."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import structlog

from analysis_operator.analyzers.manifests import MANAGER
from analysis_operator.api import API_VERSION, GROUP, Metadata
from analysis_operator.errors import OperatorError
from analysis_operator.kube.client import KubeApi
from analysis_operator.requests.actions import Notify

log = structlog.get_logger(__name__)


async def post_event(api: KubeApi, kind: str, meta: Metadata, event: Notify, identity: str) -> None:
    """Post an event. Events are for people: what they say is in a status too, so a failure is only logged."""
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
