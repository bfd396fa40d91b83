"""The view of all requests in memory; all of it can be lost and read again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from pydantic import ValidationError

from analysis_operator.api import AnalysisRequest
from analysis_operator.records.sink import Sink
from analysis_operator.report.ports import Report
from analysis_operator.requests.actions import Notify
from analysis_operator.requests.closed import ClosedRequest, ClosedRequests
from analysis_operator.requests.intake import Intake
from analysis_operator.requests.ports import Named
from analysis_operator.work_queue import WorkQueue
from guardian_service.validation import error_summary

log = structlog.get_logger(__name__)

SETTLE_SECONDS = 0.2
"""The first write waits this long: a request that ends sooner needs only one."""

PROGRESS_SECONDS = 2.0
"""Progress is written at most this often for one request."""

BACKOFF_SECONDS = (0.5, 30.0)
"""Between attempts of one reconcile: the first pause and the longest."""


@dataclass(slots=True)
class Entry:
    """One request as last read or written. Times are in seconds of the event loop."""

    request: AnalysisRequest
    write_not_before: float
    backoff: float = BACKOFF_SECONDS[0]
    report: Report | None = None
    reporting: asyncio.Task[None] | None = None
    ends: dict[datetime | None, Notify] = field(default_factory=dict)
    """The event of each end that was written, perhaps without an answer, by its time; empty once one has followed."""
    left_at: int | None = None
    """The version at which the watch stopped delivering it: it is closed, or deleted."""
    turn: float | None = None
    """When its next write that can wait may be made; None: no turn was taken."""

    @property
    def version(self) -> int:
        """The version of the request, for comparisons."""
        return version_of(self.request)

    @property
    def closed(self) -> bool:
        """Whether nothing is left to do but its deletion."""
        return self.request.status.expires_at is not None

    def hold_progress(self) -> None:
        """Let the next write that can wait do so."""
        self.write_not_before = asyncio.get_running_loop().time() + PROGRESS_SECONDS

    def next_backoff(self) -> float:
        """Return the pause before the next attempt; the one after it is twice as long."""
        pause = self.backoff
        self.backoff = min(pause * 2, BACKOFF_SECONDS[1])
        return pause


class RequestView:
    """Every request: those with something left to do whole, and of the others what their deletion needs.

    Args:
        sink: is offered each new state.
        queue: gets the UID of each request that changed.
        intake: which requests are worked on now.
    """

    def __init__(self, sink: Sink, queue: WorkQueue, intake: Intake) -> None:
        self.intake = intake
        self._sink = sink
        self._queue = queue
        self._entries: dict[str, Entry] = {}
        self.closed = ClosedRequests()
        self.to_read: dict[str, Named] = {}
        """Requests that have to be read whole: closed ones that somebody edited, and some that were left aside."""

    def __contains__(self, uid: str) -> bool:
        return uid in self._entries

    def get(self, uid: str) -> Entry | None:
        """Return a request that is worked on, or None."""
        return self._entries.get(uid)

    def open_request(self, uid: str) -> AnalysisRequest | None:
        """Return a request with something left to do, or None. One that was left aside has no status."""
        entry = self._entries.get(uid)
        return entry.request if entry else self.intake.aside(uid)

    def named(self, uid: str) -> Named | None:
        """Return the name of a request, or None."""
        request = self.open_request(uid)
        return request.metadata if request else self.closed.get(uid)

    def unfinished(self) -> Iterator[str]:
        """Yield the UID of each request that is worked on."""
        return (uid for uid, entry in self._entries.items() if not entry.request.status.finished)

    def resource_versions(self) -> Mapping[str, str]:
        """Return the resource version of every request with something left to do, by UID."""
        known = {uid: entry.request.metadata.resource_version for uid, entry in self._entries.items()}
        return self.intake.versions() | known

    def version(self, uid: str) -> int:
        """Return the version of a request that is known, closed or not; 0: none is."""
        request, closed = self.open_request(uid), self.closed.get(uid)
        return max(version_of(request) if request else 0, closed.version if closed else 0)

    def observe_object(self, raw: Mapping[str, Any]) -> bool:
        """Observe a request as the API server sent it.

        Returns:
            Whether it can be read. One that cannot, perhaps of a newer version, is logged and left alone.
        """
        try:
            self.observe(AnalysisRequest.model_validate(raw))
        except ValidationError as error:
            meta = raw.get("metadata", {})
            name = f"{meta.get('namespace')}/{meta.get('name')}"
            log.error("request not understood", request=name, error=error_summary(error))
            return False
        return True

    def observe(self, request: AnalysisRequest) -> None:
        """Take in a request; a version older than the one that is known changes nothing."""
        uid = request.metadata.uid
        entry, closed = self._entries.get(uid), self.closed.get(uid)
        if closed is not None:
            if version_of(request) <= closed.version:
                return
            self.closed.remove(uid)
        if entry is None and not self.intake.takes(request):
            self._sink.offer(request)
            return
        if entry is None:
            settled = asyncio.get_running_loop().time() + SETTLE_SECONDS
            self._entries[uid] = Entry(request, write_not_before=settled)
        elif version_of(request) <= entry.version:
            return
        else:
            entry.request = request
        self._sink.offer(request)
        self._queue.add(uid)

    def observe_closed(self, request: ClosedRequest) -> None:
        """Take in what is known of a request that is closed."""
        known = self.closed.get(request.uid)
        if request.uid in self._entries:
            self.on_left(request.uid, request.version)
        elif known is not None and known.generation < request.generation:
            self.to_read[request.uid] = request
            self._queue.add(request.uid, low=True)
        else:
            self.closed.add(request)

    def on_left(self, uid: str, version: int) -> None:
        """Take note that the watch stopped delivering a request at this version: it is closed, or deleted."""
        entry = self._entries.get(uid)
        if entry is not None:
            entry.left_at = max(version, entry.left_at or 0)
            self._queue.add(uid)
        elif (aside := self.intake.aside(uid)) is not None:
            self.to_read[uid] = aside.metadata
            self._queue.add(uid)

    def park(self, entry: Entry) -> None:
        """Leave a suspended request aside until somebody changes it."""
        del self._entries[entry.request.metadata.uid]
        self.intake.park(entry.request)

    def close(self, entry: Entry) -> None:
        """Keep only what the deletion of a request needs that is closed."""
        meta, expires_at = entry.request.metadata, entry.request.status.expires_at
        if expires_at is not None:
            del self._entries[meta.uid]
            unsent = entry.request.status.unsent
            self.closed.add(
                ClosedRequest(meta.uid, meta.namespace, meta.name, entry.version, meta.generation, expires_at, unsent)
            )

    def retry(self, uid: str) -> None:
        """Plan a request again after a pause, which grows each time."""
        entry = self._entries.get(uid)
        if entry is not None:
            self._queue.add_later(uid, entry.next_backoff())

    def remove(self, uid: str) -> None:
        """Forget a request."""
        self.closed.remove(uid)
        self._entries.pop(uid, None)


def version_of(request: AnalysisRequest) -> int:
    """Return the resource version as a number: the API promises an order within one resource since Kubernetes 1.35."""
    return int(request.metadata.resource_version or 0)
