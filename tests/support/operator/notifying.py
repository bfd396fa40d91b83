"""Notifiers over one store in memory: what they read and record, and what they are told."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

from analysis_operator.api import AnalysisRequest, AnalysisSubscription, ConditionRow
from analysis_operator.errors import ApiUnavailable, Gone
from analysis_operator.kube.secrets import NoSecret, Secrets
from analysis_operator.notifications.event import Event, request_finished
from analysis_operator.notifications.http_sinks import HttpSinks
from analysis_operator.notifications.notifier import Notifier
from analysis_operator.notifications.ports import About, InstalledSubscription
from analysis_operator.notifications.subscriptions import Subscriptions

KEY = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
LOCAL = (ip_network("127.0.0.0/8"),)


class Store(Secrets):
    """The API server: requests by UID, what was recorded, and one Secret."""

    def __init__(self) -> None:
        self.requests: dict[str, AnalysisRequest] = {}
        self.rows: dict[str, ConditionRow] = {}
        self.warnings: list[str] = []
        self.reported: dict[str, ConditionRow] = {}
        self.faults = 0

    async def event(self, about: About) -> Event | None:
        if about.uid not in self.requests:
            raise Gone(about.uid)
        return None if about.uid in self.rows else request_finished(self.requests[about.uid])

    async def record(self, about: About, row: ConditionRow) -> None:
        if self.faults:
            self.faults -= 1
            raise ApiUnavailable("503")
        self.rows[about.uid] = row

    def warn(self, about: About, message: str) -> None:
        self.warnings.append(message)

    async def report(self, resource: AnalysisSubscription, row: ConditionRow) -> None:
        self.reported[resource.metadata.uid] = row

    async def read(self, namespace: str, name: str, key: str) -> str:
        if name != "signing":
            raise NoSecret("SecretMissing", f"There is no Secret {namespace}/{name}.")
        return KEY

    def ready(self, name: str = "mine") -> tuple[str, str]:
        """Status and reason of a subscription's condition Ready; empty: not written yet."""
        _, state, reason, _ = self.reported.get(name, ("", "", "", ""))
        return state, reason

    def states(self) -> dict[str, tuple[str, str]]:
        return {uid: (state, reason) for uid, (_, state, reason, _) in self.rows.items()}


def finished(uid: str, namespace: str = "kim") -> AnalysisRequest:
    """Return a request that is finished."""
    at = datetime.now(UTC).isoformat()
    rows = (("Succeeded", "True", "Completed"), ("Finished", "True", "Completed"), ("Notified", "Unknown", "Pending"))
    conditions = [{"type": k, "status": s, "reason": r, "lastTransitionTime": at} for k, s, r in rows]
    return AnalysisRequest.model_validate(
        {
            "metadata": {"name": f"call-{uid}", "namespace": namespace, "uid": uid},
            "spec": {"source": {"uri": "s3://media/a.wav"}},
            "status": {"verdict": "LikelyFake", "score": 97, "finishedAt": at, "conditions": conditions},
        }
    )


def subscription(url: str, name: str = "mine", version: int = 1, namespace: str = "kim", **spec: Any) -> Any:
    """Return a subscription to this sink."""
    meta = {"name": name, "namespace": namespace, "uid": name, "resourceVersion": str(version), "generation": version}
    return AnalysisSubscription.model_validate({"metadata": meta, "spec": {"sink": url, **spec}})


class World:
    """One notifier after the other over one store, each an operator that starts."""

    def __init__(self) -> None:
        self.store = Store()
        self.now = datetime.now(UTC)
        self.running: list[tuple[Notifier, asyncio.Task[None]]] = []

    def start(self, *subscriptions: Any, networks: Any = LOCAL, installed: dict[str, Any] | None = None) -> Notifier:
        extra = [InstalledSubscription(**each).subscription(name, "own") for name, each in (installed or {}).items()]
        started = Notifier(
            self.store,
            HttpSinks("/test", self.store, lambda: datetime.now(UTC), networks),
            Subscriptions(extra),
            clock=lambda: self.now,
            pause=lambda _, attempt: timedelta(milliseconds=min(40, 5 * 2**attempt)),
            patience=timedelta(hours=24),
        )
        for each in subscriptions:
            started.observe(each)
        self.running.append((started, asyncio.create_task(started.run())))
        return started

    async def stop(self) -> None:
        for _, task in self.running:
            task.cancel()
        await asyncio.gather(*(task for _, task in self.running), return_exceptions=True)
        self.running.clear()

    def finish(self, to: Notifier, *uids: str) -> None:
        for uid in uids:
            self.store.requests[uid] = finished(uid)
            to.on_finished(self.store.requests[uid])
