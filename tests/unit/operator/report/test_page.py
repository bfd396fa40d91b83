"""The report page, and what becomes of hostile or missing results."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import struct
import threading
import zlib
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from markupsafe import escape

from analysis_operator.api import AnalysisRequest, AnalysisState, AnalysisStatus, PinnedSource, RequestStatus
from analysis_operator.report import timeline, writer
from analysis_operator.report.page import clean, render, size
from analysis_operator.report.sections import MOST_PIXELS, Section, read_plot
from analysis_operator.report.store import ObjectStore, StoreError
from analysis_operator.report.words import clock, moment, words
from analysis_operator.report.writer import JSON_LIMIT, PNG_LIMIT, S3ReportWriter
from analyzer_contract import (
    PLOT_WIDTH,
    Action,
    AnalysisReport,
    Credential,
    Credentials,
    CredentialState,
    DetectorReport,
    Finding,
    MediaFacts,
    ModelCard,
    SourceFacts,
    TimelinePoint,
    Verdict,
)
from guardian_locales import locales

UID = "0f1e2d3c-0000-4000-8000-000000000001"
PREFIX = f"s3://results/default/call/{UID}/"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202e\x00"


def png(width: int = 1, height: int = 1) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def request(name: str = "call") -> AnalysisRequest:
    return AnalysisRequest.model_validate(
        {
            "metadata": {"name": name, "uid": UID, "creationTimestamp": "2026-11-23T10:00:00Z"},
            "spec": {"source": {"uri": "s3://media/call.wav"}},
        }
    )


def entry(name: str = "audio", **changes: object) -> AnalysisStatus:
    found = AnalysisStatus(
        name=name,
        state=AnalysisState.SUCCEEDED,
        verdict=Verdict.SUSPICIOUS,
        score=71,
        message="A repeated stretch.",
        result_uri=f"{PREFIX}{name}.json",
    )
    return found.model_copy(update=changes)


def status(*entries: AnalysisStatus, verdict: Verdict | None = Verdict.SUSPICIOUS) -> RequestStatus:
    source = PinnedSource(etag='"abc"', size_bytes=123_456)
    return RequestStatus(verdict=verdict, score=71, analyses=list(entries), source=source)


def result(name: str = "audio", text: str = "A plain sentence.", findings: int = 1) -> AnalysisReport:
    found = [
        Finding(kind="RepeatedAudio", start_seconds=61.04 + index, end_seconds=63, score=71, message=text[:300])
        for index in range(findings)
    ]
    detector = DetectorReport(
        name=text[:60],
        score=71,
        reference_percentile=99.5,
        findings=found,
        limitations=[text],
        model=ModelCard(id=text[:100], version=text[:50], sha256="a" * 64, eval_card=text[:300]),
    )
    return AnalysisReport(
        id=f"{UID}.{name}",
        analyzer=name,
        source=SourceFacts(etag='"abc"', size_bytes=123_456),
        media=MediaFacts(container=text, codec=text, duration_seconds=120),
        verdict=Verdict.SUSPICIOUS,
        score=71,
        summary=text[:500],
        detectors=[detector],
    )


class FakeStore(ObjectStore):
    """Objects in a dict."""

    def __init__(self, objects: dict[str, bytes], broken: Exception | None = None) -> None:
        super().__init__()
        self.objects = objects
        self.read: list[str] = []
        self.types: dict[str, str] = {}
        self.broken = broken

    def get(self, uri: str, limit: int) -> bytes:
        self.read.append(uri)
        if uri not in self.objects:
            raise StoreError(f"{uri} could not be read: NoSuchKey")
        if len(self.objects[uri]) > limit:
            raise StoreError(f"{uri} is larger than {limit} bytes")
        return self.objects[uri]

    def put(self, uri: str, body: bytes, content_type: str) -> None:
        if self.broken:
            raise self.broken
        self.objects[uri] = body
        self.types[uri] = content_type


class Tags(HTMLParser):
    """Collects every element and attribute that a browser would see."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def results(name: str = "audio", **changes: object) -> dict[str, bytes]:
    body = result(name).model_copy(update=changes).model_dump_json(by_alias=True, exclude_none=True).encode()
    return {f"{PREFIX}{name}.json": body, f"{PREFIX}{name}.png": png()}


