"""The status API over requests in memory, for tests: the real application, and a client that speaks HTTP to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from fastapi import FastAPI

from analysis_operator.api import AnalysisRequest
from analysis_operator.local.memory_store import MemoryErasures, MemoryRequests
from analysis_operator.local.status_api import LocalAnalyses
from status_api.app import create_app
from status_api.auth import StaticTokens
from status_api.page import SignIn
from status_api.settings import Settings
from status_api.wire import NewUpload, ReportLink, Source, Upload

FIRST, SECOND = "token-of-one", "token-of-two"
TOKENS = {FIRST: "one", SECOND: "two"}
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


class Clock:
    """Each look at it is a second later, so that no two requests are of the same time."""

    def __init__(self) -> None:
        self._now = NOW

    def __call__(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now


class NoStorage:
    """A Storage that signs nothing: what is tested beside it needs no S3."""

    origin = "https://media.example"

    async def upload(self, tenant: str, new: NewUpload) -> Upload:
        source = Source(uri=f"s3://media/uploads/{tenant}/recording", sha256=new.sha256)
        url = f"{self.origin}/put?size={new.size_bytes}"
        return Upload(source=source, method="PUT", url=url, headers={"Content-Type": new.content_type}, expires_at=NOW)

    async def report(self, tenant: str, uri: str) -> ReportLink | None:
        return ReportLink(url=f"{self.origin}/{tenant}/report.html", expires_at=NOW)


@dataclass
class Api:
    """One application with what lies behind it."""

    app: FastAPI
    requests: MemoryRequests
    erasures: MemoryErasures

    def client(self, token: str | None = FIRST) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers)

    async def status(self, tenant: str, name: str, **status: Any) -> AnalysisRequest:
        """Write a part of a request's status, as the operator would."""
        item = self.requests.find(tenant, name)
        assert item is not None
        return await self.requests.write_status(item, item.status.model_copy(update=status))


def make_api(
    settings: Mapping[str, Any] | None = None,
    unchecked: Mapping[str, Any] | None = None,
    sign_in: SignIn | None = None,
) -> Api:
    """Return the application; what is `unchecked` no installation could set."""
    requests, erasures = MemoryRequests(Clock()), MemoryErasures()
    defaults = Settings(results_uri="s3://results", **(settings or {})).model_copy(update=dict(unchecked or {}))
    analyses = LocalAnalyses(requests, erasures)
    app = create_app(defaults, analyses, NoStorage(), StaticTokens(TOKENS), sign_in=sign_in)
    return Api(app, requests, erasures)


def body(tenant: str = "one", key: str = "call.wav", **more: Any) -> dict[str, Any]:
    return {"source": {"uri": f"s3://media/uploads/{tenant}/{key}"}, **more}
