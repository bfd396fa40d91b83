"""What requests need from outside. Two runtimes provide it: a cluster, and local processes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from analysis_operator.api import AnalysisRequest, RequestStatus
from analysis_operator.requests.actions import Notify
from analyzer_contract import AnalysisJob, Outcome, Progress


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One ready pod, or local process, that takes work at ``http://address``."""

    pod: str
    address: str


class Named(Protocol):
    """What names one object, and no namesake of it: the metadata of a request, or what is kept of it."""

    @property
    def namespace(self) -> str:
        """Its namespace."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def uid(self) -> str:
        """Its UID."""


class Requests(Protocol):
    """Where AnalysisRequests live."""

    async def get(self, which: Named) -> AnalysisRequest:
        """Read it again. Raises Gone if it, by UID, does not exist any more, and ApiUnavailable."""

    async def write_status(self, request: AnalysisRequest, status: RequestStatus) -> AnalysisRequest:
        """Replace the status of exactly this version. Raises Conflict, Gone, ApiUnavailable."""

    async def delete(self, which: Named) -> None:
        """Delete it, if it still exists. Raises ApiUnavailable."""

    async def notify(self, request: AnalysisRequest, event: Notify) -> None:
        """Post an event about it. Best effort: it never raises."""


class Runner(Protocol):
    """Carries one job to one analyzer."""

    def run(self, endpoint: Endpoint, job: AnalysisJob) -> AsyncGenerator[Progress | Outcome]:
        """Yield the stream, the last item being the outcome. Closing the iterator leaves the work.

        A pod that still has the work, or its outcome, goes on from there. Raises Busy, Draining or Unreachable before
        the work started, and Lost after.
        """

    async def cancel(self, endpoint: Endpoint, job: AnalysisJob) -> None:
        """Stop the work that was left. Best effort: it never raises, and the work ends by itself within a minute."""
