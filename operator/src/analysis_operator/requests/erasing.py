"""Erase analyses: recording, results, report, transcript, request and record, wherever they are by now."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import Protocol

import structlog
from pydantic import ValidationError

from analysis_operator.api import AnalysisErasure
from analysis_operator.errors import Gone, OperatorError
from analysis_operator.reading import read_report
from analysis_operator.report.places import results_folder
from analysis_operator.report.store import StoreError
from analysis_operator.report.writer import JSON_LIMIT
from analysis_operator.requests.actions import Notify
from analysis_operator.requests.ports import Requests
from guardian_service.s3 import is_granted

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 2.0
SETTLE_SECONDS = 30.0
"""What ran when it was asked may write for a moment after it was stopped: so everything is erased a second time."""
_PAUSE_SECONDS = 30.0
"""After something that did not answer."""
_AT_A_LOOK = 100
"""Then it looks again: others may have asked meanwhile."""
_KEEPS_TRANSCRIPTS = "context"


class Erasures(Protocol):
    """Where erasures are asked for."""

    async def list(self) -> list[AnalysisErasure]:
        """Return those that are not done. Raises OperatorError."""

    async def done(self, erasure: AnalysisErasure) -> None:
        """Take one away. Raises ApiUnavailable."""

    def notify(self, erasure: AnalysisErasure, event: Notify) -> None:
        """Post an event about one. Best effort: it never raises."""


class Objects(Protocol):
    """Reads and deletes objects in S3. Blocking. Every call raises StoreError."""

    def get(self, uri: str, limit: int) -> bytes:
        """Return the content of an object of at most `limit` bytes."""

    def delete(self, uri: str) -> None:
        """Delete an object, if it is there."""


class Records(Protocol):
    """Where records are."""

    async def erase(self, namespace: str, uid: str) -> None:
        """Delete the record of a request with its history. Raises NotErased."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where erasing may delete objects; None: nowhere of that kind."""

    results_uri: str | None = None
    uploads_uri: str | None = None
    transcripts_uri: str | None = None

    def results(self, namespace: str, name: str, uid: str) -> str | None:
        """Return where the results of a request are, with a slash at the end."""
        return results_folder(self.results_uri, namespace, name, uid) if self.results_uri else None

    def is_upload(self, uri: str, namespace: str) -> bool:
        """Return whether a recording was uploaded through the status API, for this namespace."""
        return self.uploads_uri is not None and is_granted(uri, (f"{self.uploads_uri.rstrip('/')}/{namespace}/",))

    def is_transcript(self, uri: str) -> bool:
        """Return whether this is one of the transcripts that the context analyzer keeps."""
        return self.transcripts_uri is not None and is_granted(uri, (self.transcripts_uri,))


@dataclass(frozen=True, slots=True)
class _Analysis:
    """Which one, and no namesake of it."""

    namespace: str
    name: str
    uid: str


class Eraser:
    """Does what erasures ask for, one after the other. Every step may be repeated.

    Args:
        erasures: what is asked for.
        requests: reads and deletes the requests.
        objects: deletes what is in S3.
        records: deletes what is in the database.
        scope: where.
    """

    def __init__(
        self, erasures: Erasures, requests: Requests, objects: Objects, records: Records, scope: Scope
    ) -> None:
        self._erasures = erasures
        self._requests = requests
        self._objects = objects
        self._records = records
        self._scope = scope
        self._again_at: dict[str, float] = {}
        self._erased: set[str] = set()

    async def run(self) -> None:
        """Erase until cancelled."""
        while True:
            try:
                await self.look(time.monotonic())
            except Gone:
                log.debug("this cluster knows no AnalysisErasures")
            except OperatorError as error:
                log.warning("erasures not listed, will be tried again", error=str(error))
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self, now: float) -> None:
        """Go on with every erasure whose turn it is. Raises OperatorError if they cannot be listed."""
        listed = await self._erasures.list()
        there = {erasure.metadata.uid for erasure in listed}
        self._again_at = {uid: at for uid, at in self._again_at.items() if uid in there}
        self._erased &= there
        due = [erasure for erasure in listed if self._again_at.get(erasure.metadata.uid, now) <= now]
        for erasure in _in_turns(due)[:_AT_A_LOOK]:
            await self._go_on(erasure, now)

    async def _go_on(self, erasure: AnalysisErasure, now: float) -> None:
        uid = erasure.metadata.uid
        try:
            await self._erase(erasure)
            if uid in self._erased:
                await self._erasures.done(erasure)
                log.info("erased", namespace=erasure.metadata.namespace, uid=erasure.spec.uid)
        except OperatorError as error:
            self._again_at[uid] = now + _PAUSE_SECONDS
            log.warning("not erased, will be tried again", uid=erasure.spec.uid, error=str(error))
            self._erasures.notify(erasure, Notify("Warning", "NotErased", f"It will be tried again: {error}"))
            return
        self._erased.add(uid)
        self._again_at[uid] = now + SETTLE_SECONDS

    async def _erase(self, erasure: AnalysisErasure) -> None:
        """Erase everything once. The recording goes first: only the request may know where it is."""
        spec = erasure.spec
        analysis = _Analysis(erasure.metadata.namespace, spec.name, spec.uid)
        source = spec.source_uri or await self._source(analysis)
        if source and self._scope.is_upload(source, analysis.namespace):
            await asyncio.to_thread(self._objects.delete, source)
        await self._requests.delete(analysis)  # which stops its work
        await asyncio.to_thread(self._erase_results, erasure)
        await self._records.erase(analysis.namespace, spec.uid)

    async def _source(self, analysis: _Analysis) -> str | None:
        try:
            return (await self._requests.get(analysis)).spec.source.uri
        except Gone:
            return None

    def _erase_results(self, erasure: AnalysisErasure) -> None:
        spec = erasure.spec
        prefix = self._scope.results(erasure.metadata.namespace, spec.name, spec.uid)
        if prefix is None:
            return
        if transcript := self._transcript(f"{prefix}{_KEEPS_TRANSCRIPTS}.json"):
            self._objects.delete(transcript)
        for analyzer in spec.analyzers:
            self._objects.delete(f"{prefix}{analyzer}.png")
            self._objects.delete(f"{prefix}{analyzer}.json")
        self._objects.delete(f"{prefix}report.html")

    def _transcript(self, result: str) -> str | None:
        """Return which transcript was kept for other requests, by the result, which an analyzer wrote."""
        try:
            source = read_report(self._objects.get(result, JSON_LIMIT)).transcript_source
        except (StoreError, ValidationError):  # there is none, or it is of no use
            return None
        return source.uri if source is not None and self._scope.is_transcript(source.uri) else None


def _in_turns(erasures: list[AnalysisErasure]) -> list[AnalysisErasure]:
    """Return them so that namespaces take turns: thousands of one do not hold up another's."""
    before = Counter[str]()
    turns = []
    for erasure in erasures:
        turns.append((before[erasure.metadata.namespace], erasure))
        before[erasure.metadata.namespace] += 1
    return [erasure for _, erasure in sorted(turns, key=lambda turn: turn[0])]
