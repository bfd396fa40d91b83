"""The page and the report never contradict each other: both are read in a browser, and compared word by word."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
from guardian_locales import locales
from status_api.manifests import manifest_for
from status_api.wire import NewAnalysis, Source
from tests.cluster.shell import wait_until
from tests.support.ports import free_port
from tests.support.web.browser import browsing
from tests.support.web.status_api import FIRST, NOW, Api, make_api

pytestmark = pytest.mark.integration

_SECONDS = 60
_OUTCOMES = [*Verdict, None]
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
  steps: all(shown, ".steps li"), calls: all(shown, ".call"),
  numbers: [...shown.querySelectorAll(".call")].map((call) => call.getAttribute("href")),
  kinds: cards.filter((card) => card.querySelector("ul"))
    .map((card) => [text(card.firstChild), ...all(card, "p")]).sort(),
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
  steps: all(shown, ".steps li"), calls: all(shown, ".call"),
  numbers: [...shown.querySelectorAll(".call")].map((call) => call.getAttribute("href")),
  kinds: cards.map((card) => [text(card.querySelector("h4").firstChild), ...all(card, "p").slice(0, 2)]).sort(),
  failures: [...shown.querySelectorAll(".card .title")].map((title) => title.closest(".card"))
    .filter((card) => !card.querySelector(".finding"))
    .map((card) => [text(card.querySelector("h3")), all(card, "p").pop()]),
}};
"""


def entries(number: int) -> list[AnalysisStatus]:
    """Return the analyses of one request: a fifth of all kinds of findings and of all reasons to fail."""
    words = locales()[0]
    kinds, reasons = ([*name][number :: len(_OUTCOMES)] for name in (words.kinds, words.reasons))
    shares = [kinds[at : at + _SHARE] for at in range(0, len(kinds), _SHARE)]
    assert len(shares) <= len(words.analyzers), "one more kind than the analyses of these requests hold"
    looked = [
        AnalysisStatus(
            name=name,
            state=AnalysisState.SUCCEEDED,
            verdict=Verdict.SUSPICIOUS,
            score=60,
            findings=[StatusFinding(kind=kind, start_seconds=1, end_seconds=2, score=60) for kind in share],
        )
        for name, share in zip(words.analyzers, shares, strict=False)
    ]
    failed = [
        AnalysisStatus(name=f"Analyzer {index}", state=AnalysisState.FAILED, reason=reason)
        for index, reason in enumerate(reasons)
    ]
    return looked + failed


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


async def finish(api: Api, folder: Path) -> list[str]:
    """Let a request finish with each verdict, write its report into a folder, and return their ids."""
    ids = []
    for number, verdict in enumerate(_OUTCOMES):
        name = f"call-{number}"
        api.requests.apply(manifest_for("one", name, NewAnalysis(source=Source(uri="s3://media/uploads/one/a.wav"))))
        analyses = entries(number)
        finished = Condition(type=ConditionType.FINISHED, status="True", reason="Completed", last_transition_time=NOW)
        score = None if verdict is None else 60
        status = RequestStatus(verdict=verdict, score=score, analyses=analyses, conditions=[finished])
        request = await api.status("one", name, **dict(status))
        ids.append(f"{name}.{request.metadata.uid}")
        sections = [Section(entry, result(entry) if entry.verdict else None) for entry in analyses]
        (folder / f"{number}.html").write_text(render(request, status, sections), encoding="utf-8")
    return ids


@pytest.fixture
def served(tmp_path: Path) -> Iterator[list[str]]:
    """The addresses of the page, one for each verdict."""
    api, port = make_api(), free_port()
    ids = asyncio.run(finish(api, tmp_path))
    server = uvicorn.Server(uvicorn.Config(api.app, port=port, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started, "the application to serve")
    yield [f"http://127.0.0.1:{port}/#token={FIRST}&id={name}" for name in ids]
    server.should_exit = True
    thread.join(_SECONDS)


def read_page(driver: Chrome, address: str, language: str) -> Any:
    driver.get("about:blank")
    driver.get(address)
    WebDriverWait(driver, _SECONDS).until(lambda _: driver.find_elements(By.CSS_SELECTOR, "#verdict:not([hidden])"))
    driver.find_element(By.CSS_SELECTOR, f'[data-language="{language}"]').click()
    return driver.execute_script(_PAGE)


def test_the_page_says_what_the_report_says(served: list[str], tmp_path: Path) -> None:
    kinds: set[str] = set()
    with browsing(tmp_path / "profile", language="en-US", width=1280) as driver:
        for number, address in enumerate(served):
            for locale in locales():
                page = read_page(driver, address, locale.code)
                driver.get((tmp_path / f"{number}.html").as_uri())
                report = driver.execute_script(_REPORT, locale.code)
                assert page == report
                meaning = locale.meaning(_OUTCOMES[number])
                assert (page["title"], page["steps"]) == (meaning.title, [*meaning.steps])
                assert len(page["kinds"]) + len(page["failures"]) == sum(
                    len(entry.findings) or 1 for entry in entries(number)
                )
                kinds |= {title for title, *_ in page["kinds"]}
    assert kinds == {kind.title for locale in locales() for kind in locale.kinds.values()}
