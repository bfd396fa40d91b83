"""What batches need from outside: the API server, and S3."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from analysis_operator.api import AnalysisBatch, BatchSource, BatchStatus, Metadata, Position
from analysis_operator.batches.actions import Notify
from analysis_operator.batches.child import Child
from analysis_operator.batches.rows import PAGE, Page
from analysis_operator.errors import OperatorError
from analysis_operator.kube.objects import KubeObject


class SourceTrouble(OperatorError):
    """A list of recordings was not read. ``fatal``: trying again does not help."""

    def __init__(self, reason: str, message: str, *, fatal: bool) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.fatal = fatal


class Batches(Protocol):
    """Where AnalysisBatches live, and the requests that are made for them."""

    async def get(self, batch: AnalysisBatch) -> AnalysisBatch:
        """Read it again. Raises Gone, ApiUnavailable."""

    async def write_status(self, batch: AnalysisBatch, status: BatchStatus) -> AnalysisBatch:
        """Replace the status of exactly this version. Raises Conflict, Gone, ApiUnavailable."""

    async def delete(self, batch: AnalysisBatch) -> None:
        """Delete it, if it still exists. Raises ApiUnavailable."""

    def children(self, batch: AnalysisBatch) -> AsyncIterator[Child]:
        """Yield the requests that were made for it. Raises OperatorError."""

    async def make(self, request: KubeObject) -> Child:
        """Create a request. Raises Conflict if there is one of that name, Gone, ApiUnavailable."""

    async def child(self, namespace: str, name: str) -> Child:
        """Read a request. Raises Gone, ApiUnavailable."""

    async def remove(self, request: Metadata) -> None:
        """Delete a request, if it still exists. Raises ApiUnavailable."""

    async def notify(self, batch: AnalysisBatch, event: Notify) -> None:
        """Post an event about it. Best effort: it never raises."""


class Sources(Protocol):
    """Where the lists of recordings are."""

    async def read(self, source: BatchSource, start: Position, most: int = PAGE) -> Page:
        """Return the rows that follow a position. Raises SourceTrouble."""

    async def count(self, source: BatchSource, start: Position) -> int:
        """Return how many rows follow a position. Raises SourceTrouble."""


class Results(Protocol):
    """Where the results go."""

    async def write(self, uri: str, lines: bytes) -> None:
        """Write one part, over an earlier one of the same name. Raises StoreError."""