async def write(store: FakeStore, *entries: AnalysisStatus) -> tuple[str | None, str, str]:
    report = await S3ReportWriter(store).write(request(), status(*entries), PREFIX)
    return report.uri, report.problem, store.objects.get(f"{PREFIX}report.html", b"").decode()


def test_what_the_file_says_of_itself_stands_before_the_evidence_in_every_language() -> None:
    action = Action(action="c2pa.created", source="trainedAlgorithmicMedia", software=HOSTILE[:90])
    at = datetime(2026, 11, 1, tzinfo=UTC)
    signed = Credential(signer="Maker Inc", signed_at=at, actions=[action])
    older = Credential(signer=HOSTILE[:90], relation="parentOf", actions=[Action(action="test.strange")])
    found = result()
    reasons = ["assertion.dataHash.mismatch", "signingCredential.expired", "test.code"]
    said = Credentials(state=CredentialState.INVALID, reasons=reasons, history=[signed, older])
    detector = found.detectors[0].model_copy(update={"credentials": said})
    page = render(request(), status(entry()), [Section(entry(), found.model_copy(update={"detectors": [detector]}))])
    for locale in locales():
        t = locale.report.provenance
        assert t.states[CredentialState.INVALID] in page
        assert f"{t.own}: {t.signed.format(signer='Maker Inc')}" in page
        assert t.relations["parentOf"] in page
        mismatch, expired = (escape(t.checks[reason]) for reason in reasons[:2])
        assert f'{t.reasons}: {mismatch}; {expired}; <span lang="en">test.code</span>.' in page
        assert f", {t.at.format(time=moment(at, locale))}" in page
        assert t.sources["trainedAlgorithmicMedia"] in page
        assert page.index(f'id="{locale.code}-provenance"') < page.index(f'id="{locale.code}-analysis-1"')
    assert "test.strange" in page
    assert "<script>alert" not in page


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


async def test_many_findings_are_cut_to_the_strongest() -> None:
    many = result(findings=200)
    page = render(request(), status(entry()), [Section(entry(), many)])
    assert page.count('class="time"') == 60 * len(locales())
    assert "140 weaker places" in page


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


@pytest.mark.parametrize("verdict", [*Verdict, None])
def test_no_page_calls_a_recording_genuine(verdict: Verdict | None) -> None:
    page = render(request(), status(entry(), verdict=verdict), []).lower()
    assert "genuine" not in page
    assert "authentic" not in page
    for sentence in re.findall(r"[^.>]*진짜[^.<]*", page):
        assert re.search(r"아닙니다|증명할 수는 없습니다", sentence), sentence


def test_every_state_of_an_analysis_renders() -> None:
    sections = [
        Section(entry(state=state, verdict=None, score=None, reason="NoVideoStream", message="There is no picture."))
        for state in AnalysisState
    ]
    page = render(request(), status(verdict=None), sections)
    assert page.count("There is no picture.") == len(AnalysisState), "in English; in Korean the reason is translated"
    assert page.count("이 파일에는 화면이 없어서") == len(AnalysisState)


def test_times_sizes_and_names_are_for_people() -> None:
    assert [clock(seconds) for seconds in (0, 9.96, 59.96, 61.04, 4000)] == [
        "00:00.0", "00:10.0", "01:00.0", "01:01.0", "66:40.0",
    ]  # fmt: skip
    assert [size(count) for count in (0, 1023, 1024, 5 * 1024**3)] == ["0 B", "1023 B", "1.0 KiB", "5.0 GiB"]
    assert words("DuplicatedFrames") == "Duplicated frames"
    assert words("AASIST") == "AASIST"
    assert words("") == ""
    assert clean("a\u200b\nb" + "x" * 50, 10) == "a  bxxxxx…"


def test_the_evidence_that_decided_comes_first_and_a_limitation_is_said_once() -> None:
    twice = result("video")
    twice = twice.model_copy(update={"detectors": [*twice.detectors, *twice.detectors]})
    sections = [
        Section(entry("context", verdict=None, score=None, state=AnalysisState.FAILED)),
        Section(entry("audio", verdict=Verdict.NO_EVIDENCE)),
        Section(entry("video"), twice),
    ]
    page = render(request(), status(), sections)
    assert re.findall(r">(\w+) analysis</h3>", page) == ["Picture", "Sound", "Content"]
    assert re.findall(r">(\w+) 검사</h3>", page) == ["화면", "소리", "내용"]
    assert page.count("<li>A plain sentence.</li>") == len(locales())


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


