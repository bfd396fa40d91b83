"""Watch with kopf. Every handler passes the object on to a controller; nothing is decided here.

There are two registries because rights differ: requests are watched in every namespace, and everything else only in
the operator's own. Each is watched in a thread with an event loop of its own: a kopf that ends cancels every task of
its loop, and it ends with the first answer that it does not understand. Controllers are called in the operator's loop.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import threading
from collections.abc import Collection, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any, cast

import kopf
import structlog

from analysis_operator.analyzers.controller import AnalyzerController
from analysis_operator.api import GROUP, VERSION
from analysis_operator.kube.objects import ANALYZER_LABEL
from analysis_operator.requests.controller import RequestController
from analysis_operator.requests.kube_store import OPEN
from analysis_operator.requests.resync import RequestResync

log = structlog.get_logger(__name__)

_PAUSE_SECONDS = 1.0
_CHILDREN = (
    ("apps", "v1", "deployments"),
    ("", "v1", "services"),
    ("", "v1", "serviceaccounts"),
    ("policy", "v1", "poddisruptionbudgets"),
    ("networking.k8s.io", "v1", "networkpolicies"),
)


class _NoDiffs(kopf.DiffBaseStorage):
    """Keeps no last state: no handler here needs differences, and each costs a deep copy."""

    def build(self, **_: object) -> kopf.BodyEssence:
        """Return an empty essence."""
        return cast("kopf.BodyEssence", {})

    def fetch(self, **_: object) -> kopf.BodyEssence | None:
        """Return None."""
        return None

    def store(self, **_: object) -> None:
        """Keep nothing."""


def settings() -> kopf.OperatorSettings:
    """Return kopf's settings: no events, annotations or finalizers of its own, no peering, and few rights needed."""
    options = kopf.OperatorSettings()
    options.posting.enabled = False
    options.peering.standalone = True
    options.watching.reconnect_backoff = 0.1
    options.watching.chunk_size = 500
    options.networking.request_timeout = 30
    # Until then each object keeps a task and its last event: by the default of 5 s thousands would in a burst.
    options.queueing.idle_timeout = 0.2
    options.persistence.diffbase_storage = _NoDiffs()
    # The kinds and the namespace are known, and they are there before kopf starts.
    options.scanning.disabled = True
    options.watching.field_selectors[GROUP, VERSION, "analysisrequests"] = OPEN
    for resource in (("", "v1", "pods"), *_CHILDREN):
        options.watching.label_selectors[resource] = ANALYZER_LABEL
    return options


async def watch(registry: kopf.OperatorRegistry, namespaces: Collection[str] = ()) -> None:
    """Watch until cancelled, in these namespaces or in all. A watch that breaks begins again."""
    while True:
        stop = threading.Event()
        ended: Future[None] = Future()
        thread = threading.Thread(target=_watch, args=(registry, namespaces, stop, ended), daemon=True)
        thread.start()
        try:
            await asyncio.wrap_future(ended)
        except Exception as error:  # whatever kopf's parts raise
            log.warning("a watch broke, begins again", error=repr(error))
        finally:
            stop.set()
        await asyncio.sleep(_PAUSE_SECONDS)


def _watch(
    registry: kopf.OperatorRegistry, namespaces: Collection[str], stop: threading.Event, ended: Future[None]
) -> None:
    async def watching() -> None:
        try:
            await kopf.operator(
                registry=registry,
                settings=settings(),
                stop_flag=stop,
                namespaces=namespaces,
                clusterwide=not namespaces,
            )
        finally:
            # A thread of kopf's waits for it, and the end of the event loop for that thread, when a watch breaks, too.
            stop.set()

    ended.set_running_or_notify_cancel()
    try:
        asyncio.run(watching())
    except asyncio.CancelledError:  # kopf's, and not the operator's
        ended.set_exception(RuntimeError("kopf cancelled itself"))
    except Exception as error:
        ended.set_exception(error)
    else:
        ended.set_result(None)


def watch_requests(controller: RequestController, resync: RequestResync) -> kopf.OperatorRegistry:
    """Return the registry that watches open AnalysisRequests, and tells the resync that it does."""
    registry, call = _registry(), asyncio.get_running_loop().call_soon_threadsafe

    @kopf.on.event(GROUP, VERSION, "analysisrequests", registry=registry)
    async def request(event: Mapping[str, Any], **_: object) -> None:
        raw = event["object"]
        call(resync.watch_spoke)
        if event["type"] == "DELETED":
            call(controller.view.on_left, raw["metadata"]["uid"], int(raw["metadata"]["resourceVersion"]))
        else:
            call(controller.view.observe_object, raw)

    return registry


def watch_analyzers(controller: AnalyzerController) -> kopf.OperatorRegistry:
    """Return the registry that watches Analyzers, their pods, and their child objects."""
    registry, call = _registry(), asyncio.get_running_loop().call_soon_threadsafe

    @kopf.on.event(GROUP, VERSION, "analyzers", registry=registry)
    async def analyzer(event: Mapping[str, Any], **_: object) -> None:
        raw = event["object"]
        if event["type"] == "DELETED":
            call(controller.on_deleted, raw["metadata"]["name"], raw["metadata"]["uid"])
        else:
            call(controller.observe, dict(raw))

    @kopf.on.event("", "v1", "pods", labels={ANALYZER_LABEL: kopf.PRESENT}, registry=registry)
    async def pod(event: Mapping[str, Any], **_: object) -> None:
        call(partial(controller.observe_pod, dict(event["object"]), gone=event["type"] == "DELETED"))

    def watch_child(group: str, version: str, plural: str) -> None:
        @kopf.on.event(group, version, plural, id=plural, labels={ANALYZER_LABEL: kopf.PRESENT}, registry=registry)
        async def child(event: Mapping[str, Any], **_: object) -> None:
            call(partial(controller.observe_child, dict(event["object"]), gone=event["type"] == "DELETED"))

    for resource in _CHILDREN:
        watch_child(*resource)
    return registry


def _registry() -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()

    @kopf.on.login(registry=registry)
    def login(**kwargs: Any) -> kopf.ConnectionInfo | None:  # noqa: ANN401
        inside = kopf.login_with_service_account(**kwargs)
        return _by_address(inside) if inside else kopf.login_with_kubeconfig(**kwargs)

    return registry


def _by_address(connection: kopf.ConnectionInfo) -> kopf.ConnectionInfo:
    """Use the API server's address that every pod has. Kopf uses its name, which fails when the cluster's DNS does."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        return connection
    return dataclasses.replace(
        connection, server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    )
