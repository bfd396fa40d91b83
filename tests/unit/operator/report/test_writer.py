"""The report as it is written: hostile, missing or changed results, and a store that fails or hangs."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import threading

import pytest

from analysis_operator.report import writer
from analysis_operator.report.sections import MOST_PIXELS
from analysis_operator.report.store import StoreError
from analysis_operator.report.writer import JSON_LIMIT, PNG_LIMIT, S3ReportWriter
from analyzer_contract import MediaFacts, Verdict
from guardian_locales import locales
from tests.support.operator.report import (
    HOSTILE,
    PREFIX,
    FakeStore,
    Tags,
    entry,
    png,
    request,
    result,
    results,
    status,
    write,
)


async def test_the_page_goes_beside_the_results() -> None:
    store = FakeStore(results())
    uri, problem, page = await write(store, entry())
    assert (uri, problem) == (f"{PREFIX}report.html", "")
    assert store.types[uri or ""] == "text/html; charset=utf-8"
    for told in ("Suspicious", "71", "01:01.0 to 01:03.0", "Repeated sound", "data:image/png;base64,", "120.6 KiB"):
        assert told in page
    assert "What this does not mean" in page
    assert "s3://media/call.wav" in page


async def test_hostile_strings_stay_text() -> None:
    body = result(text=HOSTILE).model_dump_json(by_alias=True, exclude_none=True).encode()
    store = FakeStore({f"{PREFIX}audio.json": body, f"{PREFIX}audio.png": png()})
    _, problem, page = await write(store, entry(message=HOSTILE, reason=HOSTILE))
    assert problem == ""
    tags = Tags(page).found
    assert not [tag for tag, _ in tags if tag in {"script", "iframe", "object", "form", "link"}]
    assert not [name for _, attrs in tags for name in attrs if name.startswith("on") or name == "style"]
    assert [attrs["href"] for tag, attrs in tags if tag == "image"] == [f"data:image/png;base64,{_base64(png())}"]
    elsewhere = [attrs["href"] for tag, attrs in tags if tag in {"a", "use"} and (attrs["href"] or "")[0] != "#"]
    assert {href[:4] for href in elsewhere if href} == {"tel:"}
    assert "\u202e" not in page
    assert "\x00" not in page
    assert "&lt;script&gt;" in page


def _base64(data: bytes) -> str:
    import base64

    return base64.b64encode(data).decode()


async def test_the_policy_lets_nothing_in_but_this_style_and_these_images() -> None:
    import base64
    import hashlib

    _, _, page = await write(FakeStore(results()), entry())
    (policy,) = [
        attrs["content"]
        for tag, attrs in Tags(page).found
        if tag == "meta" and attrs.get("http-equiv") == "Content-Security-Policy"
    ]
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert f"style-src 'sha256-{digest}'" in policy
    assert "http://" not in page
    assert "https://" not in page


async def test_huge_texts_are_cut() -> None:
    media = MediaFacts(container="c" * 1_000_000, codec="<" * 1_000_000)
    _, problem, page = await write(FakeStore(results(media=media)), entry())
    assert problem == ""
    assert len(page) < 100_000


@pytest.mark.parametrize(
    ("objects", "told"),
    [
        ({}, "The result of audio is missing"),
        ({f"{PREFIX}audio.json": b"{"}, "breaks the contract"),
        ({f"{PREFIX}audio.json": b'{"schemaVersion": "v2"}'}, "breaks the contract"),
        ({f"{PREFIX}audio.json": b" " * (JSON_LIMIT + 1)}, "larger than"),
        (results(id="another.audio"), "result of another analysis"),
        (results(score=12), "result of another attempt"),
        (results(verdict=Verdict.INCONCLUSIVE), "result of another attempt"),
        ({**results(), f"{PREFIX}audio.png": b"<svg onload=alert(1)>"}, "no PNG image"),
        ({**results(), f"{PREFIX}audio.png": png() + b"\0" * PNG_LIMIT}, "larger than"),
        ({**results(), f"{PREFIX}audio.png": png(MOST_PIXELS, 2)}, "too large to be shown"),
    ],
)
async def test_bad_results_are_said_and_do_not_stop_the_page(objects: dict[str, bytes], told: str) -> None:
    uri, problem, page = await write(FakeStore(dict(objects)), entry())
    assert uri is not None
    assert told in problem
    assert told in page


async def test_a_result_of_a_newer_analyzer_is_shown() -> None:
    newer = json.loads(results()[f"{PREFIX}audio.json"])
    newer |= {
        "verdict": "Staged",
        "later": 1,
        "credentials": {"state": "Blurred"},
        "detectors": [newer["detectors"][0] | {"claim": "Staged", "later": 1}],
    }
    store = FakeStore(results() | {f"{PREFIX}audio.json": json.dumps(newer).encode()})
    _, problem, _ = await write(store, entry(verdict=Verdict.INCONCLUSIVE))
    assert problem == ""


async def test_a_result_elsewhere_is_never_read() -> None:
    store = FakeStore({"s3://secrets/keys.json": b"{}"})
    _, problem, _ = await write(store, entry(result_uri="s3://secrets/keys.json"))
    assert store.read == []
    assert "not where results go" in problem


@pytest.mark.parametrize("error", [StoreError("s3://results/x could not be written: AccessDenied"), RuntimeError("!")])
async def test_it_never_raises(error: Exception) -> None:
    uri, problem, _ = await write(FakeStore(results(), broken=error), entry())
    assert uri is None
    assert problem.startswith("The report was not written")


async def test_a_result_that_was_changed_after_it_was_written_is_not_shown() -> None:
    body = results()[f"{PREFIX}audio.json"]
    good = entry(result_sha256=hashlib.sha256(body).hexdigest())
    _, problem, page = await write(FakeStore(results()), good)
    assert problem == ""
    assert page.count(hashlib.sha256(body).hexdigest()) == len(locales())
    forged = {**results(), f"{PREFIX}audio.json": body.replace(b"Suspicious", b"NoEvidence")}
    assert forged != results()
    _, problem, _ = await write(FakeStore(forged), good)
    assert "is not what the analyzer wrote" in problem


async def test_the_status_vouches_for_the_page_that_was_written() -> None:
    store = FakeStore(results())
    report = await S3ReportWriter(store).write(request(), status(entry()), PREFIX)
    assert report.sha256 == hashlib.sha256(store.objects[f"{PREFIX}report.html"]).hexdigest()


def test_boto3_and_the_languages_are_not_imported_before_the_first_report() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from analysis_operator.report.writer import S3ReportWriter; S3ReportWriter();"
        "sys.exit(any(name in sys.modules for name in ('boto3', 'botocore', 'jinja2', 'guardian_locales')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_reports_do_not_block_the_event_loop() -> None:
    from threading import Event

    released = Event()

    class Slow(FakeStore):
        def get(self, uri: str, limit: int) -> bytes:
            assert released.wait(5)
            return super().get(uri, limit)

    store = Slow(results())
    writing = asyncio.create_task(write(store, entry()))
    await asyncio.sleep(0)
    released.set()
    uri, _, _ = await writing
    assert uri is not None


class HangingStore(FakeStore):
    """Answers only when it is told to, like S3 behind a network that loses everything."""

    def __init__(self) -> None:
        super().__init__(results())
        self.goes_on = threading.Event()
        self.reads = 0

    def get(self, uri: str, limit: int) -> bytes:
        self.reads += 1
        self.goes_on.wait(60)
        return super().get(uri, limit)


async def test_verdicts_do_not_wait_one_after_the_other_for_a_store_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "DEADLINE_SECONDS", 0.2)
    store = HangingStore()
    reports = S3ReportWriter(store)
    pages = [reports.write(request(), status(entry()), PREFIX) for _ in range(200)]
    first = await asyncio.wait_for(asyncio.gather(*pages), 30)
    assert {report.problem for report in first} == {"The report was not written: S3 is too slow."}
    reads = store.reads
    assert "a moment ago" in (await reports.write(request(), status(entry()), PREFIX)).problem
    assert store.reads == reads, "while it is paused nothing more is asked of S3"
    store.goes_on.set()
    reports._paused_until = 0.0
    monkeypatch.setattr(writer, "DEADLINE_SECONDS", 30)
    assert (await reports.write(request(), status(entry()), PREFIX)).uri is not None
