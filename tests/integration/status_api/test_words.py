"""The page and the report never contradict each other: both are read in a browser, and compared word by word."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest
import uvicorn
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from analysis_operator.api import AnalysisState, AnalysisStatus, Condition, ConditionType, RequestStatus, StatusFinding
from analysis_operator.report.page import render
from analysis_operator.report.sections import Section
from analyzer_contract import (
    AnalysisReport,
    DetectorReport,
    Finding,
    MediaFacts,
    ModelCard,
    SourceFacts,
    Verdict,
)
from guardian_locales import Locale, locales
from status_api.resources import resource_for
from status_api.wire import NewAnalysis, Source
from tests.cluster.shell import PATIENCE_SECONDS, wait_until
from tests.support.analyzers.toy_detectors import KIND
from tests.support.locales import TOY_WORDS, locales_in, write_words
from tests.support.ports import free_port
from tests.support.web.browser import browsing
from tests.support.web.status_api import FIRST, NOW, Api, make_api

pytestmark = pytest.mark.integration

_OUTCOMES = [*Verdict, None, Verdict.SUSPICIOUS, Verdict.SUSPICIOUS]
"""Of so many requests that all kinds of findings are among them."""
_SHARE = 5
"""Findings that one analysis has in the status."""

_READ = """
const text = (element) => element?.textContent.trim().replace(/\\s+/g, " ") ?? "";
const all = (within, css) => [...within.querySelectorAll(css)].map(text);
"""
_PAGE = f"""{_READ}
const shown = document.getElementById("verdict");
const cards = [...shown.querySelectorAll(".finding")];
return {{
  title: text(shown.querySelector("h1")), means: text(shown.querySelector("#means")),
  notMeans: text(shown.querySelector("#not-means")), tone: shown.querySelector(".verdict").className.split(" ").pop(),
  headings: all(shown, "h2, #verdict h3").filter((heading) => !cards.some((card) => text(card.firstChild) === heading)),
  steps: all(shown, ".steps li"), advice: all(shown, ".advice li"), calls: all(shown, ".call"),
  numbers: [...shown.querySelectorAll(".call")].map((call) => call.getAttribute("href")),
  kinds: cards.filter((card) => card.querySelector("ul"))
    .map((card) => [text(card.firstChild), ...all(card, "p")]).sort(),
  examined: all(shown, ".examined"),
  failures: cards.filter((card) => !card.querySelector("ul"))
    .map((card) => [text(card.firstChild), text(card.lastChild)]),
}};
"""
_REPORT = f"""{_READ}
const shown = document.querySelector(`main[lang=${{arguments[0]}}]`);
const verdict = shown.querySelector(".verdict"), cards = [...shown.querySelectorAll(".finding")];
return {{
  title: text(verdict.querySelector("h1")), means: text(verdict.querySelector(".lead")),
  notMeans: text(verdict.lastElementChild), tone: verdict.className.split(" ").pop(),
  headings: [verdict.querySelector("h2"), ...shown.querySelectorAll(".todo h2, .todo h3, .band")].map(text),
  steps: all(shown, ".steps li"), advice: all(shown, ".advice li"), calls: all(shown, ".call"),
  numbers: [...shown.querySelectorAll(".call")].map((call) => call.getAttribute("href")),
  kinds: cards.map((card) => [text(card.querySelector("h4").firstChild), ...all(card, "p").slice(0, 2)]).sort(),
  examined: all(shown, ".examined"),
  failures: [...shown.querySelectorAll(".card .title")].map((title) => title.closest(".card"))
    .filter((card) => !card.querySelector(".finding"))
    .map((card) => [text(card.querySelector("h3")), all(card, "p").pop()]),
}};
"""


class Finished(NamedTuple):
    """A request that has finished."""

    verdict: Verdict | None
    analyses: list[AnalysisStatus]


def looked(name: str, kinds: list[str]) -> AnalysisStatus:
    """Return an analysis with a finding of each kind."""
    return AnalysisStatus(
        name=name,
        state=AnalysisState.SUCCEEDED,
        verdict=Verdict.SUSPICIOUS,
        score=60,
        examined_share=100 if name == "audio" else 23,
        findings=[StatusFinding(kind=kind, start_seconds=1, end_seconds=2, score=60) for kind in kinds],
    )


def everything() -> list[Finished]:
    """Return a request of each verdict; among them are all kinds of findings, and all reasons to fail."""
    words = locales()[0]
    requests = []
    for number, verdict in enumerate(_OUTCOMES):
        kinds, reasons = ([*names][number :: len(_OUTCOMES)] for names in (words.kinds, words.reasons))
        shares = [kinds[at : at + _SHARE] for at in range(0, len(kinds), _SHARE)]
        assert len(shares) <= len(words.analyzers), "more kinds than the analyses of these requests hold"
        failed = [
            AnalysisStatus(name=f"Analyzer {index}", state=AnalysisState.FAILED, reason=reason)
            for index, reason in enumerate(reasons)
        ]
        requests.append(Finished(verdict, [*map(looked, words.analyzers, shares), *failed]))
    return requests


def result(entry: AnalysisStatus) -> AnalysisReport:
    """Return what the analyzer left for the report."""
    findings = [
        Finding(kind=finding.kind, start_seconds=1, end_seconds=2, score=60, message="Measured.")
        for finding in entry.findings
    ]
    return AnalysisReport(
        id=f"0.{entry.name}",
        analyzer=entry.name,
        source=SourceFacts(etag='"a"', size_bytes=1),
        media=MediaFacts(duration_seconds=60),
        verdict=Verdict.SUSPICIOUS,
        score=60,
        summary="Found.",
        detectors=[DetectorReport(name="Any", score=60, findings=findings, model=ModelCard(id="any", version="1"))],
    )


async def finish(api: Api, name: str, finished: Finished) -> tuple[str, str]:
    """Make a request that has finished, and return its id and its report."""
    api.requests.apply(resource_for("one", name, NewAnalysis(source=Source(uri="s3://media/uploads/one/a.wav"))))
    condition = Condition(type=ConditionType.FINISHED, status="True", reason="Completed", last_transition_time=NOW)
    status = RequestStatus(
        verdict=finished.verdict,
        score=None if finished.verdict is None else 60,
        analyses=finished.analyses,
        conditions=[condition],
    )
    request = await api.status("one", name, **dict(status))
    sections = [Section(entry, result(entry) if entry.verdict else None) for entry in finished.analyses]
    return f"{name}.{request.metadata.uid}", render(request, status, sections)


class Reader:
    """Reads the page and the report of finished requests in a browser."""

    def __init__(self, driver: Chrome, folder: Path) -> None:
        self._driver, self._folder = driver, folder
        self._api, self._port = make_api(), free_port()
        server = uvicorn.Server(uvicorn.Config(self._api.app, port=self._port, log_config=None))
        self._server, self._thread = server, threading.Thread(target=server.run)

    def __enter__(self) -> Self:
        self._thread.start()
        wait_until(lambda: self._server.started, "the application to serve")
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE_SECONDS)

    def read(self, name: str, finished: Finished) -> Iterator[tuple[Locale, Any, Any]]:
        """Yield each language, and what the page and the report say in it."""
        path = self._folder / f"{name}.html"
        identifier, report = asyncio.run(finish(self._api, name, finished))
        path.write_text(report, encoding="utf-8")
        for locale in locales():
            page = self._page(identifier, locale.code)
            self._driver.get(path.as_uri())
            yield locale, page, self._driver.execute_script(_REPORT, locale.code)

    def _page(self, identifier: str, language: str) -> Any:
        self._driver.get("about:blank")
        self._driver.get(f"http://127.0.0.1:{self._port}/#token={FIRST}&id={identifier}")
        shown = (By.CSS_SELECTOR, "#verdict:not([hidden])")
        WebDriverWait(self._driver, PATIENCE_SECONDS).until(lambda driver: driver.find_elements(*shown))
        self._driver.find_element(By.CSS_SELECTOR, f'[data-language="{language}"]').click()
        return self._driver.execute_script(_PAGE)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with browsing(tmp_path / "profile", language="en-US", width=1280) as driver, Reader(driver, tmp_path) as reader:
        yield reader


def test_the_page_says_what_the_report_says(reader: Reader) -> None:
    titles: set[str] = set()
    for number, finished in enumerate(everything()):
        for locale, page, report in reader.read(f"call-{number}", finished):
            assert page == report
            assert page["title"] == locale.headline(finished.verdict, finished.analyses)
            assert page["steps"] == [*locale.meaning(finished.verdict).steps]
            kinds = {finding.kind for entry in finished.analyses for finding in entry.findings}
            assert bool(page["advice"]) == bool(kinds & {*locale.advice})
            expected = sum(len(entry.findings) or 1 for entry in finished.analyses)
            assert len(page["kinds"]) + len(page["failures"]) == expected
            titles |= {title for title, *_ in page["kinds"]}
            assert len(page["examined"]) == sum(entry.verdict is not None for entry in finished.analyses)
    assert titles == {kind.title for locale in locales() for kind in locale.kinds.values()}


def test_what_a_new_detector_finds_is_in_both_before_and_after_it_has_words(reader: Reader, tmp_path: Path) -> None:
    finished = Finished(Verdict.SUSPICIOUS, [looked("audio", [KIND])])
    for _, page, report in reader.read("without-words", finished):
        assert page["kinds"] == [["Toy finding"]]
        assert report["kinds"] == [["Toy finding", "Measured."]]
    write_words(tmp_path, TOY_WORDS)
    with locales_in(tmp_path):
        for locale, page, report in reader.read("with-words", finished):
            if locale.code not in TOY_WORDS:
                continue
            kind = TOY_WORDS[locale.code]["kinds"][KIND]
            honest = f"{locale.shared.honest} {kind['honest']}"
            assert page["kinds"] == report["kinds"] == [[kind["title"], kind["what"], honest]]
