"""The report page in S3, made from the results that the analyzers left there."""

from __future__ import annotations

import asyncio
import hashlib
import time
from concurrent.futures import ThreadPoolExecutor

import structlog
from pydantic import ValidationError

from analysis_operator import metrics
from analysis_operator.api import AnalysisRequest, AnalysisStatus, RequestStatus
from analysis_operator.reading import read_report
from analysis_operator.report.ports import Phones, Report
from analysis_operator.report.sections import Plot, Section, read_plot
from analysis_operator.report.store import ObjectStore, StoreError
from analyzer_contract import AnalysisReport
from guardian_service.validation import error_summary

log = structlog.get_logger(__name__)

JSON_LIMIT = 2 * 1024**2
PNG_LIMIT = 2 * 1024**2
_THREADS = 1
"""One page at a time: a result of 2 MiB takes a dozen times as much memory until its page is written."""
_SECONDS = 20.0
DEADLINE_SECONDS = 30.0
"""How long a verdict waits for its page, the wait for a thread included."""
PAUSE_SECONDS = 60.0
"""After a page that was too late none is written for so long: a thousand verdicts must not wait one after the other."""
_CONTENT_TYPE = "text/html; charset=utf-8"


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="reports")


class S3ReportWriter:
    """The ReportWriter port over S3. What it reads is untrusted: capped in size, validated, escaped in the page.

    Args:
        store: where results are.
        phones: numbers to call, instead of those of Korea.
    """

    def __init__(self, store: ObjectStore | None = None, phones: Phones | None = None) -> None:
        self._store = store or ObjectStore()
        self._phones = phones
        self._threads = _threads()
        self._paused_until = 0.0
        metrics.REPORTS_PAUSED.set_function(lambda: float(self._paused_until > time.monotonic()))

    async def write(self, request: AnalysisRequest, status: RequestStatus, prefix: str) -> Report:
        """Write the page. What could not be read is said in the page and in the answer."""
        if time.monotonic() < self._paused_until:
            return Report(problem="The report was not written: S3 was too slow a moment ago.")
        try:
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(DEADLINE_SECONDS):
                return await loop.run_in_executor(self._threads, self._write, request, status, prefix)
        except TimeoutError:
            self._pause()
            return Report(problem="The report was not written: S3 is too slow.")
        except StoreError as error:
            return Report(problem=f"The report was not written: {error}.")
        except Exception as error:
            log.exception("report failed", request=f"{request.metadata.namespace}/{request.metadata.name}")
            return Report(problem=f"The report was not written: {type(error).__name__} inside the operator.")

    def _pause(self) -> None:
        """Write no page for a while, and then by other threads: these may hang as long as S3 sends a byte at a time."""
        if time.monotonic() >= self._paused_until:
            log.warning("S3 is too slow for reports", seconds=PAUSE_SECONDS)
            self._threads.shutdown(wait=False)  # what still waits there ends by its own deadline
            self._threads = _threads()
        self._paused_until = time.monotonic() + PAUSE_SECONDS

    def _write(self, request: AnalysisRequest, status: RequestStatus, prefix: str) -> Report:
        from analysis_operator.report.page import render

        read_until = time.monotonic() + _SECONDS
        sections = [self._section(request, prefix, entry, read_until) for entry in status.analyses]
        uri = f"{prefix}report.html"
        page = render(request, status, sections, self._phones).encode()
        self._store.put(uri, page, _CONTENT_TYPE)
        problems = [section.problem for section in sections if section.problem]
        return Report(uri=uri, problem=" ".join(problems), sha256=hashlib.sha256(page).hexdigest())

    def _section(self, request: AnalysisRequest, prefix: str, entry: AnalysisStatus, read_until: float) -> Section:
        if entry.result_uri is None:
            return Section(entry)
        folder = _folder(prefix, entry)
        expected = f"{folder}{entry.name}.json"
        if entry.result_uri != expected:
            # An analyzer reads hostile media: it does not get to choose what the operator's own rights read.
            return Section(entry, problem=f"The result of {entry.name} is not where results go, so it was not read.")
        if time.monotonic() > read_until:
            return Section(entry, problem=f"The result of {entry.name} was not read: S3 is too slow.")
        try:
            result = self._result(request, entry, expected)
        except StoreError as error:
            return Section(entry, problem=f"The result of {entry.name} is missing: {error}.")
        except ValidationError as error:
            summary = error_summary(error, root="result", field_characters=100, message_characters=150)
            return Section(entry, problem=f"The result of {entry.name} breaks the contract ({summary}).")
        plot, problem = self._plot(entry, f"{folder}{entry.name}.png")
        return Section(entry, result, plot, problem)

    def _result(self, request: AnalysisRequest, entry: AnalysisStatus, uri: str) -> AnalysisReport:
        body = self._store.get(uri, JSON_LIMIT)
        if entry.result_sha256 is not None and hashlib.sha256(body).hexdigest() != entry.result_sha256:
            raise StoreError(f"{uri} is not what the analyzer wrote")
        result = read_report(body)
        uid = entry.cached_from.uid if entry.cached_from else request.metadata.uid
        if result.id != f"{uid}.{entry.name}" or result.analyzer != entry.name:
            raise StoreError(f"{uri} is the result of another analysis")
        if (result.verdict, result.score) != (entry.verdict, entry.score):
            # An attempt that was given up may have ended later than the one that counted.
            raise StoreError(f"{uri} is the result of another attempt")
        return result

    def _plot(self, entry: AnalysisStatus, uri: str) -> tuple[Plot | None, str]:
        try:
            data = self._store.get(uri, PNG_LIMIT)
        except StoreError as error:
            return None, f"The plot of {entry.name} is missing: {error}."
        plot = read_plot(data)
        return plot, "" if plot else f"The plot of {entry.name} is no PNG image, or too large to be shown."


def _folder(prefix: str, entry: AnalysisStatus) -> str:
    """Return where an analysis left its result: beside the page, or in the folder of the request that it comes from."""
    if entry.cached_from is None:
        return prefix
    namespace = prefix.rstrip("/").rsplit("/", 2)[0]
    return f"{namespace}/{entry.cached_from.name}/{entry.cached_from.uid}/"
