"""What the API needs from other services."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Protocol

from status_api.naming import Key
from status_api.wire import Analysis, NewAnalysis, NewUpload, ReportLink, Upload


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """A place in a list that is sorted newest first: behind this one."""

    created_at: datetime
    uid: str


@dataclass(frozen=True)
class Entry:
    """One analysis as it is now, with what only the API itself needs."""

    analysis: Analysis
    position: Position
    report_uri: str | None

    @cached_property
    def body(self) -> bytes:
        """The representation, as JSON."""
        return self.analysis.model_dump_json(by_alias=True).encode()

    @cached_property
    def etag(self) -> str:
        """A strong ETag: other bytes have another ETag (RFC 9110, 8.8.3)."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'


class Analyses(Protocol):
    """Where a tenant's analyses are kept. Every call raises Unavailable if that place does not answer."""

    async def get(self, tenant: str, key: Key) -> Entry | None:
        """Return one, or None if this tenant has none of that name and UID."""

    async def page(self, tenant: str, after: Position | None, limit: int) -> list[Entry]:
        """Return at most `limit`, newest first, beginning after a position."""

    async def unfinished(self, tenant: str) -> int:
        """Return how many of a tenant's analyses wait or run."""

    async def create(self, tenant: str, name: str, new: NewAnalysis) -> Entry:
        """Create one, or return the one that has this name already. Raises NotAccepted, QuotaSpent."""

    async def erase(self, tenant: str, entry: Entry, recording: str | None) -> None:
        """Ask that an analysis be erased, and this recording with it; twice is the same as once."""


class Storage(Protocol):
    """Makes links to S3. Every call raises Unavailable without credentials."""

    @property
    def origin(self) -> str:
        """Where the links lead, as a page's policy names it: scheme, host, port."""

    async def upload(self, tenant: str, new: NewUpload) -> Upload:
        """Allow exactly this one upload, under the tenant's own prefix."""

    async def report(self, tenant: str, uri: str) -> ReportLink | None:
        """Return a link to a report, or None if the report is not this tenant's."""


class Authenticator(Protocol):
    """Finds the tenant of a token."""

    async def tenant_of(self, token: str) -> str:
        """Return the tenant, which is a namespace. Raises Unauthorised, NoTenant, Unavailable."""
