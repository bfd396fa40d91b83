"""What is known of earlier results for the requests at hand, and which of them wait for another's answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from analysis_operator.api import AnalysisRequest, AnalysisState, AnalysisStatus, RequestStatus
from analysis_operator.cache.entry import Earlier, Question
from analysis_operator.cache.flights import Flights
from analysis_operator.cache.store import VerdictCache
from analysis_operator.clock import elapsed
from analysis_operator.requests.observation import Run
from analyzer_contract import Result, Unchanged


@dataclass(slots=True)
class _Found:
    """What was found for one request, by analyzer; None: nothing."""

    results: dict[str, Earlier | None] = field(default_factory=dict)
    looking: dict[str, asyncio.Task[None]] = field(default_factory=dict)


class EarlierResults:
    """Joins the cache with the requests at hand. All calls come from one event loop.

    Args:
        cache: finds and keeps results; None: nothing is adopted.
        wake: plans a request again.
    """

    def __init__(self, cache: VerdictCache | None, wake: Callable[[str], None]) -> None:
        self._cache = cache
        self._wake = wake
        self._flights = Flights(elapsed)
        self._found: dict[str, _Found] = {}

    def of(self, request: AnalysisRequest) -> Mapping[str, Earlier | None] | None:
        """Return what was found for each analyzer so far; None: this request adopts nothing."""
        if self._cache is None or request.spec.refresh:
            return None
        found = self._found.get(request.metadata.uid)
        known = dict(found.results) if found else {}
        for name in request.spec.analyzers:
            if known.get(name) is None and (fresh := self._fresh(self._cache, request, name)) is not None:
                known[name] = fresh
        return known

    def ahead(self, request: AnalysisRequest, known: Mapping[str, Earlier | None] | None) -> dict[str, str]:
        """Return, by analyzer, the name of the request for whose answer this one waits."""
        if self._cache is None or known is None:
            return {}
        uid, names = request.metadata.uid, {}
        for name in request.spec.analyzers:
            ahead = self._flights.ahead(Question.all_of(request, name), uid, request.spec.priority)
            if ahead is not None and self._fresh(self._cache, request, name) is None:
                names[name] = ahead
        return names

    def look_up(self, request: AnalysisRequest, analyzer: str) -> None:
        """Look for an earlier result, once; the request is planned again when that is known."""
        if self._cache is None:
            return
        found = self._found.setdefault(request.metadata.uid, _Found())
        if analyzer not in found.looking:
            self.begin(request, analyzer)
            found.looking[analyzer] = asyncio.create_task(self._look_up(self._cache, request, analyzer))

    def begin(self, request: AnalysisRequest, analyzer: str) -> None:
        """Let equal requests wait for the answer that this one gets."""
        if self._cache is not None and not request.spec.refresh:
            meta = request.metadata
            for question in Question.all_of(request, analyzer):
                self._flights.claim(question, meta.uid, meta.name, request.spec.priority)

    def advance(self, request: AnalysisRequest, status: RequestStatus, runs: Mapping[str, Run]) -> None:
        """Keep the results that have just come, and let those go on that waited for them."""
        if self._cache is None:
            return
        for entry in status.analyses:
            failed = not entry.state.finished and (entry.attempts > 0 or entry.storage_fails_since is not None)
            run = runs.get(entry.name)
            for question in Question.all_of(request, entry.name):
                useful = run is not None and self._keep(self._cache, question, request, entry, run)
                if entry.state.finished or failed or request.spec.suspend:
                    ground = not useful and not request.spec.suspend and not request.spec.cancel
                    for uid in self._flights.release(question, request.metadata.uid, ground=ground):
                        self._wake(uid)

    def on_deleted(self, uid: str) -> None:
        """Forget a request that was deleted, and its results."""
        self.forget(uid)
        if self._cache is not None:
            self._cache.forget(uid)

    def forget(self, uid: str) -> None:
        """Forget a request: it has finished, or is suspended."""
        found = self._found.pop(uid, None)
        for task in found.looking.values() if found else ():
            task.cancel()
        for waiting in self._flights.release_all(uid):
            self._wake(waiting)

    def _keep(
        self, cache: VerdictCache, question: Question, request: AnalysisRequest, entry: AnalysisStatus, run: Run
    ) -> bool:
        """Return whether what this run brought is of use for other requests."""
        if entry.state is not AnalysisState.SUCCEEDED:
            return False
        match run.outcome:
            case Result() as result if run.ended_at is not None:
                return cache.remember(question, request, result, run.ended_at)
            case Unchanged():
                earlier = (self.of(request) or {}).get(question.analyzer)
                if earlier is not None and earlier.sha256 == question.sha256:
                    cache.confirm(question, earlier)
                return earlier is not None
        return False

    async def _look_up(self, cache: VerdictCache, request: AnalysisRequest, analyzer: str) -> None:
        uid = request.metadata.uid
        earlier = _newest([await cache.look_up(question) for question in Question.all_of(request, analyzer)])
        if (found := self._found.get(uid)) is not None:
            found.results[analyzer] = earlier
            self._wake(uid)

    @staticmethod
    def _fresh(cache: VerdictCache, request: AnalysisRequest, analyzer: str) -> Earlier | None:
        return _newest(cache.fresh(question) for question in Question.all_of(request, analyzer))


def _newest(found: Iterable[Earlier | None]) -> Earlier | None:
    return max((each for each in found if each is not None), key=lambda each: each.ended_at, default=None)