def test_times_of_the_request_are_shown() -> None:
    shown = status(entry()).model_copy(update={"started_at": datetime(2026, 11, 23, 10, 0, 5, tzinfo=UTC)})
    page = render(request(), shown, [])
    assert "2026-11-23 10:00:05 UTC" in page
    assert "2026년 11월 23일 오후 7시 0분" in page


def test_a_reader_chooses_the_language_without_a_script_and_one_is_shown_at_first() -> None:
    page = render(request(), status(entry()), [Section(entry(), result())])
    tags = Tags(page).found
    choices = [attrs for tag, attrs in tags if tag == "input" and attrs.get("name") == "language"]
    codes = [locale.code for locale in locales()]
    assert codes[:1] == ["en"]
    assert [choice["id"] for choice in choices] == [f"choose-{code}" for code in codes]
    assert ["checked" in choice for choice in choices] == [code == "en" for code in codes]
    assert [(attrs["id"], attrs["lang"]) for tag, attrs in tags if tag == "main"] == [(code, code) for code in codes]
    for code in codes:
        assert f"#choose-{code}:checked ~ #{code}" in page, "its style shows the page that is chosen"
    ids = [attrs["id"] for _, attrs in tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_a_known_finding_is_told_in_the_readers_language_and_an_unknown_one_in_the_analyzers() -> None:
    told = result(text="It hums at 50.0 Hz.")
    (detector,) = told.detectors
    other = detector.model_copy(
        update={"findings": [Finding(kind="MainsHum", start_seconds=1, end_seconds=2, score=60, message="It hums.")]}
    )
    known = render(request(), status(entry()), [Section(entry(), told)])
    unknown = render(request(), status(entry()), [Section(entry(), told.model_copy(update={"detectors": [other]}))])
    assert "똑같이 되풀이되는 소리" in known
    assert "1분 1.0초 ~ 1분 3.0초" in known
    assert unknown.count('<p lang="en">It hums.</p>') == len(locales())
    assert unknown.count("Mains hum") >= len(locales())


def test_no_gauge_stands_beside_a_verdict_from_which_nothing_follows() -> None:
    unsure = entry(verdict=Verdict.INCONCLUSIVE, score=12)
    shown = status(unsure, verdict=Verdict.INCONCLUSIVE)
    assert 'class="gauge"' not in render(request(), shown, [Section(unsure)])
    assert 'class="gauge"' in render(request(), status(entry()), [Section(entry())])


def test_a_fact_that_is_no_evidence_has_no_strength_and_no_bar() -> None:
    fact = Finding(kind="SoftwareEncoder", start_seconds=0, end_seconds=10, score=0, message="By x264.")
    report = scored([], 10, fact)
    page = render(request(), status(entry()), [Section(entry(), report)])
    assert page.count('class="how">for information</span>') == 1
    assert page.count('class="how">참고</span>') == 1
    assert drawn(report).lanes == ()


def test_a_detector_that_could_not_look_is_not_told_to_have_found_nothing() -> None:
    quiet = result(findings=0).detectors[0].model_copy(update={"score": 0})
    blind = quiet.model_copy(update={"name": "SyntheticSpeech", "claim": Verdict.INCONCLUSIVE})
    seeing = quiet.model_copy(update={"name": "RepeatedAudio"})
    told = result().model_copy(update={"detectors": [seeing, blind]})
    page = render(request(), status(entry()), [Section(entry(), told)])
    assert "Looked for, and not found: Repeated sound." in page
    assert "Could not be judged here: Machine-made voice." in page


@pytest.mark.parametrize(
    ("share", "english", "korean"),
    [
        (100, "Sound: all of it was examined.", "소리: 전체를 검사했습니다."),
        (23, "Sound: only 23 % of it was examined.", "소리: 전체의 23%만 검사했습니다."),
    ],
)
def test_the_page_says_how_much_was_examined(share: int, english: str, korean: str) -> None:
    examined = entry(examined_share=share)
    partly = result().model_copy(update={"unexamined": ["Of 600 s, 140 s were <heard>."] if share < 100 else []})
    page = render(request(), status(examined), [Section(examined, partly)])
    assert english in page
    assert korean in page
    assert page.count("Of 600 s, 140 s were &lt;heard&gt;.") == (0 if share == 100 else len(locales()))
    assert ("or examined a part only" in page) == (share < 90)


def test_what_was_not_examined_is_said_once() -> None:
    gap = "The second track was not heard."
    unsure = entry(examined_share=50, verdict=Verdict.INCONCLUSIVE, message=f"Only 50 % was examined. {gap}")
    partly = result(text="x").model_copy(update={"unexamined": [gap, "Nor was the third."]})
    page = render(request(), status(unsure, verdict=Verdict.INCONCLUSIVE), [Section(unsure, partly)])
    assert page.count(gap) == len(locales())
    assert page.count("<li>Nor was the third.</li></ul>") == len(locales())


def test_the_page_says_nothing_of_a_share_that_an_older_analyzer_did_not_state() -> None:
    assert "examined" not in render(request(), status(entry()), [Section(entry(), result())])


def test_the_page_says_how_the_score_came_about() -> None:
    unsure = entry("video", verdict=Verdict.INCONCLUSIVE, score=98)
    page = render(request(), status(entry(), unsure), [Section(entry()), Section(unsure)])
    rows = re.findall(r"<tr><th scope=\"row\">(\w+)</th><td>.*?</td><td.*?>(\d+)</td><td.*?>(\d+)</td></tr>", page)
    assert rows[:2] == [("Sound", "71", "71"), ("Picture", "98", "49")]


def scored(points: list[tuple[float, float, float]], seconds: float, *found: Finding) -> AnalysisReport:
    line = [TimelinePoint(start_seconds=start, end_seconds=end, score=score) for start, end, score in points]
    detector = DetectorReport(
        name="RepeatedAudio", score=71, findings=list(found), timeline=line, model=ModelCard(id="x", version="1")
    )
    media = MediaFacts(duration_seconds=seconds)
    return result().model_copy(update={"detectors": [detector], "media": media})


def drawn(report: AnalysisReport) -> timeline.Chart:
    chart = timeline.chart(report, timeline.groups(report, 1))
    assert chart is not None
    return chart


def test_scores_lie_over_the_time_that_they_are_about() -> None:
    chart = drawn(scored([(0, 5, 0), (5, 8, 80), (8, 10, 20)], 10))
    assert chart.line == "M0 100H500V20H800V80H1000"
    assert [second for _, second in chart.ticks] == [0, 2, 4, 6, 8, 10]


def test_a_finding_about_the_whole_file_says_so_instead_of_a_time() -> None:
    whole = Finding(kind="DifferentWriters", start_seconds=0, end_seconds=119.98, score=25)
    told = result(findings=0)
    told = told.model_copy(update={"detectors": [told.detectors[0].model_copy(update={"findings": [whole]})]})
    page = render(request(), status(entry()), [Section(entry(), told)])
    assert page.count('<span class="time">The whole recording</span>') == 1
    assert page.count('<span class="time">전체</span>') == 1


def test_findings_are_numbered_where_there_is_room_and_never_too_thin_to_see() -> None:
    found = [
        Finding(kind="RepeatedAudio", start_seconds=at, end_seconds=at + 0.001, score=60) for at in (1, 2, 50, 99.99)
    ]
    bars = drawn(scored([], 100, *found)).lanes[0].bars
    assert [bar.number for bar in bars] == [1, 2, 3, 4]
    assert [bar.labelled for bar in bars] == [True, False, True, True]
    assert all(bar.width >= 0.5 and bar.left + bar.width <= 100.01 for bar in bars)


@pytest.mark.parametrize("seconds", [float("inf"), 0.0, 1e-9, 1e300])
def test_a_length_that_no_recording_has_breaks_no_page(seconds: float) -> None:
    finding = Finding(kind="RepeatedAudio", start_seconds=1, end_seconds=1e9, score=60)
    report = scored([(0, 1e9, 100)] * 2000, seconds, finding)
    page = render(request(), status(entry()), [Section(entry(), report)])
    assert len(page) < 100_000


def test_a_plot_with_the_agreed_margins_is_cut_to_the_recording_and_kept_once() -> None:
    plot, other = read_plot(png(PLOT_WIDTH, 300)), read_plot(png(640, 300))
    assert plot is not None
    assert other is not None
    assert plot.crop == (70, 64, 1110, 196)
    assert other.crop == (0, 0, 640, 300)
    page = render(request(), status(entry()), [Section(entry(), result(), plot)])
    assert page.count("data:image/png") == 1
    assert page.count('viewBox="70 64 1110 196"') == 2 * len(locales())  # and once larger, for a phone


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
