"""Do what a plan asks for: read, make, write, delete. Each in the background, and tried again after a pause."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import structlog

from analysis_operator.api import BatchStatus
from analysis_operator.batches.actions import Action, Count, Expire, Load, Make, Notify, Read, Remove, WritePart
from analysis_operator.batches.child import Child, request_of
from analysis_operator.batches.entry import Entry
from analysis_operator.batches.lines import as_bytes
from analysis_operator.batches.observation import Trouble
from analysis_operator.batches.permission import prefixes
from analysis_operator.batches.ports import Batches, Results, Sources, SourceTrouble
from analysis_operator.batches.rows import Row
from analysis_operator.batches.work import Work
from analysis_operator.errors import Conflict, OperatorError, Reason, Rejected
from analysis_operator.report.store import StoreError
from analysis_operator.requests.observation import Policy

log = structlog.get_logger(__name__)

_CALLS = 16
"""To the API server at a time, of all batches together, for new requests; and as many for deletions."""


class Hands:
    """Carries out the actions of plans, and calls back when one is done.

    Args:
        batches: the API server.
        sources: lists of recordings.
        results: takes the parts.
        policy: the settings of the installation.
        again: is told the UID of a batch that is to be planned again, and after how many seconds.
    """

    def __init__(
        self,
        batches: Batches,
        sources: Sources,
        results: Results,
        policy: Policy,
        again: Callable[[str, float], None],
    ) -> None:
        self._batches = batches
        self._sources = sources
        self._results = results
        self._policy = policy
        self._again = again
        self._making, self._removing = asyncio.Semaphore(_CALLS), asyncio.Semaphore(_CALLS)
        self.children: dict[str, tuple[str, str]] = {}
        """UID of the batch, and name, of each request that is known, by its UID."""

    def act(self, entry: Entry, action: Action) -> None:
        """Begin an action, unless one of its kind is under way or has failed a moment ago."""
        kind, now = type(action), asyncio.get_running_loop().time()
        if kind in entry.tasks:
            return
        if (pause := entry.not_before.get(kind, 0.0) - now) > 0:
            self._again(entry.batch.metadata.uid, pause)
            return
        if isinstance(action, Make) and entry.work is not None:
            for name, row in action.items:
                entry.work.making(name, row)
        entry.tasks[kind] = asyncio.create_task(self._do(entry, action))

    async def _do(self, entry: Entry, action: Action) -> None:
        uid, kind = entry.batch.metadata.uid, type(action)
        pause = 0.0
        try:
            await self._done(entry, action)
            entry.succeeded(kind)
        except SourceTrouble as error:
            pause = entry.failed(kind, _source_trouble(entry, error) if kind is Read else None)
        except StoreError as error:
            pause = entry.failed(kind, Trouble(Reason.RESULTS_UNAVAILABLE, f"{error}."))
        except Rejected as error:
            if kind is Make and entry.work is not None:
                entry.work.cut()
            pause = entry.failed(kind, Trouble(Reason.QUEUED, f"The API server takes no more requests: {error}."))
        except OperatorError as error:
            log.warning("not done, will be tried again", batch=_name(entry), action=kind.__name__, error=str(error))
            pause = entry.failed(kind, None)
        except Exception:
            log.exception("batch failed", batch=_name(entry), action=kind.__name__)
            pause = entry.failed(kind, None)
        entry.tasks.pop(kind, None)
        self._again(uid, pause)

    def _done(self, entry: Entry, action: Action) -> Coroutine[None, None, None]:
        match action:
            case Load():
                doing = self._load(entry)
            case Read():
                doing = self._read(entry, action)
            case Count():
                doing = self._count(entry, action)
            case Make():
                doing = self._make(entry, action)
            case WritePart():
                doing = self._write(entry, action)
            case Remove():
                doing = self._remove(entry, action)
            case Expire():
                doing = self._batches.delete(entry.batch)
            case Notify():
                doing = self._batches.notify(entry.batch, action)
        return doing

    async def _load(self, entry: Entry) -> None:
        stopping = bool(entry.batch.status.stop_reason)
        work = entry.work or Work(entry.batch)
        async for child in self._batches.children(entry.batch):
            self.adopt(entry, work, child)
        for name, request in entry.early.items():
            if (known := work.known.get(name)) is not None:
                self.adopt(entry, work, Child(request, entry.batch.metadata.uid, known.row.line))
        entry.early.clear()
        work.listed_since_stop = stopping
        entry.work = work

    async def _read(self, entry: Entry, action: Read) -> None:
        page = await self._sources.read(entry.batch.spec.source, action.start)
        if entry.work is not None and not entry.batch.status.stop_reason:
            entry.work.add(page, prefixes(entry.batch, self._policy))

    async def _count(self, entry: Entry, action: Count) -> None:
        work = entry.work
        before = _behind(work, entry.batch.status) if work else 0
        entry.total = before + await self._sources.count(entry.batch.spec.source, action.start)

    async def _make(self, entry: Entry, action: Make) -> None:
        if (work := entry.work) is not None:
            made = [self._make_one(entry, work, name, row) for name, row in action.items]
            errors = [error for error in await asyncio.gather(*made, return_exceptions=True) if error is not None]
            if errors:
                raise errors[0]

    async def _make_one(self, entry: Entry, work: Work, name: str, row: Row) -> None:
        namespace, uid = entry.batch.metadata.namespace, entry.batch.metadata.uid
        try:
            async with self._making:
                try:
                    child = await self._batches.make(request_of(entry.batch, name, row))
                except Conflict:  # a call whose answer was lost
                    child = await self._batches.child(namespace, name)
        except BaseException:
            work.not_made(name)
            raise
        if child.batch_uid != uid:
            work.failed(name, Reason.NAME_TAKEN, f"There is another AnalysisRequest named {name}.")
        else:
            self.adopt(entry, work, child)

    async def _write(self, entry: Entry, action: WritePart) -> None:
        status, work = entry.batch.status, entry.work
        await self._results.write(f"{status.results_uri}part-{action.number:06d}.jsonl", as_bytes(action.lines))
        if work is None:
            return
        if status.stop_reason:
            work.flushed = action.lines
        elif work.parts and work.parts[0].number == action.number:
            work.parts[0].written = True

    async def _remove(self, entry: Entry, action: Remove) -> None:
        work = entry.work
        if work is None:
            return

        async def remove(name: str) -> None:
            async with self._removing:
                known = work.known.get(name)
                if known is None or known.made is None or (action.unfinished and known.outcome is not None):
                    return
                await self._batches.remove(known.made)
                self.children.pop(known.made.uid, None)
                work.forget(name)

        errors = [e for e in await asyncio.gather(*map(remove, action.names), return_exceptions=True) if e is not None]
        entry.now(Make)  # there may be room in the namespace's quota
        if errors:
            raise errors[0]

    def adopt(self, entry: Entry, work: Work, child: Child) -> None:
        """Take in a request of a batch, and remember it by its UID."""
        meta = child.request.metadata
        work.adopt(child)
        if meta.name in work.known:
            self.children[meta.uid] = (entry.batch.metadata.uid, meta.name)

    def forget(self, entry: Entry) -> None:
        """Forget the requests of a batch that has ended, or is gone."""
        uid = entry.batch.metadata.uid
        for child_uid in [each for each, (owner, _) in self.children.items() if owner == uid]:
            del self.children[child_uid]


def _behind(work: Work, status: BatchStatus) -> int:
    """Return how many rows are before the place that reading has reached."""
    return status.checkpoint.counts.total + sum(
        len(part.items) for part in work.parts if part.number >= status.checkpoint.parts
    )


def _source_trouble(entry: Entry, error: SourceTrouble) -> Trouble:
    begun = entry.batch.status.checkpoint.parts or (entry.work is not None and entry.work.parts)
    # Rights that are missing at the beginning were never given; later somebody may be changing them.
    fatal = error.fatal and not (begun and error.reason == Reason.SOURCE_FORBIDDEN)
    return Trouble(error.reason, error.message, fatal)


def _name(entry: Entry) -> str:
    return f"{entry.batch.metadata.namespace}/{entry.batch.metadata.name}"
